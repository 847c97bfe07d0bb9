import { expect } from '@jest/globals';
import { type TenantBackup, tenantBackups } from '../../src/api/v1alpha1/tenant-backup.ts';
import { tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import type { DataWorld } from './data-world.ts';
import { WriteLedger } from './write-ledger.ts';

/** Milliseconds until a tenant that is Ready has acknowledged a write. */
const answerMs = 60_000;

export interface DataLife extends AsyncDisposable {
  /** To be run in their order; each rejects when something is not as the user may expect it. */
  readonly chapters: readonly (() => Promise<void>)[];
  /** Names of its TenantRestores. */
  readonly restores: readonly string[];
}

/** What becomes of the state of tenant `demo`, which is there: it is saved, moved there and back, and brought back in each of the three ways. */
export function tellDataLife(world: DataWorld): DataLife {
  const story = new Story(world);
  return {
    chapters: [
      () => story.save(),
      () => story.moveThere(),
      () => story.moveBack(),
      () => story.restoreAndClone(),
      () => story.bringBackAfterDeletion(),
      () => story.deleteEverything(),
    ],
    restores: ['in-place', 'clone', 'again'],
    [Symbol.asyncDispose]: () => story.end(),
  };
}

interface Saved {
  readonly onVolume: TenantBackup;
  readonly onS3: TenantBackup;
}

class Story {
  private readonly world: DataWorld;
  private ledger: WriteLedger | undefined;
  private saved: Saved | undefined;

  constructor(world: DataWorld) {
    this.world = world;
  }

  async save(): Promise<void> {
    const { world } = this;
    const ledger = await this.write('before');
    const acknowledged = ledger.names;
    const [onVolume, onS3] = await Promise.all([
      world.backup('volume', 'on-volume'),
      world.backup('s3', 'on-s3'),
    ]);
    this.saved = { onVolume, onS3 };
    for (const backup of [onVolume, onS3]) {
      expect(backup.status?.archives).toHaveLength(1);
      const archived = await world.kept.inArchive(backup);
      expect(acknowledged.filter((name) => !archived.has(name))).toEqual([]);
    }
  }

  async moveThere(): Promise<void> {
    await this.move('default', 'postgres');
  }

  /** Onto what was kept of the first move. */
  async moveBack(): Promise<void> {
    const { world } = this;
    await this.move('postgres', 'default');
    await world.discard('demo', 'postgres');
    expect(await world.kept.keysIn('postgres', await world.ready('demo'))).toBe(0);
    expect(await this.ledger?.settle()).toEqual([]);
  }

  /** Side by side. From then on what is in the archive counts, and what is written afterwards. */
  async restoreAndClone(): Promise<void> {
    const { world } = this;
    const { onVolume, onS3 } = this.archives();
    const [demo, clone] = await Promise.all([
      world.restore('in-place', { tenantControlPlane: 'demo', source: { backup: 'volume' } }),
      world.restore('clone', {
        tenantControlPlane: 'clone',
        source: { backup: 's3' },
        mode: 'Clone',
        dataStore: 'postgres',
      }),
    ]);
    expect(await world.kept.inStore('default', demo)).toEqual(await world.kept.inArchive(onVolume));
    expect(await world.kept.inStore('postgres', clone)).toEqual(await world.kept.inArchive(onS3));
    await this.write('after');
  }

  async bringBackAfterDeletion(): Promise<void> {
    const { world } = this;
    expect(await this.ledger?.settle()).toEqual([]);
    await world.remove(tenantControlPlanes, 'demo');
    const demo = await world.restore('again', { tenantControlPlane: 'demo', source: { backup: 's3' } });
    expect(await world.kept.inStore('default', demo)).toEqual(
      await world.kept.inArchive(this.archives().onS3),
    );
  }

  async deleteEverything(): Promise<void> {
    const { world } = this;
    await Promise.all([
      world.remove(tenantBackups, 'volume'),
      world.remove(tenantBackups, 's3'),
      world.remove(tenantControlPlanes, 'demo'),
      world.remove(tenantControlPlanes, 'clone'),
    ]);
  }

  async end(): Promise<void> {
    await this.ledger?.[Symbol.asyncDispose]();
  }

  /** What was in the store before stays there until it is discarded. */
  private async move(from: 'default' | 'postgres', to: 'default' | 'postgres'): Promise<void> {
    const { world } = this;
    const migration = await world.move('demo', to);
    expect(migration).toMatchObject({ from, to, contentSha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(migration.entries).toBeGreaterThan(100);
    await this.ledger?.progress(answerMs);
    expect(await world.kept.keysIn(from, await world.ready('demo'))).toBeGreaterThan(100);
  }

  /** Begins to write into `demo`; resolves after the first acknowledged write. */
  private async write(prefix: string): Promise<WriteLedger> {
    await this.end();
    const { cluster } = this.world;
    this.ledger = new WriteLedger(await cluster.adminOf(await this.world.ready('demo')), prefix);
    await this.ledger.progress(answerMs);
    return this.ledger;
  }

  private archives(): Saved {
    if (!this.saved) throw new Error('nothing was saved');
    return this.saved;
  }
}
