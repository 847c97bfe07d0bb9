/**
 * Whether resource version `candidate` is later than `known`, both of one kind. KEP-5504 lets clients compare them as
 * decimal numbers of any length. Versions that are no numbers (of some aggregated APIs) are only told apart.
 */
export function isNewerVersion(candidate: string | undefined, known: string | undefined): boolean {
  if (!isNumber(candidate) || !isNumber(known)) return candidate !== known;
  return candidate.length === known.length ? candidate > known : candidate.length > known.length;
}

function isNumber(version: string | undefined): version is string {
  return version !== undefined && /^[1-9][0-9]*$/.test(version);
}
