import { EntitySchema } from 'typeorm';
import { auditEntryColumns, auditEntryTable } from './audit/columns.ts';

/**
 * Tables that are read as objects. To add one:
 *
 * 1. `migrations/<yyyymmddhhmmss>-create-<object>.ts` makes it; append that to `migrations/index.ts`.
 * 2. `src/persistence/<subject>/columns.ts` has its row as an interface and its columns; append the schema here. Columns are named as in
 *    the database, with `name`, where TypeScript says it otherwise.
 * 3. A repository takes the `ManagementDatabase` and calls `use('list samples', (dataSource) => dataSource.getRepository<Row>('usage_sample')...)`.
 *    It names the table by its string: TypeORM (some 20 MB) is loaded by processes that have a database, and by no others.
 *
 * A table that is only written to and asked by SQL needs no schema.
 */
export const tables: readonly EntitySchema[] = [
  new EntitySchema({ name: auditEntryTable, columns: auditEntryColumns }) as EntitySchema,
];
