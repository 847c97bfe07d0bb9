import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import type { Clock } from '../engine/clock.ts';
import type { Log } from '../engine/log.ts';
import type { KubeClient } from '../kube/client.ts';
import { TokenReviews } from './authentication/token-reviews.ts';
import { AccessGuard } from './authorization/access.guard.ts';
import { AccessReviews } from './authorization/access-reviews.ts';
import { ControlPlanes } from './control-planes/control-planes.ts';
import { ControlPlanesController } from './control-planes/control-planes.controller.ts';
import { ProblemFilter } from './problem/problem.filter.ts';
import { MANAGEMENT_CLIENT, REST_LOG } from './tokens.ts';

export interface RestSurroundings {
  /** The management cluster, as Marina. */
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Log;
}

/** HTTP for people and machines. */
@Module({})
export class RestModule {
  static with({ client, clock, log }: RestSurroundings): DynamicModule {
    return {
      module: RestModule,
      controllers: [ControlPlanesController],
      providers: [
        { provide: MANAGEMENT_CLIENT, useValue: client },
        { provide: REST_LOG, useValue: log },
        { provide: TokenReviews, useFactory: () => new TokenReviews(client, clock) },
        { provide: AccessReviews, useFactory: () => new AccessReviews(client) },
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: APP_FILTER, useClass: ProblemFilter },
        ControlPlanes,
      ],
    };
  }
}
