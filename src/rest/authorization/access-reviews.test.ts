import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { Identity } from '../authentication/identity.ts';
import { AccessReviews, type Permission } from './access-reviews.ts';

const jane: Identity = { authenticator: 'OIDC', username: 'jane', groups: ['dev'], extra: {} };
const read: Permission = { verb: 'get', resource: 'tenantcontrolplanes', namespace: 'team-a', name: 'blue' };

/** An API server whose roles are `allowed`, and how often it was asked. */
function reviews(clock = new ManualClock()) {
  const server = { allowed: true, asked: 0 };
  const create = (_: unknown, object: object) => {
    server.asked += 1;
    return Promise.resolve({ ...object, status: { allowed: server.allowed } });
  };
  return { server, clock, access: new AccessReviews({ create } as Pick<KubeClient, 'create'>, clock) };
}

describe('leave to read', () => {
  it('is believed for five seconds after it was asked for, and not a moment longer', async () => {
    const { server, clock, access } = reviews();
    await access.allows(jane, read);
    server.allowed = false;

    await clock.advance(4_999);
    expect(await access.allows(jane, read)).toBe(true);
    await clock.advance(1);
    expect(await access.allows(jane, read)).toBe(false);
    expect(server.asked).toBe(2);
  });

  it.each<[string, Identity, Permission]>([
    ['user', { ...jane, username: 'joe' }, read],
    ['group', { ...jane, groups: [] }, read],
    ['uid', { ...jane, uid: '4711' }, read],
    ['attribute of the user', { ...jane, extra: { scope: ['none'] } }, read],
    ['verb', jane, { ...read, verb: 'list' }],
    ['kind', jane, { ...read, resource: 'tenantbackups' }],
    ['namespace', jane, { ...read, namespace: 'team-b' }],
    ['object', jane, { ...read, name: 'green' }],
  ])('is not leave for another %s', async (_, identity, permission) => {
    const { server, access } = reviews();
    await access.allows(jane, read);
    server.allowed = false;

    expect(await access.allows(identity, permission)).toBe(false);
  });
});

it.each<[string, Permission]>([
  ['a change', { ...read, verb: 'patch' }],
  ['a deletion', { ...read, verb: 'delete' }],
  ['a stream', { ...read, verb: 'watch' }],
  ['a credential', { ...read, resource: 'tenantcontrolplanes/kubeconfig' }],
])('leave for %s is asked for each time', async (_, permission) => {
  const { server, access } = reviews();
  await access.allows(jane, permission);
  server.allowed = false;

  expect(await access.allows(jane, permission)).toBe(false);
});

it('what was refused is asked again at once', async () => {
  const { server, access } = reviews();
  server.allowed = false;
  await access.allows(jane, read);
  server.allowed = true;

  expect(await access.allows(jane, read)).toBe(true);
});
