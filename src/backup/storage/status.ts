import type { BackupStorageStatus } from '../../api/v1alpha1/backup-storage.ts';
import type { Reason } from '../../api/v1alpha1/reasons.ts';
import { setConditions } from '../../engine/conditions.ts';
import type { Restorability } from './encryption.ts';

export interface Problem {
  readonly reason: Reason;
  readonly message: string;
}

const works = 'Objects are written, read, listed and deleted.';

const restores: Readonly<Record<Restorability, string>> = {
  Restorable: `${works} Archives can be restored.`,
  NoIdentity: `${works} To restore an archive, add spec.encryption.identitySecret.`,
  OtherIdentity: `${works} The identity is that of none of the recipients: it opens no archive that is written now.`,
};

/** The same for the same findings, so that a storage that stays as it is causes no writes. */
export function buildBackupStorageStatus(
  previous: BackupStorageStatus | undefined,
  found: Restorability | Problem,
  facts: { readonly now: Date; readonly generation: number | undefined },
): BackupStorageStatus {
  const { now, generation } = facts;
  const ready =
    typeof found === 'string'
      ? ({ type: 'Ready', status: 'True', reason: 'Healthy', message: restores[found] } as const)
      : ({ type: 'Ready', status: 'False', ...found } as const);
  const conditions = setConditions(previous?.conditions, [{ ...ready, observedGeneration: generation }], now);
  return { ...(generation !== undefined && { observedGeneration: generation }), conditions: [...conditions] };
}
