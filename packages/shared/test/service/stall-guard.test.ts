import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { startStallGuard } from '../../src/service/stall-guard.js';
import { sleep } from '../../src/stream/wake-up.js';
import { until } from '../stream/harness.js';

function setUp(healthy: () => boolean) {
  const lines: string[] = [];
  let ends = 0;
  const stop = startStallGuard({
    healthy,
    graceMs: 100,
    checkMs: 5,
    log: pino({ level: 'info' }, { write: (line: string) => lines.push((JSON.parse(line) as { msg: string }).msg) }),
    end: () => {
      ends += 1;
    },
  });
  return { lines, stop, ends: () => ends };
}

describe('the stall guard', () => {
  it('ends a process that stays unhealthy, once, with a last line', async () => {
    const { lines, ends } = setUp(() => false);
    await until(() => ends() > 0);
    await sleep(50);
    expect(ends()).toBe(1);
    expect(lines).toEqual(['stalled: nothing moves', 'stalled for too long: this process ends, so that it is started again']);
  });

  it('leaves one alone that comes back to health in time', async () => {
    let looks = 0;
    const { ends, stop } = setUp(() => ++looks % 10 === 0);
    await until(() => looks > 60);
    expect(ends()).toBe(0);
    stop();
    const seen = looks;
    await sleep(30);
    expect(looks).toBe(seen);
  });
});
