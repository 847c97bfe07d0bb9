import { readFile } from 'node:fs/promises';
import { processesOf, readProcess } from './processes.ts';

const kibibyte = 1024;

/** Bytes of memory that the machine has in use: MemTotal - MemAvailable of /proc/meminfo. */
export async function usedMemory(): Promise<number> {
  const text = await readFile('/proc/meminfo', 'utf8');
  const field = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * kibibyte;
  return field('MemTotal') - field('MemAvailable');
}

/**
 * Proportional set size, in bytes, of all processes of these: shared file pages are divided among their users.
 *
 * @param marks UIDs of pods, or ids of containers
 */
export async function proportionalSetSize(marks: readonly string[]): Promise<number> {
  let total = 0;
  for (const pid of await processesOf(marks)) {
    const rollup = await readProcess(pid, 'smaps_rollup');
    total += Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * kibibyte;
  }
  return total;
}
