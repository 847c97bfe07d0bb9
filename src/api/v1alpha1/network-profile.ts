import { z } from 'zod';
import { dnsNamePattern, immutable, rules, wildcardDnsNamePattern } from './meta.ts';

export const network = {
  rule: 'isCIDR(self)',
  message: 'must be a CIDR, e.g. 10.96.0.0/16',
} as const;

export const noHostBits = {
  rule: '!isCIDR(self) || cidr(self) == cidr(self).masked()',
  message: 'must have no host bits set',
} as const;

/** The tenth address is that of the DNS Service, as kubeadm chooses it (kubeadm app/constants, GetDNSIP). */
const roomForDns = {
  rule: '!isCIDR(self) || cidr(self).prefixLength() <= (cidr(self).ip().family() == 4 ? 28 : 124)',
  message: 'must hold 16 addresses or more',
} as const;

/** Neither loopback nor multicast, link-local or unspecified: no Service or pod can have such an address. */
const ofHosts = {
  rule: '!isCIDR(self) || cidr(self).ip().isGlobalUnicast()',
  message: 'must be of addresses that Services and pods can have',
} as const;

const podCidr = z
  .string()
  .max(64)
  .meta(rules(network, noHostBits, ofHosts));
const serviceCidr = z
  .string()
  .max(64)
  .meta(rules(network, noHostBits, ofHosts, roomForDns));

const oneOfEachFamily = {
  rule: '!self.all(c, isCIDR(c)) || self.size() < 2 || cidr(self[0]).ip().family() != cidr(self[1]).ip().family()',
  message: 'two CIDRs must be of different IP families',
} as const;

/** An address that others can reach, as EndpointSlices demand it too (core validation.go, ValidateEndpointIP). */
const ipAddress = z.string().max(64);
const reachable = 'ip(self).isGlobalUnicast()';

/** A last label like a number makes an IPv4 address of the whole name, or nothing at all (URL Standard, 3.5). */
const likeAnAddress = "self.matches('(^|[.])([0-9]+|0x[0-9a-f]*)$')";

const ofThisHost = "self.matches('(^|[.])localhost$')";

const areCidrs =
  'has(self.serviceCidrs) && has(self.podCidrs) && self.serviceCidrs.all(s, isCIDR(s)) && self.podCidrs.all(p, isCIDR(p))';

/** How the cluster is reached and which addresses it uses inside. */
export const networkProfile = z
  .object({
    address: z
      .string()
      .max(253)
      .optional()
      .meta(
        rules(
          {
            rule: `isIP(self) || self.matches('${dnsNamePattern}') && !${likeAnAddress}`,
            message: 'must be an IP address or a DNS name',
          },
          {
            rule: `isIP(self) ? ${reachable} : !${ofThisHost}`,
            message: 'must be an address that workers can reach',
          },
        ),
      )
      .describe(
        'Published IP address or DNS name. Left out: the load balancer’s, the cluster IP, or for NodePort what the platform team configured.',
      ),
    advertiseAddress: ipAddress
      .optional()
      .meta(
        rules(
          { rule: 'isIP(self)', message: 'must be an IP address' },
          { rule: `!isIP(self) || ${reachable}`, message: 'must be an address that workers can reach' },
        ),
      )
      .describe(
        'IP address behind the `kubernetes` Service inside the cluster; left out: what `address` resolves to.',
      ),
    port: z
      .int32()
      .min(1)
      .max(65535)
      .optional()
      .describe('Published port. Left out: 6443, or for NodePort the one that is allocated.'),
    endpointCheck: z
      .enum(['Required', 'Skip'])
      .default('Required')
      .describe(
        'Whether Ready waits until the published address answers; Skip where Marina itself cannot reach it.',
      ),
    certSANs: z
      .array(
        z
          .string()
          .min(1)
          .max(253)
          .meta(
            rules({
              rule: `isIP(self) || self.matches('${wildcardDnsNamePattern}') && !${likeAnAddress}`,
              message: 'must be an IP address or a DNS name, with `*.` in front at most',
            }),
          ),
      )
      .max(64)
      .default([])
      .describe('Further names and addresses in the API server’s certificate.'),
    serviceCidrs: z
      .array(serviceCidr)
      .min(1)
      .max(2)
      .default(['10.96.0.0/16'])
      .meta(rules(immutable, oneOfEachFamily))
      .describe('Addresses of Services: one CIDR, or one of each family, the first being primary.'),
    podCidrs: z
      .array(podCidr)
      .min(1)
      .max(2)
      .default(['10.244.0.0/16'])
      .meta(rules(immutable, oneOfEachFamily))
      .describe('Addresses of pods: CIDRs of the same families as `serviceCidrs`, in the same order.'),
    clusterDomain: z
      .string()
      .min(1)
      .max(190)
      .regex(new RegExp(dnsNamePattern))
      .default('cluster.local')
      .meta(
        rules(immutable, {
          rule: "!self.matches('(^|[.])(in-addr|ip6)[.]arpa$')",
          message: 'must not be a domain of addresses',
        }),
      )
      .describe('DNS domain of Services inside the cluster.'),
    dnsServiceIPs: z
      .array(
        z
          .string()
          .max(64)
          .meta(rules({ rule: 'isIP(self)', message: 'must be an IP address' })),
      )
      .max(2)
      .default([])
      .meta(rules(immutable))
      .describe('Cluster IPs of the DNS Service; left out: the tenth address of each service CIDR.'),
  })
  .meta(
    rules(
      {
        rule: `!(${areCidrs}) || self.serviceCidrs.all(s, self.podCidrs.all(p, !cidr(s).containsCIDR(p) && !cidr(p).containsCIDR(s)))`,
        message: 'must not overlap podCidrs',
        fieldPath: '.serviceCidrs',
      },
      {
        rule: `!(${areCidrs}) || self.serviceCidrs.size() == self.podCidrs.size() && cidr(self.serviceCidrs[0]).ip().family() == cidr(self.podCidrs[0]).ip().family()`,
        message: 'must have the IP families of serviceCidrs, in the same order',
        fieldPath: '.podCidrs',
      },
      {
        rule: `!(${areCidrs} && has(self.dnsServiceIPs) && self.dnsServiceIPs.all(a, isIP(a))) || self.dnsServiceIPs.all(a, self.serviceCidrs.exists(s, cidr(s).containsIP(a)))`,
        message: 'each must lie in a service CIDR',
        fieldPath: '.dnsServiceIPs',
      },
      {
        rule: `!(${areCidrs} && has(self.dnsServiceIPs) && self.dnsServiceIPs.all(a, isIP(a))) || self.dnsServiceIPs.all(a, self.serviceCidrs.all(s, !cidr(a + (ip(a).family() == 4 ? '/31' : '/127')).containsIP(cidr(s).ip())))`,
        message: 'must not be the first two addresses of a service CIDR: the network’s and the API server’s',
        fieldPath: '.dnsServiceIPs',
      },
      {
        rule: '!has(self.dnsServiceIPs) || self.dnsServiceIPs.size() < 2 || !self.dnsServiceIPs.all(a, isIP(a)) || ip(self.dnsServiceIPs[0]).family() != ip(self.dnsServiceIPs[1]).family()',
        message: 'two addresses must be of different IP families',
        fieldPath: '.dnsServiceIPs',
      },
    ),
  )
  .describe('How the cluster is reached and which addresses it uses inside.');
