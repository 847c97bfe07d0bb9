import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { believedClock } from './believed-clock.ts';

const minuteMs = 60_000;

function clocks() {
  const real = new ManualClock();
  return { real, believed: believedClock(real), beganMs: real.now().getTime() };
}

describe('a clock that is believed', () => {
  it('says what the wall clock says, also when that is set back or slowly forward', async () => {
    const { real, believed } = clocks();
    for (const jumpMs of [0, 500, -3_600_000, 1_000]) {
      real.jumpWall(jumpMs);
      expect(believed.now()).toEqual(real.now());
      await real.advance(minuteMs);
      expect(believed.now()).toEqual(real.now());
    }
  });

  it('goes on as before while the wall clock is ahead for some minutes', async () => {
    const { real, believed, beganMs } = clocks();
    real.jumpWall(86_400_000);

    for (let minute = 0; minute < 9; minute += 1) {
      expect(believed.now().getTime()).toBe(beganMs + minute * minuteMs);
      await real.advance(minuteMs);
    }
    real.jumpWall(-86_400_000);

    expect(believed.now()).toEqual(real.now());
  });

  it('follows a wall clock that stays ahead', async () => {
    const { real, believed, beganMs } = clocks();
    real.jumpWall(3_600_000);
    expect(believed.now().getTime()).toBe(beganMs);

    await real.advance(10 * minuteMs);

    expect(believed.now()).toEqual(real.now());
  });

  it('waits for each jump anew', async () => {
    const { real, believed } = clocks();
    real.jumpWall(3_600_000);
    believed.now();
    real.jumpWall(-3_600_000);
    believed.now();
    await real.advance(20 * minuteMs);
    const before = believed.now();

    real.jumpWall(3_600_000);

    expect(believed.now()).toEqual(before);
  });
});
