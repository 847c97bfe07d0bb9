import { describe, expect, it } from '@jest/globals';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { inspectEncryption } from './encryption.ts';

const identity = await generateX25519Identity();
const recipient = await identityToRecipient(identity);
const other = await identityToRecipient(await generateX25519Identity());

describe('inspectEncryption', () => {
  it('knows whether what is written now can be opened', async () => {
    const file = `# created: 2026-11-21\r\n# public key: ${recipient}\r\n${identity}\r\n`;

    expect(await inspectEncryption([other, recipient], file)).toBe('Restorable');
    expect(await inspectEncryption([other], file)).toBe('OtherIdentity');
    expect(await inspectEncryption([recipient], undefined)).toBe('NoIdentity');
  });

  it('finds an identity that lost a character', async () => {
    expect(await inspectEncryption([recipient], identity.slice(0, -1))).toMatchObject({
      reason: 'BackupStorageSecretInvalid',
    });
  });
});
