import { describe, expect, it } from '@jest/globals';
import { aClass } from '../../test/support/control-plane-class.ts';
import { aTenant } from '../../test/support/tenant.ts';
import { type TenantBackup, tenantBackupSpec } from '../api/v1alpha1/tenant-backup.ts';
import { takeClass } from '../controlplane/class/in-force.ts';
import { buildClassBackup, isClassBackup } from './backups.builder.ts';

const now = new Date('2026-11-21T08:00:00Z');
const schedule = { cron: '0 2 * * *' };

function backupOf(backup?: { storage?: string }, name = 'demo') {
  const found = aClass(backup ? { backup: { schedule, ...backup } } : {});
  return buildClassBackup({ ...aTenant({}, { name }), status: { class: takeClass(found, now) } });
}

describe('buildClassBackup', () => {
  it('is what the class says, and goes with the control plane while its archives stay', () => {
    const backup = backupOf({});
    expect(backup).toMatchObject({
      metadata: { namespace: 'team-a', ownerReferences: [{ kind: 'TenantControlPlane', name: 'demo' }] },
      spec: { tenantControlPlane: 'demo', storage: 'default', deletionPolicy: 'Retain', suspend: false },
    });
    expect(tenantBackupSpec.parse(backup?.spec)).toEqual(backup?.spec);
  });

  it('has a name of its own for each storage, also of the longest name', () => {
    const longest = 'a'.repeat(52);
    const names = [{}, { storage: 'vault' }].map((backup) => backupOf(backup, longest)?.metadata?.name ?? '');
    expect(new Set(names).size).toBe(2);
    for (const name of names) expect(name.length).toBeLessThanOrEqual(63);
  });

  it('is none where the class wants none, or there is no class', () => {
    expect(backupOf()).toBeUndefined();
    expect(buildClassBackup(aTenant())).toBeUndefined();
  });
});

describe('isClassBackup', () => {
  const tenant = aTenant({}, { name: 'demo' });
  const made = buildClassBackup({
    ...tenant,
    status: { class: takeClass(aClass({ backup: { schedule } }), now) },
  });

  it.each<[string, object, boolean]>([
    ['as it was made', {}, true],
    ['without its label', { labels: {} }, true],
    ['without its owner', { ownerReferences: [] }, true],
    ['of somebody else', { labels: {}, ownerReferences: [] }, false],
    ['of another name', { name: 'nightly' }, false],
    ['of another namespace', { namespace: 'team-b' }, false],
  ])('knows one %s', (_, metadata, expected) => {
    const backup = { ...made, metadata: { ...made?.metadata, ...metadata } } as TenantBackup;
    expect(isClassBackup(backup, tenant)).toBe(expected);
  });
});
