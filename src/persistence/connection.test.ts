import { describe, expect, it } from '@jest/globals';
import { parseUrl, readEndpoint } from './connection.ts';

describe('the address of the management database', () => {
  it.each([
    [
      'postgres://marina:p%40ss@db.example:6432/audit',
      { host: 'db.example', port: 6432, database: 'audit', user: 'marina', password: 'p@ss' },
    ],
    ['postgresql://db.example/audit', { host: 'db.example', port: 5432, database: 'audit' }],
    ['postgres://[2001:db8::1]/audit', { host: '2001:db8::1', port: 5432, database: 'audit' }],
  ])('%s is read', (url, endpoint) => {
    expect(parseUrl(url)).toEqual({ endpoint, isEncrypted: true });
  });

  it('verifies TLS unless it is told not to use any', async () => {
    const verified = { rejectUnauthorized: true, minVersion: 'TLSv1.2' };
    expect(await readEndpoint({ url: 'postgres://db/audit' })).toMatchObject({ ssl: verified });
    expect(await readEndpoint({ url: 'postgres://db/audit?sslmode=disable' })).toMatchObject({ ssl: false });
  });

  it.each([
    ['nonsense', /has to be postgres:/],
    ['mysql://db/audit', /has to be postgres:/],
    ['postgres://db', /names no database/],
    ['postgres://db/audit?sslmode=prefer', /sslmode may be/],
    ['postgres://db/audit?host=/run', /host is not known/],
  ])('%s is refused', async (url, message) => {
    await expect(readEndpoint({ url })).rejects.toMatchObject({
      code: 'Misconfigured',
      message: expect.stringMatching(message),
    });
  });

  it('is refused with half a credential, or with one that has no use', async () => {
    const url = 'postgres://db/audit';
    const misconfigured = { code: 'Misconfigured' };
    await expect(readEndpoint({ url, certificateFile: '/tls.crt' })).rejects.toMatchObject(misconfigured);
    const plain = { url: `${url}?sslmode=disable`, caFile: '/ca.crt' };
    await expect(readEndpoint(plain)).rejects.toMatchObject(misconfigured);
  });

  it('never has the password in an error', async () => {
    const error: unknown = await readEndpoint({ url: 'postgres://marina:hunter2@db/' }).catch(
      (thrown: unknown) => thrown,
    );
    expect(String(error)).toContain('names no database');
    expect(String(error)).not.toContain('hunter2');
  });
});
