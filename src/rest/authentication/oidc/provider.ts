import type { JSONWebKeySet } from 'jose';
import { Agent } from 'undici';
import { z } from 'zod';
import { isHttpsOrLoopback } from './provider-url.ts';

/** Milliseconds for one answer, from the connection to its last octet. */
const timeoutMs = 5_000;
const largestAnswerBytes = 512 * 1024;
const mostKeys = 100;

const discovery = z.object({ issuer: z.string(), jwks_uri: z.string() });
const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(mostKeys) });

export interface ProviderAddress {
  readonly url: string;
  /** PEM; the one authority that is believed then. */
  readonly certificateAuthority?: string | undefined;
}

/** Where an issuer's keys are got: its discovery document leads to them (OpenID Connect Discovery 1.0, RFC 8414). */
export class Provider {
  private readonly url: string;
  private readonly agent: Agent;

  constructor({ url, certificateAuthority }: ProviderAddress) {
    this.url = url;
    this.agent = new Agent({
      connect: {
        ...(certificateAuthority !== undefined && { ca: certificateAuthority }),
        timeout: timeoutMs,
      },
      connections: 1,
      maxResponseSize: largestAnswerBytes,
    });
  }

  /** Rejects with an Error that says what is wrong with the provider. */
  async keys(): Promise<JSONWebKeySet> {
    const { issuer, jwks_uri: address } = discovery.parse(
      await this.get(`${this.url.replace(/\/$/, '')}/.well-known/openid-configuration`),
    );
    if (issuer !== this.url) throw new Error(`the provider at ${this.url} says that it is ${issuer}`);
    if (!isHttpsOrLoopback(address) || new URL(address).protocol !== new URL(this.url).protocol)
      throw new Error(`the keys of ${this.url} are at ${address}, which is not to be trusted`);
    const { keys } = keySet.parse(await this.get(address));
    return { keys: keys.filter(({ kty, use }) => kty !== 'oct' && use !== 'enc') };
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private async get(address: string): Promise<unknown> {
    const { origin, pathname, search } = new URL(address);
    const { statusCode, body } = await this.agent.request({
      origin,
      path: pathname + search,
      method: 'GET',
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (statusCode === 200) return await body.json();
    await body.dump();
    throw new Error(`${address} answers ${statusCode}`);
  }
}
