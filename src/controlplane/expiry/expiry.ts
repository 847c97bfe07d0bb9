import { lifetimeMs } from '../../api/v1alpha1/duration.ts';
import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import type { Clock } from '../../engine/clock.ts';
import type { Log } from '../../engine/log.ts';
import type { ControlPlaneCaches } from '../view.ts';
import { cautiousTime } from './cautious-time.ts';
import { type ExpiryPlan, planExpiry } from './plan.ts';

export interface ExpiryOptions {
  readonly caches: Pick<ControlPlaneCaches, 'classes'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Says when control planes go, by a clock that is never ahead. */
export class Expiry {
  private readonly options: ExpiryOptions;
  private readonly nowMs: () => number;

  constructor(options: ExpiryOptions) {
    this.options = options;
    this.nowMs = cautiousTime(options.clock, (aheadMs) =>
      options.log.warn(
        { aheadMs },
        'the clock has been set forward; lifetimes go by it when it has stayed so for a day',
      ),
    );
  }

  plan(tenant: TenantControlPlane): ExpiryPlan {
    const { metadata, status } = tenant;
    const nowMs = this.nowMs();
    return planExpiry({
      createdMs: Date.parse(metadata?.creationTimestamp ?? '') || nowMs,
      lifetimeMs: this.lifetimeOf(tenant),
      warnedAtMs: status?.expiryWarnedAt === undefined ? undefined : Date.parse(status.expiryWarnedAt),
      nowMs,
    });
  }

  /** Milliseconds until the plan has to be made again; undefined for one that stays. */
  msUntil(plan: ExpiryPlan): number | undefined {
    return plan.state === 'Endless' ? undefined : plan.lookAtMs - this.nowMs();
  }

  /** Of the class in force and the class as it is now, the one that allows more: a limit that was raised need not wait for its rollout. */
  private lifetimeOf({ spec, status }: TenantControlPlane): number | undefined {
    const own = spec.expiresAfter === undefined ? Infinity : lifetimeMs(spec.expiresAfter);
    const inForce = status?.class;
    const newest = inForce && this.options.caches.classes.get({ name: inForce.name });
    const caps = [inForce?.settings, newest?.spec].flatMap((settings) =>
      settings ? [settings.limits.maxLifetime] : [],
    );
    const longest = caps.map((cap) => (cap === undefined ? Infinity : lifetimeMs(cap)));
    const most = longest.length > 0 ? Math.max(...longest) : Infinity;
    const lifetime = Math.min(own, most);
    return Number.isFinite(lifetime) ? lifetime : undefined;
  }
}
