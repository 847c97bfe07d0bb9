import { randomBytes } from 'node:crypto';
import {
  certificateSpecifications,
  inspectCertificate,
  issueCertificateAuthority,
  newSerialNumber,
  publicKeyOf,
} from '../../src/pki/index.ts';
import type { Issuer } from '../../src/pki/index.ts';
import type { Credential } from '../support/certificates.ts';
import { makeAuthority, makeLeaf, validNow } from '../support/pki.ts';

const hourMs = 60 * 60 * 1000;

/** Who is impersonated, and what an attacker has: the store's authority has signed all but a few of these by mistake. */
export interface Impersonation {
  readonly victim: string;
  /** Of a store, with its own key. */
  readonly authority: Issuer;
  readonly authorityName: string;
  /** Of another tenant, good for its own partition. */
  readonly attacker: Credential;
  /** What the store calls its administrator. */
  readonly administrator: string;
}

/** By what is wrong with them: certificates that must open nothing of the victim's. `undefined` is none at all. */
export async function foreignCredentials(
  impersonation: Impersonation,
): Promise<Readonly<Record<string, Credential | undefined>>> {
  return {
    none: undefined,
    'the one of another tenant': impersonation.attacker,
    ...(await ofTheTenantsControlPlane()),
    ...(await ofOtherAuthorities(impersonation)),
    ...(await ofTheStoresAuthority(impersonation)),
  };
}

/** All leaves that a control plane has, and its kubelets'. */
async function ofTheTenantsControlPlane(): Promise<Readonly<Record<string, Credential>>> {
  const roots = {
    ca: await makeAuthority('kubernetes'),
    'front-proxy-ca': await makeAuthority('front-proxy-ca'),
  };
  const names = {
    clusterDomain: 'cluster.local',
    serviceCidrs: ['10.96.0.0/16'],
    published: [],
    internal: [],
  };
  const found: Record<string, Credential> = {};
  for (const { name, signedBy, ...request } of certificateSpecifications(names)) {
    found[`the ${name} of a control plane`] = await makeLeaf(roots[signedBy], request);
  }
  const subject = { commonName: 'system:node:worker-1', organizations: ['system:nodes'] };
  found['the one of a kubelet'] = await makeLeaf(roots.ca, { subject });
  return found;
}

async function ofOtherAuthorities({
  victim,
  authorityName,
  attacker,
  administrator,
}: Impersonation): Promise<Readonly<Record<string, Credential>>> {
  const other = await makeAuthority('other-ca');
  const namesake = await makeAuthority(authorityName);
  return {
    'the right name, by another authority': await makeLeaf(other, as(victim)),
    'the right name, by an authority of the same name': await makeLeaf(namesake, as(victim)),
    'the administrator’s name, by another authority': await makeLeaf(other, as(administrator)),
    'the right name, signed by itself': await makeAuthority(victim),
    'the right name, signed by a tenant': await signedByLeaf(attacker, victim),
  };
}

async function ofTheStoresAuthority({
  victim,
  authority,
}: Impersonation): Promise<Readonly<Record<string, Credential>>> {
  const ago = (hours: number) => new Date(Date.now() - hours * hourMs);
  return {
    'the right name, expired': await makeLeaf(authority, {
      ...as(victim),
      notBefore: ago(48),
      notAfter: ago(24),
    }),
    'the right name, not yet valid': await makeLeaf(authority, {
      ...as(victim),
      notBefore: ago(-24),
      notAfter: ago(-48),
    }),
    'the right name, for servers only': await makeLeaf(authority, { ...as(victim), usages: ['serverAuth'] }),
    'the right name as an organization': await makeLeaf(authority, {
      subject: { commonName: 'nobody', organizations: [victim] },
    }),
    'the right name as a DNS name': await makeLeaf(authority, { ...as('nobody'), dnsNames: [victim] }),
    'the right name in capitals': await makeLeaf(authority, as(victim.toUpperCase())),
    'the right name and a space': await makeLeaf(authority, as(`${victim} `)),
    'the right name and a slash': await makeLeaf(authority, as(`${victim}/`)),
    'the right name and another': await makeLeaf(authority, as(`${victim},nobody`)),
    'the name of nobody': await makeLeaf(authority, as('nobody')),
  };
}

function as(commonName: string) {
  return { subject: { commonName } };
}

/** A tenant's leaf used as if it were an authority, with the whole chain in the file; Marina's own code refuses to sign with a leaf. */
async function signedByLeaf({ certificate, privateKey }: Credential, victim: string): Promise<Credential> {
  const { commonName } = inspectCertificate(certificate).subject;
  const serialNumber = newSerialNumber(randomBytes);
  const pretended = issueCertificateAuthority({
    commonName,
    keyPair: { publicKey: publicKeyOf(privateKey), privateKey },
    serialNumber,
    ...validNow(),
  });
  const leaf = await makeLeaf({ certificate: pretended, privateKey }, as(victim));
  return { ...leaf, certificate: `${leaf.certificate.trimEnd()}\n${certificate}` };
}
