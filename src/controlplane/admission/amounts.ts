import type { Admitted } from '../../api/v1alpha1/class-in-force.ts';
import type { ControlPlaneQuotaSpec } from '../../api/v1alpha1/control-plane-quota.ts';
import { parseQuantity } from '../../kube/quantity.ts';
import { podRequests } from '../deployment/containers.ts';

/** What a quota counts, in whole units: control planes, thousandths of a core, bytes, bytes. */
export interface Amounts {
  readonly controlPlanes: number;
  readonly cpu: number;
  readonly memory: number;
  readonly storageBytes: number;
}

/** What there may be; what is left out has no limit. */
export type Hard = Partial<Amounts>;

export const dimensions = [
  'controlPlanes',
  'cpu',
  'memory',
  'storageBytes',
] as const satisfies readonly (keyof Amounts)[];

export const nothing: Amounts = { controlPlanes: 0, cpu: 0, memory: 0, storageBytes: 0 };

/** What a control plane takes of a quota: the requests of all of its pods, whether they run or not. */
export function amountsOf({ replicas, resources, storageBudget }: Admitted): Amounts {
  const { cpu, memory } = podRequests(resources);
  return {
    controlPlanes: 1,
    cpu: replicas * Math.ceil(round(cpu * 1000)),
    memory: replicas * Math.ceil(memory),
    storageBytes: Math.ceil(parseQuantity(String(storageBudget?.bytes ?? 0)) ?? 0),
  };
}

/** The least of several quotas, limit by limit. */
export function strictest(quotas: readonly ControlPlaneQuotaSpec[]): Hard {
  const least: { -readonly [K in keyof Amounts]?: number } = {};
  for (const { hard } of quotas) {
    const limits: Hard = {
      controlPlanes: hard.controlPlanes,
      cpu: scaled(hard.cpu, 1000),
      memory: scaled(hard.memory, 1),
      storageBytes: scaled(hard.storageBytes, 1),
    };
    for (const name of dimensions) {
      const limit = limits[name];
      if (limit !== undefined) least[name] = Math.min(limit, least[name] ?? Infinity);
    }
  }
  return least;
}

export function add(a: Amounts, b: Amounts): Amounts {
  return combine(a, b, (x, y) => x + y);
}

export function subtract(a: Amounts, b: Amounts): Amounts {
  return combine(a, b, (x, y) => x - y);
}

/** As a quota is written: `250m`, `150Mi`. */
export function formatAmount(name: keyof Amounts, amount: number): string {
  switch (name) {
    case 'controlPlanes':
      return String(amount);
    case 'cpu':
      return amount % 1000 === 0 ? String(amount / 1000) : `${amount}m`;
    case 'memory':
    case 'storageBytes':
      return formatBytes(amount);
  }
}

function formatBytes(bytes: number): string {
  for (const [suffix, factor] of [
    ['Gi', 2 ** 30],
    ['Mi', 2 ** 20],
    ['Ki', 2 ** 10],
  ] as const) {
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${suffix}`;
  }
  return String(bytes);
}

function combine(a: Amounts, b: Amounts, calculate: (x: number, y: number) => number): Amounts {
  return {
    controlPlanes: calculate(a.controlPlanes, b.controlPlanes),
    cpu: calculate(a.cpu, b.cpu),
    memory: calculate(a.memory, b.memory),
    storageBytes: calculate(a.storageBytes, b.storageBytes),
  };
}

function scaled(quantity: number | string | undefined, factor: number): number | undefined {
  if (quantity === undefined) return undefined;
  return Math.floor(round((parseQuantity(String(quantity)) ?? 0) * factor));
}

/** Takes away what binary fractions add to decimal ones: 0.02 + 0.007 + 0.003 is 0.03. */
function round(amount: number): number {
  return Number(amount.toFixed(6));
}
