import { describe, expect, it } from '@jest/globals';
import { KubeError } from '../kube/errors.ts';
import { isPassingTrouble } from './database-trouble.ts';

const withCode = (code: string) => Object.assign(new Error('x'), { code });

describe('trouble with the database', () => {
  it.each([
    withCode('57P01'),
    withCode('53300'),
    withCode('25006'),
    withCode('40001'),
    withCode('ECONNREFUSED'),
    withCode('EPIPE'),
    withCode('CERT_HAS_EXPIRED'),
    new Error('Connection terminated unexpectedly'),
    new Error('timeout exceeded when trying to connect'),
    Object.assign(new Error('query failed'), { driverError: withCode('57P03') }),
    Object.assign(new Error('query failed'), { driverError: new Error('Query read timeout') }),
  ])('passes: %p', (error) => {
    expect(isPassingTrouble(error)).toBe(true);
  });

  it.each([
    withCode('42P01'),
    withCode('23505'),
    withCode('XX000'),
    Object.assign(new Error('query failed'), { driverError: withCode('22P02') }),
    new TypeError('x is not a function'),
    new Error('there is no such thing'),
    new KubeError({ code: 'NotFound', operation: 'get x', message: 'no x', status: 404 }),
    'a string',
  ])('is no reason to come again: %p', (error) => {
    expect(isPassingTrouble(error)).toBe(false);
  });
});
