import { describe, expect, it } from '@jest/globals';
import { UnknownTokens } from './unknown-tokens.ts';

/** How many of `addresses`, one after another, there is room for. */
async function served(tokens: UnknownTokens, addresses: readonly string[]): Promise<number> {
  let count = 0;
  for (const address of addresses) if (!(await tokens.take(address))) count += 1;
  return count;
}

const many = (count: number, address: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => address(n));

describe('unknown tokens', () => {
  it.each([
    ['an IPv4 address', () => '192.0.2.7', 10],
    ['a /64', (n: number) => `2001:db8:0:1::${n.toString(16)}`, 10],
    ['a /56', (n: number) => `2001:db8:0:1${(n % 256).toString(16).padStart(2, '0')}::1`, 20],
    ['a /48', (n: number) => `2001:db8:0:${n.toString(16)}00::1`, 40],
    ['many networks', (n: number) => `2001:db8:${n.toString(16)}::1`, 200],
  ])('of %s are counted together', async (_, address, room) => {
    expect(await served(new UnknownTokens(1), many(250, address))).toBe(room);
  });

  it('of a network that sends all it can leave room for others, and for those next to it', async () => {
    const tokens = new UnknownTokens(1);
    await served(
      tokens,
      many(1_000, () => '2001:db8:0:1::1'),
    );
    expect(await tokens.take('2001:db8:0:2::1')).toBeUndefined();
    await served(
      tokens,
      many(1_000, (n) => `2001:db8:0:${n.toString(16)}::1`),
    );

    expect(await tokens.take('2001:db8:0:ffff::1')).toMatchObject({ isExceeded: true, limit: 40 });
    expect(
      await served(
        tokens,
        many(50, (n) => `2001:db8:1:${n.toString(16)}00::1`),
      ),
    ).toBe(40);
  });

  it('that are given back are so for every network around', async () => {
    const tokens = new UnknownTokens(1);
    const addresses = many(40, (n) => `2001:db8:0:${n.toString(16)}00::1`);
    await served(tokens, addresses);

    for (const address of addresses) await tokens.giveBack(address);

    expect(await served(tokens, addresses)).toBe(40);
  });
});
