import type { Migration } from './migration.ts';

/** What was begun over REST and goes on after the answer (src/persistence/operations). */
export const createOperation: Migration = {
  name: '20261122001500-create-operation',
  statements: [
    `CREATE TABLE operation (
      sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      id uuid NOT NULL UNIQUE,
      kind text NOT NULL CHECK (kind IN ('Create', 'Change', 'Delete')),
      resource text NOT NULL,
      namespace text NOT NULL,
      name text NOT NULL,
      uid uuid NOT NULL,
      generation bigint NOT NULL,
      username text NOT NULL,
      request_id text NOT NULL,
      started_at timestamptz NOT NULL,
      ended_at timestamptz,
      state text NOT NULL DEFAULT 'Running' CHECK (state IN ('Running', 'Succeeded', 'Superseded', 'Failed')),
      message text,
      CHECK ((state = 'Running') = (ended_at IS NULL))
    )`,
    'CREATE INDEX operation_namespace ON operation (namespace, sequence)',
    'CREATE INDEX operation_started_at ON operation (started_at)',
  ],
};
