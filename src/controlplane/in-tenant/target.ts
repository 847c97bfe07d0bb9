import { isIP } from 'node:net';
import type { Service } from '../../kube/resources.ts';
import { type CertificateFiles, internalHost } from '../certificates/plan.ts';
import type { ServingPod } from '../deployment/observe.ts';
import type { TenantNames } from '../names.ts';
import { apiServerPort } from '../service/build.ts';
import { formatEndpoint } from '../service/endpoint.ts';
import type { TenantTarget } from '../tenant-clients.ts';

/** What Marina shows and trusts inside a tenant. PEM. */
export interface MarinasCredential {
  readonly names: TenantNames;
  readonly certificateAuthority: string;
  readonly certificates: CertificateFiles;
}

/** URL of one API server, past the Service. */
export function directServer(pod: ServingPod | undefined): string {
  const host = pod && isIP(pod.ip) === 6 ? `[${pod.ip}]` : pod?.ip;
  return `https://${host}:${apiServerPort}`;
}

/** URL of the API servers as everybody else reaches them. */
export function serviceServer(service: Service | undefined, names: TenantNames): string {
  const host = service?.spec?.clusterIP ?? internalHost(names);
  const port = service?.spec?.ports?.[0]?.port ?? apiServerPort;
  return `https://${formatEndpoint({ host, port })}`;
}

export function asMarina(server: string, credential: MarinasCredential): TenantTarget {
  const { names, certificateAuthority, certificates } = credential;
  return {
    server,
    servername: internalHost(names),
    certificateAuthority,
    certificate: certificates['marina.crt'],
    privateKey: certificates['marina.key'],
  };
}
