import { describe, expect, it } from '@jest/globals';
import { loadEnvironment } from './config.ts';

describe('loadEnvironment', () => {
  it('has a default for everything that has one', () => {
    expect(loadEnvironment({})).toMatchObject({
      MARINA_TENANTS_NAMESPACE: 'marina-tenants',
      MARINA_RESYNC_SECONDS: 300,
    });
  });

  it('names every variable that is wrong', () => {
    const load = () => loadEnvironment({ MARINA_RESYNC_SECONDS: '1', MARINA_NODE_ADDRESS: 'a b' });

    expect(load).toThrow(
      /MARINA_RESYNC_SECONDS: .*\n.*MARINA_NODE_ADDRESS|MARINA_NODE_ADDRESS: .*\n.*MARINA_RESYNC_SECONDS/,
    );
  });
});
