import { processesOf, readProcess } from './processes.ts';

/** USER_HZ, which is 100 wherever Kubernetes runs. */
const ticksPerSecond = 100;

/** Seconds of CPU that all processes of a container have taken since it was started. @throws Error when it has none */
export async function cpuSecondsOf(containerId: string): Promise<number> {
  const stats = await Promise.all((await processesOf([containerId])).map((pid) => readProcess(pid, 'stat')));
  if (stats.every((stat) => stat === '')) throw new Error(`container ${containerId} has no process`);
  return stats.reduce((sum, stat) => sum + cpuSecondsIn(stat), 0);
}

/**
 * Own time, and that of children which have ended: a server of many processes loses none. @param stat /proc/<pid>/stat, proc(5)
 */
export function cpuSecondsIn(stat: string): number {
  // The second field is the program's name, which may have spaces and brackets in it; utime is the fourteenth.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return ticks / ticksPerSecond;
}
