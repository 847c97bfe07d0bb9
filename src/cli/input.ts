import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { Writable } from 'node:stream';

interface Streams {
  readonly stdin: NodeJS.ReadStream;
  readonly stderr: NodeJS.WriteStream;
}

export async function readStdin(stdin: NodeJS.ReadStream): Promise<string> {
  return await text(stdin);
}

/** One line that is typed unseen; the whole of the standard input where nobody types. */
export async function readSecret(prompt: string, { stdin, stderr }: Streams): Promise<string> {
  if (!stdin.isTTY) return await readStdin(stdin);
  const nowhere = new Writable({ write: (_, __, done) => done() });
  const lines = createInterface({ input: stdin, output: nowhere, terminal: true });
  stderr.write(prompt);
  try {
    return await lines.question('');
  } finally {
    lines.close();
    stderr.write('\n');
  }
}
