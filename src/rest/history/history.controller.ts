import { Controller, Get, Inject } from '@nestjs/common';
import type { z } from 'zod';
import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { ObjectRef } from '../../kube/resource.ts';
import { events } from '../../kube/resources.ts';
import { Operation } from '../openapi/operation.ts';
import { RefOfRoute } from '../ref-of-route.ts';
import { controlPlanes } from '../resources/collections.ts';
import { CustomResources } from '../resources/custom-resources.ts';
import { MANAGEMENT_CLIENT } from '../tokens.ts';
import { eventList, showEvent, timeline } from './representation.ts';

const tag = 'Control planes';
const resource = 'tenantcontrolplanes';
/** An object has far fewer: Marina is held to 25 at once, and they end after an hour. */
const listed = 500;

/** What happened to a control plane. */
@Controller('v1/namespaces/:namespace/controlplanes/:name')
export class HistoryController {
  private readonly resources: CustomResources;
  private readonly client: KubeClient;

  constructor(resources: CustomResources, @Inject(MANAGEMENT_CLIENT) client: KubeClient) {
    this.resources = resources;
    this.client = client;
  }

  @Get('timeline')
  @Operation({
    id: 'getTimeline',
    summary: 'Show when a control plane reached which step, and what holds now',
    tag,
    permission: { verb: 'get', resource },
    answers: { 200: { description: 'Its steps, the first one first.', schema: timeline } },
  })
  async timeline(@RefOfRoute() ref: ObjectRef): Promise<z.output<typeof timeline>> {
    const { status } = (await this.resources.get(controlPlanes, ref)) as TenantControlPlane;
    const items = (status?.timeline ?? []).toSorted((a, b) => a.milliseconds - b.milliseconds);
    return { items, conditions: (status?.conditions ?? []).map((condition) => ({ ...condition })) };
  }

  @Get('events')
  @Operation({
    id: 'listEvents',
    summary: 'List the Events of a control plane that the management cluster still has',
    tag,
    permission: { verb: 'get', resource },
    answers: { 200: { description: 'The latest first.', schema: eventList } },
  })
  async events(@RefOfRoute() ref: ObjectRef): Promise<z.output<typeof eventList>> {
    const { metadata } = await this.resources.get(controlPlanes, ref);
    const { items } = await this.client.list(events, {
      ...(ref.namespace !== undefined && { namespace: ref.namespace }),
      fieldSelector: `involvedObject.uid=${metadata?.uid}`,
      limit: listed,
    });
    const shown = items.map(showEvent);
    return { items: shown.toSorted((a, b) => (b.lastAt ?? '').localeCompare(a.lastAt ?? '')) };
  }
}
