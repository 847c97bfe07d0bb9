import { decideRenewal, inspectCertificate, type KeyAlgorithm, type Subject } from '../pki/index.ts';
import type { Credential } from './build.ts';

/** What a certificate has to say now, and for how long. */
export interface WantedCredential {
  readonly subject: Subject;
  readonly keyAlgorithm: KeyAlgorithm;
  /** PEM. */
  readonly certificateAuthority: string;
  /** Milliseconds. */
  readonly lifetimeMs: number;
  readonly renew: boolean;
  /** Of one that is not renewed and whose life has begun: its end, which is yet to come and which no later issue moves. */
  readonly end: Date | undefined;
}

export type CredentialPlan =
  /** It is right; `until` is when to ask again: it is due then, or has ended. */
  | { readonly action: 'Keep'; readonly credential: Credential; readonly until: Date }
  /** `reason` in a word; `lifetimeMs` from now. */
  | { readonly action: 'Issue'; readonly reason: string; readonly lifetimeMs: number };

/** Whether what is there may stay, or another certificate is issued. */
export function planCredential(
  present: Credential | undefined,
  wanted: WantedCredential,
  now: Date,
): CredentialPlan {
  const decision = decideRenewal({
    ...present,
    issuerCertificate: wanted.certificateAuthority,
    wanted: { subject: wanted.subject, usages: ['clientAuth'], keyAlgorithm: wanted.keyAlgorithm },
    now,
  });
  if (decision.renew && decision.reason !== 'Expiring') {
    const { end, lifetimeMs } = wanted;
    const isBegun = !wanted.renew && end !== undefined;
    return {
      action: 'Issue',
      reason: decision.reason,
      lifetimeMs: isBegun ? end.getTime() - now.getTime() : lifetimeMs,
    };
  }
  // Only what is there is too old, or not.
  if (!present) throw new TypeError('nothing is there, and nothing is missing');
  const { notAfter } = inspectCertificate(present.certificate);
  if (!wanted.renew) return { action: 'Keep', credential: present, until: notAfter };
  if (!decision.renew) return { action: 'Keep', credential: present, until: decision.renewAt };
  // No certificate outlives its root: another one would not end later.
  const last = inspectCertificate(wanted.certificateAuthority).notAfter;
  if (notAfter >= last && now < notAfter) return { action: 'Keep', credential: present, until: notAfter };
  return { action: 'Issue', reason: decision.reason, lifetimeMs: wanted.lifetimeMs };
}

/** The certificate and key in a kubeconfig that Marina wrote; undefined when they are not there. */
export function credentialIn(file: string | undefined): Credential | undefined {
  const certificate = valueOf(file, 'client-certificate-data');
  const privateKey = valueOf(file, 'client-key-data');
  return certificate && privateKey ? { certificate, privateKey } : undefined;
}

function valueOf(file: string | undefined, field: string): string | undefined {
  const [, value] = new RegExp(`^ *${field}: ([A-Za-z0-9+/=]+)$`, 'm').exec(file ?? '') ?? [];
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8');
}
