import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { backupStorages } from '../../src/api/v1alpha1/backup-storage.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { secrets } from '../../src/kube/resources.ts';
import { encodeData } from '../../src/kube/secret-data.ts';

/** A BackupStorage on the volume of Marina's pods, with a key of its own; gone when it is disposed of. */
export async function saveArchivesTo(client: KubeClient, name: string): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const identity = await generateX25519Identity();
  const recipients = [await identityToRecipient(identity)];
  const secret = { namespace: 'marina-system', name: `${name}-identity` };
  const data = encodeData({ identity });
  await client.apply(secrets, { metadata: secret, type: 'Opaque', data }, { fieldManager: 'e2e' });
  stack.defer(async () => {
    await client.delete(secrets, secret);
  });
  const encryption = { recipients, identitySecret: { name: secret.name } };
  await client.apply(
    backupStorages,
    { metadata: { name }, spec: { volume: {}, encryption } },
    { fieldManager: 'e2e' },
  );
  stack.defer(async () => {
    await client.delete(backupStorages, { name });
  });
  return stack.move();
}
