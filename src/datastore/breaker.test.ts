import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { Breaker } from './breaker.ts';
import { DataStoreError, type DataStoreErrorCode } from './errors.ts';

function setUp() {
  const clock = new ManualClock();
  const breaker = new Breaker(() => clock.monotonicMs());
  let calls = 0;
  const answer = () =>
    breaker.run(() => {
      calls += 1;
      return Promise.resolve('answer');
    });
  const failAfter = (ms: number, code: DataStoreErrorCode = 'Unreachable') =>
    breaker.run(async () => {
      calls += 1;
      await clock.advance(ms);
      throw new DataStoreError(code, 'etcd: read user abc', 'no answer in time');
    });
  return { clock, breaker, answer, failAfter, calls: () => calls };
}

const refused = { code: 'Unreachable', message: expect.stringContaining('asked again in some seconds') };

describe('Breaker', () => {
  it('refuses at once after a call that waited in vain, and says nothing of whose call that was', async () => {
    const { answer, failAfter, calls } = setUp();
    await expect(failAfter(20_000)).rejects.toThrow('read user abc');

    await expect(answer()).rejects.toMatchObject(refused);
    await expect(answer()).rejects.not.toThrow('abc');
    expect(calls()).toBe(1);
  });

  it.each<[string, number, DataStoreErrorCode]>([
    ['refuses connections', 100, 'Unreachable'],
    ['says no after a long time', 20_000, 'Denied'],
  ])('asks a store that %s', async (_, ms, code) => {
    const { answer, failAfter } = setUp();
    await expect(failAfter(ms, code)).rejects.toMatchObject({ code });

    expect(await answer()).toBe('answer');
  });

  it('lets one try after a rest while the others are still refused', async () => {
    const { clock, breaker, answer, failAfter } = setUp();
    await expect(failAfter(20_000)).rejects.toThrow();
    await clock.advance(10_000);
    const { promise: trial, resolve } = Promise.withResolvers<string>();

    const trying = breaker.run(() => trial);
    await expect(answer()).rejects.toMatchObject(refused);
    resolve('it is back');

    expect(await trying).toBe('it is back');
    expect(await answer()).toBe('answer');
  });

  it('rests again when the try was in vain', async () => {
    const { clock, answer, failAfter } = setUp();
    await expect(failAfter(20_000)).rejects.toThrow();
    await clock.advance(10_000);
    await expect(failAfter(20_000)).rejects.toThrow('read user abc');

    await expect(answer()).rejects.toMatchObject(refused);
    await clock.advance(10_000);
    expect(await answer()).toBe('answer');
  });

  it('asks at once when there is news of the store', async () => {
    const { breaker, answer, failAfter } = setUp();
    breaker.hear('Ready since 8:00');
    await expect(failAfter(20_000)).rejects.toThrow();
    breaker.hear('Ready since 8:00');
    await expect(answer()).rejects.toMatchObject(refused);

    breaker.hear('Ready since 9:00');

    expect(await answer()).toBe('answer');
  });
});
