import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import type { BackupStorage } from '../../api/v1alpha1/backup-storage.ts';
import { findCondition } from '../../engine/conditions.ts';
import { BackupStorageError } from './errors.ts';
import type { OpenedBackupStorage } from './open.ts';
import { BackupStorageReconciler, type BackupStorageReconcilerDependencies } from './reconciler.ts';
import type { ObjectStorage } from './storage.ts';

const recipient = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';

/** A BackupStorage, a storage that answers as `world.check` says, and a look at it. */
function setUp() {
  const clock = new ManualClock();
  const told: string[] = [];
  const released: string[] = [];
  const world = {
    object: { metadata: { name: 'a', generation: 1 }, spec: {} } as BackupStorage | undefined,
    check: (): Promise<void> => Promise.resolve(),
    checks: 0,
    writes: 0,
    fence: (): void => undefined,
    recipients: [recipient],
    unopened: undefined as OpenedBackupStorage | undefined,
  };
  const storage = {
    check: () => {
      world.checks += 1;
      return world.check();
    },
  } as ObjectStorage;
  const dependencies = {
    client: {
      apply: (_: unknown, { status }: BackupStorage) => {
        world.writes += 1;
        return Promise.resolve({ ...world.object, status });
      },
    },
    storages: {
      get: () => world.object,
      remember: (written: BackupStorage) => {
        world.object = written;
      },
    },
    openStorage: () => world.unopened ?? { ok: true, storage, recipients: world.recipients },
    pool: { release: (name: string) => released.push(name) },
    events: { record: (_: unknown, type: string, reason: string) => told.push(`${type} ${reason}`) },
    fence: () => world.fence(),
    clock,
    random: () => 0.5,
  } as unknown as BackupStorageReconcilerDependencies;
  const reconciler = new BackupStorageReconciler(dependencies);
  const ready = () => findCondition(world.object?.status?.conditions, 'Ready');
  return { look: () => reconciler.reconcile('a'), ready, told, released, world, clock };
}

describe('BackupStorageReconciler', () => {
  it('looks every five minutes when it is well, every thirty seconds when not, and tells of each change once', async () => {
    const { look, ready, told, world } = setUp();

    expect(await look()).toMatchObject({ afterMs: 300_000 });
    expect(await look()).toMatchObject({ afterMs: 300_000 });
    world.check = () => Promise.reject(new BackupStorageError('Denied', 's3: put x', 'not with this key'));
    expect(await look()).toMatchObject({ afterMs: 30_000 });
    expect(ready()).toMatchObject({
      status: 'False',
      reason: 'BackupStorageDenied',
      message: 's3: put x: not with this key',
      observedGeneration: 1,
    });
    await look();
    world.check = () => Promise.resolve();
    await look();

    expect(ready()).toMatchObject({ status: 'True', reason: 'Healthy' });
    expect(told).toEqual(['Normal Healthy', 'Warning BackupStorageDenied', 'Normal Healthy']);
    expect(world.writes).toBe(3);
  });

  it('waits a minute for a storage that hangs, and does not ask it again until it answers', async () => {
    const { look, ready, world, clock } = setUp();
    const answer = Promise.withResolvers<undefined>();
    world.check = () => answer.promise;

    for (let round = 0; round < 2; round += 1) {
      const looking = look();
      await clock.advance(60_000);
      await looking;
    }
    expect(ready()).toMatchObject({ status: 'False', reason: 'BackupStorageUnreachable' });
    expect(world.checks).toBe(1);

    answer.resolve(undefined);
    world.check = () => Promise.resolve();
    await look();
    expect(ready()?.status).toBe('True');
  });

  it('waits for the Secret that is missing', async () => {
    const { look, ready, world } = setUp();
    world.unopened = { ok: false, reason: 'BackupStorageSecretMissing', message: 'Secret x does not exist.' };

    expect(await look()).toEqual({ kind: 'done' });

    expect(ready()).toMatchObject({ status: 'False', reason: 'BackupStorageSecretMissing' });
    expect(world.checks).toBe(0);
  });

  it('refuses a recipient with a slip of the pen', async () => {
    const { look, ready, world } = setUp();
    world.recipients = [recipient, recipient.replace('z7', 'z8')];

    await look();

    expect(ready()).toMatchObject({ status: 'False', reason: 'BackupStorageInvalid' });
    expect(ready()?.message).toContain('recipients[1]');
    expect(world.checks).toBe(0);
  });

  it('writes nothing to the storage when it no longer leads', async () => {
    const { look, world } = setUp();
    world.fence = () => {
      throw new Error('no longer leader');
    };

    await expect(look()).rejects.toThrow('no longer leader');

    expect(world.checks).toBe(0);
  });

  it('closes the storage of an object that is gone', async () => {
    const { look, released, world } = setUp();
    world.object = undefined;

    expect(await look()).toEqual({ kind: 'done' });

    expect(released).toEqual(['a']);
  });
});
