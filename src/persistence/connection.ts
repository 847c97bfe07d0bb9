import { readFile } from 'node:fs/promises';
import { DatabaseError } from './errors.ts';

/** Where the management database is, and the files that prove who is who. */
export interface DatabaseAddress {
  /** `postgres://user:password@host:5432/database`; `?sslmode=disable` for a connection without TLS. */
  readonly url: string;
  /** PEM files; they are read at each attempt to connect, so that renewed ones are taken. Default: the CAs that Node knows. */
  readonly caFile?: string;
  readonly certificateFile?: string;
  readonly keyFile?: string;
}

/** The part of `pg.ClientConfig` that says where. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user?: string;
  readonly password?: string;
  readonly ssl: false | Encryption;
}

/** The part of `tls.ConnectionOptions` that is set; PEM. */
export interface Encryption {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly rejectUnauthorized: true;
  readonly minVersion: 'TLSv1.2';
}

const operation = 'read MARINA_DATABASE_URL';

/** @throws DatabaseError `Misconfigured`, that says nothing of the URL's user and password */
export async function readEndpoint({ url, ...files }: DatabaseAddress): Promise<Endpoint> {
  const target = parseUrl(url);
  const { caFile, certificateFile, keyFile } = files;
  if ((certificateFile === undefined) !== (keyFile === undefined))
    throw new DatabaseError(
      'Misconfigured',
      operation,
      'a client certificate needs its key, and a key its certificate',
    );
  if (!target.isEncrypted) {
    if (caFile === undefined && certificateFile === undefined) return { ...target.endpoint, ssl: false };
    throw new DatabaseError('Misconfigured', operation, 'certificates are given, and sslmode=disable');
  }
  const [ca, cert, key] = await Promise.all([caFile, certificateFile, keyFile].map(readPem));
  return {
    ...target.endpoint,
    // Chain and host name are verified, as libpq does with sslmode=verify-full.
    ssl: {
      ...(ca && { ca }),
      ...(cert && { cert }),
      ...(key && { key }),
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
    },
  };
}

export function parseUrl(url: string): {
  readonly endpoint: Omit<Endpoint, 'ssl'>;
  readonly isEncrypted: boolean;
} {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const wrong = (message: string) => new DatabaseError('Misconfigured', operation, message);
  if (!parsed || !/^postgres(ql)?:$/.test(parsed.protocol) || parsed.hostname === '')
    throw wrong('it has to be postgres://user:password@host:port/database');
  const database = decodeURIComponent(parsed.pathname.slice(1));
  if (database === '') throw wrong('it names no database');
  for (const [name, value] of parsed.searchParams) {
    if (name !== 'sslmode' || !['disable', 'verify-full'].includes(value))
      throw wrong(`${name} is not known here; sslmode may be verify-full (default) or disable`);
  }
  const { hostname, port, username, password } = parsed;
  return {
    endpoint: {
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: port === '' ? 5432 : Number(port),
      database,
      ...(username !== '' && { user: decodeURIComponent(username) }),
      ...(password !== '' && { password: decodeURIComponent(password) }),
    },
    isEncrypted: parsed.searchParams.get('sslmode') !== 'disable',
  };
}

async function readPem(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, 'utf8');
  } catch (error: unknown) {
    // It may be mounted later, as Secrets of optional volumes are.
    throw new DatabaseError('Unavailable', `read ${file}`, 'the file cannot be read', { cause: error });
  }
}
