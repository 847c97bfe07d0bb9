import { z } from 'zod';

/** Milliseconds of each unit. */
const units = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A whole number of minutes, hours or days, e.g. `90m`, `8h` or `30d`; for decades at most. */
export const lifetime = z
  .string()
  .max(6)
  .regex(/^[1-9][0-9]{0,4}[mhd]$/);

/** Milliseconds of what `lifetime` accepts. @throws Error for anything else */
export function lifetimeMs(text: string): number {
  const [, amount, unit = ''] = /^([1-9][0-9]{0,4})([mhd])$/.exec(text) ?? [];
  if (amount === undefined) throw new Error(`${text} is no lifetime, e.g. 8h`);
  return Number(amount) * units[unit as keyof typeof units];
}
