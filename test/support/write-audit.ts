import { type FileHandle, open, readFile, readdir, readlink } from 'node:fs/promises';

/** A write as the server saw it that took it. Times are epoch milliseconds. */
export interface AuditedWrite {
  readonly receivedMs: number;
  /** Identity of the Marina process, or where it came from when that is unknown. */
  readonly by: string;
  /** e.g. `patch tenantcontrolplanes team-a/x`, `etcd UserAdd`. */
  readonly what: string;
}

/** A lease that a process took: it may write from `receivedMs` at the earliest, the holder before it until `doneMs` at the latest. */
export interface Term {
  readonly receivedMs: number;
  readonly doneMs: number;
  /** Undefined: it was given up. */
  readonly holder: string | undefined;
}

/** Level of detail for `--audit-policy-file`: every write, and what the leader's Lease says. */
export const auditPolicy = JSON.stringify({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    {
      level: 'RequestResponse',
      verbs: ['create', 'update', 'patch'],
      resources: [{ group: 'coordination.k8s.io', resources: ['leases'] }],
      namespaces: ['marina-system'],
    },
    { level: 'Metadata', verbs: ['create', 'update', 'patch', 'delete', 'deletecollection'] },
    { level: 'None' },
  ],
});

interface AuditEvent {
  readonly verb: string;
  readonly userAgent?: string;
  readonly objectRef?: { readonly resource: string; readonly namespace?: string; readonly name?: string };
  readonly responseStatus?: { readonly code?: number };
  readonly responseObject?: { readonly spec?: { readonly holderIdentity?: string } };
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
}

/**
 * The audit log of an API server as it grows: who wrote what when, and whose the lease was. Marina processes are told by their
 * user agent.
 */
export class ApiAudit implements AsyncDisposable {
  readonly writes: AuditedWrite[] = [];
  readonly terms: Term[] = [];
  private readonly file: FileHandle;
  private readonly identities: ReadonlySet<string>;
  private readonly buffer = Buffer.alloc(1 << 20);
  private rest = '';

  private constructor(file: FileHandle, identities: readonly string[]) {
    this.file = file;
    this.identities = new Set(identities);
  }

  static async open(path: string, identities: readonly string[]): Promise<ApiAudit> {
    return new ApiAudit(await open(path), identities);
  }

  get holder(): string | undefined {
    return this.terms.at(-1)?.holder;
  }

  /** Reads what has been written since. */
  async refresh(): Promise<this> {
    for (;;) {
      const { bytesRead } = await this.file.read(this.buffer, 0, this.buffer.length, null);
      if (bytesRead === 0) return this;
      const lines = (this.rest + this.buffer.toString('utf8', 0, bytesRead)).split('\n');
      this.rest = lines.pop() ?? '';
      for (const line of lines) this.take(JSON.parse(line) as AuditEvent);
    }
  }

  writesBy(identity: string, sinceMs = 0): readonly AuditedWrite[] {
    return this.writes.filter((write) => write.by === identity && write.receivedMs >= sinceMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.file.close();
  }

  private take(event: AuditEvent): void {
    const by = event.userAgent ?? '';
    if (!this.identities.has(by)) return;
    const receivedMs = Date.parse(event.requestReceivedTimestamp);
    const { resource, namespace, name } = event.objectRef ?? { resource: 'nothing' };
    if (resource === 'leases') return this.takeLease(event, receivedMs);
    this.writes.push({ receivedMs, by, what: `${event.verb} ${resource} ${namespace}/${name}` });
  }

  private takeLease(event: AuditEvent, receivedMs: number): void {
    if ((event.responseStatus?.code ?? 500) >= 300) return;
    const holder = event.responseObject?.spec?.holderIdentity || undefined;
    if (this.terms.length > 0 && holder === this.holder) return;
    this.terms.push({ receivedMs, doneMs: Date.parse(event.stageTimestamp), holder });
  }
}

/** Those that nobody's term covers. `sinceMs`: what came before is not looked at. */
export function writesOutOfTurn(writes: readonly AuditedWrite[], terms: readonly Term[]): readonly string[] {
  const isInTurn = ({ by, receivedMs }: AuditedWrite) =>
    terms.some(
      (term, index) =>
        term.holder === by &&
        term.receivedMs <= receivedMs &&
        receivedMs <= (terms[index + 1]?.doneMs ?? Infinity),
    );
  return writes
    .filter((write) => !isInTurn(write))
    .map(({ by, what, receivedMs }) => `${new Date(receivedMs).toISOString()} ${by}: ${what}`);
}

/** The writes in the log of an etcd that was started with `--log-level=debug`; `ports` tells whose a client's port is. */
export function etcdWrites(log: string, ports: ReadonlyMap<number, string>): readonly AuditedWrite[] {
  return log
    .split('\n')
    .filter((line) => line.includes('"request stats"'))
    .map((line) => JSON.parse(line) as Readonly<Record<string, string>>)
    .filter(
      (entry) =>
        !/\/(Range|UserGet|RoleGet|UserList|RoleList|AuthStatus|Status|Authenticate|Alarm)$/.test(
          entry['response type'] ?? '',
        ),
    )
    .map((entry) => ({
      receivedMs: Date.parse(entry['start time'] ?? ''),
      by: ports.get(Number(entry['remote']?.split(':').at(-1))) ?? `unknown ${entry['remote']}`,
      what: `etcd ${entry['response type']?.split('/').at(-1)}`,
    }));
}

/** The local ports of a process's TCP connections, proc(5). */
export async function portsOf(pid: number): Promise<readonly number[]> {
  const directory = `/proc/${pid}/fd`;
  const links = await Promise.all(
    (await readdir(directory)).map((name) => readlink(`${directory}/${name}`).catch(() => '')),
  );
  const inodes = new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/${pid}/net/${name}`, 'utf8')),
  );
  return tables
    .flatMap((table) => table.trim().split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => inodes.has(fields[9] ?? ''))
    .map((fields) => parseInt(fields[1]?.split(':')[1] ?? '', 16));
}
