import { describe, expect, it } from '@jest/globals';
import { DataStoreError } from '../errors.ts';
import { isTransient, toDataStoreError } from './errors.ts';

/** As etcd 3.7.3, grpc-js 1.14 and etcd3 1.1 say it. */
const connectionFailed = (cause: string) =>
  new Error(`14 UNAVAILABLE: No connection established. Last error: ${cause}. Resolution note: `);

describe('toDataStoreError', () => {
  it.each([
    [
      connectionFailed('Error: connect ECONNREFUSED 127.0.0.1:2379'),
      'Unreachable',
      'connect ECONNREFUSED 127.0.0.1:2379',
    ],
    [
      new Error('14 UNAVAILABLE: Name resolution failed for target dns:etcd:2379'),
      'Unreachable',
      'Name resolution failed',
    ],
    [
      new Error('4 DEADLINE_EXCEEDED: Deadline exceeded after 5s,Waiting for LB pick'),
      'Unreachable',
      'no answer in time',
    ],
    [
      connectionFailed(
        '404DEF:error:0A000418:SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca:rec_layer_s3.c:918:SSL alert number 48\n (2026-11-21T07:49:53.615Z)',
      ),
      'Unauthenticated',
      'the store refuses the client certificate (tlsv1 alert unknown ca)',
    ],
    [
      connectionFailed(
        '404DEF:error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:rec_layer_s3.c:918',
      ),
      'Unauthenticated',
      'the store refuses the client certificate (tlsv13 alert certificate required)',
    ],
    [
      connectionFailed('Error: unable to verify the first certificate'),
      'Unauthenticated',
      "the store's own certificate is not trusted (unable to verify the first certificate)",
    ],
    [
      connectionFailed(
        "Error: Hostname/IP does not match certificate's altnames: IP: 192.0.2.1 is not in the cert's list",
      ),
      'Unauthenticated',
      'not trusted (Hostname/IP does not match',
    ],
    [new Error('error:0480006C:PEM routines::no start line'), 'Unauthenticated', 'cannot be used'],
    [new Error('7 PERMISSION_DENIED: etcdserver: permission denied'), 'Denied', 'role root'],
    [new Error('9 FAILED_PRECONDITION: etcdserver: user name not found'), 'Denied', 'user name not found'],
    [new Error('8 RESOURCE_EXHAUSTED: etcdserver: mvcc: database space exceeded'), 'NoSpace', 'defragment'],
    [new Error('13 INTERNAL: Received RST_STREAM with code 2'), 'Internal', 'RST_STREAM'],
    [new TypeError('x is not a function'), 'Internal', 'x is not a function'],
    ['thrown text', 'Internal', 'thrown text'],
  ])('%s is %s', (cause, code, message) => {
    const error = toDataStoreError('etcd: read', cause);
    expect(error).toMatchObject({ code, operation: 'etcd: read', cause });
    expect(error.message).toContain(`etcd: read: `);
    expect(error.message).toContain(message);
  });

  it('leaves its own kind as it is', () => {
    const error = new DataStoreError('Unsupported', 'etcd: name partition', 'no id');
    expect(toDataStoreError('etcd: read', error)).toBe(error);
  });
});

describe('isTransient', () => {
  it.each([
    ['14 UNAVAILABLE: etcdserver: leader changed', true],
    ['13 INTERNAL: Received RST_STREAM with code 2', true],
    ['4 DEADLINE_EXCEEDED: Deadline exceeded after 5s', true],
    ['3 INVALID_ARGUMENT: etcdserver: revision of auth store is old', true],
    ['7 PERMISSION_DENIED: etcdserver: permission denied', false],
    ['8 RESOURCE_EXHAUSTED: etcdserver: mvcc: database space exceeded', false],
    ['14 is not a status', false],
  ])('%s: %s', (message, expected) => {
    expect(isTransient(new Error(message))).toBe(expected);
  });
});
