import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { systemClock } from '../../src/engine/clock.ts';
import { addFinalizer, hasFinalizer, removeFinalizer } from '../../src/engine/finalizer.ts';
import { silentLog, type Log } from '../../src/engine/log.ts';
import { isKubeError } from '../../src/kube/errors.ts';
import { EventRecorder } from '../../src/kube/events.ts';
import type { HttpKubeClient } from '../../src/kube/http-client.ts';
import { connect } from '../../src/kube/kubeconfig.ts';
import { configMaps, deployments, events, namespaces, type Deployment } from '../../src/kube/resources.ts';
import { startKubeApiserver, type KubeApiserver } from '../support/kube-apiserver.ts';

jest.setTimeout(30_000);

const namespace = 'apply-test';
const finalizer = 'marina.dev/test';

describe('writing to a real API server', () => {
  let server: KubeApiserver;
  let client: HttpKubeClient;

  beforeAll(async () => {
    server = await startKubeApiserver();
    client = await connect({ kubeconfigFile: server.kubeconfigPath, fieldManager: 'test' });
    await client.create(namespaces, { metadata: { name: namespace } });
  }, 600_000);

  afterAll(async () => {
    await client?.close();
    await server?.stop();
  });

  it('verifies the name that it is told, whatever address it connects to', async () => {
    const credentials = {
      ca: server.ca.certificate,
      cert: server.admin.certificate,
      key: server.admin.privateKey,
    };
    const reach = async (host: string, servername?: string) => {
      const other = await connect({ server: `https://${host}:${server.port}`, servername, ...credentials });
      try {
        return (await other.probe('/readyz')).status;
      } catch (error) {
        return (error as { code: string }).code;
      } finally {
        await other.close();
      }
    };

    expect(await reach('127.0.0.1')).toBe(200);
    expect(await reach('127.0.0.1', 'localhost')).toBe(200);
    expect(await reach('localhost', '127.0.0.1')).toBe(200);
    expect(await reach('127.0.0.1', 'elsewhere.example')).toBe('Unreachable');
    expect(await reach('localhost', '10.0.0.1')).toBe('Unreachable');
  });

  it('applies only what it owns, and takes back what others have changed', async () => {
    const ref = { namespace, name: 'shared' };
    await client.apply(
      configMaps,
      { metadata: ref, data: { ours: '1', dropped: '1' } },
      { fieldManager: 'marina' },
    );
    await client.patch(configMaps, ref, { type: 'merge', body: { data: { theirs: '1', ours: 'edited' } } });

    const applied = await client.apply(
      configMaps,
      { metadata: ref, data: { ours: '2' } },
      { fieldManager: 'marina' },
    );

    expect(applied).toMatchObject({ kind: 'ConfigMap', data: { ours: '2', theirs: '1' } });
    expect(applied.data).not.toHaveProperty('dropped');
  });

  it('yields to the owner of a field when not told to take over', async () => {
    const ref = { namespace, name: 'contested' };
    await client.apply(configMaps, { metadata: ref, data: { k: '1' } }, { fieldManager: 'one' });

    const second = client.apply(
      configMaps,
      { metadata: ref, data: { k: '2' } },
      { fieldManager: 'two', force: false },
    );

    await expect(second).rejects.toMatchObject({ code: 'Conflict' });
  });

  it('does not touch an object of the same name with another uid', async () => {
    const ref = { namespace, name: 'reborn' };
    const first = await client.create(configMaps, { metadata: ref });
    const uid = first.metadata?.uid;
    await client.delete(configMaps, ref, { uid });
    await client.create(configMaps, { metadata: ref });

    const late = client.apply(configMaps, { metadata: { ...ref, uid } }, { fieldManager: 'test' });
    const fields = await late.catch(
      (error: unknown) => isKubeError(error, 'Invalid') && error.causes.map(({ field }) => field),
    );
    expect(fields).toContain('metadata.uid');
    await expect(client.delete(configMaps, ref, { uid })).rejects.toMatchObject({ code: 'Conflict' });
    expect(await client.get(configMaps, ref)).toBeDefined();
  });

  it('changes nothing in a dry run, and says which field is wrong', async () => {
    const broken = deployment('dry', { containers: [{ name: 'UPPER', image: 'x' }] });

    await expect(client.create(deployments, broken, { dryRun: true })).rejects.toMatchObject({
      code: 'Invalid',
      causes: [{ field: 'spec.template.spec.containers[0].name' }],
    });
    await client.create(deployments, deployment('dry', { containers: [{ name: 'c', image: 'x' }] }), {
      dryRun: true,
    });
    expect(await client.get(deployments, { namespace, name: 'dry' })).toBeUndefined();
  });

  it('writes a status by itself', async () => {
    const wanted = await client.create(
      deployments,
      deployment('status', { containers: [{ name: 'c', image: 'x' }] }),
    );
    const status = { observedGeneration: 1, replicas: 1, availableReplicas: 1, readyReplicas: 1 };
    const options = { fieldManager: 'test', subresource: 'status' } as const;

    const written = await client.apply(
      deployments,
      { metadata: { namespace, name: 'status' }, status },
      options,
    );

    expect(written.status).toMatchObject(status);
    expect(written.spec).toEqual(wanted.spec);
  });

  it('lists in pages as in one piece', async () => {
    const labels = { page: 'yes' };
    for (let i = 0; i < 7; i++)
      await client.create(configMaps, { metadata: { namespace, name: `page-${i}`, labels } });

    const selected = { namespace, labelSelector: 'page=yes' };
    const first = await client.list(configMaps, { ...selected, limit: 3 });
    const second = await client.list(configMaps, {
      ...selected,
      limit: 3,
      continue: first.metadata.continue,
    });

    expect([...first.items, ...second.items].map(({ metadata }) => metadata?.name)).toEqual(
      (await client.list(configMaps, selected)).items.slice(0, 6).map(({ metadata }) => metadata?.name),
    );
  });

  it('puts a finalizer on and takes it off, once each', async () => {
    const created = await client.create(configMaps, { metadata: { namespace, name: 'final' } });
    const held = await addFinalizer(client, configMaps, created, finalizer);
    expect(hasFinalizer(held, finalizer)).toBe(true);
    expect(await addFinalizer(client, configMaps, held, finalizer)).toBe(held);
    const more = await addFinalizer(client, configMaps, held, 'example.com/other');
    expect(more.metadata?.finalizers).toEqual([finalizer, 'example.com/other']);

    await client.delete(configMaps, { namespace, name: 'final' });
    const left = await removeFinalizer(client, configMaps, more, finalizer);
    expect(left?.metadata?.finalizers).toEqual(['example.com/other']);
    await removeFinalizer(client, configMaps, left ?? {}, 'example.com/other');

    expect(await client.get(configMaps, { namespace, name: 'final' })).toBeUndefined();
    expect(await removeFinalizer(client, configMaps, more, finalizer)).toBeUndefined();
  });

  it('leaves finalizers alone that have changed meanwhile, and objects that are others', async () => {
    const ref = { namespace, name: 'busy' };
    const seen = await client.create(configMaps, { metadata: { ...ref, finalizers: ['example.com/a'] } });
    await addFinalizer(client, configMaps, seen, 'example.com/b');

    await expect(addFinalizer(client, configMaps, seen, finalizer)).rejects.toMatchObject({
      code: 'Conflict',
    });
    await expect(removeFinalizer(client, configMaps, seen, 'example.com/a')).rejects.toMatchObject({
      code: 'Conflict',
    });
    const stranger = { ...seen, metadata: { ...seen.metadata, uid: 'another' } };
    await expect(removeFinalizer(client, configMaps, stranger, 'example.com/a')).rejects.toMatchObject({
      code: 'Conflict',
    });
    expect((await client.get(configMaps, ref))?.metadata?.finalizers).toEqual([
      'example.com/a',
      'example.com/b',
    ]);
  });

  it('records Events that the API server accepts, and counts repetitions', async () => {
    const problems: unknown[] = [];
    const log: Log = { ...silentLog, warn: (facts) => problems.push(facts) };
    const recorder = new EventRecorder({
      client,
      clock: systemClock,
      log,
      component: 'marina-controller',
      instance: 'test',
    });
    const object = await client.create(configMaps, {
      metadata: { namespace, name: `${'long.'.repeat(50)}x` },
    });
    for (let i = 0; i < 3; i++) {
      recorder.record(object, 'Warning', 'StoreDown', `no answer ${'€'.repeat(2000)}`);
      await recorder.flush();
    }
    recorder.record(
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
      'Normal',
      'Seen',
      'hello',
    );
    await recorder.flush();

    expect(problems).toEqual([]);
    const written = await client.list(events, {
      namespace,
      fieldSelector: `involvedObject.uid=${object.metadata?.uid}`,
    });
    expect(written.items).toMatchObject([{ reason: 'StoreDown', count: 3, type: 'Warning' }]);
    const clusterScoped = await client.list(events, { namespace: 'default', fieldSelector: 'reason=Seen' });
    expect(clusterScoped.items).toHaveLength(1);
  });
});

function deployment(name: string, podSpec: object): Deployment {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: podSpec };
  return {
    metadata: { namespace, name },
    spec: { selector: { matchLabels: labels }, template },
  } as Deployment;
}
