import { expect, test } from '@jest/globals';
import type { BegunOperation } from '../../persistence/operations/operations.ts';
import { judge } from './judge.ts';

const uid = '5f0c9a4e-2d39-4f0e-9a53-3b8c4b6f7a10';
const change: BegunOperation = {
  id: '0c1de1a4-7b1a-4c8e-9e13-111111111111',
  kind: 'Change',
  resource: 'tenantcontrolplanes',
  namespace: 'team-a',
  name: 'blue',
  uid,
  generation: 2,
  username: 'ana',
  requestId: 'r1',
  startedAt: new Date('2026-11-21T08:00:00Z'),
};

function object(generation: number, ready: string, workload?: string, observedGeneration = generation) {
  const condition = (type: string, status: string) => ({
    type,
    status,
    observedGeneration,
    reason: status === 'True' ? 'Fine' : 'Waiting',
    message: 'for pods',
    lastTransitionTime: '2026-11-21T08:00:00Z',
  });
  const conditions = [condition('Ready', ready), ...(workload ? [condition('WorkloadReady', workload)] : [])];
  return { metadata: { uid, generation }, status: { conditions } };
}

test.each([
  ['a change that is seen and Ready', change, object(2, 'True', 'True'), 'Succeeded'],
  ['a change of a kind without pods', change, object(2, 'True'), 'Succeeded'],
  ['a change that is not seen yet', change, object(2, 'True', 'True', 1), 'Running'],
  ['a change whose old pods still serve', change, object(2, 'True', 'False'), 'Running'],
  ['a change after which came another', change, object(3, 'False', 'False'), 'Superseded'],
  ['a change after which came another, which is Ready', change, object(3, 'True', 'True'), 'Succeeded'],
  ['a change of what is gone', change, undefined, 'Failed'],
  [
    'a creation without a status',
    { ...change, kind: 'Create', generation: 1 } as const,
    { metadata: { uid, generation: 1 } },
    'Running',
  ],
  ['a deletion of what is there', { ...change, kind: 'Delete' } as const, object(2, 'False'), 'Running'],
  ['a deletion of what is gone', { ...change, kind: 'Delete' } as const, undefined, 'Succeeded'],
  [
    'a deletion after which one of the same name was made',
    { ...change, kind: 'Delete', uid: 'other' } as const,
    object(1, 'True'),
    'Succeeded',
  ],
])('%s is told by the object', (_, operation, found, state) => {
  expect(judge(operation, found).state).toBe(state);
});

test('what runs says what it waits for', () => {
  expect(judge(change, object(2, 'True', 'False')).message).toBe('Waiting: for pods');
});
