import { describe, expect, it } from '@jest/globals';
import { aKubeconfig, readinessOf } from '../../test/support/kubeconfigs.ts';
import { done, failed, waiting } from '../controlplane/component.ts';
import { nextLook } from './next-look.ts';
import { blockedBy, buildExpiredStatus, buildStatus } from './status.ts';

const now = new Date('2026-11-21T08:00:00Z');
const notAfter = new Date('2026-11-21T09:00:00Z');
const certificate = done({ serialNumber: '4a', notBefore: now, notAfter, until: notAfter });
const kubeconfig = aKubeconfig();
const noRole = failed('ClusterRoleNotFound', 'There is none.');

describe('the status of a TenantKubeconfig', () => {
  it('names Secret and certificate when both are in place', () => {
    const status = buildStatus(
      kubeconfig,
      { credential: certificate, access: done(undefined), runtimeId: 't1' },
      now,
    );
    expect(status).toMatchObject({
      observedGeneration: 1,
      runtimeId: 't1',
      secret: { name: 'ci-kubeconfig', key: 'kubeconfig' },
      serial: '4a',
      notBefore: '2026-11-21T08:00:00Z',
      notAfter: '2026-11-21T09:00:00Z',
    });
    expect(readinessOf({ ...kubeconfig, status })).toMatchObject({ status: 'True', reason: 'Issued' });
  });

  it('is the same again when nothing changed', () => {
    const progress = { credential: certificate, access: done(undefined), runtimeId: 't1' };
    const first = buildStatus(kubeconfig, progress, now);
    expect(buildStatus({ ...kubeconfig, status: first }, progress, notAfter)).toEqual(first);
  });

  it('says what failed before what merely waits', () => {
    const progress = { credential: waiting('EndpointPending', 'Not yet.'), access: noRole };
    const status = buildStatus(kubeconfig, progress, now);
    expect(readinessOf({ ...kubeconfig, status })).toMatchObject({
      status: 'False',
      reason: 'ClusterRoleNotFound',
    });
    expect(status.runtimeId).toBeUndefined();
  });

  it('keeps what was issued to be read when it has ended, but for the Secret', () => {
    const progress = { credential: certificate, access: done(undefined), runtimeId: 't1' };
    const issued = { ...kubeconfig, status: buildStatus(kubeconfig, progress, now) };
    const status = buildExpiredStatus(issued, {
      end: notAfter,
      goneAt: new Date('2026-11-21T10:00:00Z'),
      now: notAfter,
    });
    expect(status).toMatchObject({ serial: '4a', notAfter: '2026-11-21T09:00:00Z' });
    expect(status.secret).toBeUndefined();
    expect(readinessOf({ ...issued, status })).toMatchObject({
      reason: 'Expired',
      message: expect.stringContaining('2026-11-21T10:00:00Z'),
    });
  });
});

describe('the next look at a TenantKubeconfig', () => {
  const input = { steps: [], until: undefined, now, resyncMs: 300_000, random: 0 };

  it.each([
    ['at the resync', input, 300_000],
    ['when the certificate is due', { ...input, until: new Date(now.getTime() + 1000) }, 1000],
    ['at once when it was due', { ...input, until: new Date(now.getTime() - 1000) }, 0],
    ['in a minute where a person has to do something', { ...input, steps: [noRole] }, 60_000],
    ['soon where a cache is behind', { ...input, steps: [waiting('ApiServerStarting', '', 250)] }, 250],
  ])('is %s', (_, given, ms) => {
    expect(nextLook(given)).toMatchObject({ afterMs: ms });
  });

  it('is left to the back-off when a call failed', () => {
    const cause = new Error('no route');
    const { credential } = blockedBy(failed('TenantUnreachable', 'No.', cause));
    expect(() => nextLook({ ...input, steps: [credential] })).toThrow(cause);
  });
});
