import { describe, expect, it } from '@jest/globals';
import { secrets, services } from '../../kube/resources.ts';
import { observeRemaining } from './remaining.ts';

const now = new Date('2026-11-21T09:00:00Z');

describe('what is left after everything was deleted', () => {
  it('is nothing', () => {
    expect(observeRemaining([], now)).toMatchObject({ state: 'Done' });
  });

  it('gets a minute, as a load balancer’s Service needs it', () => {
    expect(observeRemaining([service('2026-11-21T08:59:30Z')], now)).toMatchObject({
      state: 'Waiting',
      reason: 'Deleting',
    });
  });

  it('is told with who keeps it and how to make an end', () => {
    const result = observeRemaining([service('2026-11-21T08:59:00Z')], now);

    expect(result).toMatchObject({ state: 'Failed', reason: 'ObjectsKept' });
    const message = result.state === 'Failed' ? result.message : '';
    expect(message).toContain(
      'Service marina-tenants/tx is kept by service.kubernetes.io/load-balancer-cleanup',
    );
    expect(message).toContain('kubectl -n marina-tenants patch services tx');
  });

  it('is only waited for when nobody keeps it', () => {
    const object = { metadata: { name: 'tx-roots', namespace: 'marina-tenants' } };
    expect(observeRemaining([{ resource: secrets, object }], now)).toMatchObject({
      state: 'Waiting',
      message: 'Secret marina-tenants/tx-roots is going away.',
    });
  });
});

function service(deletionTimestamp: string) {
  const finalizers = ['service.kubernetes.io/load-balancer-cleanup'];
  return {
    resource: services,
    object: { metadata: { name: 'tx', namespace: 'marina-tenants', deletionTimestamp, finalizers } },
  };
}
