import type { V1KeyToPath, V1Volume, V1VolumeMount, V1VolumeProjection } from '@kubernetes/client-node';
import type { ControlPlaneProgram } from '../../api/v1alpha1/extra-args.ts';
import type { TenantNames } from '../names.ts';
import { mountPaths } from './paths.ts';
import type { StoreAccess } from './store-access.ts';

const readableByGroup = 0o440;

/** One projected volume a program, with exactly the files that this program reads: only kcm sees the root's key. */
export function buildVolumes(names: TenantNames, { driver }: StoreAccess): V1Volume[] {
  const credential = ['ca.crt', 'client.crt', 'client.key'];
  return [
    projected('apiServer', [
      secret(names.roots, ['ca.crt', 'front-proxy-ca.crt', 'sa.key', 'sa.pub', 'encryption.yaml']),
      secret(names.certificates, [
        ...pair('apiserver'),
        ...pair('apiserver-kubelet-client'),
        ...pair('front-proxy-client'),
      ]),
      ...(driver === 'etcd' ? [secret(names.dataStoreAccess, credential, 'etcd/')] : []),
      configMap(names.config, ['authentication.yaml']),
    ]),
    projected('controllerManager', [
      secret(names.roots, ['ca.crt', 'ca.key', 'front-proxy-ca.crt', 'sa.key']),
      secret(names.certificates, pair('controller-manager')),
      configMap(names.config, ['controller-manager.kubeconfig']),
    ]),
    projected('scheduler', [
      secret(names.roots, ['ca.crt', 'front-proxy-ca.crt']),
      secret(names.certificates, pair('scheduler')),
      configMap(names.config, ['scheduler.kubeconfig']),
    ]),
    ...(driver === 'postgres' ? kineVolumes(secret(names.dataStoreAccess, credential)) : []),
  ];
}

export const kineCredentialMount: V1VolumeMount = {
  name: 'kine-credential',
  mountPath: mountPaths.kineCredential,
  readOnly: true,
};

export const kineSocketMount: V1VolumeMount = { name: 'kine-socket', mountPath: mountPaths.kineRun };

/** kube-apiserver sees no credential of the database, only the socket. */
function kineVolumes(credential: V1VolumeProjection): V1Volume[] {
  return [
    {
      name: kineCredentialMount.name,
      projected: { defaultMode: readableByGroup, sources: [credential] },
    },
    { name: kineSocketMount.name, emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
  ];
}

export const volumeNames: Record<ControlPlaneProgram, string> = {
  apiServer: 'kube-apiserver-pki',
  controllerManager: 'kube-controller-manager-pki',
  scheduler: 'kube-scheduler-pki',
};

function projected(program: ControlPlaneProgram, sources: V1VolumeProjection[]): V1Volume {
  return { name: volumeNames[program], projected: { defaultMode: readableByGroup, sources } };
}

function secret(name: string, keys: readonly string[], folder = ''): V1VolumeProjection {
  return { secret: { name, items: toItems(keys, folder) } };
}

function configMap(name: string, keys: readonly string[]): V1VolumeProjection {
  return { configMap: { name, items: toItems(keys, '') } };
}

function toItems(keys: readonly string[], folder: string): V1KeyToPath[] {
  return keys.map((key) => ({ key, path: `${folder}${key}` }));
}

function pair(name: string): string[] {
  return [`${name}.crt`, `${name}.key`];
}
