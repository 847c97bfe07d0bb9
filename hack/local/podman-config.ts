import { createHash } from 'node:crypto';
import path from 'node:path';
import { checkoutLabel } from './checkout.ts';
import type { Checkout } from './checkout.ts';

export interface PodmanFiles {
  readonly containersConf: string;
  readonly storageConf: string;
  /** Holds one file a network. */
  readonly networkDirectory: string;
  /** Containers, volumes and libpod's database. */
  readonly graphRoot: string;
}

export function podmanFiles(checkout: Checkout): PodmanFiles {
  const directory = path.join(checkout.stateDirectory, 'podman');
  return {
    containersConf: path.join(directory, 'containers.conf'),
    storageConf: path.join(directory, 'storage.conf'),
    networkDirectory: path.join(directory, 'networks'),
    graphRoot: path.join(directory, 'storage'),
  };
}

/**
 * containers.conf(5), in place of every other one on the machine.
 * cgroupfs and runc: crun and the systemd cgroup manager do not work on a hybrid cgroup v1 machine without systemd.
 * Ulimits: the built-in defaults need CAP_SYS_RESOURCE. File locks: the default is one shared memory segment for all of root's podmans,
 * which each of them empties when it believes the machine was restarted.
 */
export function renderContainersConf(checkout: Checkout): string {
  const files = podmanFiles(checkout);
  return `[containers]
default_ulimits = ["nofile=20000:20000", "nproc=30000:30000"]
pids_limit = 0
log_driver = "k8s-file"
log_size_max = 10485760

[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
tmp_dir = ${quote(path.join(checkout.runDirectory, 'libpod'))}
static_dir = ${quote(path.join(files.graphRoot, 'libpod'))}
volume_path = ${quote(path.join(files.graphRoot, 'volumes'))}

[network]
network_backend = "netavark"
network_config_dir = ${quote(files.networkDirectory)}
default_network = ${quote(checkout.network)}
`;
}

/** containers-storage.conf(5). @param imageStores read-only stores that all checkouts share, the newest first */
export function renderStorageConf(checkout: Checkout, imageStores: readonly string[]): string {
  return `[storage]
driver = "overlay"
graphroot = ${quote(podmanFiles(checkout).graphRoot)}
runroot = ${quote(path.join(checkout.runDirectory, 'storage'))}

[storage.options]
additionalimagestores = [${imageStores.map(quote).join(', ')}]
`;
}

/** The image stores of a configuration that `renderStorageConf` wrote. */
export function readImageStores(storageConf: string): readonly string[] {
  const list = /^additionalimagestores = (\[.*\])$/m.exec(storageConf)?.[1] ?? '[]';
  return JSON.parse(list) as string[];
}

/** A netavark network as `podman network create` stores it; written by us because only so its bridge has a name of our own. */
export function renderNetwork(checkout: Checkout): string {
  const network = {
    name: checkout.network,
    id: createHash('sha256').update(checkout.network).digest('hex'),
    driver: 'bridge',
    network_interface: checkout.network,
    created: '2026-01-01T00:00:00Z',
    subnets: [{ subnet: checkout.subnet.cidr, gateway: checkout.subnet.gateway }],
    ipv6_enabled: false,
    internal: false,
    dns_enabled: true,
    labels: { [checkoutLabel]: checkout.id },
    ipam_options: { driver: 'host-local' },
  };
  return `${JSON.stringify(network, undefined, 2)}\n`;
}

/** A TOML basic string. */
function quote(text: string): string {
  return JSON.stringify(text);
}
