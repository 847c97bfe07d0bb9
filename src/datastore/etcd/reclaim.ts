import type { Failpoints } from '../../engine/failpoints.ts';
import type { EtcdConnection, ReclaimResult, WriteOptions } from '../driver.ts';
import type { EtcdCompactor } from './compaction.ts';
import type { EtcdHealthChecker } from './health.ts';
import type { MemberStatus } from './member-status.ts';
import { EtcdSession } from './session.ts';
import { planReclaim } from './space.ts';

/** Milliseconds that a member may be silent while it is defragmented: etcd copies some hundred MiB a second. */
const defragmentTimeoutMs = 10 * 60_000;

/** Milliseconds between two times that a member is defragmented without knowing what for. */
const pauseMs = 60_000;

export interface ReclaimTools {
  readonly connection: EtcdConnection;
  readonly session: EtcdSession;
  readonly members: Pick<EtcdHealthChecker, 'statuses'>;
  readonly compactor: Pick<EtcdCompactor, 'compactAll'>;
  readonly failpoints?: Failpoints;
}

/** Makes room in a full etcd, step by step; how far it is the members say each time. */
export class SpaceReclaimer {
  readonly #tools: ReclaimTools;
  /** When members were last defragmented, by endpoint. */
  readonly #defragmented = new Map<string, { readonly revision: string; readonly atMs: number }>();

  constructor(tools: ReclaimTools) {
    this.#tools = tools;
  }

  /** @throws DataStoreError, and what the fence throws */
  async reclaim({ fence }: WriteOptions = {}): Promise<ReclaimResult> {
    const { members: checker, compactor } = this.#tools;
    let members = await checker.statuses();
    let step = planReclaim({ members, compacted: false, unsure: new Set() });
    if (step.do === 'compact') {
      await compactor.compactAll({ fence });
      members = await checker.statuses();
      step = planReclaim({ members, compacted: true, unsure: this.#unsure(members) });
    }
    switch (step.do) {
      case 'compact':
        return { state: 'Underway', message: 'History is being removed.' };
      case 'defragment': {
        const { endpoint } = step;
        const revision = members.get(endpoint)?.revision ?? '0';
        this.#defragmented.set(endpoint, { revision, atMs: performance.now() });
        await defragment(endpoint, this.#tools, fence);
        const message = 'History was removed; free pages are given back, one member at a time.';
        return { state: 'Underway', message };
      }
      case 'disarm':
        await disarm(this.#tools, fence);
        return { state: 'Writable' };
      case 'nothing':
        return step.result;
    }
  }

  /** Those that have removed history since, and have served for a while. */
  #unsure(members: ReadonlyMap<string, MemberStatus | undefined>): ReadonlySet<string> {
    const isUnsure = ([endpoint, status]: [string, MemberStatus | undefined]) => {
      const last = this.#defragmented.get(endpoint);
      if (!last || !status) return true;
      return status.revision !== last.revision && performance.now() - last.atMs >= pauseMs;
    };
    return new Set([...members].filter(isUnsure).map(([endpoint]) => endpoint));
  }
}

/** By a session of its own: no other member would do. */
async function defragment(
  endpoint: string,
  { connection, failpoints }: ReclaimTools,
  fence: WriteOptions['fence'],
): Promise<void> {
  const options = { attempts: 1, timeoutMs: defragmentTimeoutMs, failpoints };
  const member = new EtcdSession({ ...connection, endpoints: [endpoint] }, options);
  try {
    await member.write(
      { verb: 'defragment', subject: endpoint, run: ({ maintenance }) => maintenance.defragment() },
      fence,
    );
  } finally {
    await member.close();
  }
}

async function disarm({ session }: ReclaimTools, fence: WriteOptions['fence']): Promise<void> {
  const { alarms } = await session.call('list alarms', ({ maintenance }) => maintenance.alarm({ action: 0 }));
  for (const { memberID } of alarms.filter(({ alarm }) => /nospace/i.test(alarm))) {
    await session.write(
      {
        verb: 'disarm alarm',
        subject: `NOSPACE of member ${BigInt(memberID).toString(16)}`,
        run: ({ maintenance }) => maintenance.alarm({ action: 2, memberID, alarm: 1 }),
      },
      fence,
    );
  }
}
