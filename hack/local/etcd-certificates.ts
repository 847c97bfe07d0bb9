import type { Issuer } from '../../src/pki/index.ts';
import { currentLeaf, type LeafRequest, makeAuthority, type Sources } from './store-certificates.ts';

/** Certificates and keys of an etcd of ours, PEM. */
export interface EtcdCertificates {
  /** Signs the server's certificate and the certificate of each user: the common name is the user. */
  readonly ca: Issuer;
  /** Signs those of the members, for the talk among themselves. */
  readonly peerCa: Issuer;
  readonly server: Issuer;
  readonly peer: Issuer;
  /** User `root`. */
  readonly root: Issuer;
}

const serverNames = {
  dnsNames: [
    'etcd',
    'etcd.marina-system',
    'etcd.marina-system.svc',
    'etcd.marina-system.svc.cluster.local',
    '*.etcd-peers.marina-system.svc',
    '*.etcd-peers.marina-system.svc.cluster.local',
    'localhost',
  ],
  ipAddresses: ['127.0.0.1'],
};

/** What is missing or two thirds through its life is made; the rest stays as it is. */
export async function completeEtcdCertificates(
  existing: Partial<EtcdCertificates>,
  sources: Sources,
): Promise<EtcdCertificates> {
  const ca = existing.ca ?? (await makeAuthority('etcd-ca', sources));
  const peerCa = existing.peerCa ?? (await makeAuthority('etcd-peer-ca', sources));
  const leaf = (kept: Issuer | undefined, issuer: Issuer, request: LeafRequest): Promise<Issuer> =>
    currentLeaf(kept, issuer, request, sources);
  return {
    ca,
    peerCa,
    server: await leaf(existing.server, ca, {
      commonName: 'etcd-server',
      usages: ['serverAuth'],
      ...serverNames,
    }),
    peer: await leaf(existing.peer, peerCa, {
      commonName: 'etcd-peer',
      usages: ['serverAuth', 'clientAuth'],
      ...serverNames,
    }),
    root: await leaf(existing.root, ca, { commonName: 'root', usages: ['clientAuth'] }),
  };
}
