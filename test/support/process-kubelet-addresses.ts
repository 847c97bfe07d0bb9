import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

/** Addresses of this machine that no other test uses: one 127.n.0.0/16. */
export interface LoopbackNetwork extends AsyncDisposable {
  /** For `--service-cluster-ip-range`: every ClusterIP is an address that a test can listen on. */
  readonly serviceCidr: string;
  nextPodAddress(): string;
  has(address: string): boolean;
}

/** Holds the claim: who can listen here owns the network. */
const claimPort = 20_001;

/** Claims a network for as long as this process lives or until it is disposed. Linux answers to all of 127.0.0.0/8. */
export async function claimLoopbackNetwork(): Promise<LoopbackNetwork> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const network = `127.${randomInt(1, 255)}`;
    const claim = await listen(`${network}.255.254`, claimPort);
    if (claim) return networkOf(network, claim);
  }
  throw new Error('no free loopback network found');
}

function networkOf(network: string, claim: Server): LoopbackNetwork {
  let pods = 0;
  return {
    serviceCidr: `${network}.0.0/17`,
    nextPodAddress: () => {
      pods += 1;
      return `${network}.${128 + Math.floor(pods / 254)}.${1 + (pods % 254)}`;
    },
    has: (address) => address.startsWith(`${network}.`),
    [Symbol.asyncDispose]: () => new Promise((resolve) => claim.close(() => resolve())),
  };
}

function listen(host: string, port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ host, port, exclusive: true }, () => resolve(server.unref()));
  });
}
