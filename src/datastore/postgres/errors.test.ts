import { describe, expect, it } from '@jest/globals';
import { DataStoreError } from '../errors.ts';
import { isMissingTable, isShutOut, isTransient, toDataStoreError } from './errors.ts';

/** As Postgres 18, node 24 and pg 8.23 say it. */
const failure = (code: string, message = code) => Object.assign(new Error(message), { code });

describe('toDataStoreError', () => {
  it.each([
    [failure('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:5432'), 'Unreachable', 'connect ECONNREFUSED'],
    [failure('ENOTFOUND', 'getaddrinfo ENOTFOUND postgres'), 'Unreachable', 'ENOTFOUND'],
    [
      new AggregateError([failure('ECONNREFUSED', 'connect ECONNREFUSED ::1:5432')]),
      'Unreachable',
      '::1:5432',
    ],
    [{ code: 'ECONNREFUSED', message: 'of another realm' }, 'Unreachable', 'of another realm'],
    [new Error('Connection terminated unexpectedly'), 'Unreachable', 'Connection terminated'],
    [new Error('Connection terminated due to connection timeout'), 'Unreachable', 'timeout'],
    [new Error('timeout expired'), 'Unreachable', 'timeout expired'],
    [new Error('Query read timeout'), 'Unreachable', 'Query read timeout'],
    [failure('57P03', 'the database system is starting up'), 'Unreachable', 'starting up'],
    [failure('57014', 'canceling statement due to statement timeout'), 'Unreachable', 'no answer in time'],
    [failure('53300', 'sorry, too many clients already'), 'Unreachable', 'raise max_connections'],
    [failure('25006', 'this server is read-only'), 'Unreachable', 'promote it'],
    [
      failure('UNABLE_TO_VERIFY_LEAF_SIGNATURE'),
      'Unauthenticated',
      "the store's own certificate is not trusted",
    ],
    [
      failure('ERR_TLS_CERT_ALTNAME_INVALID'),
      'Unauthenticated',
      "the store's own certificate is not trusted",
    ],
    [
      failure(
        'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
        '404DEF:error:0A000418:SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca:rec_layer_s3.c:918:SSL alert number 48',
      ),
      'Unauthenticated',
      'the store refuses the client certificate (tlsv1 alert unknown ca)',
    ],
    [
      failure('ERR_OSSL_PEM_NO_START_LINE', 'error:0480006C:PEM routines::no start line'),
      'Unauthenticated',
      'cannot be used',
    ],
    [failure('Unreadable', 'not a certificate'), 'Unauthenticated', 'cannot be used'],
    [new Error('The server does not support SSL connections'), 'Unauthenticated', 'ssl_cert_file'],
    [
      new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string'),
      'Unauthenticated',
      '`cert`',
    ],
    [failure('28P01', 'password authentication failed'), 'Unauthenticated', 'password'],
    [failure('28000', 'role "nobody" does not exist'), 'Denied', 'pg_hba.conf'],
    [failure('42501', 'permission denied for table pg_authid'), 'Denied', 'superuser'],
    [failure('53100', 'could not extend file: No space left on device'), 'NoSpace', 'enlarge the volume'],
    [failure('42601', 'syntax error'), 'Internal', 'syntax error'],
    [new TypeError('x is not a function'), 'Internal', 'x is not a function'],
    ['thrown text', 'Internal', 'thrown text'],
  ])('%s is %s', (cause, code, message) => {
    const error = toDataStoreError('postgres: read', cause);
    expect(error).toMatchObject({ code, operation: 'postgres: read', cause });
    expect(error.message).toContain('postgres: read: ');
    expect(error.message).toContain(message);
  });

  it('leaves its own kind as it is', () => {
    const error = new DataStoreError('Unsupported', 'postgres: name partition', 'no id');
    expect(toDataStoreError('postgres: read', error)).toBe(error);
  });
});

describe('isTransient', () => {
  it.each([
    [failure('ECONNRESET'), true],
    [failure('57P01'), true],
    [failure('08006'), true],
    [failure('25006'), true],
    [failure('53300'), true],
    [failure('42P04', 'database "a" already exists'), true],
    [failure('XX000', 'tuple concurrently updated'), true],
    [failure('XX000', 'cache lookup failed'), false],
    [new Error('Connection terminated unexpectedly'), true],
    [failure('28000'), false],
    [failure('42501'), false],
    [failure('53100'), false],
    [failure('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'), false],
    [new TypeError('x is not a function'), false],
  ])('%s: %s', (cause, expected) => {
    expect(isTransient(cause)).toBe(expected);
    expect(isTransient(toDataStoreError('postgres: read', cause))).toBe(expected);
  });
});

it('tells a table that is not there from one that cannot be read', () => {
  const missing = toDataStoreError('postgres: count', failure('42P01'));
  const denied = toDataStoreError('postgres: count', failure('42501'));
  expect([isMissingTable(missing), isShutOut(missing)]).toEqual([true, false]);
  expect([isMissingTable(denied), isShutOut(denied)]).toEqual([false, true]);
});
