import { Body, Controller, Delete, Get, Header, Param, Post } from '@nestjs/common';
import type { z } from 'zod';
import type { ObjectRef } from '../../kube/resource.ts';
import { type Exchange, ExchangeOfRoute } from '../exchange.ts';
import { Operation } from '../openapi/operation.ts';
import { readBody, readParameter } from '../read.ts';
import { RefOfRoute } from '../ref-of-route.ts';
import { untilClosed } from '../until-closed.ts';
import { type Issued, Kubeconfigs } from './kubeconfigs.ts';
import {
  kubeconfigFile,
  kubeconfigList,
  kubeconfigName,
  newKubeconfig,
  revokedKubeconfig,
  showKubeconfig,
  whatRemains,
} from './representation.ts';

const tag = 'Kubeconfigs';
const resource = 'tenantcontrolplanes/kubeconfig';
const params = { kubeconfig: kubeconfigName };

@Controller('v1/namespaces/:namespace/controlplanes/:name/kubeconfigs')
export class KubeconfigsController {
  private readonly kubeconfigs: Kubeconfigs;

  constructor(kubeconfigs: Kubeconfigs) {
    this.kubeconfigs = kubeconfigs;
  }

  @Get()
  @Operation({
    id: 'listKubeconfigs',
    summary: 'List the kubeconfigs issued for a control plane, without the files',
    tag,
    permission: { verb: 'list', resource },
    answers: { 200: { description: 'All of them.', schema: kubeconfigList } },
  })
  async list(@RefOfRoute() ref: ObjectRef): Promise<z.output<typeof kubeconfigList>> {
    return { items: (await this.kubeconfigs.list(ref)).map(showKubeconfig) };
  }

  @Post()
  @Header('Cache-Control', 'no-store')
  @Operation({
    id: 'issueKubeconfig',
    summary: 'Issue a kubeconfig',
    tag,
    permission: { verb: 'create', resource },
    body: newKubeconfig,
    answers: {
      201: { description: 'It is issued.', schema: kubeconfigFile, headers: { Location: 'Where it is.' } },
      202: {
        description: 'It is asked for, and its file is not there yet.',
        schema: kubeconfigFile,
        headers: { Location: 'Where it will be.' },
      },
    },
    answersSecret: true,
  })
  async issue(
    @RefOfRoute() ref: ObjectRef,
    @Body() body: unknown,
    @ExchangeOfRoute() { request, response }: Exchange,
  ): Promise<z.output<typeof kubeconfigFile>> {
    const wish = readBody(newKubeconfig, body);
    const issued = await this.kubeconfigs.issue(ref, wish, untilClosed(response));
    response.location(`${request.path}/${issued.kubeconfig.metadata?.name}`);
    const shown = showFile(issued);
    if (!shown.isReady || shown.kubeconfig === undefined) response.status(202);
    return shown;
  }

  @Get(':kubeconfig')
  @Header('Cache-Control', 'no-store')
  @Operation({
    id: 'getKubeconfig',
    summary: 'Show one kubeconfig, with the file',
    tag,
    permission: { verb: 'get', resource },
    params,
    answers: { 200: { description: 'It.', schema: kubeconfigFile } },
    answersSecret: true,
  })
  async get(
    @RefOfRoute() ref: ObjectRef,
    @Param('kubeconfig') name: string,
  ): Promise<z.output<typeof kubeconfigFile>> {
    return showFile(await this.kubeconfigs.get(ref, readParameter(kubeconfigName, 'kubeconfig', name)));
  }

  @Delete(':kubeconfig')
  @Operation({
    id: 'revokeKubeconfig',
    summary: 'Take a kubeconfig back, as far as Kubernetes can',
    description:
      'Its role is unbound and its Secret goes. A certificate cannot be taken back: the answer says what remains.',
    tag,
    permission: { verb: 'delete', resource },
    params,
    answers: {
      200: { description: 'What it was, and what remains.', schema: revokedKubeconfig },
      202: {
        description: 'It is being taken back: the control plane does not answer for now.',
        schema: revokedKubeconfig,
      },
    },
  })
  async revoke(
    @RefOfRoute() ref: ObjectRef,
    @Param('kubeconfig') parameter: string,
    @ExchangeOfRoute() { response }: Exchange,
  ): Promise<z.output<typeof revokedKubeconfig>> {
    const name = readParameter(kubeconfigName, 'kubeconfig', parameter);
    const { kubeconfig, isDone } = await this.kubeconfigs.revoke(ref, name, untilClosed(response));
    if (!isDone) response.status(202);
    return { ...showKubeconfig(kubeconfig), remaining: whatRemains(kubeconfig) };
  }
}

function showFile({ kubeconfig, file }: Issued): z.output<typeof kubeconfigFile> {
  return { ...showKubeconfig(kubeconfig), ...(file !== undefined && { kubeconfig: file }) };
}
