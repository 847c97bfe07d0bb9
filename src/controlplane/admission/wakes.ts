import { isDeepStrictEqual } from 'node:util';
import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import { completeSpec } from '../class/complete.ts';
import { askedFor } from '../class/effective.ts';
import { amountsOf, dimensions } from './amounts.ts';

/** Whether a control plane asks for something that has not been let in, be it that this has not been found out yet. */
export function isWaiting({ metadata, spec, status }: TenantControlPlane): boolean {
  if (metadata?.deletionTimestamp) return false;
  return !isDeepStrictEqual(status?.admitted, askedFor(completeSpec(spec, status?.class?.settings)));
}

/** Whether what a control plane has of its quota becomes less of anything, or is no more. */
export function givesRoom(
  previous: TenantControlPlane | undefined,
  current: TenantControlPlane | undefined,
): boolean {
  const [before, after] = [previous?.status?.admitted, current?.status?.admitted];
  if (!before) return false;
  if (!after) return true;
  const [had, has] = [amountsOf(before), amountsOf(after)];
  return dimensions.some((name) => has[name] < had[name]);
}
