import { describe, expect, it } from '@jest/globals';
import { ApiError, type ApiErrorCode } from '../client/api-error.ts';
import { asFailure, CliError, exitCodes, formatFailure } from './failure.ts';

const failure = (code: ApiErrorCode, more: object = {}) =>
  new ApiError({ code, operation: 'GET /', message: 'It is so.', ...more });

describe('a failure', () => {
  it.each<[ApiErrorCode, number]>([
    ['Internal', 1],
    ['InvalidObject', 1],
    ['NotFound', 3],
    ['Unauthenticated', 4],
    ['Forbidden', 4],
    ['AlreadyExists', 5],
    ['Conflict', 5],
    ['PreconditionFailed', 5],
    ['Timeout', 6],
    ['TooManyRequests', 7],
    ['Unavailable', 7],
    ['Unreachable', 7],
    ['Untrusted', 7],
  ])('%s has status %i', (code, status) => {
    expect(exitCodes[asFailure(failure(code)).outcome]).toBe(status);
  });

  it('is one line on what happened and what to do, and one for each field', () => {
    const error = failure('Unauthenticated', {
      message: 'The token\nis over',
      errors: [
        { pointer: '/spec/a', detail: 'is\nwrong' },
        { parameter: 'limit', detail: 'is too much' },
      ],
      requestId: 'r-1',
    });
    expect(formatFailure(asFailure(error), false).split('\n')).toEqual([
      expect.stringMatching(/^Error: The token is over\. Sign in with `marina login`/),
      '  /spec/a: is wrong',
      '  limit: is too much',
    ]);
    expect(formatFailure(asFailure(error), true)).toMatch(/\n {2}request id: r-1$/);
  });

  it('of the command itself is told as it is', () => {
    const error = new CliError('usage', 'That is wrong', { advice: 'Do this.' });
    expect(formatFailure(asFailure(error), false)).toBe('Error: That is wrong. Do this.');
  });

  it('of a file is not taken for a mistake of the program', () => {
    const missing = Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT' });
    expect(asFailure(missing).advice).toBeUndefined();
    expect(asFailure(new TypeError('x is undefined')).advice).toMatch(/report/);
  });
});
