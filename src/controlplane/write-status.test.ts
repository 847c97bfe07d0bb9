import { describe, expect, it } from '@jest/globals';
import { aTenant } from '../../test/support/tenant.ts';
import type { TenantControlPlane, TenantControlPlaneStatus } from '../api/v1alpha1/tenant-control-plane.ts';
import type { KubeClient } from '../kube/client.ts';
import { KubeError } from '../kube/errors.ts';
import { StatusWriter } from './write-status.ts';

const tenant = aTenant();

describe('StatusWriter', () => {
  it('takes what it wrote itself for no news, also before the answer', async () => {
    const { writer, told } = writerOn((written) => Promise.resolve(written));

    await writer.write(tenant, { phase: 'Ready', version: undefined });

    expect(told).toEqual([false]);
    expect(writer.isNews({ ...tenant, status: { phase: 'Ready' } })).toBe(false);
  });

  it('takes another status for news', async () => {
    const { writer } = writerOn((written) => Promise.resolve(written));

    await writer.write(tenant, { phase: 'Ready' });

    expect(writer.isNews({ ...tenant, status: { phase: 'Degraded' } })).toBe(true);
  });

  it('takes its own write for news when it never heard what became of it', async () => {
    const lost = new KubeError({ code: 'Timeout', operation: 'apply', message: 'no answer' });
    const { writer } = writerOn(() => Promise.reject(lost));

    await expect(writer.write(tenant, { phase: 'Degraded' })).rejects.toBe(lost);

    expect(writer.isNews({ ...tenant, status: { phase: 'Degraded' } })).toBe(true);
  });

  it('writes nothing when nothing changed', async () => {
    const { writer, told } = writerOn((written) => Promise.resolve(written));

    await writer.write({ ...tenant, status: { phase: 'Ready' } }, { phase: 'Ready', version: undefined });

    expect(told).toEqual([]);
  });
});

/** `told`: for each answer whether it was news when the cache heard of it. */
function writerOn(apply: (object: TenantControlPlane) => Promise<TenantControlPlane>) {
  const told: boolean[] = [];
  const client = { apply: (_resource: unknown, object: TenantControlPlane) => apply(json(object)) };
  const writer: StatusWriter = new StatusWriter(client as unknown as KubeClient, {
    get: () => undefined,
    remember: (object) => {
      told.push(writer.isNews(object));
    },
  });
  return { writer, told };
}

/** As it comes back over the wire. */
function json<T extends { status?: TenantControlPlaneStatus }>(object: T): T {
  return JSON.parse(JSON.stringify(object)) as T;
}
