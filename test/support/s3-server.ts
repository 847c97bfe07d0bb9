import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ensureBinaries } from '../../hack/toolchain/binaries.ts';
import type { S3Location } from '../../src/backup/storage/s3-location.ts';
import { createAuthority, createLeaf } from './certificates.ts';
import { httpsStatus } from './https.ts';
import { mountMemory } from './mount.ts';
import { freePort } from './ports.ts';
import { type RunningProcess, startProcess, waitUntilReady } from './processes.ts';
import { createTemporaryDirectory } from './temporary-directory.ts';

export interface S3ServerOptions {
  /** Keeps its data in memory of this size, e.g. `32m`; default: a temporary folder. */
  readonly size?: string;
  /** Takes no writes from anybody; the bucket is there. */
  readonly readOnly?: boolean;
}

export interface S3Server extends AsyncDisposable {
  /** Its one bucket, with the key of whoever may do everything. */
  readonly location: S3Location & { readonly certificateAuthority: string };
  /** Where it keeps everything, unfinished uploads included. */
  readonly dataDirectory: string;
  /** Within it, a file for each object. */
  readonly bucketDirectory: string;
  readonly process: RunningProcess;
}

const region = 'us-east-1';
const bucket = 'backups';
const credentials = { accessKeyId: 'marina', secretAccessKey: 'not-a-secret' } as const;

/** A real S3 server (versitygw) over HTTPS, with an empty bucket. */
export async function startS3Server({ size, readOnly = false }: S3ServerOptions = {}): Promise<S3Server> {
  const { versitygw } = await ensureBinaries(['versitygw']);
  await using started = new AsyncDisposableStack();
  const { path: directory } = started.use(await createTemporaryDirectory('s3'));
  const dataDirectory =
    size === undefined ? path.join(directory, 'data') : started.use(await mountMemory({ size })).path;
  await mkdir(path.join(dataDirectory, bucket), { recursive: true });

  const ca = await createAuthority('s3-ca');
  const server = await createLeaf(ca, {
    commonName: 's3',
    dnsNames: ['localhost', `${bucket}.localhost`],
    ipAddresses: ['127.0.0.1'],
  });
  const file = (name: string) => path.join(directory, name);
  await writeFile(file('server.crt'), server.certificate);
  await writeFile(file('server.key'), server.privateKey);

  const address = `127.0.0.1:${await freePort()}`;
  const args = [
    `--port=${address}`,
    `--access=${credentials.accessKeyId}`,
    `--secret=${credentials.secretAccessKey}`,
    `--region=${region}`,
    `--cert=${file('server.crt')}`,
    `--key=${file('server.key')}`,
    '--health=/health',
    '--quiet',
    ...(readOnly ? ['--readonly'] : []),
    'posix',
    '--disable-object-lock-file',
    dataDirectory,
  ];
  const process = await startProcess({ command: versitygw, args, logFile: file('versitygw.log') });
  started.defer(() => process.kill());
  const endpoint = `https://${address}`;
  const answers = async () => (await httpsStatus(`${endpoint}/health`, { ca: ca.certificate })) === 200;
  await waitUntilReady(process, 'versitygw', answers);

  const parts = started.move();
  return {
    location: {
      endpoint,
      bucket,
      region,
      pathStyle: true,
      credentials,
      certificateAuthority: ca.certificate,
    },
    dataDirectory,
    bucketDirectory: path.join(dataDirectory, bucket),
    process,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
