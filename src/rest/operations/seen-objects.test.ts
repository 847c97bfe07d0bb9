import { describe, expect, it } from '@jest/globals';
import { tenantControlPlanes } from '../../api/v1alpha1/tenant-control-plane.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { SeenObjects } from './seen-objects.ts';

function seen(answer: () => Promise<never> = async () => undefined as never) {
  const clock = new ManualClock();
  const asked: string[] = [];
  const client = {
    get: async (_: unknown, { name }: { readonly name: string }) => {
      asked.push(name);
      return await answer();
    },
  };
  const objects = new SeenObjects(client, clock);
  const refOf = (uid: string) => ({ namespace: 'team-a', name: uid, uid });
  const look = (uid: string) => objects.recent(tenantControlPlanes, refOf(uid));
  const read = (uid: string) => objects.read(tenantControlPlanes, refOf(uid));
  return { clock, asked, look, read };
}

describe('objects that operations are about', () => {
  it('are read once in some seconds, however many ask', async () => {
    const { clock, asked, look } = seen();

    await Promise.all(['a', 'a', 'b', 'a', 'b'].map(look));
    await clock.advance(1_999);
    await look('a');
    expect(asked).toEqual(['a', 'b']);

    await clock.advance(1);
    await look('a');
    expect(asked).toEqual(['a', 'b', 'a']);
  });

  it('are read where somebody has to know how they are now, for all who ask afterwards', async () => {
    const { clock, asked, look, read } = seen();

    await look('a');
    await clock.advance(1_000);
    await read('a');
    await clock.advance(1_500);
    await look('a');

    expect(asked).toEqual(['a', 'a']);
  });

  it('are read again when they could not be', async () => {
    const { asked, look } = seen(() => Promise.reject(new Error('away')));

    await expect(look('a')).rejects.toThrow('away');
    await expect(look('a')).rejects.toThrow('away');

    expect(asked).toEqual(['a', 'a']);
  });
});
