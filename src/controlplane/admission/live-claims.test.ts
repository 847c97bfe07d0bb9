import { describe, expect, it } from '@jest/globals';
import { aTenant } from '../../../test/support/tenant.ts';
import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import { KubeError } from '../../kube/errors.ts';
import { LiveClaims } from './live-claims.ts';

function claimsOver(answers: (() => Promise<TenantControlPlane[]>)[]) {
  const known: string[] = [];
  let nowMs = 0;
  const claims = new LiveClaims({
    client: { list: async () => ({ metadata: {}, items: (await answers.shift()?.()) as never[] }) },
    tenants: { remember: ({ metadata }) => known.push(metadata?.name ?? '') },
    clock: { now: () => new Date(nowMs), monotonicMs: () => nowMs, after: () => () => undefined },
  });
  return { claims, known, pass: (ms: number) => (nowMs += ms) };
}

describe('LiveClaims', () => {
  it('tells the cache what the API server has, once for all who come meanwhile and for a while after', async () => {
    const { claims, known, pass } = claimsOver([
      () => Promise.resolve([aTenant({}, { name: 'a' })]),
      () => Promise.resolve([aTenant({}, { name: 'b' })]),
    ]);
    await Promise.all([claims.refresh('team-a'), claims.refresh('team-a')]);
    expect(known).toEqual(['a']);
    expect(claims.isFresh('team-a')).toBe(true);
    expect(claims.isFresh('team-b')).toBe(false);

    pass(5000);
    expect(claims.isFresh('team-a')).toBe(false);
    await claims.refresh('team-a');
    expect(known).toEqual(['a', 'b']);
  });

  it('does not take a list that failed for one', async () => {
    const refused = new KubeError({ code: 'Unknown', operation: 'list', message: 'no answer' });
    const { claims } = claimsOver([() => Promise.reject(refused)]);
    await expect(claims.refresh('team-a')).rejects.toBe(refused);
    expect(claims.isFresh('team-a')).toBe(false);
  });
});
