import { storageBudgetPolicy } from '../../controlplane/names.ts';
import type { Entry } from '../../datastore/driver.ts';
import { SecretBox } from './secretbox.ts';
import { typeOfSecret } from './secret-type.ts';

/**
 * What is bound to machines, sessions or addresses of the cluster that a clone is made of. Pods of nodes that are gone are removed by the
 * clone's own controllers.
 */
const left = [
  'leases/',
  'masterleases/',
  'minions/',
  'csinodes/',
  'volumeattachments/',
  'certificatesigningrequests/',
  'secrets/kube-system/bootstrap-token-',
];
const leftExactly = new Set([
  'services/endpoints/default/kubernetes',
  'endpointslices/default/kubernetes',
  // A clone has a budget of its own, or none.
  `validatingadmissionpolicies/${storageBudgetPolicy}`,
  `validatingadmissionpolicybindings/${storageBudgetPolicy}`,
]);
/** Signed with keys that the clone does not have, or an invitation into the other cluster. */
const leftSecretTypes = new Set(['kubernetes.io/service-account-token', 'bootstrap.kubernetes.io/token']);

export interface CloneKeys {
  /** `encryption.yaml` of the cluster in the archive. */
  readonly from: string;
  /** Of the clone. */
  readonly to: string;
}

/** An entry as the clone is to have it; undefined for one that it does not get. */
export type Rewrite = (entry: Entry) => Entry | undefined;

/** @throws Error for a configuration that cannot be read */
export function cloneRewrite({ from, to }: CloneKeys, randomBytes: (size: number) => Buffer): Rewrite {
  const opener = new SecretBox(from);
  const sealer = new SecretBox(to);
  return (entry) => {
    const { key, value } = entry;
    if (leftExactly.has(key) || left.some((prefix) => key.startsWith(prefix))) return undefined;
    const isSealed = SecretBox.isSealed(value);
    const plain = isSealed ? opener.open(value) : value;
    if (key.startsWith('secrets/') && leftSecretTypes.has(typeOfSecret(plain) ?? '')) return undefined;
    return isSealed ? { ...entry, value: sealer.seal(plain, randomBytes) } : entry;
  };
}
