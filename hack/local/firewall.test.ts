import { describe, expect, it } from '@jest/globals';
import { hasContainerRules, isBareTable, planChainRemoval } from './firewall.ts';

const afterTheLastContainer = `*filter
:FORWARD ACCEPT [0:0]
:MINE - [0:0]
:NETAVARK_FORWARD - [0:0]
-A FORWARD -m comment --comment "netavark firewall plugin rules" -j NETAVARK_FORWARD
-A FORWARD -j MINE
-A MINE -s 10.0.0.1/32 -j DROP
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:NETAVARK-HOSTPORT-DNAT - [0:0]
:NETAVARK-HOSTPORT-MASQ - [0:0]
:NETAVARK-HOSTPORT-SETMARK - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j NETAVARK-HOSTPORT-DNAT
-A POSTROUTING -j NETAVARK-HOSTPORT-MASQ
-A NETAVARK-HOSTPORT-MASQ -m comment --comment "netavark portfw masq mark" -m mark --mark 0x2000/0x2000 -j MASQUERADE
-A NETAVARK-HOSTPORT-SETMARK -j MARK --set-xmark 0x2000/0x2000
COMMIT
`;

describe('planChainRemoval', () => {
  it('takes jumps and chains of netavark away and leaves every other rule', () => {
    expect(planChainRemoval(afterTheLastContainer)).toBe(`*filter
-D FORWARD -m comment --comment "netavark firewall plugin rules" -j NETAVARK_FORWARD
-F NETAVARK_FORWARD
-X NETAVARK_FORWARD
COMMIT
*nat
-D PREROUTING -m addrtype --dst-type LOCAL -j NETAVARK-HOSTPORT-DNAT
-D POSTROUTING -j NETAVARK-HOSTPORT-MASQ
-F NETAVARK-HOSTPORT-DNAT
-F NETAVARK-HOSTPORT-MASQ
-F NETAVARK-HOSTPORT-SETMARK
-X NETAVARK-HOSTPORT-DNAT
-X NETAVARK-HOSTPORT-MASQ
-X NETAVARK-HOSTPORT-SETMARK
COMMIT
`);
  });

  it('has nothing to do where netavark never was', () => {
    expect(planChainRemoval('*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -j DROP\nCOMMIT\n')).toBeUndefined();
    expect(planChainRemoval('')).toBeUndefined();
  });
});

describe('hasContainerRules', () => {
  it('tells a network that is in use from chains that were left behind', () => {
    expect(hasContainerRules(afterTheLastContainer)).toBe(false);
    expect(hasContainerRules('-A NETAVARK_FORWARD -s 10.155.7.0/24 -j ACCEPT')).toBe(true);
    expect(hasContainerRules(':NETAVARK-DN-A04BE07D32DAB - [0:0]')).toBe(true);
  });
});

describe('isBareTable', () => {
  it('is true only without rules, sets and chains of somebody', () => {
    const bare =
      'table ip filter {\n\tchain FORWARD {\n\t\ttype filter hook forward priority filter; policy accept;\n\t}\n}\n';

    expect(isBareTable(bare)).toBe(true);
    expect(isBareTable('table ip nat {\n}\n')).toBe(true);
    expect(isBareTable(bare.replace('accept;\n', 'accept;\n\t\tip saddr 10.0.0.1 drop\n'))).toBe(false);
    expect(isBareTable('table ip filter {\n\tchain MINE {\n\t}\n}\n')).toBe(false);
    expect(isBareTable('table ip filter {\n\tset s {\n\t\ttype ipv4_addr\n\t}\n}\n')).toBe(false);
  });
});
