import { type Quota, RateLimit } from './rate-limit.ts';
import { networksOf } from './source-address.ts';

/** How many addresses are served at full rate; a botnet gets no further than all of these together. */
const busyAddresses = 20;

/**
 * How many addresses' worth a network has, the narrowest first: a /48 holds 65,536 of what counts as one address, and has to leave most
 * of the total to others.
 */
const shares = [1, 2, 4] as const;

/** Tokens that are not known, are refused or are missing, by where they come from. */
export class UnknownTokens {
  private readonly ofNetworks: readonly RateLimit[];
  private readonly ofAll: RateLimit;

  constructor(perSecond: number) {
    this.ofNetworks = shares.map((share) => new RateLimit('unknown-tokens', perSecond * share));
    this.ofAll = new RateLimit('unknown-tokens-of-all', perSecond * busyAddresses);
  }

  /** The quota that is exceeded, undefined when there is room. */
  async take(address: string): Promise<Quota | undefined> {
    // The narrowest first: one that has nothing left takes nothing of those around it.
    for (const { limit, key } of this.countersOf(address)) {
      const quota = await limit.take(key);
      if (quota.isExceeded) return quota;
    }
    return undefined;
  }

  async giveBack(address: string): Promise<void> {
    await Promise.all(this.countersOf(address).map(({ limit, key }) => limit.giveBack(key)));
  }

  private countersOf(address: string): readonly { readonly limit: RateLimit; readonly key: string }[] {
    const networks = networksOf(address);
    const around = this.ofNetworks.flatMap((limit, index) => {
      const key = networks[index];
      return key === undefined ? [] : [{ limit, key }];
    });
    return [...around, { limit: this.ofAll, key: '' }];
  }
}
