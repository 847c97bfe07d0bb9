import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/kubeconfig.ts';
import { namespaces, type Secret, secrets } from '../../src/kube/resources.ts';
import { applyManifest } from '../support/apply-manifest.ts';
import { createLeaf } from '../support/certificates.ts';
import { startKubeApiserver } from '../support/kube-apiserver.ts';
import { waitUntil } from '../support/wait-until.ts';

const manifests = ['service-account', 'cluster-role', 'system-role', 'tenants-role', 'secret-policy'];
const label = { 'app.kubernetes.io/managed-by': 'marina' };
const kubeconfigLabels = { ...label, 'app.kubernetes.io/component': 'admin-kubeconfig' };

describe('what Marina’s ServiceAccount may do with Secrets', () => {
  const stack = new AsyncDisposableStack();
  let admin: KubeClient;
  let marina: KubeClient;

  beforeAll(async () => {
    const server = stack.use(await startKubeApiserver());
    admin = await connect({ kubeconfig: server.kubeconfig });
    stack.defer(() => admin.close());
    for (const name of ['marina-system', 'marina-tenants', 'team-a']) {
      await admin.create(namespaces, { metadata: { name } });
    }
    for (const name of manifests) await applyManifest(admin, `manifests/rbac/${name}.yaml`);
    const { certificate, privateKey } = await createLeaf(server.ca, {
      commonName: 'system:serviceaccount:marina-system:marina',
    });
    marina = await connect({
      server: server.server,
      ca: server.ca.certificate,
      cert: certificate,
      key: privateKey,
    });
    stack.defer(() => marina.close());
    await waitUntil('the policy is in force', async () => {
      const { code } = await attempt(marina, { metadata: { namespace: 'team-a', name: 'probe' } });
      return code === 'Invalid';
    });
  }, 60_000);

  afterAll(() => stack.disposeAsync());

  it('includes an admin kubeconfig in a user’s namespace, and taking it away', async () => {
    const secret = {
      metadata: { namespace: 'team-a', name: 'blue-kubeconfig', labels: kubeconfigLabels },
      type: 'Opaque',
    };

    await marina.apply(secrets, secret, { fieldManager: 'marina' });

    expect(await marina.delete(secrets, { namespace: 'team-a', name: 'blue-kubeconfig' })).toBe(true);
  });

  it('includes looking at a kubeconfig that is Marina’s by a patch that says nothing, and at nobody else’s', async () => {
    const look = (name: string) =>
      marina.patch(secrets, { namespace: 'team-a', name }, { type: 'merge', body: {} }, { dryRun: true });
    const labels = { ...label, 'app.kubernetes.io/component': 'tenant-kubeconfig' };
    const metadata = { namespace: 'team-a', name: 'ci-kubeconfig', labels };
    await marina.create(secrets, { metadata, type: 'Opaque', data: { kubeconfig: 'bWluZQ==' } });
    const theirs = { namespace: 'team-a', name: 'private-kubeconfig' };
    await admin.create(secrets, { metadata: theirs, data: { kubeconfig: 'dGhlaXJz' } });

    expect((await look('ci-kubeconfig')).data).toEqual({ kubeconfig: 'bWluZQ==' });
    await expect(look('private-kubeconfig')).rejects.toMatchObject({ code: 'Invalid' });
    await expect(look('absent-kubeconfig')).rejects.toMatchObject({ code: 'NotFound' });
  });

  it('does not include reading any outside its own namespaces', async () => {
    await expect(marina.list(secrets, { namespace: 'team-a' })).rejects.toMatchObject({ code: 'Forbidden' });
    await expect(marina.get(secrets, { namespace: 'kube-system', name: 'x' })).rejects.toMatchObject({
      code: 'Forbidden',
    });
  });

  it.each([
    ['without its label', { metadata: { namespace: 'team-a', name: 'blue-kubeconfig' }, type: 'Opaque' }],
    [
      'of a type that is filled in with somebody’s token',
      {
        metadata: {
          namespace: 'kube-system',
          name: 'x-kubeconfig',
          labels: kubeconfigLabels,
          annotations: { 'kubernetes.io/service-account.name': 'default' },
        },
        type: 'kubernetes.io/service-account-token',
      },
    ],
    [
      'of another name',
      { metadata: { namespace: 'team-a', name: 'passwords', labels: kubeconfigLabels }, type: 'Opaque' },
    ],
    [
      'of another component',
      { metadata: { namespace: 'team-a', name: 'blue-kubeconfig', labels: label }, type: 'Opaque' },
    ],
  ] as [string, Secret][])('does not include one %s', async (_what, secret) => {
    expect(await attempt(marina, secret)).toMatchObject({ code: 'Invalid' });
  });

  it('does not include changing or deleting what is somebody else’s', async () => {
    const ref = { namespace: 'team-a', name: 'theirs-kubeconfig' };
    await admin.create(secrets, { metadata: ref, type: 'Opaque', stringData: { value: 'precious' } });

    await expect(
      marina.patch(secrets, ref, { type: 'merge', body: { metadata: { labels: kubeconfigLabels } } }),
    ).rejects.toMatchObject({ code: 'Invalid' });
    await expect(marina.delete(secrets, ref)).rejects.toMatchObject({ code: 'Invalid' });
  });
});

async function attempt(client: KubeClient, secret: Secret): Promise<{ readonly code?: string }> {
  try {
    await client.create(secrets, secret);
    return {};
  } catch (error: unknown) {
    return error as { readonly code?: string };
  }
}
