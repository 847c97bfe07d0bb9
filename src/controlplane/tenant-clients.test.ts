import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { LeaderGuard, NotLeaderError } from '../engine/leader-guard.ts';
import { configMaps } from '../kube/resources.ts';
import { TenantClients } from './tenant-clients.ts';

const ref = { namespace: 'kube-system', name: 'x' };

describe('TenantClients', () => {
  it('lets nothing but reads into a tenant when the lease is not surely held', async () => {
    const seen: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      seen.push(request.method);
      response.end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const clock = new ManualClock();
    const guard = new LeaderGuard(clock);
    const clients = new TenantClients(clock, guard);
    const { port } = server.address() as AddressInfo;
    try {
      const tenant = await clients.client({ server: `http://127.0.0.1:${port}`, certificateAuthority: '' });
      guard.extend(guard.mark(), 6_000);
      await tenant.create(configMaps, { metadata: ref });
      clock.freeze(6_000);

      await expect(tenant.create(configMaps, { metadata: ref })).rejects.toThrow(NotLeaderError);
      await expect(tenant.delete(configMaps, ref)).rejects.toThrow(NotLeaderError);
      await tenant.get(configMaps, ref);

      expect(seen).toEqual(['POST', 'GET']);
    } finally {
      await clients.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
