import type { Problem } from './status.ts';

/** Whether a restore can open what is archived now. */
export type Restorability = 'Restorable' | 'NoIdentity' | 'OtherIdentity';

/**
 * Looks whether the keys are whole: their last characters are a checksum over the others (BIP 173), which the schema cannot check.
 * `identity` is the text of an age identity file.
 */
export async function inspectEncryption(
  recipients: readonly string[],
  identity: string | undefined,
): Promise<Restorability | Problem> {
  const { Encrypter, identityToRecipient } = await import('age-encryption');
  for (const [index, recipient] of recipients.entries()) {
    try {
      new Encrypter().addRecipient(recipient);
    } catch {
      const message = `spec.encryption.recipients[${index}] is not as age-keygen made it: a character is missing or another.`;
      return { reason: 'BackupStorageInvalid', message };
    }
  }
  if (identity === undefined) return 'NoIdentity';
  const ours = new Set<string>();
  for (const line of identity.split(/\r?\n/)) {
    if (!line.startsWith('AGE-SECRET-KEY-')) continue;
    try {
      ours.add(await identityToRecipient(line.trim()));
    } catch {
      const message =
        'The Secret of spec.encryption.identitySecret has a key that is not as age-keygen made it.';
      return { reason: 'BackupStorageSecretInvalid', message };
    }
  }
  return recipients.some((recipient) => ours.has(recipient)) ? 'Restorable' : 'OtherIdentity';
}
