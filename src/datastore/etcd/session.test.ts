import { describe, expect, it } from '@jest/globals';
import { createAuthority, createLeaf } from '../../../test/support/certificates.ts';
import { EtcdSession } from './session.ts';

describe('EtcdSession', () => {
  it('asks the fence after it has opened its client, which takes long enough for a lease to run out', async () => {
    const ca = await createAuthority('etcd-ca');
    const { certificate, privateKey } = await createLeaf(ca, { commonName: 'root' });
    const session = new EtcdSession({
      driver: 'etcd',
      endpoints: ['127.0.0.1:1'],
      certificateAuthority: ca.certificate,
      clientCertificate: certificate,
      clientKey: privateKey,
    });
    let isHeld = true;
    let isSent = false;
    const fence = () => {
      if (!isHeld) throw new Error('not held');
    };
    const run = async () => {
      isSent = true;
    };

    const write = session.write({ verb: 'add role', subject: 'x', run }, fence);
    isHeld = false;

    await expect(write).rejects.toThrow('not held');
    expect(isSent).toBe(false);
    await session.close();
  });
});
