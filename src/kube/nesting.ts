/** How deep JSON may be nested that a user writes and Marina passes on; no field of Kubernetes comes near. */
export const maxNesting = 64;

/**
 * Whether lists and objects are nested deeper than `levels`. API servers take 10,000 levels of JSON; JSON.stringify and
 * whatever else calls itself ends with a RangeError long before.
 */
export function isNestedDeeper(value: unknown, levels: number = maxNesting): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((part) => isNestedDeeper(part, levels - 1));
}
