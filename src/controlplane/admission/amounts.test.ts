import { describe, expect, it } from '@jest/globals';
import { aTenant } from '../../../test/support/tenant.ts';
import { askedFor } from '../class/effective.ts';
import { amountsOf, formatAmount, strictest } from './amounts.ts';

const mebibyte = 2 ** 20;

describe('amountsOf', () => {
  it('is what all pods request, by Marina’s defaults where nothing is said', () => {
    const { spec } = aTenant({ controlPlane: { deployment: { replicas: 3 } } });
    expect(amountsOf(askedFor(spec))).toEqual({
      controlPlanes: 1,
      cpu: 90,
      memory: 450 * mebibyte,
      storageBytes: 0,
    });
  });

  it('counts requests of its own, and its storage budget', () => {
    const resources = {
      apiServer: { requests: { cpu: '1500m' } },
      scheduler: { requests: { memory: '1Gi' } },
    };
    const { spec } = aTenant({
      storageBudget: { bytes: '64Mi' },
      controlPlane: { deployment: { resources } },
    });
    expect(amountsOf(askedFor(spec))).toEqual({
      controlPlanes: 1,
      cpu: 1510,
      memory: (100 + 35 + 1024) * mebibyte,
      storageBytes: 64 * mebibyte,
    });
  });

  it('is one control plane that takes nothing while it is stopped', () => {
    const { spec } = aTenant({ controlPlane: { deployment: { replicas: 0 } } });
    expect(amountsOf(askedFor(spec))).toMatchObject({ controlPlanes: 1, cpu: 0, memory: 0 });
  });
});

describe('strictest', () => {
  it('takes the least of each limit, and no limit where none of them has one', () => {
    const quotas = [{ hard: { controlPlanes: 5, cpu: 2 } }, { hard: { controlPlanes: 9, cpu: '500m' } }];
    expect(strictest(quotas)).toEqual({ controlPlanes: 5, cpu: 500 });
  });
});

describe('formatAmount', () => {
  it.each([
    ['cpu', 2000, '2'],
    ['cpu', 30, '30m'],
    ['memory', 150 * mebibyte, '150Mi'],
    ['storageBytes', 2 ** 30, '1Gi'],
    ['memory', 1001, '1001'],
    ['memory', 0, '0'],
    ['controlPlanes', 4, '4'],
  ] as const)('writes %s %d as %s', (name, amount, text) => {
    expect(formatAmount(name, amount)).toBe(text);
  });
});
