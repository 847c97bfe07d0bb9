import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { aTenant } from '../../../test/support/tenant.ts';
import { tenantNames } from '../names.ts';
import { generateRoots } from '../roots/generate.ts';
import type { Roots } from '../roots/material.ts';
import { issueLeaf } from './issue-leaf.ts';
import { type CertificateFiles, planCertificates, wantedCertificates } from './plan.ts';

const now = new Date('2026-11-21T08:00:00Z');
const day = 24 * 60 * 60 * 1000;
const tenant = aTenant({ networkProfile: { certSANs: ['api.example.com'] } });
const names = tenantNames(tenant, 'marina-tenants');

function wantedAt(published: string) {
  return wantedCertificates(tenant, names, { published: [published], clusterIPs: ['10.96.7.7'] });
}

describe('planCertificates', () => {
  let roots: Roots;
  let files: CertificateFiles;

  beforeAll(async () => {
    roots = await generateRoots('ECDSA-P256', now, randomBytes);
    const leaves = await Promise.all(
      wantedAt('192.0.2.7').map((wanted) => issueLeaf(wanted, roots, 'ECDSA-P256', { now, randomBytes })),
    );
    files = Object.assign({}, ...leaves) as CertificateFiles;
  });

  const plan = (published: string, at: Date, present = files) =>
    planCertificates(wantedAt(published), present, roots, { keyAlgorithm: 'ECDSA-P256', now: at });

  it('issues everything at a birth', () => {
    const { issue } = plan('192.0.2.7', now, {});

    expect(issue.map(({ specification, reason }) => [specification.name, reason])).toEqual([
      ['apiserver', 'Missing'],
      ['apiserver-kubelet-client', 'Missing'],
      ['front-proxy-client', 'Missing'],
      ['controller-manager', 'Missing'],
      ['scheduler', 'Missing'],
      ['admin', 'Missing'],
      ['marina', 'Missing'],
    ]);
  });

  it('issues nothing while all is well, and says when it will', () => {
    const { issue, renewAt } = plan('192.0.2.7', now);

    expect(issue).toEqual([]);
    expect(((renewAt?.getTime() ?? 0) - now.getTime()) / day).toBeCloseTo(60, 0);
  });

  it('issues the serving certificate alone when the published address changes', () => {
    const { issue } = plan('192.0.2.8', now);

    expect(issue.map(({ specification, reason }) => [specification.name, reason])).toEqual([
      ['apiserver', 'NamesDiffer'],
    ]);
  });

  it('issues all of them when two thirds of their life are over', () => {
    const { issue } = plan('192.0.2.7', new Date(now.getTime() + 61 * day));

    expect(new Set(issue.map(({ reason }) => reason))).toEqual(new Set(['Expiring']));
    expect(issue).toHaveLength(7);
  });
});
