import { expect, it } from '@jest/globals';
import { terminal } from './terminal.ts';

function open(isTTY: boolean, environment = {}) {
  const text = { out: '', err: '' };
  const stream = (name: keyof typeof text) => ({
    isTTY,
    columns: 20,
    write: (piece: string) => Boolean((text[name] += piece)),
  });
  return { text, terminal: terminal({ stdout: stream('out'), stderr: stream('err') }, environment) };
}

it('progress is one line that changes where somebody looks on', () => {
  const { text, terminal: shown } = open(true);
  shown.progress('one');
  shown.progress('two, which is longer than the line');
  shown.out('done');
  expect(text).toEqual({ out: 'done\n', err: 'one\r\u001b[2Ktwo, which is longe\n' });
});

it.each([
  [false, {}],
  [true, { NO_COLOR: '1' }],
  [true, { TERM: 'dumb' }],
])('progress is plain lines with a terminal %s and %j', (isTTY, environment) => {
  const { text, terminal: shown } = open(isTTY, environment);
  shown.progress('one');
  shown.progress('two');
  shown.err('Error: x');
  expect(text.err).toBe('one\ntwo\nError: x\n');
});
