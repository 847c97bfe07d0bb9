import { parseEndpoint } from './connect.ts';
import { postgresPartition } from './partition.ts';

export interface KineOptions {
  /** Of the DataStore, `host:port`. */
  readonly endpoints: readonly string[];
  readonly id: string;
  /** Absolute path of the unix socket that the apiserver finds it at; only kine's own user can open it. */
  readonly socket: string;
  /** PEM files: the store's authority and the tenant's credential. */
  readonly certificateAuthorityFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  /** `:port` of /metrics, which answers from when the database is ready; default: none. */
  readonly metricsAddress?: string;
}

/** Of one kine at most; `connectionLimit` of the partition has room for those of a few. */
export const connectionsPerTenant = 5;

/**
 * Arguments of kine (0.16) in front of a tenant's partition. The apiserver compacts, so kine must not keep revisions that it has been
 * told to remove: with its default of 1000 a continued list never expires, which API conformance wants.
 */
export function kineArguments(options: KineOptions): readonly string[] {
  return [
    `--listen-address=unix://${options.socket}`,
    `--endpoint=${kineEndpoint(options.endpoints, options.id)}`,
    `--ca-file=${options.certificateAuthorityFile}`,
    `--cert-file=${options.certificateFile}`,
    `--key-file=${options.keyFile}`,
    `--datastore-max-open-connections=${connectionsPerTenant}`,
    '--datastore-max-idle-connections=2',
    '--compact-interval=0',
    '--compact-min-retain=0',
    `--metrics-bind-address=${options.metricsAddress ?? '0'}`,
  ];
}

/**
 * A URL without a host and with `host=` and `port=` lists, of which pgx takes the first server that takes writes: hosts in the place of
 * the authority, `a:1,b:2`, are no URL to Go's net/url any more since 1.26. kine adds files and sslmode=verify-full.
 */
function kineEndpoint(endpoints: readonly string[], id: string): string {
  const { name } = postgresPartition(id);
  const servers = endpoints.map(parseEndpoint);
  const parameters = new URLSearchParams({
    host: servers.map(({ host }) => host).join(','),
    port: servers.map(({ port }) => port).join(','),
    target_session_attrs: 'read-write',
    connect_timeout: '5',
  });
  return `postgres://${name}@/${name}?${parameters.toString()}`;
}
