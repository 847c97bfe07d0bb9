import { SetMetadata } from '@nestjs/common';
import type { Permission } from './access-reviews.ts';

/** Namespace and name come from the route. */
export type RoutePermission = Pick<Permission, 'verb' | 'resource'>;

export const requirement = Symbol('requirement');

/** What a caller has to be allowed for this route; a route that says nothing is closed to everybody. */
export const Requires = (permission: RoutePermission): MethodDecorator & ClassDecorator =>
  SetMetadata(requirement, permission);
