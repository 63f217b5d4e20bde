import { expect, test } from 'vitest';
import { FAULT_KINDS } from '../../src/faults/kinds.js';
import type { DoneFault } from '../../src/faults/recovery.js';
import { runFaults } from '../../src/faults/run-faults.js';
import type { PlannedFault } from '../../src/faults/schedule.js';
import type { World } from '../../src/faults/world.js';

/** A world that only writes down what is done to it; `gates` hold a call up until they are opened. */
function paperWorld(gates: Readonly<Record<string, Promise<void>>> = {}) {
  const calls: string[] = [];
  const call = async (name: string, ...rest: unknown[]) => {
    calls.push([name, ...rest].join(' '));
    await gates[name];
  };
  const world: World = {
    instances: ['ingest-1', 'ingest-2', 'fusion-1', 'fusion-2'],
    fusionInstances: ['fusion-1', 'fusion-2'],
    async end(instance, signal, onReleased) {
      await call('end', signal, instance);
      onReleased();
    },
    async stopAndContinue(instance, _forMs, onReleased) {
      await call('freeze', instance);
      onReleased();
    },
    async killPart(part, onReleased) {
      await call('kill', part);
      onReleased();
    },
    flushCache: () => call('flush'),
    shrinkCache: () => call('shrink'),
    forgetPublished: () => call('forget'),
    setImages: (mode) => void calls.push(`images ${mode}`),
    prepareNextBundle: async () => {
      await call('bundle');
      return 2;
    },
    sleep: async () => {},
  };
  return { world, calls };
}

const planned = (kind: PlannedFault['kind'], draw = 0): PlannedFault => ({ kind, atMs: 0, draw });

async function run(plan: readonly PlannedFault[], world: World): Promise<DoneFault[]> {
  const done: DoneFault[] = [];
  await runFaults(plan, { world, elapsedMs: () => 0, log: () => {}, onReleased: (fault) => done.push(fault) });
  return done;
}

test('every kind is done once, and ended once', async () => {
  const { world } = paperWorld();
  const done = await run(
    FAULT_KINDS.map((kind) => planned(kind)),
    world,
  );
  expect(done.map(({ kind }) => kind).sort()).toEqual([...FAULT_KINDS].sort());
});

test('the draw picks the instance', async () => {
  const { world, calls } = paperWorld();
  await run([planned('service-kill', 0), planned('service-stop', 0.99)], world);
  expect(calls).toEqual(['end SIGKILL ingest-1', 'end SIGTERM fusion-2']);
});

test('a bundle goes to one instance after the other', async () => {
  const { world, calls } = paperWorld();
  await run([planned('bundle-change')], world);
  expect(calls).toEqual(['bundle', 'end SIGTERM fusion-1', 'end SIGTERM fusion-2']);
});

test('the image store is fine again afterwards', async () => {
  const { world, calls } = paperWorld();
  await run([planned('images-cut')], world);
  expect(calls).toEqual(['images cut', 'images fine']);
});

test('a second fault on the same thing waits for the first, one on another does not', async () => {
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const { world, calls } = paperWorld({ shrink: gate });
  const running = run([planned('cache-full'), planned('cache-flush'), planned('published-loss')], world);
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(calls).toEqual(['shrink', 'forget']);
  open();
  await running;
  expect(calls).toEqual(['shrink', 'forget', 'flush']);
});

test('it ends only when what was begun is repaired, also when it fails', async () => {
  let repaired = false;
  const { world } = paperWorld();
  const failing: World = {
    ...world,
    flushCache: () => Promise.reject(new Error('no cache')),
    killPart: async (_part, onReleased) => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      repaired = true;
      onReleased();
    },
  };
  await expect(run([planned('cache-flush'), planned('kafka-kill')], failing)).rejects.toThrow('no cache');
  expect(repaired).toBe(true);
});
