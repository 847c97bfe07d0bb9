import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { Identity } from '../authentication/identity.ts';
import { AccessReviews, type Permission } from './access-reviews.ts';

const jane: Identity = { authenticator: 'OIDC', username: 'jane', groups: ['dev'], extra: {} };
const read: Permission = { verb: 'get', resource: 'tenantcontrolplanes', namespace: 'team-a', name: 'blue' };

/** An API server whose roles are `allows`, and how often it was asked. */
function reviews(clock = new ManualClock()) {
  const server = { asked: 0, allows: (_name: string | undefined) => true };
  const create = (_: unknown, review: object) => {
    server.asked += 1;
    const { resourceAttributes } = (review as { spec: { resourceAttributes: { name?: string } } }).spec;
    return Promise.resolve({ ...review, status: { allowed: server.allows(resourceAttributes.name) } });
  };
  const refuse = () => {
    server.allows = () => false;
  };
  return {
    server,
    refuse,
    clock,
    access: new AccessReviews({ create } as Pick<KubeClient, 'create'>, clock),
  };
}

describe('leave to read', () => {
  it('is believed for five seconds after it was asked for, and not a moment longer', async () => {
    const { refuse, clock, access } = reviews();
    await access.allows(jane, read);
    refuse();

    await clock.advance(4_999);
    expect(await access.allows(jane, read)).toBe(true);
    await clock.advance(1);
    expect(await access.allows(jane, read)).toBe(false);
  });

  it('is asked for once where somebody may read all of a kind', async () => {
    const { server, access } = reviews();
    for (const name of ['blue', 'green', 'red'])
      expect(await access.allows(jane, { ...read, name })).toBe(true);
    expect(server.asked).toBe(1);
  });

  it('of one object is no leave to read the others', async () => {
    const { server, access } = reviews();
    server.allows = (name) => name === 'blue';
    expect(await access.allows(jane, read)).toBe(true);
    expect(await access.allows(jane, { ...read, name: 'green' })).toBe(false);
    expect(await access.allows(jane, { ...read, name: undefined })).toBe(false);
    expect(await access.allows(jane, read)).toBe(true);
    // For all, blue, green, and for all again since it was said to be all of them.
    expect(server.asked).toBe(4);
  });

  it.each<[string, Identity, Permission]>([
    ['user', { ...jane, username: 'joe' }, read],
    ['group', { ...jane, groups: [] }, read],
    ['uid', { ...jane, uid: '4711' }, read],
    ['attribute of the user', { ...jane, extra: { scope: ['none'] } }, read],
    ['verb', jane, { ...read, verb: 'list' }],
    ['kind', jane, { ...read, resource: 'tenantbackups' }],
    ['namespace', jane, { ...read, namespace: 'team-b' }],
  ])('is not leave for another %s', async (_, identity, permission) => {
    const { refuse, access } = reviews();
    await access.allows(jane, read);
    refuse();

    expect(await access.allows(identity, permission)).toBe(false);
  });
});

it.each<[string, Permission]>([
  ['a change', { ...read, verb: 'patch' }],
  ['a deletion', { ...read, verb: 'delete' }],
  ['a stream', { ...read, verb: 'watch' }],
  ['a credential', { ...read, resource: 'tenantcontrolplanes/kubeconfig' }],
])('leave for %s is asked for each time', async (_, permission) => {
  const { refuse, access } = reviews();
  await access.allows(jane, permission);
  refuse();

  expect(await access.allows(jane, permission)).toBe(false);
});

it('what was refused is asked again at once', async () => {
  const { server, access } = reviews();
  server.allows = () => false;
  await access.allows(jane, read);
  server.allows = () => true;

  expect(await access.allows(jane, read)).toBe(true);
});
