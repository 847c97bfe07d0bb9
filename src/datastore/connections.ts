import type { DataStore, DataStoreSpec } from '../api/v1alpha1/data-store.ts';
import type { Clock } from '../engine/clock.ts';
import { findCondition } from '../engine/conditions.ts';
import type { ObjectRef } from '../kube/resource.ts';
import type { Secret } from '../kube/resources.ts';
import { decodeData } from '../kube/secret-data.ts';
import type { Issuer } from '../pki/types.ts';
import { Breaker } from './breaker.ts';
import type { DataStoreConnection, DataStoreDriver } from './driver.ts';
import type { DataStorePool } from './pool.ts';

export type OpenedDataStore =
  | {
      readonly ok: true;
      /** Shared; closed by the pool. */
      readonly driver: () => Promise<DataStoreDriver>;
      /** What tenants ask of the store goes through it. */
      readonly breaker: Breaker;
      /** Signs the clients that the store trusts. */
      readonly authority: Issuer;
    }
  | {
      readonly ok: false;
      readonly reason: 'DataStoreSecretMissing' | 'DataStoreSecretInvalid';
      readonly message: string;
    };

export interface SecretReader {
  get(ref: ObjectRef): Secret | undefined;
}

/** From a DataStore object and the Secrets that it names to an open driver. */
export class DataStoreConnections {
  readonly #secrets: SecretReader;
  readonly #namespace: string;
  readonly #pool: DataStorePool;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #breakers = new Map<string, Breaker>();

  /** `namespace`: Marina's own, where the Secrets of DataStores are. */
  constructor(
    secrets: SecretReader,
    namespace: string,
    pool: DataStorePool,
    clock: Pick<Clock, 'monotonicMs'>,
  ) {
    this.#secrets = secrets;
    this.#namespace = namespace;
    this.#pool = pool;
    this.#clock = clock;
  }

  open(dataStore: DataStore): OpenedDataStore {
    const { certificateAuthority, clientCertificate } = dataStore.spec.tlsConfig;
    const authority = this.#pair(certificateAuthority.secretName);
    if (!authority.ok) return authority;
    const root = this.#pair(clientCertificate.secretName);
    if (!root.ok) return root;
    const connection = connectionTo(dataStore.spec, authority, root);
    return {
      ok: true,
      driver: () => this.#pool.use(dataStore.metadata?.name ?? '', connection),
      breaker: this.#breakerOf(dataStore),
      authority: { certificate: authority.certificate, privateKey: authority.privateKey },
    };
  }

  #breakerOf({ metadata, status }: DataStore): Breaker {
    const name = metadata?.name ?? '';
    const breaker = this.#breakers.get(name) ?? new Breaker(() => this.#clock.monotonicMs());
    this.#breakers.set(name, breaker);
    breaker.hear(findCondition(status?.conditions, 'Ready')?.lastTransitionTime);
    return breaker;
  }

  #pair(name: string): ({ readonly ok: true } & Issuer) | Extract<OpenedDataStore, { ok: false }> {
    const secret = this.#secrets.get({ namespace: this.#namespace, name });
    const where = `Secret ${this.#namespace}/${name}`;
    if (!secret) return { ok: false, reason: 'DataStoreSecretMissing', message: `${where} does not exist.` };
    const { 'tls.crt': certificate, 'tls.key': privateKey } = decodeData(secret);
    if (!certificate || !privateKey) {
      return {
        ok: false,
        reason: 'DataStoreSecretInvalid',
        message: `${where} needs the keys tls.crt and tls.key.`,
      };
    }
    return { ok: true, certificate, privateKey };
  }
}

function connectionTo(
  { driver, endpoints }: DataStoreSpec,
  authority: Issuer,
  root: Issuer,
): DataStoreConnection {
  const common = {
    endpoints,
    certificateAuthority: authority.certificate,
    clientCertificate: root.certificate,
    clientKey: root.privateKey,
  };
  switch (driver) {
    case 'etcd':
      return { driver, ...common };
    case 'postgres':
      return { driver, ...common, certificateAuthorityKey: authority.privateKey };
  }
}
