import type { DataStoreStatus } from '../api/v1alpha1/data-store.ts';
import type { PartitionSize } from './driver.ts';
import { isNoticeable, noticeableBytes } from './status-figures.ts';

/** A partition with whose it is, `namespace/name`; of nobody as long as no control plane has its id. */
export interface Owned extends PartitionSize {
  readonly owner?: string;
}

type Told = NonNullable<DataStoreStatus['largestTenants']>;

export const largestShown = 10;

/**
 * The list as it was told, until a partition that is in it or should be has noticeably grown or shrunk: among small ones of about one
 * size, who is the tenth is chance.
 */
export function tellLargest(
  told: Told | undefined,
  measured: readonly Owned[] | undefined,
  quotaBytes: number | undefined,
): Told | undefined {
  if (!measured || (!told && measured.length === 0)) return told;
  if (told && !isNews(told, measured, noticeableBytes(quotaBytes))) return told;
  return measured.slice(0, largestShown).map(({ id, owner, bytes, keys }) => ({
    partition: id,
    ...(owner !== undefined && { tenantControlPlane: owner }),
    bytes,
    keys,
  }));
}

function isNews(told: Told, measured: readonly Owned[], floor: number): boolean {
  const before = new Map(told.map(({ partition, bytes }) => [partition, bytes]));
  const after = new Map(measured.map(({ id, bytes }) => [id, bytes]));
  return [...new Set([...before.keys(), ...after.keys()])].some((id) =>
    isNoticeable(before.get(id) ?? 0, after.get(id) ?? 0, floor),
  );
}

/** For people, e.g. `team-a/blue (812 MiB, 40,000 keys)`. */
export function nameLargest([largest]: readonly Owned[]): string | undefined {
  if (!largest) return undefined;
  const { id, owner = `partition ${id} of nobody`, bytes, keys } = largest;
  return `${owner} (${Math.ceil(bytes / 2 ** 20)} MiB, ${keys.toLocaleString('en')} keys)`;
}
