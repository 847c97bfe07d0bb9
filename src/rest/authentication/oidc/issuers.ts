import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import type { Clock } from '../../../engine/clock.ts';
import type { Log } from '../../../engine/log.ts';
import { onFileChange } from '../../transport/file-changes.ts';
import { type OidcConfiguration, parseOidcConfiguration } from './configuration.ts';
import { OidcIssuer } from './issuer.ts';

interface Surroundings {
  readonly clock: Clock;
  readonly log: Log;
}

/** The issuers of OIDC tokens that are trusted, as a file names them; an issuer whose entry stays as it was keeps its keys. */
export class OidcIssuers {
  private readonly surroundings: Surroundings;
  private issuers: readonly OidcIssuer[] = [];
  private stopWatching = (): void => undefined;

  private constructor(surroundings: Surroundings) {
    this.surroundings = surroundings;
  }

  static none(surroundings: Surroundings): OidcIssuers {
    return new OidcIssuers(surroundings);
  }

  /** Reads `file`, and again when it changes: what is wrong then is logged, and what was is kept. Rejects with an Error that names every wrong field. */
  static async read(file: string, surroundings: Surroundings): Promise<OidcIssuers> {
    const issuers = new OidcIssuers(surroundings);
    const read = async () => issuers.replace(parseOidcConfiguration(await readFile(file, 'utf8')));
    await read();
    issuers.stopWatching = onFileChange([file], () => {
      read().then(
        () => surroundings.log.info({ file, issuers: issuers.urls() }, 'the OIDC issuers were read again'),
        (error: unknown) =>
          surroundings.log.error({ err: error, file }, 'the OIDC issuers stay what they were'),
      );
    });
    return issuers;
  }

  /** The one that a token says it is of; what it says is not verified. Undefined for any other token. */
  issuerOf(token: string): OidcIssuer | undefined {
    const url = readIssuer(token);
    return url === undefined
      ? undefined
      : this.issuers.find(({ configuration }) => configuration.issuer.url === url);
  }

  async close(): Promise<void> {
    this.stopWatching();
    await this.replace([]);
  }

  private urls(): readonly string[] {
    return this.issuers.map(({ configuration }) => configuration.issuer.url);
  }

  private async replace(configurations: readonly OidcConfiguration[]): Promise<void> {
    const before = this.issuers;
    this.issuers = configurations.map(
      (wanted) =>
        before.find(({ configuration }) => isDeepStrictEqual(configuration, wanted)) ??
        new OidcIssuer(wanted, this.surroundings),
    );
    const gone = before.filter((issuer) => !this.issuers.includes(issuer));
    await Promise.all(gone.map((issuer) => issuer.close()));
  }
}

function readIssuer(token: string): string | undefined {
  try {
    decodeProtectedHeader(token);
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}
