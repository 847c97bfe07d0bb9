import { describe, expect, it } from '@jest/globals';
import { aProgress } from '../../test/support/progress.ts';
import { aTenant } from '../../test/support/tenant.ts';
import type { EventRecorder } from '../kube/events.ts';
import { failed, waiting } from './component.ts';
import { tenantNames } from './names.ts';
import { recordTransitions } from './record-transitions.ts';
import { buildStatus, type Progress } from './status.ts';

const starting = { workload: waiting('ApiServerStarting', 'The API server is starting.') };
const crashing = { workload: failed('CrashLoopBackOff', 'kube-apiserver: last exit 1') };

/** The Events of a tenant that goes through these states, each `type reason`. */
function eventsOf(...states: readonly Partial<Progress>[]): readonly string[] {
  const told: string[] = [];
  const events = {
    record: (_: unknown, type: string, reason: string) => told.push(`${type} ${reason}`),
  } as unknown as EventRecorder;
  let tenant = aTenant();
  for (const state of states) {
    const names = tenantNames(tenant, 'marina-tenants');
    const status = buildStatus(tenant, names, aProgress(state), new Date('2026-11-21T08:00:00Z'));
    recordTransitions(events, tenant, status);
    tenant = { ...tenant, status };
  }
  return told;
}

describe('recordTransitions', () => {
  it('tells of a birth once, at its end', () => {
    const queued = { workload: waiting('StartPending', 'Waiting for other control planes to start.') };

    expect(eventsOf(queued, starting, { bootstrap: waiting('ServiceUnreachable', '') }, {}, {})).toEqual([
      'Normal Ready',
    ]);
  });

  it('tells why Ready is lost, also where that passes', () => {
    expect(eventsOf({}, starting, starting, {})).toEqual([
      'Normal Ready',
      'Warning ApiServerStarting',
      'Normal Ready',
    ]);
  });

  it('tells once of what needs a person, though two conditions say it', () => {
    expect(eventsOf(starting, crashing, crashing)).toEqual(['Warning CrashLoopBackOff']);
  });

  it('warns nobody of what was asked for', () => {
    const stopped = { workload: waiting('Stopped', 'replicas is 0') };

    expect(eventsOf({}, stopped)).toEqual(['Normal Ready', 'Normal Stopped']);
  });

  it('tells of a store that is down as such, and of nothing else that follows from it', () => {
    const down = { partition: failed('DataStoreUnhealthy', 'no endpoint answers') };

    expect(eventsOf({}, down, { ...down, ...starting }, {})).toEqual([
      'Normal Ready',
      'Warning DataStoreUnhealthy',
      'Normal Ready',
    ]);
  });
});
