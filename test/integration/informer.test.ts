import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { systemClock } from '../../src/engine/clock.ts';
import { silentLog } from '../../src/engine/log.ts';
import type { HttpKubeClient } from '../../src/kube/http-client.ts';
import { Informer, type InformerOptions } from '../../src/kube/informer.ts';
import { connect } from '../../src/kube/kubeconfig.ts';
import { configMaps, namespaces, type ConfigMap } from '../../src/kube/resources.ts';
import { startKubeApiserver, type KubeApiserver } from '../support/kube-apiserver.ts';
import { waitUntil } from '../support/wait-until.ts';

jest.setTimeout(30_000);

const namespace = 'informer-test';

describe('Informer on a real API server', () => {
  let server: KubeApiserver;
  let client: HttpKubeClient;
  let stop = new AbortController();
  let running: Promise<void>[] = [];

  beforeAll(async () => {
    server = await startKubeApiserver();
    client = await connect({ kubeconfig: server.kubeconfig, fieldManager: 'test' });
    await client.create(namespaces, { metadata: { name: namespace } });
  }, 600_000);

  afterEach(async () => {
    stop.abort();
    await Promise.all(running);
    stop = new AbortController();
    running = [];
  });

  afterAll(async () => {
    await client?.close();
    await server?.stop();
  });

  function start(options: Partial<InformerOptions<ConfigMap>> = {}): Informer<ConfigMap> {
    const settings = {
      client,
      resource: configMaps,
      clock: systemClock,
      log: silentLog,
      namespace,
      ...options,
    };
    const informer = new Informer<ConfigMap>(settings);
    running.push(informer.run(stop.signal));
    return informer;
  }

  const put = (name: string, value: string, labels = {}) =>
    client.apply(
      configMaps,
      { metadata: { namespace, name, labels }, data: { value } },
      { fieldManager: 'test' },
    );

  const see = (informer: Informer<ConfigMap>, name: string, value: string | undefined) =>
    waitUntil(`${name} = ${value}`, async () => informer.get({ namespace, name })?.data?.['value'] === value);

  it('follows creation, change and deletion', async () => {
    await put('before', '1');
    const informer = start();
    await informer.synced();
    expect(informer.get({ namespace, name: 'before' })).toMatchObject({
      kind: 'ConfigMap',
      data: { value: '1' },
    });

    await put('after', '1');
    await put('before', '2');
    await see(informer, 'after', '1');
    await see(informer, 'before', '2');
    await client.delete(configMaps, { namespace, name: 'after' });

    await see(informer, 'after', undefined);
  });

  it('sees an object leave and come back when its labels decide', async () => {
    await put('labelled', '1', { app: 'x' });
    const informer = start({ labelSelector: 'app=x' });
    await informer.synced();
    await see(informer, 'labelled', '1');

    await put('labelled', '2', { app: 'y' });
    await see(informer, 'labelled', undefined);
    await put('labelled', '3', { app: 'x' });

    await see(informer, 'labelled', '3');
    expect(informer.size).toBe(1);
  });

  it('goes on after the API server was stopped for a while (SIGSTOP) without a word', async () => {
    const outcomes: string[] = [];
    const metrics = { listed: () => {}, watchEnded: (_: string, outcome: string) => outcomes.push(outcome) };
    const informer = start({ livenessMs: 1_500, metrics });
    await informer.synced();
    server.pause();
    try {
      await waitUntil('the watch to be given up', async () => outcomes.includes('silent'));
    } finally {
      server.resume();
    }
    await put('paused', '1');

    await see(informer, 'paused', '1');
  });

  it('goes on after the API server was started anew, and tells of what changed meanwhile once', async () => {
    const informer = start();
    await informer.synced();
    const told: (string | undefined)[] = [];
    informer.onChange((_, current, initial) => {
      if (!initial) told.push(current?.metadata?.name);
    });

    await server.restart();
    await put('restarted', '1');

    await see(informer, 'restarted', '1');
    expect(told).toEqual(['restarted']);
  });
});
