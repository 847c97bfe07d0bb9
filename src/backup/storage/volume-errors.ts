import { BackupStorageError, type BackupStorageErrorCode } from './errors.ts';

interface Meaning {
  readonly code: BackupStorageErrorCode;
  readonly message: string;
}

const meanings: Readonly<Record<string, Meaning>> = {
  ...same(['ENOENT'], 'NotFound', 'there is no such object'),
  ...same(
    ['EACCES', 'EPERM', 'EROFS'],
    'Denied',
    'the volume takes no writes from Marina, or shows it nothing: mount it writable for the user and group that Marina’s pod runs as',
  ),
  ...same(['ENOSPC', 'EDQUOT'], 'Full', 'the volume is full: enlarge it, or keep fewer archives'),
  ...same(
    ['ELOOP', 'ENOTDIR', 'EISDIR', 'EEXIST', 'ENAMETOOLONG'],
    'Invalid',
    'something in the volume is in the way: move what Marina did not put there',
  ),
};

/** The error of a call to the file system, told for people; others are as they were. */
export function asVolumeError(operation: string, error: unknown): unknown {
  const { code } = (error ?? {}) as NodeJS.ErrnoException;
  if (error instanceof BackupStorageError || typeof code !== 'string') return error;
  const { code: ours, message } = meanings[code] ?? {
    code: 'Unreachable' as const,
    message: 'the volume fails: look at what provides it',
  };
  return new BackupStorageError(ours, operation, `${message} (${code})`, { cause: error });
}

/** Runs calls to the file system; what they fail with is told for people. @throws BackupStorageError */
export async function onVolume<T>(operation: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error: unknown) {
    throw asVolumeError(operation, error);
  }
}

function same(
  codes: readonly string[],
  code: BackupStorageErrorCode,
  message: string,
): Record<string, Meaning> {
  return Object.fromEntries(codes.map((name) => [name, { code, message }]));
}
