import type { Schemas } from '../client/client.ts';

export type ControlPlane = Schemas['ControlPlane'];
export type Backup = Schemas['Backup'];
export type Restore = Schemas['Restore'];

/** Kinds that are made, listed, followed and deleted in one way; the names are those of the REST paths. */
export interface Kinds {
  readonly controlplanes: { readonly shown: ControlPlane; readonly wish: Schemas['NewControlPlane'] };
  readonly backups: { readonly shown: Backup; readonly wish: Schemas['NewBackup'] };
  readonly restores: { readonly shown: Restore; readonly wish: Schemas['NewRestore'] };
}

export type KindName = keyof Kinds;

/** Names one object of a namespace. */
export interface Ref {
  readonly namespace: string;
  readonly name: string;
}

export interface Scope {
  /** Left out: all. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
}

export interface LogRequest {
  readonly component: 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kine';
  /** The last ones of each pod. */
  readonly lines: number;
}

export interface UsageRequest {
  /** Left out: of all namespaces. */
  readonly namespace?: string | undefined;
  /** Left out: of all control planes. */
  readonly name?: string | undefined;
  /** RFC 3339. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly granularity: 'hour' | 'day' | 'total';
}

/** Whether something holds, and what to do if not. */
export interface Finding {
  readonly check: string;
  readonly result: 'ok' | 'warning' | 'failed' | 'skipped';
  readonly message: string;
  readonly advice?: string;
}

/**
 * What the commands do, by whichever way. Both answer in the shapes of REST and reject with an `ApiError`.
 * `follow` tells the object as it is and each time it changes, undefined when it is gone.
 */
export interface Backend extends AsyncDisposable {
  /** For people: where it leads. */
  readonly address: string;
  list<K extends KindName>(kind: K, scope: Scope): Promise<readonly Kinds[K]['shown'][]>;
  get<K extends KindName>(kind: K, ref: Ref): Promise<Kinds[K]['shown']>;
  create<K extends KindName>(
    kind: K,
    namespace: string,
    wish: Kinds[K]['wish'],
    options?: { readonly dryRun?: boolean },
  ): Promise<Kinds[K]['shown']>;
  delete<K extends KindName>(kind: K, ref: Ref): Promise<Kinds[K]['shown']>;
  follow<K extends KindName>(
    kind: K,
    ref: Ref,
    signal: AbortSignal,
  ): AsyncIterable<Kinds[K]['shown'] | undefined>;

  listJoinTokens(ref: Ref): Promise<readonly Schemas['JoinToken'][]>;
  createJoinToken(ref: Ref, wish: Schemas['NewJoinToken']): Promise<Schemas['CreatedJoinToken']>;
  revokeJoinToken(ref: Ref, id: string): Promise<void>;

  listKubeconfigs(ref: Ref): Promise<readonly Schemas['Kubeconfig'][]>;
  issueKubeconfig(ref: Ref, wish: Schemas['NewKubeconfig']): Promise<Schemas['KubeconfigFile']>;
  getKubeconfig(ref: Ref, name: string): Promise<Schemas['KubeconfigFile']>;
  revokeKubeconfig(ref: Ref, name: string): Promise<Schemas['RevokedKubeconfig']>;

  events(ref: Ref): Promise<readonly Schemas['Event'][]>;
  logs(ref: Ref, request: LogRequest): Promise<string>;
  usage(request: UsageRequest): Promise<readonly Schemas['Usage'][]>;

  /** Step by step, up to the first that makes the rest pointless. Never rejects. */
  examine(namespace: string): AsyncIterable<Finding>;
  /** What the other side says of its version. */
  serverVersion(): Promise<string>;
}
