import { readFileSync } from 'node:fs';
import type { Server } from 'node:https';
import { createSecureContext } from 'node:tls';
import type { Log } from '../../engine/log.ts';
import { onFileChange } from './file-changes.ts';
import { tlsOptions } from './server-options.ts';

interface Pair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface TlsFileNames {
  /** PEM: the server's certificate, and those between it and its root. */
  readonly certFile: string;
  readonly keyFile: string;
}

/** A server's certificate and key, from files that are read again when they change. */
export class TlsFiles {
  private readonly names: TlsFileNames;
  private readonly log: Log;
  private pair: Pair;
  private stopWatching = (): void => undefined;

  /** @throws Error when they cannot be read, or do not belong together */
  constructor(names: TlsFileNames, log: Log) {
    this.names = names;
    this.log = log;
    this.pair = this.read();
  }

  /** The server with the pair; handshakes after a change are made with the new one, connections that are there stay. */
  serve(server: Server): Server {
    server.setSecureContext({ ...tlsOptions, ...this.pair });
    const { certFile, keyFile } = this.names;
    this.stopWatching = onFileChange([certFile, keyFile], () => this.change(server));
    return server;
  }

  close(): void {
    this.stopWatching();
  }

  private change(server: Server): void {
    const { certFile } = this.names;
    try {
      this.pair = this.read();
      server.setSecureContext({ ...tlsOptions, ...this.pair });
      this.log.info({ certFile }, 'the certificate of REST was read again');
    } catch (error: unknown) {
      this.log.error({ err: error, certFile }, 'the certificate of REST stays what it was');
    }
  }

  private read(): Pair {
    const { certFile, keyFile } = this.names;
    const pair = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
    createSecureContext(pair);
    return pair;
  }
}
