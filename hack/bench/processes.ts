import { readdir, readFile } from 'node:fs/promises';

/**
 * Ids of all processes whose cgroup has one of these in its path, e.g. the UID of a pod or the id of a container. Nodes are
 * containers of this machine, so their processes are in its /proc.
 */
export async function processesOf(marks: readonly string[]): Promise<readonly string[]> {
  // cgroupfs writes the UID of a pod as it is, systemd with underscores.
  const written = marks.flatMap((mark) => [mark, mark.replaceAll('-', '_')]);
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const cgroup = await readProcess(pid, 'cgroup');
    if (written.some((mark) => cgroup.includes(mark))) found.push(pid);
  }
  return found;
}

/** A file of /proc/<pid>; empty when the process has ended meanwhile. */
export async function readProcess(pid: string, file: string): Promise<string> {
  return await readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
}
