import { range, rangesBeside, rangesOf } from '../support/etcd-escapes.ts';
import type { KeyRange } from '../support/etcd-escapes.ts';

export type Shapes = Readonly<Record<string, KeyRange>>;

/** Keys and ranges outside partition `id`, or sticking out of it, wherever its neighbours are. */
export function shapesBeside(id: string): Shapes {
  return {
    ...rangesBeside(id),
    'no key': range(''),
    'no key, up to the own end': range('', `/${id}0`),
    'no key, and all': range('', '\0'),
    'a zero octet after the own prefix’s name': range(`/${id}\0/x`),
    'the own name without its slash': range(id),
    'the own name and a slash': range(`${id}/`),
    'two slashes before the own name': range(`//${id}/x`),
    'two slashes and up': range('//', '/0'),
    'a slash and the root of all': range('/', '0'),
    'the octet before the own start': range(`/${id}.\xff`),
    'up to the own start': range('\0', `/${id}/`),
    'one octet before the own start': range(`/${id}.`, `/${id}0`),
    'the end of the own range and on': range(`/${id}0`, '\0'),
    'the own end and 0xff': range(`/${id}0\xff`),
    'ends past 0xff': range(`/${id}/`, '\xff\xff'),
    'a range end that is nothing but 0xff': range(`/${id}/`, '\xff'),
    'a name of umlauts': range(Buffer.from(`/${id}ä/x`).toString('latin1')),
    'a full-width slash': range(Buffer.from(`/${id}／x`).toString('latin1')),
    'a backslash for a slash': range(`/${id}\\x`),
    'a percent-encoded slash': range(`/${id}%2fx`),
    'upper case': range(`/${id.toUpperCase()}A/x`),
    'ten KiB that begin alike': range(`/${id}${'-'.repeat(10 * 1024)}`),
    'all but ten KiB': range('\0', `/${id}0${'a'.repeat(10 * 1024)}`),
    'all between the own end and the next': range(`/${id}0`, `/${id}1`),
    'before the compaction key': range('compact_rev_ke'),
    'up to the compaction key': range('compact_rev', 'compact_rev_key\0'),
    'the compaction key and a zero octet': range('compact_rev_key\0'),
    'the compaction key and a slash': range('compact_rev_key/x'),
    'the compaction key below the root': range('/compact_rev_key'),
  };
}

/** Where neighbour `other` of `id` is, and what lies between the two. */
export function shapesOf(id: string, other: string): Shapes {
  // By their keys: `-` sorts before `/`.
  const [first, last] = `/${id}/` < `/${other}/` ? [id, other] : [other, id];
  return {
    ...rangesOf(other),
    [`the start of ${other}`]: range(`/${other}/`),
    [`the end of ${other}`]: range(`/${other}/\xff`),
    [`from ${other} on`]: range(`/${other}/`, '\0'),
    [`up to the end of ${other}`]: range('\0', `/${other}0`),
    [`from ${first} to ${last}`]: range(`/${first}/`, `/${last}0`),
    [`the leased key of ${other}`]: range(`/${other}/leased`),
  };
}
