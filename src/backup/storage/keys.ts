import { BackupStorageError } from './errors.ts';

const segment = '[a-z0-9]([-a-z0-9.]*[a-z0-9])?';
const keyPattern = new RegExp(`^${segment}(/${segment})*$`);
const prefixPattern = new RegExp(`^(${segment}/)*([a-z0-9][-a-z0-9.]*)?$`);
const longestKey = 512;

/** Whether it is a key as `StoredObject` describes them; whatever else is in a storage is not Marina’s. */
export function isKey(key: string): boolean {
  return key.length <= longestKey && keyPattern.test(key);
}

/** @throws BackupStorageError Invalid */
export function requireKey(operation: string, key: string): void {
  if (!isKey(key)) throw new BackupStorageError('Invalid', operation, 'this is no key of an object');
}

/** The beginning of a key, or nothing. @throws BackupStorageError Invalid */
export function requirePrefix(operation: string, prefix: string): void {
  if (prefix.length <= longestKey && prefixPattern.test(prefix)) return;
  throw new BackupStorageError('Invalid', operation, 'no key begins with this');
}
