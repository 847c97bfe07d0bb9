import type { LastingReason, PassingReason } from '../api/v1alpha1/reasons.ts';
import { DataStoreError } from '../datastore/errors.ts';
import { ArchiveError } from './archive/errors.ts';
import { BackupStorageError } from './storage/errors.ts';

/** Why there is no archive yet, or no restored tenant: the reason and the message of a condition. */
export interface Obstacle {
  readonly reason: LastingReason | PassingReason;
  readonly message: string;
  /** With one, it is tried again with back-off; without, when something changes. */
  readonly cause?: unknown;
  /** Milliseconds until another look; for what passes without an event. */
  readonly lookAgainMs?: number;
}

/** Stops a piece of work; whoever runs it tells it as a condition. */
export class ObstacleError extends Error {
  override readonly name = 'ObstacleError';
  readonly obstacle: Obstacle;

  constructor(obstacle: Obstacle) {
    super(obstacle.message, { cause: obstacle.cause });
    this.obstacle = obstacle;
  }
}

/** What stores, storages and archives fail with, as an obstacle; other errors are thrown again. */
export function obstacleOf(error: unknown): Obstacle {
  if (error instanceof ObstacleError) return error.obstacle;
  if (error instanceof DataStoreError) {
    return { reason: `DataStore${error.code}`, message: error.message, cause: error };
  }
  if (error instanceof BackupStorageError) {
    return { reason: `BackupStorage${error.code}`, message: error.message, cause: error };
  }
  if (error instanceof ArchiveError) {
    // It will be the same the next time.
    return { reason: `Archive${error.code}`, message: error.message };
  }
  throw error;
}
