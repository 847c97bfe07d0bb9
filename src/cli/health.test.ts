import { describe, expect, it } from '@jest/globals';
import type { ControlPlane } from './backend.ts';
import { findingsOf } from './health.ts';
import { progressOf } from './wait.ts';

function controlPlane(conditions: readonly object[], more: object = {}): ControlPlane {
  return { namespace: 'team-a', name: 'blue', status: { conditions }, ...more } as unknown as ControlPlane;
}
const condition = (type: string, status: string, reason: string) => ({
  type,
  status,
  reason,
  message: `${reason}!`,
});

describe('a control plane', () => {
  it('that is as it should be is told so', () => {
    const well = controlPlane([
      condition('Ready', 'True', 'Joinable'),
      condition('Expiring', 'False', 'AsExpected'),
    ]);
    expect(findingsOf(well)).toMatchObject([{ result: 'ok' }]);
    expect(progressOf(well)).toBe('');
  });

  it('with something that lasts has failed, with the page that says what to do', () => {
    const lost = controlPlane([
      condition('Ready', 'False', 'RootsMissing'),
      condition('EndpointReady', 'Unknown', 'NodePortPending'),
    ]);
    expect(findingsOf(lost)).toMatchObject([
      {
        result: 'failed',
        message: 'Ready: RootsMissing: RootsMissing!',
        advice: 'See docs/runbooks/RootsMissing.md.',
      },
      { result: 'warning', advice: 'The Service has no node port yet.' },
    ]);
    expect(progressOf(lost)).toBe('EndpointReady: NodePortPending!');
  });

  it('that expires is warned of', () => {
    expect(findingsOf(controlPlane([condition('Expiring', 'True', 'ExpiresSoon')]))).toMatchObject([
      { result: 'warning' },
    ]);
  });

  it('that nobody has looked at, or that is being deleted, is no failure', () => {
    expect(findingsOf(controlPlane([]))).toMatchObject([{ result: 'warning', message: 'has no status yet' }]);
    const going = controlPlane([condition('Ready', 'False', 'Deleting')], {
      deletedAt: '2026-11-22T00:00:00Z',
    });
    expect(findingsOf(going)).toMatchObject([
      { result: 'warning', message: expect.stringContaining('deleted') },
    ]);
    expect(progressOf(going)).toBe('is being deleted');
  });
});
