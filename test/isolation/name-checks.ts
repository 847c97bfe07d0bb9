/** What is wrong with a set of partition ids; ids that are equal, or one of which begins another, could share what belongs to one. */
export interface NameFaults {
  readonly collisions: readonly string[];
  /** Ids that another one begins with. */
  readonly prefixes: readonly string[];
  /** Whose keys in an etcd, from `/<id>/` up to `/<id>0`, are not all before those of the next. */
  readonly overlaps: readonly string[];
}

/** Looks at neighbours in sorted order only: whatever begins with an id, or equals it, comes right after it. */
export function findNameFaults(ids: Iterable<string>): NameFaults {
  const sorted = [...ids].sort();
  const collisions: string[] = [];
  const prefixes: string[] = [];
  for (const [index, id] of sorted.entries()) {
    const next = sorted[index + 1];
    if (next === undefined) break;
    if (next === id) collisions.push(id);
    else if (next.startsWith(id)) prefixes.push(id);
  }
  return { collisions, prefixes, overlaps: findOverlaps(sorted) };
}

function findOverlaps(ids: readonly string[]): readonly string[] {
  const ranges = ids.map((id) => ({ id, start: `/${id}/`, end: `/${id}0` }));
  // Octets, as etcd compares them; ids are ASCII.
  ranges.sort((a, b) => (a.start < b.start ? -1 : 1));
  return ranges.flatMap(({ id, end }, index) => {
    const next = ranges[index + 1];
    return next && next.start < end ? [id] : [];
  });
}
