import { tenantControlPlanes } from '../../api/v1alpha1/tenant-control-plane.ts';
import type { Schemas } from '../../client/client.ts';
import type { KubeClient } from '../../kube/client.ts';
import { events } from '../../kube/resources.ts';
import { showEvent } from '../../rest/history/representation.ts';
import type { Backend, Finding, KindName, Kinds, LogRequest, Ref, Scope } from '../backend.ts';
import { CliError } from '../failure.ts';
import { notFound } from './errors.ts';
import { examineStraight } from './examine.ts';
import { JoinTokens } from './join-tokens.ts';
import { Kubeconfigs } from './kubeconfigs.ts';
import { readLogs } from './logs.ts';
import { answered, Objects } from './objects.ts';

export interface StraightOptions {
  readonly client: KubeClient;
  /** For people: which kubeconfig. */
  readonly address: string;
  readonly now: () => Date;
}

/** Straight to the management cluster, with the caller's own rights there. */
export class StraightBackend implements Backend {
  readonly address: string;
  private readonly client: KubeClient;
  private readonly now: () => Date;
  private readonly objects: Objects;
  private readonly joinTokens: JoinTokens;
  private readonly kubeconfigs: Kubeconfigs;

  constructor({ client, address, now }: StraightOptions) {
    this.client = client;
    this.address = address;
    this.now = now;
    this.objects = new Objects(client);
    this.joinTokens = new JoinTokens(client);
    this.kubeconfigs = new Kubeconfigs(client);
  }

  async list<K extends KindName>(kind: K, scope: Scope): Promise<readonly Kinds[K]['shown'][]> {
    return await this.objects.list(kind, scope);
  }

  async get<K extends KindName>(kind: K, ref: Ref): Promise<Kinds[K]['shown']> {
    return await this.objects.get(kind, ref);
  }

  async create<K extends KindName>(
    kind: K,
    namespace: string,
    wish: Kinds[K]['wish'],
    { dryRun = false }: { readonly dryRun?: boolean } = {},
  ): Promise<Kinds[K]['shown']> {
    return await this.objects.create(kind, namespace, wish, dryRun);
  }

  async delete<K extends KindName>(kind: K, ref: Ref): Promise<Kinds[K]['shown']> {
    return await this.objects.delete(kind, ref);
  }

  follow<K extends KindName>(kind: K, ref: Ref, signal: AbortSignal) {
    return this.objects.follow(kind, ref, signal);
  }

  async listJoinTokens(ref: Ref) {
    return await this.joinTokens.list(ref);
  }

  async createJoinToken(ref: Ref, wish: Schemas['NewJoinToken']) {
    return await this.joinTokens.create(ref, wish, this.now());
  }

  async revokeJoinToken(ref: Ref, id: string) {
    await this.joinTokens.revoke(ref, id);
  }

  async listKubeconfigs(ref: Ref) {
    return await this.kubeconfigs.list(ref);
  }

  async issueKubeconfig(ref: Ref, wish: Schemas['NewKubeconfig']) {
    return await this.kubeconfigs.issue(ref, wish);
  }

  async getKubeconfig(ref: Ref, name: string) {
    return await this.kubeconfigs.get(ref, name);
  }

  async revokeKubeconfig(ref: Ref, name: string) {
    return await this.kubeconfigs.revoke(ref, name);
  }

  async events(ref: Ref): Promise<readonly Schemas['Event'][]> {
    const { uid } = await this.objects.get('controlplanes', ref);
    const options = { namespace: ref.namespace, fieldSelector: `involvedObject.uid=${uid}` };
    const { items } = await answered(this.client.list(events, options));
    return items.map(showEvent).toSorted((a, b) => (b.lastAt ?? '').localeCompare(a.lastAt ?? ''));
  }

  async logs(ref: Ref, request: LogRequest): Promise<string> {
    const tenant = await answered(this.client.get(tenantControlPlanes, ref));
    if (!tenant) throw notFound(`There is no control plane ${ref.name} in namespace ${ref.namespace}.`);
    return await readLogs(this.client, tenant, request);
  }

  async usage(): Promise<never> {
    throw new CliError('usage', 'Usage is in the management database, which only REST reads.', {
      advice: 'Go by REST: `marina usage --server <server>`.',
    });
  }

  examine(namespace: string): AsyncIterable<Finding> {
    return examineStraight(this, { client: this.client, now: this.now, namespace });
  }

  async serverVersion(): Promise<string> {
    const { body } = await answered(this.client.probe('/version'));
    return `Kubernetes ${(JSON.parse(body) as { readonly gitVersion: string }).gitVersion}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
  }
}
