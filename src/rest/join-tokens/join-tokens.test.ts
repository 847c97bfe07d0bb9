import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import type { KubeClient } from '../../kube/client.ts';
import { KubeError } from '../../kube/errors.ts';
import type { OpenTenant, TenantAccess } from '../tenant/tenant-access.ts';
import { JoinTokens } from './join-tokens.ts';
import { newJoinToken } from './representation.ts';

const blue = { namespace: 'team-a', name: 'blue' };

/** A tenant whose webhook says of every Secret that there is one. */
function refusing(onCreate: () => void) {
  const client: Pick<KubeClient, 'create'> = {
    create: () => {
      onCreate();
      return Promise.reject(
        new KubeError({ code: 'AlreadyExists', operation: 'create Secret', message: 'so says a webhook' }),
      );
    },
  };
  const tenants: Pick<TenantAccess, 'within'> = {
    within: (_, use) => use({ client } as OpenTenant),
  };
  return new JoinTokens(tenants as TenantAccess, new ManualClock());
}

describe('a join token', () => {
  it('is drawn a few times only, whatever a tenant says', async () => {
    let draws = 0;
    const tokens = refusing(() => (draws += 1));

    const made = tokens.create(blue, newJoinToken.parse({}), new AbortController().signal);

    await expect(made).rejects.toMatchObject({ code: 'Conflict' });
    expect(draws).toBe(5);
  });

  it('is not drawn again when the client has gone', async () => {
    const gone = new AbortController();
    let draws = 0;
    const tokens = refusing(() => {
      draws += 1;
      gone.abort();
    });

    await expect(tokens.create(blue, newJoinToken.parse({}), gone.signal)).rejects.toThrow();
    expect(draws).toBe(1);
  });
});
