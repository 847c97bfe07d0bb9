/** `v1.36.3` or `1.36.3` as a bare semantic version. */
export function bareVersion(version: string): string {
  return version.startsWith('v') ? version.slice(1) : version;
}
