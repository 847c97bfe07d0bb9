import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import type { Secret } from '../../kube/resources.ts';
import { buildKubeconfig } from '../../pki/index.ts';
import type { CertificateFiles } from '../certificates/plan.ts';
import { tenantLabels, type TenantNames } from '../names.ts';
import { encodeData } from '../../kube/secret-data.ts';
import { type Endpoint, formatEndpoint } from '../service/endpoint.ts';

/** Key of the Secret under which Cluster API and GitOps tools look for a kubeconfig. */
export const kubeconfigKey = 'value';

/** What the user is given: an administrator’s kubeconfig for the published address, beside the TenantControlPlane. */
export function buildAdminKubeconfig(
  tenant: TenantControlPlane,
  names: TenantNames,
  input: {
    readonly endpoint: Endpoint;
    readonly certificateAuthority: string;
    readonly certificates: CertificateFiles;
  },
): Secret {
  const kubeconfig = buildKubeconfig({
    clusterName: tenant.metadata?.name ?? '',
    server: `https://${formatEndpoint(input.endpoint)}`,
    certificateAuthority: input.certificateAuthority,
    user: {
      name: 'kubernetes-admin',
      certificate: input.certificates['admin.crt'] ?? '',
      privateKey: input.certificates['admin.key'] ?? '',
    },
  });
  return {
    metadata: {
      name: names.adminKubeconfig,
      namespace: tenant.metadata?.namespace,
      labels: tenantLabels(tenant, 'admin-kubeconfig'),
    },
    type: 'Opaque',
    data: encodeData({ [kubeconfigKey]: kubeconfig }),
  };
}
