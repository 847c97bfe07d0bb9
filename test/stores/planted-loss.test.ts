import { cp, rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { connect } from '../../src/kube/kubeconfig.ts';
import { type EtcdServer, startEtcd } from '../support/etcd.ts';
import { startKubeApiserver } from '../support/kube-apiserver.ts';
import { createTemporaryDirectory } from '../support/temporary-directory.ts';
import { WriteLedger } from '../support/write-ledger.ts';

const patienceMs = 60_000;

it('a store that comes back as an older copy of itself is noticed by who wrote to it', async () => {
  await using etcd = await startEtcd({ auth: false });
  await using apiserver = await startKubeApiserver({ etcd: accessTo(etcd) });
  await using ledger = new WriteLedger(await connect({ kubeconfig: apiserver.kubeconfig }));
  await using copies = await createTemporaryDirectory('older-data');
  const older = path.join(copies.path, 'data');
  await ledger.progress(patienceMs);
  await etcd.kill();
  await cp(etcd.dataDirectory, older, { recursive: true });
  await etcd.start();
  await ledger.progress(patienceMs);

  await etcd.kill();
  await rm(etcd.dataDirectory, { recursive: true });
  await cp(older, etcd.dataDirectory, { recursive: true });
  await etcd.start();
  await ledger.progress(patienceMs);

  const lost = await ledger.settle();
  expect(lost.filter((each) => each.endsWith('is gone'))).not.toEqual([]);
  expect(lost.filter((each) => each.includes('which is not after'))).not.toEqual([]);
}, 180_000);

function accessTo({ endpoints, ca, root }: EtcdServer) {
  return {
    endpoints,
    certificateAuthority: ca.certificate,
    clientCertificate: root.certificate,
    clientKey: root.privateKey,
  };
}
