import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type DataWorld, startDataWorld } from '../support/data-world.ts';
import { tellDataLife } from '../support/data-life.ts';
import { type Moment, readDeaths } from '../support/deadly-failpoints.ts';
import { recordFigure } from '../support/figures.ts';
import { form, scaled } from '../support/form.ts';
import { recordRestores } from '../support/restore-history.ts';
import { superviseMarina } from '../support/supervised-marina.ts';
import { createTemporaryDirectory } from '../support/temporary-directory.ts';

/** Every effect of moving, saving and bringing back: one that is not met any more, or is new, is to be noticed. */
const everyEffect = readFileSync(new URL('../golden/failpoints-of-data.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '');

/**
 * Beginnings of what is the same in every birth and deletion whatever the contents, or looks after stores: `crash-points` has its deaths
 * there. And what a storage is checked with, which nobody needs.
 */
const ofOtherSuites = [
  'tenant/',
  'volume/check/',
  's3/check/',
  'etcd/add-',
  'etcd/compact',
  'etcd/delete-role',
  'etcd/delete-user',
  'etcd/grant-role',
  'etcd/take-the-turn-to-compact',
  'management/apply/ConfigMap',
  'management/apply/DataStore/status',
  'management/apply/Secret/certificates',
  'management/apply/Secret/kubeconfig',
  'management/apply/Service',
  'management/create/Event',
  'management/create/Lease',
  'management/delete/',
  'management/patch/Event',
  'management/patch/Lease',
];

/** Parts of a partition’s wall on Postgres: many, so only the long form dies there. */
const wallsOfPostgres = [
  'postgres/allow-connections',
  'postgres/close-database',
  'postgres/create-database',
  'postgres/create-role',
  'postgres/disable-login',
  'postgres/drop-',
  'postgres/grant-',
  'postgres/revoke-',
  'postgres/take-',
];

/** Archives that are small enough go up in one request, and in the long form in parts. */
const ofSmallArchives = ['s3/archive/put-object'];
const ofLargeArchives = ['s3/archive/begin-upload', 's3/archive/upload-part', 's3/archive/complete-upload'];

const spared =
  form === 'short'
    ? [...ofOtherSuites, ...wallsOfPostgres, ...ofLargeArchives]
    : [...ofOtherSuites, ...ofSmallArchives];

/** Met when a death fell into the middle of something, or something expired while it was moved. */
const incidental = new Set(['postgres/clear', 'postgres/delete-keys', 's3/archive/abort-upload']);

/** Names that mean several things: the phases of a move, the states of a restore, its finalizer that comes and goes. */
const deathsOfMeanings = {
  'management/patch/TenantControlPlane/status': 6,
  'management/apply/TenantRestore/status': 4,
  'management/patch/TenantRestore': 2,
};

/** In the middle of what goes out in pages. */
const deathsInTheMiddle = {
  'etcd/delete-keys': 2,
  'etcd/put-keys': 3,
  'postgres/put-keys': 3,
  's3/archive/upload-part': 2,
  'volume/archive/append-to-file': 3,
};

const deathsAt = form === 'short' ? deathsOfMeanings : { ...deathsOfMeanings, ...deathsInTheMiddle };

const lifeMs = 1_800_000;

describe('a Marina that is killed at every effect on the contents of tenants', () => {
  const moments: readonly Moment[] = form === 'short' ? ['either'] : ['before', 'after'];

  it.each(moments)(
    '(%s it) loses no acknowledged write, and brings back each archive once',
    async (moment) => {
      const deaths = await liveThrough(moment);

      const met = new Set(deaths.filter((name) => !incidental.has(name)));
      expect([...met].sort()).toEqual(everyEffect.filter((name) => !isSpared(name)));
      recordFigure(`deaths while data were saved, moved and restored, ${moment}`, String(deaths.length));
    },
    lifeMs,
  );
});

/** Returns where processes died. */
async function liveThrough(moment: Moment): Promise<readonly string[]> {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await startDataWorld());
  await beBorn(world);
  const restores = stack.use(await recordRestores(world.cluster.client));
  const directory = stack.use(await createTemporaryDirectory('deaths'));
  const file = path.join(directory.path, 'deaths');
  const marina = superviseMarina({
    kubeconfigPath: world.cluster.kubeconfigPath,
    identity: 'mortal',
    backupVolume: world.kept.volume,
    deathRow: { file, moment, deathsAt, spared },
  });
  stack.defer(() => marina.kill());

  const deaths: string[] = [];
  await using life = tellDataLife(world);
  for (const chapter of life.chapters) {
    await Promise.race([chapter(), marina.trouble]);
    if (form === 'short') continue;
    deaths.push(...readDeaths(file));
    // The next process dies everywhere anew.
    await writeFile(file, '');
    await marina.kill();
  }
  await marina.stop();

  expect(restores.completions).toEqual(new Map(life.restores.map((name) => [name, 1])));
  expect(await world.kept.leftovers()).toEqual([]);
  return [...deaths, ...readDeaths(file)];
}

/** With a Marina that lives: how births survive is told elsewhere. */
async function beBorn(world: DataWorld): Promise<void> {
  const stopMarina = await world.cluster.startMarina({ backupVolume: world.kept.volume });
  await world.fill(await world.born('demo'), scaled(5, 14));
  await stopMarina();
}

function isSpared(name: string): boolean {
  return spared.some((beginning) => name.startsWith(beginning));
}
