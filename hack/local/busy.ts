import { readFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import type { Checkout } from './checkout.ts';
import { LocalError } from './errors.ts';
import type { Shell } from './shell.ts';

/** Says of an address, port or name that something else has it; never takes it away. @throws LocalError Busy */
export async function refuseWhatIsBusy(shell: Shell, checkout: Checkout): Promise<void> {
  if (!(await isPortFree(checkout.apiServerPort))) {
    throw new LocalError({
      code: 'Busy',
      operation: 'take the port of the management API server',
      message: `127.0.0.1:${checkout.apiServerPort} is in use by another program`,
      remedy: 'stop it (ss -ltnp shows it), or choose a free port: MARINA_MANAGEMENT_PORT=21234 npm run up',
    });
  }
  const { cidr } = checkout.subnet;
  for (const [name, addresses] of Object.entries(os.networkInterfaces())) {
    if (name === checkout.network || !addresses?.some(({ address }) => sharesSubnet(address, cidr))) continue;
    throw new LocalError({
      code: 'Busy',
      operation: 'take the subnet of the node network',
      message: `${cidr} is in use by network interface ${name}`,
      remedy: 'choose another /24: MARINA_SUBNET=10.199.7.0/24 npm run up',
    });
  }
  const routes = await routesInto(checkout);
  if (routes) {
    throw new LocalError({
      code: 'Busy',
      operation: 'take the subnet of the node network',
      message: `this machine routes ${cidr} elsewhere: ${routes}`,
      remedy: 'choose another /24: MARINA_SUBNET=10.199.7.0/24 npm run up',
    });
  }
  shell.note(`port ${checkout.apiServerPort} and subnet ${cidr} are free`);
}

/** Of routes more exact than the default one, those that lie in the subnet; /proc/net/route, proc(5), is hexadecimal in host order. */
async function routesInto(checkout: Checkout): Promise<string | undefined> {
  const lines = (await readFile('/proc/net/route', 'utf8')).trim().split('\n').slice(1);
  for (const line of lines) {
    const [device = '', destination = ''] = line.split(/\s+/);
    const address = Buffer.from(destination, 'hex').reverse().join('.');
    if (device !== checkout.network && sharesSubnet(address, checkout.subnet.cidr))
      return `${address} by ${device}`;
  }
  return undefined;
}

/** @param cidr a /24 */
function sharesSubnet(address: string, cidr: string): boolean {
  return address.split('.').slice(0, 3).join('.') === cidr.split('.').slice(0, 3).join('.');
}

async function isPortFree(port: number): Promise<boolean> {
  const server = net.createServer();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  server.once('error', () => resolve(false));
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  return await promise;
}
