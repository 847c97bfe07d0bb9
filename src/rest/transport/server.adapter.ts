import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { ExpressAdapter } from '@nestjs/platform-express';
import { Drain } from './drain.ts';
import { mostConnections, serverOptions, silenceMs, type Timeouts, tlsOptions } from './server-options.ts';
import type { TlsFiles } from './tls-files.ts';

export interface ServerSettings {
  /** Left out: plain HTTP. */
  readonly tls?: TlsFiles;
  /** Milliseconds that requests under way have when the server ends. */
  readonly patienceMs: number;
  readonly timeouts: Timeouts;
  /** What ends with the server. */
  readonly onClose: () => Promise<void>;
}

/** Express on a server that is hardened against slow, broken and hostile clients, and ends in good order. */
export class ServerAdapter extends ExpressAdapter {
  readonly drain = new Drain();
  private readonly settings: ServerSettings;

  constructor(settings: ServerSettings) {
    super();
    this.settings = settings;
  }

  override initHttpServer(): void {
    const application = this.getInstance<RequestListener>();
    const { tls, timeouts } = this.settings;
    const options = { ...serverOptions, ...timeouts };
    const server: Server = tls
      ? tls.serve(createTlsServer({ ...options, ...tlsOptions }, application))
      : createServer(options, application);
    server.maxConnections = mostConnections;
    server.setTimeout(silenceMs);
    this.setHttpServer(server);
  }

  override async close(): Promise<void> {
    await this.drain.end(this.getHttpServer(), this.settings.patienceMs);
    this.settings.tls?.close();
    await this.settings.onClose();
  }
}
