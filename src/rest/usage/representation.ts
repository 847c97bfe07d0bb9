import { z } from 'zod';
import type { UsageLine } from '../../usage/store/usage-report.ts';
import { type Cell, toCsv } from './csv.ts';

const time = z.iso.datetime({ offset: true });
const amount = z.number().min(0);
const share = z.number().min(0).max(1);

const usageItem = z
  .object({
    start: time,
    end: time.describe('Exclusive; may lie ahead, and then there is more to come.'),
    namespace: z.string().optional(),
    name: z.string().optional(),
    uid: z.string().optional().describe('Of the control plane: others may have had its name.'),
    class: z.string().nullable().optional().describe('ControlPlaneClass at that time; null: of none.'),
    size: z.string().nullable().optional(),
    controlPlaneHours: amount.describe('Hours from acceptance to deletion in which it was not stopped.'),
    stoppedHours: amount.describe('Hours with `replicas: 0`.'),
    cpuSeconds: amount
      .nullable()
      .describe('Of one core; null where nothing was measured, never for nothing.'),
    memoryByteSeconds: amount.nullable().describe('Working set over time.'),
    storageByteHours: amount.nullable().describe('What it takes of its DataStore, over time.'),
    storageBytes: z.int().min(0).nullable().describe('What it took when that was last known.'),
    apiRequests: z
      .int()
      .min(0)
      .nullable()
      .describe('That its API servers answered, those of its own components as well.'),
    coverage: z
      .object({ resources: share, storage: share, apiRequests: share })
      .describe('Share of the hours of which that is known: of those in which it ran, for storage of all.'),
  })
  .meta({ id: 'Usage' });

export const usagePage = z
  .object({
    from: time,
    to: time,
    items: z.array(usageItem),
    cursor: z.string().optional().describe('Where the next page begins; left out on the last one.'),
  })
  .meta({ id: 'UsagePage' });

export type UsageItem = z.output<typeof usageItem>;
export type UsagePage = z.output<typeof usagePage>;

export function showUsage(line: UsageLine): UsageItem {
  const { start, end, namespace, name, uid, className, size } = line;
  const storageSeconds = line.storageByteSeconds.value;
  return {
    start: start.toISOString(),
    end: end.toISOString(),
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
    ...(uid !== undefined && { uid }),
    ...(className !== undefined && { class: className || null }),
    ...(size !== undefined && { size: size || null }),
    controlPlaneHours: line.runningSeconds / 3600,
    stoppedHours: line.stoppedSeconds / 3600,
    cpuSeconds: line.cpuSeconds.value,
    memoryByteSeconds: line.memoryByteSeconds.value,
    storageByteHours: storageSeconds === null ? null : storageSeconds / 3600,
    storageBytes: line.storageBytes,
    apiRequests: line.apiRequests.value,
    coverage: {
      resources: line.cpuSeconds.coverage,
      storage: line.storageByteSeconds.coverage,
      apiRequests: line.apiRequests.coverage,
    },
  };
}

const columns = [
  'start',
  'end',
  'namespace',
  'name',
  'uid',
  'class',
  'size',
  'controlPlaneHours',
  'stoppedHours',
  'cpuSeconds',
  'memoryByteSeconds',
  'storageByteHours',
  'storageBytes',
  'apiRequests',
] as const satisfies readonly (keyof UsageItem)[];
const coverages = ['resources', 'storage', 'apiRequests'] as const;

/** The same columns for every grouping; what an item is not about is empty. */
export function toUsageCsv(items: readonly UsageItem[]): string {
  const rows = items.map((item): readonly Cell[] => [
    ...columns.map((column) => item[column]),
    ...coverages.map((source) => item.coverage[source]),
  ]);
  return toCsv([...columns, ...coverages.map((source) => `coverage.${source}`)], rows);
}
