import type { KubeErrorCode } from '../../src/kube/errors.ts';
import type { Random } from './random.ts';

/** What may happen to a call on its way. `before`: the other side never hears of it; `after`: it does, the answer is lost. */
export type Mishap =
  | { readonly when: 'before' | 'after'; readonly code: KubeErrorCode; readonly status: number }
  | { readonly when: 'hangs'; readonly effective: boolean };

/** How rough things are at the moment; a schedule turns these up and down. Probabilities are for each call. */
export interface Weather {
  management: number;
  tenants: number;
  store: number;
  storeDown: boolean;
  /** Longest delay of a watch event in milliseconds, by plural of its kind. */
  readonly lateWatches: Map<string, number>;
}

export function fairWeather(): Weather {
  return { management: 0, tenants: 0, store: 0, storeDown: false, lateWatches: new Map() };
}

const refusals: readonly { readonly code: KubeErrorCode; readonly status: number }[] = [
  { code: 'TooManyRequests', status: 429 },
  { code: 'InternalError', status: 500 },
  { code: 'ServiceUnavailable', status: 503 },
  { code: 'Unreachable', status: 0 },
];

export function mishap(random: Random, probability: number, isWrite: boolean): Mishap | undefined {
  if (probability === 0 || !random.chance(probability)) return undefined;
  if (random.chance(0.1)) return { when: 'hangs', effective: isWrite && random.chance(0.5) };
  if (isWrite && random.chance(0.15)) return { when: 'before', code: 'Conflict', status: 409 };
  if (isWrite && random.chance(0.4)) {
    return { when: 'after', ...random.pick(refusals.slice(1)) };
  }
  return { when: 'before', ...random.pick(refusals) };
}
