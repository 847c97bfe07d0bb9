import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import path from 'node:path';

/** What sets one checkout's environment apart from every other on the machine; all of it follows from where the checkout is. */
export interface Checkout {
  /** Eight hexadecimal digits. */
  readonly id: string;
  /** Absolute path without symbolic links. */
  readonly root: string;
  /** `.marina/`: what belongs to this checkout alone. */
  readonly stateDirectory: string;
  /** Sockets and locks of the container engine; gone after a reboot, and short, because socket paths may have 108 bytes only. */
  readonly runDirectory: string;
  /** Name of the kind cluster. */
  readonly cluster: string;
  /** Name of the container network, and of its bridge: a network interface may have 15 characters. */
  readonly network: string;
  readonly subnet: Subnet;
  /** On 127.0.0.1; below the ports that the kernel gives to outgoing connections. */
  readonly apiServerPort: number;
}

export interface Subnet {
  readonly cidr: string;
  readonly gateway: string;
}

/** On everything that is started here: `marina.dev/checkout=<id>`. */
export const checkoutLabel = 'marina.dev/checkout';

/** Directories of all checkouts that are up; one entry for each, named by its id. */
export const runRoot = '/run/marina';

const firstSubnetByte = 150;
const subnetBytes = 50;
const firstPort = 20_000;
const ports = 10_000;

export function thisCheckout(): Checkout {
  return describeCheckout(realpathSync(path.resolve(import.meta.dirname, '..', '..')), process.env);
}

/**
 * @param environment `MARINA_SUBNET` (a /24, e.g. `10.160.7.0/24`) and `MARINA_MANAGEMENT_PORT` take the place of what follows from the path,
 * for the day when something else on the machine has it
 * @throws RangeError for a subnet that is no /24 or a port that is none
 */
export function describeCheckout(
  root: string,
  environment: Readonly<Record<string, string | undefined>> = {},
): Checkout {
  const digest = createHash('sha256').update(root).digest();
  const id = digest.toString('hex').slice(0, 8);
  const name = `marina-${id}`;
  return {
    id,
    root,
    stateDirectory: path.join(root, '.marina'),
    runDirectory: path.join(runRoot, id),
    cluster: name,
    network: name,
    subnet: readSubnet(environment['MARINA_SUBNET'] || chooseSubnet(digest)),
    apiServerPort: readPort(
      environment['MARINA_MANAGEMENT_PORT'] || String(firstPort + (digest.readUInt32BE(8) % ports)),
    ),
  };
}

/** 10.150.0.0 to 10.199.255.0: clear of podman's and Kubernetes' own defaults (10.88, 10.96, 10.244). */
function chooseSubnet(digest: Buffer): string {
  return `10.${firstSubnetByte + (digest.readUInt8(4) % subnetBytes)}.${digest.readUInt8(5)}.0/24`;
}

function readSubnet(cidr: string): Subnet {
  const match = /^(\d{1,3}\.\d{1,3}\.\d{1,3})\.0\/24$/.exec(cidr);
  if (!match) throw new RangeError(`MARINA_SUBNET is ${cidr}; it has to be a /24 such as 10.160.7.0/24`);
  return { cidr, gateway: `${match[1]}.1` };
}

function readPort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new RangeError(`MARINA_MANAGEMENT_PORT is ${text}; it has to be a port number`);
}
