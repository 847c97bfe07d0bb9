import type { Migration } from './migration.ts';

/** Usage of control planes (src/usage/store). What is null is not known. A day is one of UTC. */
export const createUsage: Migration = {
  name: '20261121235500-create-usage',
  statements: [
    `CREATE TABLE usage_subject (
      uid uuid PRIMARY KEY,
      namespace text NOT NULL,
      name text NOT NULL,
      accepted_at timestamptz(3) NOT NULL,
      deleted_at timestamptz(3)
    )`,
    'CREATE INDEX usage_subject_namespace_name ON usage_subject (namespace, name)',
    `CREATE TABLE usage_cursor (
      uid uuid NOT NULL REFERENCES usage_subject ON DELETE CASCADE,
      source text NOT NULL,
      until timestamptz(3) NOT NULL,
      state jsonb NOT NULL,
      PRIMARY KEY (uid, source)
    )`,
    `CREATE TABLE usage_sample (
      uid uuid NOT NULL REFERENCES usage_subject ON DELETE CASCADE,
      source text NOT NULL,
      started_at timestamptz(3) NOT NULL,
      ended_at timestamptz(3) NOT NULL CHECK (ended_at > started_at),
      class text NOT NULL,
      size text NOT NULL,
      running_ms bigint,
      stopped_ms bigint,
      cpu_seconds double precision,
      memory_byte_seconds double precision,
      storage_byte_seconds double precision,
      storage_bytes bigint,
      requests bigint,
      PRIMARY KEY (uid, source, started_at)
    )`,
    'CREATE INDEX usage_sample_started_at ON usage_sample (started_at)',
    `CREATE TABLE usage_rollup (
      resolution text NOT NULL CHECK (resolution IN ('hour', 'day')),
      started_at timestamptz(3) NOT NULL,
      uid uuid NOT NULL REFERENCES usage_subject ON DELETE CASCADE,
      class text NOT NULL,
      size text NOT NULL,
      running_ms bigint,
      stopped_ms bigint,
      resources_ms bigint,
      cpu_seconds double precision,
      memory_byte_seconds double precision,
      storage_ms bigint,
      storage_byte_seconds double precision,
      storage_at timestamptz(3),
      storage_bytes bigint,
      requests_ms bigint,
      requests bigint,
      PRIMARY KEY (resolution, started_at, uid, class, size)
    )`,
    'CREATE INDEX usage_rollup_uid ON usage_rollup (uid, resolution, started_at)',
  ],
};
