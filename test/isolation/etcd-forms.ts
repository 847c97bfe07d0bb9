import type { KeyRange } from '../support/etcd-escapes.ts';
import type { Call } from './etcd-caller.ts';

export const rpc = {
  range: '/etcdserverpb.KV/Range',
  rangeStream: '/etcdserverpb.KV/RangeStream',
  put: '/etcdserverpb.KV/Put',
  deleteRange: '/etcdserverpb.KV/DeleteRange',
  txn: '/etcdserverpb.KV/Txn',
  watch: '/etcdserverpb.Watch/Watch',
} as const;

/** What of its own a caller puts into a form, so that only the key in question can be the reason of a refusal. */
export interface Own {
  /** In its partition, with a value. */
  readonly key: Buffer;
  /** Granted by root; no key hangs on it. */
  readonly lease: string;
  /** Another, to be revoked. */
  readonly spareLease: string;
}

type Calls = Readonly<Record<string, Call>>;
type Request = Call['request'];

const value = Buffer.from('escaped');

/** Every way to learn of keys. */
export function readForms(at: KeyRange, own: Own): Calls {
  return {
    ...rangeForms(at),
    ...compareForms(at),
    ...transactionForms('range', { request_range: at }, own),
    ...watchForms(at),
  };
}

/** Every way to change keys. Puts take the first key. */
export function writeForms(at: KeyRange, own: Own): Calls {
  const deletion = { request_delete_range: { ...at, prev_kv: true } };
  return {
    delete: { rpc: rpc.deleteRange, request: at },
    'delete with prev_kv': { rpc: rpc.deleteRange, request: { ...at, prev_kv: true } },
    ...transactionForms('delete', { request_delete_range: at }, own),
    ...transactionForms('delete with prev_kv', deletion, own),
    // The first key of a range that sticks out may be the caller's own.
    ...(at.range_end === undefined && putForms(at.key, own)),
  };
}

function rangeForms(at: KeyRange): Calls {
  const variants: Readonly<Record<string, Request>> = {
    range: {},
    'serializable range': { serializable: true },
    'range of keys only': { keys_only: true },
    'range that counts': { count_only: true },
    'serializable range that counts': { serializable: true, count_only: true },
    'range of one': { limit: 1 },
    'range sorted by key': { sort_order: 'DESCEND', sort_target: 'KEY' },
    'range sorted by version': { sort_order: 'ASCEND', sort_target: 'VERSION', limit: 1 },
    'range sorted by creation': { sort_order: 'DESCEND', sort_target: 'CREATE', limit: 1 },
    'range sorted by revision': { sort_order: 'DESCEND', sort_target: 'MOD', limit: 1 },
    'range sorted by value': { sort_order: 'ASCEND', sort_target: 'VALUE', limit: 1 },
    'range of the past': { revision: 2 },
    'range between revisions': { min_mod_revision: 1, max_mod_revision: '1000000' },
    'range between creations': { min_create_revision: 1, max_create_revision: '1000000' },
  };
  const calls = Object.entries(variants).map(([name, more]) => [
    name,
    { rpc: rpc.range, request: { ...at, ...more } },
  ]);
  return {
    ...(Object.fromEntries(calls) as Calls),
    'streamed range': { rpc: rpc.rangeStream, request: at },
    'streamed range, serializable': { rpc: rpc.rangeStream, request: { ...at, serializable: true } },
    'streamed range of keys only': { rpc: rpc.rangeStream, request: { ...at, keys_only: true } },
  };
}

/** A comparison tells one bit of a key, whatever the transaction does then. */
function compareForms(at: KeyRange): Calls {
  const compares: Readonly<Record<string, Request>> = {
    version: { target: 'VERSION', result: 'GREATER', version: 0 },
    creation: { target: 'CREATE', result: 'GREATER', create_revision: 0 },
    revision: { target: 'MOD', result: 'LESS', mod_revision: 1 },
    value: { target: 'VALUE', result: 'EQUAL', value },
    lease: { target: 'LEASE', result: 'NOT_EQUAL', lease: 1 },
  };
  const calls = Object.entries(compares).flatMap(([name, compare]) => {
    const transaction = { compare: [{ ...at, ...compare }] };
    return [
      [`compare ${name}`, { rpc: rpc.txn, request: transaction }],
      [
        `compare ${name}, three transactions deep`,
        { rpc: rpc.txn, request: nested('success', { request_txn: transaction }) },
      ],
    ];
  });
  return Object.fromEntries(calls) as Calls;
}

/** An operation in each place that a transaction has for one, and after another that is allowed. */
function transactionForms(name: string, operation: Request, own: Own): Calls {
  const read = { request_range: { key: own.key } };
  const places: Readonly<Record<string, Request>> = {
    'in a transaction': { success: [operation] },
    'in the branch not taken': { failure: [operation] },
    'after an own one': { success: [read, operation] },
    'three transactions deep': nested('success', operation),
    'three failures deep': nested('failure', operation),
  };
  const calls = Object.entries(places).map(([place, request]) => [
    `${name} ${place}`,
    { rpc: rpc.txn, request },
  ]);
  return Object.fromEntries(calls) as Calls;
}

/** Without a comparison it is always `success` that is run, so `failure` shows that what is not run is judged as well. */
function nested(branch: 'success' | 'failure', operation: Request): Request {
  const inner = { [branch]: [operation] };
  const middle = { [branch]: [{ request_txn: inner }] };
  return { [branch]: [{ request_txn: middle }] };
}

/** With every field of a watch. */
export function watchForms(at: KeyRange): Calls {
  const variants: Readonly<Record<string, Request>> = {
    watch: {},
    'watch of the past': { start_revision: 2 },
    'watch with prev_kv': { prev_kv: true },
    'watch with progress': { progress_notify: true },
    'watch of deletions': { filters: ['NOPUT'] },
    'watch of puts': { filters: ['NODELETE'] },
    'watch in fragments': { fragment: true },
    'watch by number': { watch_id: 7 },
  };
  const calls = Object.entries(variants).map(([name, more]) => [
    name,
    { rpc: rpc.watch, request: { create_request: { ...at, ...more } } },
  ]);
  return Object.fromEntries(calls) as Calls;
}

function putForms(key: Buffer, own: Own): Calls {
  const { lease } = own;
  const variants: Readonly<Record<string, Request>> = {
    put: { key, value },
    'put with prev_kv': { key, value, prev_kv: true },
    'put with a lease': { key, value, lease },
    'put that keeps the value': { key, ignore_value: true, lease },
    'put that keeps the lease': { key, value, ignore_lease: true },
  };
  const calls = Object.entries(variants).flatMap(([name, request]) => [
    [name, { rpc: rpc.put, request }] as const,
    ...Object.entries(transactionForms(name, { request_put: request }, own)),
  ]);
  return Object.fromEntries(calls);
}
