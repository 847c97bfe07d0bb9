import { stringify } from 'yaml';

/** User data that runs `command` once, at the first boot (https://cloudinit.readthedocs.io, module runcmd). */
export function cloudInit(command: readonly string[]): string {
  return `#cloud-config\n${stringify({ runcmd: [[...command]] }, { lineWidth: 0 })}`;
}
