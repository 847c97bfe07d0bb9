import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { ensureImages } from '../toolchain/images.ts';
import type { Context } from './context.ts';
import {
  ensureMarinaNamespace,
  ensureVolume,
  inNamespace,
  readTlsSecrets,
  tlsSecret,
} from './datastore-objects.ts';
import { loadImages } from './images.ts';
import type { Kubectl } from './kubectl.ts';
import { managementNode } from './management-cluster.ts';
import { completePostgresCertificates, type PostgresCertificates } from './postgres-certificates.ts';

/** Secrets of the server. The authority's and root's are what the DataStore object names. */
const secretNames: Readonly<Record<keyof PostgresCertificates, string>> = {
  ca: 'postgres-datastore-ca',
  server: 'postgres-server',
  root: 'postgres-datastore-root',
};

/** A Postgres with mutual TLS as a pod: the management database is in it, and what the DataStore `postgres` keeps. */
export async function ensurePostgresServer(
  context: Context,
  kubectl: Kubectl,
): Promise<PostgresCertificates> {
  const { shell, checkout } = context;
  const images = await ensureImages(['datastore-postgres'], shell.progress);
  await loadImages(context, managementNode(checkout), images);
  await ensureMarinaNamespace(kubectl);
  const existing = await readTlsSecrets(kubectl, secretNames);
  const certificates = await completePostgresCertificates(existing, { now: new Date(), randomBytes });
  const { ca, server, root } = certificates;
  await kubectl.apply([
    tlsSecret(secretNames.ca, ca),
    tlsSecret(secretNames.server, server, ca),
    tlsSecret(secretNames.root, root),
  ]);
  await ensureVolume(context, kubectl, 'postgres-0');
  await kubectl.applyPath('-k', path.join(checkout.root, 'manifests', 'postgres'));
  shell.progress('waiting for Postgres');
  await kubectl.run([...inNamespace, 'rollout', 'status', 'statefulset/postgres', '--timeout=120s']);
  return certificates;
}
