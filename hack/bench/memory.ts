import { readdir, readFile } from 'node:fs/promises';

const kibibyte = 1024;

/** Bytes of memory that the machine has in use: MemTotal - MemAvailable of /proc/meminfo. */
export async function usedMemory(): Promise<number> {
  const text = await readFile('/proc/meminfo', 'utf8');
  const field = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * kibibyte;
  return field('MemTotal') - field('MemAvailable');
}

/**
 * Proportional set size, in bytes, of all processes whose cgroup belongs to one of these pods: shared file pages are
 * divided among their users. Nodes are containers of this machine, so their processes are in its /proc.
 */
export async function proportionalSetSize(podUids: readonly string[]): Promise<number> {
  // cgroupfs writes the UID as it is, systemd with underscores.
  const marks = podUids.flatMap((uid) => [uid, uid.replaceAll('-', '_')]);
  let total = 0;
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      const cgroup = await readFile(`/proc/${pid}/cgroup`, 'utf8');
      if (!marks.some((mark) => cgroup.includes(mark))) continue;
      const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
      total += Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * kibibyte;
    } catch {
      // The process ended while we looked.
    }
  }
  return total;
}
