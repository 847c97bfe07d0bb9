import { Controller, Get, ServiceUnavailableException } from '@nestjs/common';
import { ControllerRole } from './controller-role.ts';

/** Liveness asks nothing but this process; readiness wants the caches filled, not the leadership. */
@Controller()
export class HealthController {
  private readonly role: ControllerRole;

  constructor(role: ControllerRole) {
    this.role = role;
  }

  @Get('healthz')
  live(): string {
    return 'ok';
  }

  @Get('readyz')
  ready(): string {
    if (!this.role.ready) throw new ServiceUnavailableException('the caches are not filled yet');
    return 'ok';
  }
}
