import { describe, expect, it } from '@jest/globals';
import { chooseRoad } from './road.ts';

describe('chooseRoad', () => {
  it('takes Docker only where both the engine and a registry answer', () => {
    expect(chooseRoad({ dockerEngine: true, imageRegistry: true })).toBe('docker');
    expect(chooseRoad({ dockerEngine: true, imageRegistry: false })).toBe('podman');
    expect(chooseRoad({ dockerEngine: false, imageRegistry: true })).toBe('podman');
    expect(chooseRoad({ dockerEngine: false, imageRegistry: false })).toBe('podman');
  });

  it('stays on the road that the running environment took', () => {
    expect(chooseRoad({ taken: 'podman', dockerEngine: true, imageRegistry: true })).toBe('podman');
    expect(chooseRoad({ taken: 'docker', dockerEngine: false, imageRegistry: false })).toBe('docker');
  });
});
