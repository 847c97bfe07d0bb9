/** Chains that netavark makes once for a machine and never takes away; the rules of a network hang below them. */
const sharedChains = [
  'NETAVARK_FORWARD',
  'NETAVARK-HOSTPORT-DNAT',
  'NETAVARK-HOSTPORT-MASQ',
  'NETAVARK-HOSTPORT-SETMARK',
];

/** Chains that hold a rule for each network or published port that is in use. */
const chainsInUse = ['NETAVARK_FORWARD', 'NETAVARK-HOSTPORT-DNAT'];

/** Whether rules of some container network are there. @param saved output of `iptables-save` */
export function hasContainerRules(saved: string): boolean {
  return saved
    .split('\n')
    .some(
      (line) =>
        chainsInUse.some((chain) => line.startsWith(`-A ${chain} `)) ||
        /^:NETAVARK-(DN-)?[0-9A-F]{13} /.test(line),
    );
}

/**
 * What `iptables-restore --noflush` has to read to take netavark's empty chains and the jumps to them away; undefined when there are none.
 * Everybody else's rules stay as they are.
 */
export function planChainRemoval(saved: string): string | undefined {
  const plan: string[] = [];
  let jumps: string[] = [];
  let chains: string[] = [];
  for (const line of saved.split('\n')) {
    if (line.startsWith('*')) {
      plan.push(line);
      jumps = [];
      chains = [];
    } else if (line.startsWith(':')) {
      const chain = line.slice(1).split(' ')[0] ?? '';
      if (sharedChains.includes(chain)) chains.push(chain);
    } else if (line.startsWith('-A ')) {
      const [from = '', target = ''] = [line.split(' ')[1], /-j (\S+)$/.exec(line)?.[1]];
      if (sharedChains.includes(target) && !sharedChains.includes(from)) jumps.push(line.replace('-A', '-D'));
    } else if (line === 'COMMIT') {
      plan.push(
        ...jumps,
        ...chains.map((chain) => `-F ${chain}`),
        ...chains.map((chain) => `-X ${chain}`),
        line,
      );
    }
  }
  return plan.some((line) => line.startsWith('-')) ? `${plan.join('\n')}\n` : undefined;
}

/** Whether a table holds no rule and no chain but those that hook into the kernel. @param listing of `nft list table <family> <name>` */
export function isBareTable(listing: string): boolean {
  let braces = 0;
  for (const line of listing.split('\n')) {
    const text = line.trim();
    if (braces === 1 && text.endsWith('{') && !text.startsWith('chain ')) return false; // a set, a map, a counter
    if (braces === 2 && text !== '}' && !text.startsWith('type ')) return false; // a rule
    if (text.endsWith('{')) braces++;
    if (text === '}') braces--;
  }
  const chains = listing.match(/^\s*chain /gm)?.length ?? 0;
  const hooks = listing.match(/^\s*type \w+ hook /gm)?.length ?? 0;
  return chains === hooks;
}
