import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { LabelstreamError } from '../../src/errors.js';
import type { StoreMemory } from '../../src/ports/key-value.js';
import { NO_PAUSES, type Pauses } from '../../src/stream/back-pressure.js';
import { type PressureProbeDeps, startPressureProbe } from '../../src/stream/pressure-probe.js';
import { topics, until } from './harness.js';

const limits = { lag: { live: 100, backfill: 10 }, memoryShare: { live: 0.95, backfill: 0.85 } };
const free = { memory: async () => null };

/** A world that a test changes: how far the next stage is, how full the stores are, what the log says. */
function setUp(over: Partial<PressureProbeDeps> = {}) {
  const lines: string[] = [];
  const world = { end: 0, position: 0 as number | null, nowMs: 0, looks: 0, isDown: false, asked: 0 };
  const log = pino({ level: 'info' }, { write: (line: string) => lines.push((JSON.parse(line) as { msg: string }).msg) });
  const seen: Pauses[] = [];
  const probe = startPressureProbe({
    stage: 'encoder',
    broker: {
      async describe([live = '']) {
        world.asked += 1;
        if (world.isDown) throw new LabelstreamError('BROKER_UNAVAILABLE', 'down');
        return [{ topic: live, partition: 0, earliest: 0, latest: world.end }];
      },
      async committed(groupId, [live = '']) {
        expect(groupId).toBe('group of fusion');
        return world.position === null ? [] : [{ topic: live, partition: 0, offset: world.position }];
      },
    },
    topics,
    groupId: (stage) => `group of ${stage}`,
    stores: { cache: free, state: free },
    limits,
    everyMs: 1,
    log,
    now: () => world.nowMs,
    onMemory: () => {},
    onPauses(pauses) {
      world.looks += 1;
      seen.push(pauses);
    },
    ...over,
  });
  const look = async () => {
    const before = world.looks;
    await until(() => world.looks > before + 1);
  };
  return { probe, world, lines, look, seen };
}

describe('a pressure probe', () => {
  it('pauses while the next stage is behind, and says so at the beginning and at the end', async () => {
    const { probe, world, lines, look } = setUp();
    world.end = 101;
    await look();
    expect(probe.pauses()).toEqual({ live: ['DOWNSTREAM_LAG'], backfill: [] });
    expect(probe.downstreamLag()).toEqual({ live: 101, backfill: 0 });
    world.position = 60;
    await look();
    expect(probe.pauses()).toEqual(NO_PAUSES);
    expect(lines).toEqual(['paused: no more of this lane is taken for now', 'no longer paused']);
    probe.close();
  });

  it('is not paused by a next stage that has never committed anything, and says so once', async () => {
    const { probe, world, lines, look } = setUp();
    world.end = 1_000_000;
    world.position = null;
    await look();
    await look();
    expect([probe.pauses(), probe.downstreamLag()]).toEqual([NO_PAUSES, null]);
    expect(lines.filter((line) => line.startsWith('the next stage has never committed'))).toHaveLength(1);
    probe.close();
  });

  it('goes on when the lag cannot be learnt any more', async () => {
    const { probe, world, look } = setUp();
    world.end = 101;
    await look();
    world.isDown = true;
    await look();
    expect(probe.pauses()).toEqual(NO_PAUSES);
    const { asked } = world;
    await look();
    expect(world.asked).toBe(asked);
    world.isDown = false;
    world.nowMs += 10;
    await look();
    expect(probe.pauses().live).toEqual(['DOWNSTREAM_LAG']);
    probe.close();
  });

  it('does not wait in silence for a next stage that does not move', async () => {
    const { probe, world, lines, look } = setUp();
    world.end = 500;
    await look();
    for (let minute = 0; minute < 11; minute += 1) {
      world.nowMs += 60_000;
      await look();
    }
    world.position = 100;
    world.nowMs += 6 * 60_000;
    await look();
    expect(lines.slice(1)).toEqual([
      'still paused, and the next stage does not catch up: is it running?',
      'still paused, and the next stage does not catch up: is it running?',
      'still paused',
    ]);
    probe.close();
  });

  it('looks at the stores that its stage fills, and at no other', async () => {
    const full: StoreMemory = { usedShare: 0.99, evicts: false, keys: 1 };
    const asked: string[] = [];
    const store = (name: string) => ({
      async memory() {
        asked.push(name);
        return full;
      },
    });
    const measured: string[] = [];
    const { probe, look } = setUp({
      stores: { cache: store('cache'), state: store('state') },
      onMemory: (role, { usedShare }) => measured.push(`${role} ${usedShare}`),
    });
    await look();
    expect(probe.pauses()).toEqual({ live: ['CACHE_MEMORY'], backfill: ['CACHE_MEMORY'] });
    expect([new Set(asked), new Set(measured)]).toEqual([new Set(['cache']), new Set(['cache 0.99'])]);
    probe.close();
  });

  it('says once that a store does not tell its memory, and is not paused by it', async () => {
    const refuse = async () => {
      throw new LabelstreamError('CONFIG_INVALID', 'NOPERM');
    };
    const { probe, lines, look } = setUp({ stores: { cache: { memory: refuse }, state: free } });
    await look();
    await look();
    expect(probe.pauses()).toEqual(NO_PAUSES);
    expect(lines).toEqual(['lag or memory is not told: it pauses nothing']);
    probe.close();
  });

  it('of the last stage has nothing downstream', async () => {
    const { probe, world, look } = setUp({ stage: 'sink' });
    world.end = 1000;
    await look();
    expect([probe.pauses(), probe.downstreamLag()]).toEqual([NO_PAUSES, null]);
    probe.close();
  });
});
