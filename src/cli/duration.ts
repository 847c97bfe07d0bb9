import { CliError } from './failure.ts';

const seconds = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

/** Seconds of e.g. `90s`, `30m`, `8h`, `7d`. @throws CliError `usage` */
export function readDuration(text: string): number {
  const [, amount, unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (amount === undefined)
    throw new CliError('usage', `${text} is no duration.`, {
      advice: 'Write for example 90s, 30m, 8h or 7d.',
    });
  return Number(amount) * seconds[unit as keyof typeof seconds];
}

/** The two largest units of a time span, as kubectl has it, e.g. `3d4h`, `5m`, `12s`. */
export function formatAge(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1_000));
  const parts = {
    d: Math.floor(total / 86_400),
    h: Math.floor(total / 3_600) % 24,
    m: Math.floor(total / 60) % 60,
    s: total % 60,
  };
  const first = Object.entries(parts).findIndex(([, amount]) => amount > 0);
  if (first < 0) return '0s';
  return Object.entries(parts)
    .slice(first, first + 2)
    .filter(([, amount]) => amount > 0)
    .map(([unit, amount]) => `${amount}${unit}`)
    .join('');
}
