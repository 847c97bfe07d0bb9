import { readFileSync } from 'node:fs';

/** Of the package that this is in, the checkout or the packed one. */
export function version(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version;
}

export function userAgent(): string {
  return `marina-cli/${version()}`;
}
