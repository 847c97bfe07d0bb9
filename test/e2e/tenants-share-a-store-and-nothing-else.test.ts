import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantControlPlane } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { connect } from '../../src/kube/kubeconfig.ts';
import type { Resource } from '../../src/kube/resource.ts';
import { configMaps, deployments, pods, secrets, services } from '../../src/kube/resources.ts';
import { decodeData } from '../../src/kube/secret-data.ts';
import { isReady, type LocalCluster, openLocalCluster } from '../support/local-cluster.ts';
import { createTemporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { runtimeIdOf } from '../support/tenant.ts';

type Credential = Parameters<LocalCluster['etcdctl']>[0];

describe('two tenants on one store', () => {
  let cluster: LocalCluster;
  let files: TemporaryDirectory;
  let blue: TenantControlPlane;
  let green: TenantControlPlane;

  beforeAll(async () => {
    cluster = await openLocalCluster({ name: 'walls' });
    files = await createTemporaryDirectory('walls');
    await Promise.all([cluster.createTenant('blue'), cluster.createTenant('green')]);
    [blue, green] = await Promise.all([
      cluster.tenantWhere('blue', isReady),
      cluster.tenantWhere('green', isReady),
    ]);
  }, 240_000);

  afterAll(async () => {
    await files[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  }, 180_000);

  it('read and write their own keys', async () => {
    const own = await cluster.etcdctl(await storeCredential(blue), [
      'get',
      '--prefix',
      '--keys-only',
      `/${runtimeIdOf(blue)}/namespaces/`,
    ]);

    expect(own).toContain(`/${runtimeIdOf(blue)}/namespaces/default`);
  });

  it('do not read one another’s', async () => {
    const credential = await storeCredential(blue);

    for (const keys of [
      ['--prefix', `/${runtimeIdOf(green)}/`],
      [`/${runtimeIdOf(green)}/namespaces/default`],
      ['--from-key', ''],
    ]) {
      await expect(cluster.etcdctl(credential, ['get', ...keys])).rejects.toThrow(/permission denied/);
    }
  });

  it('do not take one another’s administrators', async () => {
    const [own, foreign] = await Promise.all([kubeconfigOf('blue'), kubeconfigOf('green')]);
    const credential = (kubeconfig: string, field: string) =>
      Buffer.from(new RegExp(`${field}: (\\S+)`).exec(kubeconfig)?.[1] ?? '', 'base64').toString('utf8');
    const intruder = await connect({
      server: `https://${green.status?.controlPlaneEndpoint}`,
      ca: credential(foreign, 'certificate-authority-data'),
      cert: credential(own, 'client-certificate-data'),
      key: credential(own, 'client-key-data'),
    });

    try {
      await expect(intruder.list(secrets, { namespace: 'kube-system' })).rejects.toMatchObject({
        code: 'Unauthorized',
      });
    } finally {
      await intruder.close();
    }
  });

  it('keep Secrets unreadable in the store', async () => {
    const tenant = await cluster.tenantClient('blue');
    await tenant.create(secrets, {
      metadata: { name: 'sealed', namespace: 'default' },
      stringData: { word: 'canary-4711' },
    });

    const raw = await cluster.etcdctl(await storeCredential(blue), [
      'get',
      `/${runtimeIdOf(blue)}/secrets/default/sealed`,
    ]);

    expect(raw).toContain('k8s:enc:secretbox:v1:');
    expect(raw).not.toContain('canary-4711');
  });

  it('leave nothing when one is deleted, and the other does not notice', async () => {
    const before = await restartsOf(green);

    await cluster.deleteTenant('blue');

    expect(await ownedBy(blue)).toEqual([]);
    expect(
      await cluster.client.get(secrets, { namespace: cluster.namespace, name: 'blue-kubeconfig' }),
    ).toBeUndefined();
    expect(
      await cluster.etcdctl(await rootCredential(), [
        'get',
        '--prefix',
        '--keys-only',
        `/${runtimeIdOf(blue)}/`,
      ]),
    ).toBe('');
    const users = await cluster.etcdctl(await rootCredential(), ['user', 'list']);
    expect(users).not.toContain(runtimeIdOf(blue));
    expect(users).toContain(runtimeIdOf(green));
    expect(await restartsOf(green)).toEqual(before);
    expect(isReady((await cluster.tenant('green')) as TenantControlPlane)).toBe(true);
  }, 120_000);

  async function storeCredential(tenant: TenantControlPlane): Promise<Credential> {
    const access = await cluster.controlPlaneSecret(`${runtimeIdOf(tenant)}-datastore`);
    return credentialFiles(runtimeIdOf(tenant), access['ca.crt'], access['client.crt'], access['client.key']);
  }

  async function rootCredential(): Promise<Credential> {
    const [ca, root] = await Promise.all(
      ['etcd-datastore-ca', 'etcd-datastore-root'].map(async (name) =>
        decodeData(await cluster.client.get(secrets, { namespace: 'marina-system', name })),
      ),
    );
    return credentialFiles('root', ca?.['tls.crt'], root?.['tls.crt'], root?.['tls.key']);
  }

  async function credentialFiles(name: string, ca = '', certificate = '', key = ''): Promise<Credential> {
    const file = async (suffix: string, text: string) => {
      const target = path.join(files.path, `${name}.${suffix}`);
      await writeFile(target, text, { mode: 0o600 });
      return target;
    };
    return {
      caFile: await file('ca', ca),
      certificateFile: await file('crt', certificate),
      keyFile: await file('key', key),
    };
  }

  async function kubeconfigOf(name: string): Promise<string> {
    const secret = await cluster.client.get(secrets, {
      namespace: cluster.namespace,
      name: `${name}-kubeconfig`,
    });
    return decodeData(secret)['value'] ?? '';
  }

  async function ownedBy(tenant: TenantControlPlane): Promise<readonly string[]> {
    const labelSelector = `marina.dev/runtime-id=${runtimeIdOf(tenant)}`;
    const kinds: readonly Resource[] = [services, secrets, configMaps, deployments, pods];
    const lists = await Promise.all(
      kinds.map((kind) => cluster.client.list(kind, { namespace: 'marina-tenants', labelSelector })),
    );
    return lists.flatMap(({ items }, index) =>
      items.map((item) => `${kinds[index]?.kind}/${item.metadata?.name}`),
    );
  }

  async function restartsOf(tenant: TenantControlPlane): Promise<readonly string[]> {
    const labelSelector = `marina.dev/runtime-id=${runtimeIdOf(tenant)}`;
    const { items } = await cluster.client.list(pods, { namespace: 'marina-tenants', labelSelector });
    return items.map(
      (pod) =>
        `${pod.metadata?.uid} ${pod.status?.containerStatuses?.map((each) => each.restartCount).join()}`,
    );
  }
});
