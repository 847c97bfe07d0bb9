import { randomUUID } from 'node:crypto';
import type { AuditFacts } from '../../src/persistence/audit/entry.ts';

/** An entry of somebody's request; what a test is about goes into `own`. */
export function someAuditFacts(own: Partial<AuditFacts> = {}): AuditFacts {
  return {
    time: new Date('2026-11-22T00:00:00.123Z'),
    exchange: randomUUID(),
    stage: 'RequestReceived',
    requestId: 'mine-1',
    username: 'ada',
    uid: null,
    groups: ['platform', 'system:authenticated'],
    authenticator: 'TokenReview',
    sourceAddress: '192.0.2.7',
    userAgent: 'curl/8.0',
    method: 'POST',
    route: '/v1/namespaces/:namespace/controlplanes',
    verb: 'create',
    resource: 'tenantcontrolplanes',
    namespace: 'team-a',
    name: null,
    status: null,
    problemCode: null,
    details: {},
    ...own,
  };
}
