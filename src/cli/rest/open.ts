import { readFile } from 'node:fs/promises';
import type { Exchange } from '../../client/client.ts';
import { nodeFetch } from '../../client/node-fetch.ts';
import type { Backend } from '../backend.ts';
import type { Surroundings } from '../context.ts';
import { CliError } from '../failure.ts';
import type { Target } from '../settings/target.ts';
import { readToken } from '../settings/token.ts';
import { RestBackend } from './rest-backend.ts';

/** The REST API that a target names. Sends nothing yet. */
export async function openRest(
  { server, token, caFile }: Extract<Target, { way: 'rest' }>,
  { signal, wait, now, terminal }: Surroundings,
  isVerbose: boolean,
): Promise<Backend> {
  const node = nodeFetch(caFile === undefined ? undefined : await readCa(caFile));
  let asked: Promise<string | undefined> | undefined;
  return new RestBackend({
    server,
    // A command is over before its token is; a program is asked once.
    token: () => (asked ??= readToken(token)),
    fetch: node.fetch,
    signal,
    wait,
    now,
    ...(isVerbose && { onExchange: (exchange: Exchange) => terminal.err(formatExchange(exchange)) }),
    close: async () => {
      await node[Symbol.asyncDispose]();
    },
  });
}

async function readCa(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause: unknown) {
    throw new CliError('usage', `The certificate authority in ${file} cannot be read.`, { cause });
  }
}

function formatExchange({ method, url, status, requestId }: Exchange): string {
  return `${method} ${url} ${status || 'no answer'}${requestId === undefined ? '' : ` request id ${requestId}`}`;
}
