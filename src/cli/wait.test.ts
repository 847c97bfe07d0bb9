import { describe, expect, it } from '@jest/globals';
import type { Backend } from './backend.ts';
import type { Terminal } from './terminal.ts';
import { waitFor } from './wait.ts';

type Seen = { readonly status: unknown; readonly deletedAt?: string } | undefined;

const ready = (status: string, reason: string, message = '') => ({
  status: { conditions: [{ type: 'Ready', status, reason, message }] },
});

function wait(
  seen: readonly Seen[],
  until: 'Ready' | 'Gone',
  kind: 'controlplanes' | 'restores' = 'controlplanes',
) {
  const lines: string[] = [];
  async function* follow(_: unknown, __: unknown, signal: AbortSignal) {
    yield* seen;
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  }
  const backend = { follow } as unknown as Backend;
  const terminal = { progress: (line: string) => void lines.push(line) } as unknown as Terminal;
  const what = { kind, ref: { namespace: 'team-a', name: 'blue' }, until };
  const { signal } = new AbortController();
  const done = waitFor(backend, what, { terminal, timeoutMs: 100, monotonicMs: () => 0, signal });
  return { done, lines };
}

describe('waiting', () => {
  it('ends when it is Ready, and has told each news once', async () => {
    const starting = ready('False', 'ApiServerStarting', 'The API server is starting.');
    const { done, lines } = wait([{ status: {} }, starting, starting, ready('True', 'Joinable')], 'Ready');
    await expect(done).resolves.toEqual(ready('True', 'Joinable'));
    expect(lines).toEqual(['   0s  blue: Ready: The API server is starting.']);
  });

  it('ends when it is gone', async () => {
    const { done } = wait([{ ...ready('False', 'Deleting'), deletedAt: 'now' }, undefined], 'Gone');
    await expect(done).resolves.toBeUndefined();
  });

  it.each<[string, readonly Seen[], 'controlplanes' | 'restores', object]>([
    [
      'it is too late',
      [ready('False', 'A', 'Why not.')],
      'controlplanes',
      { code: 'timeout', message: expect.stringContaining('Why not.') },
    ],
    ['it went away', [undefined], 'controlplanes', { code: 'notFound' }],
    ['it is being deleted', [{ status: {}, deletedAt: 'now' }], 'controlplanes', { code: 'conflict' }],
    [
      'it never will be',
      [ready('False', 'RestoreRefused', 'Other keys.')],
      'restores',
      { code: 'failed', message: 'blue: Other keys.' },
    ],
  ])('fails when %s', async (_, seen, kind, failure) => {
    await expect(wait(seen, 'Ready', kind).done).rejects.toMatchObject(failure);
  });
});
