import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readRequestFigures } from './exposition.ts';

const text = `# HELP apiserver_request_total Counter
# TYPE apiserver_request_total counter
apiserver_request_total{code="200",resource="pods",verb="GET"} 41
apiserver_request_total{code="200",resource="a\\"} 99",verb="LIST"} 1e+02
apiserver_request_total{code="0",verb="{}"} 1 1700000000000
apiserver_request_total_hot 1000
apiserver_request_totals{a="b"} 1000
process_start_time_seconds 1.7e+09
process_start_time_seconds_other 5`;

async function* inChunks(bytes: Uint8Array, cuts: readonly number[]) {
  let from = 0;
  for (const cut of [...cuts.map((each) => each % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    yield bytes.subarray(from, cut);
    from = cut;
  }
}

const read = (body: string | Uint8Array, cuts: readonly number[] = [], maxBytes = 1_000_000) =>
  readRequestFigures(inChunks(Buffer.from(body), cuts), { maxBytes });

describe('the metrics of an API server', () => {
  it('are summed over all labels, however they come in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { maxLength: 30 }), async (cuts) => {
        expect(await read(text, cuts)).toEqual({ requests: 142, startedMs: 1.7e12, bytes: text.length });
      }),
    );
  });

  it.each<[string, string]>([
    ['a value below nothing', 'apiserver_request_total{a="b"} -5'],
    ['no number', 'apiserver_request_total{a="b"} many'],
    ['infinity', 'apiserver_request_total +Inf'],
    ['a line that does not end as one', 'apiserver_request_total{a="b'],
    ['a start that is no time', 'process_start_time_seconds 1e300'],
  ])('say nothing by %s', async (_, line) => {
    expect(await read(line)).toMatchObject({ requests: 0, startedMs: undefined });
  });

  it('are whole numbers, and never more than can be counted', async () => {
    const line = 'apiserver_request_total{a="b"} 1e308\n';

    expect((await read(line.repeat(3))).requests).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('are given up when they or a line of them do not end', async () => {
    await expect(read('x\n'.repeat(1000), [], 500)).rejects.toThrow('more than 500 bytes');
    await expect(read('apiserver_request_total{a="'.padEnd(40_000, 'x'))).rejects.toThrow('a line of more');
  });

  it('cost no more than their length, whatever is in them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 4000 }), async (bytes) => {
        const { requests } = await read(bytes);
        expect(Number.isSafeInteger(requests)).toBe(true);
      }),
    );
  });
});
