import { BackupStorageError } from './errors.ts';
import type { ObjectStorage } from './storage.ts';

/** No namespace has a dot in its name, so no tenant’s archives are here. */
const folder = 'marina.check/';

/** Which of the two an object is, as failpoints call it. */
export function kindOf(key: string): 'archive' | 'check' {
  return key.startsWith(folder) ? 'check' : 'archive';
}

/** What a check of this age left was left by one that did not come to its end. */
const abandonedMs = 60 * 60 * 1000;

/** Does with a small object, called after `id`, all that is done with archives. `driver` is for the messages, e.g. `s3`. */
export async function checkStorage(
  storage: Omit<ObjectStorage, 'check' | 'close'>,
  driver: string,
  id: string,
): Promise<void> {
  const key = `${folder}${id}`;
  const content = new TextEncoder().encode(`Marina looks whether it can keep backups here: ${id}\n`);
  const { modified } = await storage.put(key, once(content));
  if (Buffer.compare(await collect(await storage.get(key)), content) !== 0) {
    throw new BackupStorageError(
      'Invalid',
      `${driver}: check`,
      'what is written is not what is read afterwards',
    );
  }
  let isListed = false;
  const abandoned: string[] = [];
  for await (const object of storage.list(folder)) {
    if (object.key === key) isListed = true;
    else if (modified.getTime() - object.modified.getTime() > abandonedMs) abandoned.push(object.key);
  }
  for (const found of [key, ...abandoned]) await storage.delete(found);
  if (!isListed) {
    throw new BackupStorageError('Invalid', `${driver}: check`, 'what is written is not listed afterwards');
  }
}

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  yield content;
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const collected: Uint8Array[] = [];
  for await (const chunk of chunks) collected.push(chunk);
  return Buffer.concat(collected);
}
