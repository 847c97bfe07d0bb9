import { type Stats, unwatchFile, watchFile } from 'node:fs';

/**
 * Calls back whenever one of the files is another than before; the result ends it. It looks at them every few seconds:
 * mounted Secrets and ConfigMaps change by a symbolic link further up, of which a watch on the file hears nothing.
 */
export function onFileChange(files: readonly string[], changed: () => void, intervalMs = 2_000): () => void {
  const look = (now: Stats, before: Stats) => {
    if (now.mtimeMs !== before.mtimeMs || now.ino !== before.ino || now.size !== before.size) changed();
  };
  for (const file of files) watchFile(file, { interval: intervalMs, persistent: false }, look);
  return () => {
    for (const file of files) unwatchFile(file, look);
  };
}
