import { describe, expect, it } from '@jest/globals';
import type { Archive, TenantBackup, TenantBackupSpec } from '../../api/v1alpha1/tenant-backup.ts';
import { archiveName, isArchiveOf, planBackup, planRetention } from './plan.ts';

const now = new Date('2026-11-21T08:00:30Z');

describe('a backup without a schedule', () => {
  it('is due at once, under the name of when it was asked for', () => {
    const { due, next } = planBackup(backup({}), now);
    expect(due && archiveName(due)).toBe('20261120-120000');
    expect(next).toBeUndefined();
  });

  it('is not due when there is an archive, or when it is suspended', () => {
    expect(planBackup(backup({}, { archives: [archive('20261120-120000')] }), now).due).toBeUndefined();
    expect(planBackup(backup({ suspend: true }), now).due).toBeUndefined();
  });
});

describe('a backup with a schedule', () => {
  const schedule = { cron: '0 * * * *', timeZone: 'Etc/UTC' };

  it('is due when its time has come since it was made', () => {
    const made = backup({ schedule }, {}, '2026-11-21T08:00:10Z');
    expect(planBackup(made, now)).toEqual({ due: undefined, next: new Date('2026-11-21T09:00:00Z') });
    expect(planBackup(made, new Date('2026-11-21T09:00:01Z')).due).toEqual(new Date('2026-11-21T09:00:00Z'));
  });

  it('is due once for all the times that were missed', () => {
    const late = planBackup(backup({ schedule }), now);
    expect(late).toEqual({ due: new Date('2026-11-21T08:00:00Z'), next: new Date('2026-11-21T09:00:00Z') });
    const done = backup({ schedule }, { lastScheduleTime: '2026-11-21T08:00:00Z' });
    expect(planBackup(done, now).due).toBeUndefined();
  });

  it('rests when it is suspended', () => {
    expect(planBackup(backup({ schedule, suspend: true }), now)).toEqual({ due: undefined, next: undefined });
  });

  it('says what is wrong with it', () => {
    const wrong = backup({ schedule: { ...schedule, timeZone: 'Mars/Olympus' } });
    expect(() => planBackup(wrong, now)).toThrow(/Mars\/Olympus/);
  });
});

describe('what is stored', () => {
  const since = '2026-11-20T12:00:00Z';
  const isOf = (key: string) => isArchiveOf(key, backup({}, {}, since), new Set(['x', 'y']));

  it('is of the backup that it was taken for', () => {
    expect(isOf('team-a/demo/x/nightly/20261120-120000.jsonl.zst.age')).toBe(true);
    expect(isOf('team-a/demo/y/nightly/20261121-080000.jsonl.zst.age')).toBe(true);
  });

  it.each([
    'team-a/demo/x/weekly/20261121-080000.jsonl.zst.age',
    'team-a/demo2/x/nightly/20261121-080000.jsonl.zst.age',
    'team-b/demo/x/nightly/20261121-080000.jsonl.zst.age',
    'team-a/demo/x/nightly',
    'team-a/demo/of-another-cluster/nightly/20261121-080000.jsonl.zst.age',
  ])('is not when it is at %s', (key) => {
    expect(isOf(key)).toBe(false);
  });

  it('is not when it is of one of the same name that was there before', () => {
    expect(isOf('team-a/demo/x/nightly/20261120-115959.jsonl.zst.age')).toBe(false);
  });
});

describe('retention', () => {
  const three = ['20261118-080000', '20261119-080000', '20261120-080000'].map(archive);

  it('counts the one that was just taken', () => {
    const kept = backup({ retention: { count: 3 } }, { archives: three });
    const taken = archive('20261121-080000');
    const { all, expired } = planRetention(kept, taken, now);
    expect(all).toEqual([...three, taken]);
    expect(expired).toEqual([three[0]]);
  });

  it('takes one that was begun again for the same', () => {
    const kept = backup({ retention: { count: 3 } }, { archives: three });
    const again = { ...archive('20261120-080000'), entries: 8 };
    expect(planRetention(kept, again, now)).toEqual({ all: [three[0], three[1], again], expired: [] });
  });
});

function backup(
  spec: Partial<TenantBackupSpec>,
  status: TenantBackup['status'] = {},
  creationTimestamp = '2026-11-20T12:00:00Z',
): TenantBackup {
  return {
    metadata: { name: 'nightly', namespace: 'team-a', creationTimestamp },
    spec: {
      tenantControlPlane: 'demo',
      storage: 'default',
      suspend: false,
      retention: { count: 7 },
      deletionPolicy: 'Retain',
      ...spec,
    },
    status,
  };
}

function archive(name: string): Archive {
  const [date = '', time = ''] = name.split('-');
  const completedAt = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}T${time.slice(0, 2)}:00:05Z`;
  return {
    name,
    key: `team-a/demo/x/nightly/${name}.jsonl.zst.age`,
    completedAt,
    durationMilliseconds: 5,
    revision: '1',
    entries: 7,
    contentBytes: 7,
    contentSha256: '',
    bytes: 7,
    sha256: '',
    kubernetesVersion: 'v1.36.3',
  };
}
