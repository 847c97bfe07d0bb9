import type { Noise, QuietFigures } from './neighbours.ts';
import { type ProbeKind, probeKinds, type ProbeSummary } from './prober.ts';
import type { StoreKind } from '../local/datastores.ts';
import type { LoadFigures, LoadKind } from './throughput.ts';

/** Postgres' figures divided by those of etcd: the same requests, seconds apart. */
export interface StoreComparison extends Omit<LoadKind, 'store'> {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpu: number;
}

/** One kind of requests of a quiet tenant, and what the same took without noise divided into it. */
export interface Slowdown {
  readonly store: StoreKind;
  readonly noise: Noise;
  readonly kind: ProbeKind;
  readonly answers: ProbeSummary;
  readonly p50: number;
  readonly p99: number;
}

/** None when one of the two was not measured. */
export function compareStores(loads: readonly LoadFigures[]): readonly StoreComparison[] {
  return loads
    .filter(({ store }) => store === 'postgres')
    .flatMap((own) => {
      const { operation, width } = own;
      const etcd = loads.find(
        (each) => each.store === 'etcd' && each.operation === operation && each.width === width,
      );
      if (!etcd) return [];
      const ratios = {
        perSecond: own.perSecond / etcd.perSecond,
        p50: own.p50Ms / etcd.p50Ms,
        p99: own.p99Ms / etcd.p99Ms,
        cpu: own.cpuMsPerRequest / etcd.cpuMsPerRequest,
      };
      return [{ operation, width, ...ratios }];
    });
}

/** All that was measured, by kind of request; NaN where nothing was measured without noise. */
export function slowdowns(quiet: readonly QuietFigures[]): readonly Slowdown[] {
  return probeKinds.flatMap((kind) =>
    quiet.flatMap(({ store, noise, answers }) => {
      const own = answers[kind];
      if (!own) return [];
      const still = quiet.find((each) => each.store === store && each.noise === 'none')?.answers[kind];
      const p50 = own.p50Ms / (still?.p50Ms ?? Number.NaN);
      const p99 = own.p99Ms / (still?.p99Ms ?? Number.NaN);
      return [{ store, noise, kind, answers: own, p50, p99 }];
    }),
  );
}
