import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Checkout } from './checkout.ts';
import { readTlsSecrets, tlsSecret } from './datastore-objects.ts';
import type { Kubectl } from './kubectl.ts';
import { currentLeaf, makeAuthority } from './store-certificates.ts';

const secretNames = { ca: 'marina-api-ca', server: 'marina-api-tls' } as const;

/** Of manifests/overlays/local/api-service.yaml. */
const nodePort = 30043;

/** The ServiceAccount of manifests/samples/rest-user.yaml. */
export const restUser = { namespace: 'default', name: 'platform' } as const;

/** PEM file of the authority that the REST API's certificate is from. */
export function restAuthority(checkout: Checkout): string {
  return path.join(checkout.stateDirectory, 'rest', 'ca.crt');
}

export function restUrl(nodeAddress: string): string {
  return `https://${nodeAddress}:${nodePort}`;
}

/** The certificate that clients of REST see, and somebody who may use it. */
export async function prepareRest(checkout: Checkout, kubectl: Kubectl, nodeAddress: string): Promise<void> {
  const sources = { now: new Date(), randomBytes };
  const existing = await readTlsSecrets(kubectl, secretNames);
  const ca = existing.ca ?? (await makeAuthority('marina-api-ca', sources));
  const dnsNames = ['marina-api', 'marina-api.marina-system', 'marina-api.marina-system.svc', 'localhost'];
  const request = {
    commonName: 'marina-api',
    usages: ['serverAuth'],
    dnsNames,
    ipAddresses: [nodeAddress, '127.0.0.1'],
  } as const;
  const server = await currentLeaf(existing.server, ca, request, sources);
  await kubectl.apply([tlsSecret(secretNames.ca, ca), tlsSecret(secretNames.server, server, ca)]);
  await kubectl.applyPath('-f', path.join(checkout.root, 'manifests', 'samples', 'rest-user.yaml'));
  const file = restAuthority(checkout);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, ca.certificate);
}
