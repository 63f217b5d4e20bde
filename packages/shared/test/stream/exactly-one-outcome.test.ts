import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LabelstreamError } from '../../src/errors.js';
import type { Lane } from '../../src/events/lane.js';
import type { Broker, InMessage, PartitionOffset } from '../../src/ports/broker.js';
import { deadLetter, defer, drop, emit, type Outcome } from '../../src/stream/outcome.js';
import type { Stage } from '../../src/stream/stage.js';
import { sleep } from '../../src/stream/wake-up.js';
import { type Fault, withFaults } from './faults.js';
import {
  brokerWithTopics,
  contents,
  deadLetters,
  lagOf,
  output,
  produce,
  settled,
  stageOfBatches,
  textOf,
  topics,
  until,
  work,
} from './harness.js';

/** What is to become of a message: an outcome of the stage, or a failure of it. */
type Fate = 'emit' | 'drop' | 'deadLetter' | 'defer' | 'throw';

interface Scenario {
  readonly messages: readonly { readonly key: number; readonly lane: Lane; readonly fate: Fate }[];
  /** What befalls the stage's calls and the broker's writes, one after the other; then all is well. */
  readonly stageOutages: readonly boolean[];
  readonly writeFaults: readonly ('none' | 'lost' | 'unanswered')[];
  readonly commitFaults: readonly ('none' | 'lost' | 'unanswered')[];
  readonly delaysMs: readonly number[];
  readonly maxBatchSize: number;
  readonly maxInFlight: number;
}

const writeFault = fc.constantFrom<'none' | 'lost' | 'unanswered'>('none', 'lost', 'unanswered');
const scenarios: fc.Arbitrary<Scenario> = fc.record({
  messages: fc.array(
    fc.record({
      key: fc.nat(4),
      lane: fc.constantFrom<Lane>('live', 'backfill'),
      fate: fc.constantFrom<Fate>('emit', 'emit', 'emit', 'drop', 'deadLetter', 'defer', 'throw'),
    }),
    { minLength: 1, maxLength: 40 },
  ),
  stageOutages: fc.array(fc.boolean(), { maxLength: 6 }),
  writeFaults: fc.array(writeFault, { maxLength: 8 }),
  commitFaults: fc.array(writeFault, { maxLength: 6 }),
  delaysMs: fc.array(fc.nat(3), { minLength: 1, maxLength: 8 }),
  maxBatchSize: fc.integer({ min: 1, max: 10 }),
  maxInFlight: fc.integer({ min: 1, max: 4 }),
});

const nameOf = (index: number, { key, lane, fate }: Scenario['messages'][number]) => `p${key}:${lane}:${index}:${fate}`;

function stageFor(scenario: Scenario, delivery: Stage['delivery']): Stage {
  const outages = [...scenario.stageOutages];
  let calls = 0;
  const outcomeOf = (message: InMessage): Outcome => {
    switch (textOf(message).split(':')[3]) {
      case 'emit':
        return emit([{ topic: output, key: message.key ?? '', value: message.value }]);
      case 'drop':
        return drop('UNCHANGED');
      case 'defer':
        return defer('IMAGE_NOT_FOUND');
      case 'deadLetter':
        return deadLetter('EVENT_INVALID', 'as told');
      default:
        throw new Error('as told');
    }
  };
  return stageOfBatches(async (batch) => {
    await sleep(scenario.delaysMs[calls++ % scenario.delaysMs.length] ?? 0);
    if (outages.shift()) throw new LabelstreamError('CACHE_UNAVAILABLE', 'as told');
    return batch.map(outcomeOf);
  }, delivery);
}

/** Runs a scenario to its end and returns what became durable. */
async function play(scenario: Scenario, delivery: Stage['delivery'], watch: (broker: Broker, offsets: readonly PartitionOffset[]) => void) {
  const broker = await brokerWithTopics(2);
  for (const [index, message] of scenario.messages.entries()) await produce(broker, [nameOf(index, message)], message.lane);
  const writes: Fault[] = [...scenario.writeFaults];
  const commits: Fault[] = [...scenario.commitFaults];
  const faulty = withFaults(broker, {
    onSend: () => writes.shift() ?? 'none',
    onTransaction: () => writes.shift() ?? 'none',
    onOffsetCommit: (offsets) => {
      watch(broker, offsets);
      return commits.shift() ?? 'none';
    },
  });
  const { maxBatchSize, maxInFlight } = scenario;
  const worker = await work(faulty, stageFor(scenario, delivery), { settings: { maxBatchSize, maxInFlight } });
  await until(() => settled(worker) >= scenario.messages.length);
  await worker.stop();
  // Offset commits may fail at the very end; everything else must be settled.
  return { broker, status: worker.status(), emitted: await contents(broker, output), dead: await contents(broker, deadLetters) };
}

function expected(scenario: Scenario, ...fates: Fate[]): string[] {
  return scenario.messages.flatMap((message, index) => (fates.includes(message.fate) ? [nameOf(index, message)] : [])).sort();
}

const count = (scenario: Scenario, ...fates: Fate[]) => expected(scenario, ...fates).length;

function expectTotals(scenario: Scenario, outcomes: Record<string, number>): void {
  expect(outcomes).toEqual({
    emit: count(scenario, 'emit'),
    drop: count(scenario, 'drop'),
    defer: count(scenario, 'defer'),
    deadLetter: count(scenario, 'deadLetter', 'throw'),
  });
}

it('at least once: every message has exactly one counted outcome, and every outcome is durable before its offset is committed', async () => {
  await fc.assert(
    fc.asyncProperty(scenarios, async (scenario) => {
      const early: string[] = [];
      const checks: Promise<void>[] = [];
      const watch = (broker: Broker, offsets: readonly PartitionOffset[]) => {
        checks.push(notDurableBelow(broker, offsets).then((names) => void early.push(...names)));
      };
      const { status, emitted, dead } = await play(scenario, 'at-least-once', watch);
      await Promise.all(checks);
      expectTotals(scenario, status.outcomes);
      expect([...new Set(emitted)].sort()).toEqual(expected(scenario, 'emit'));
      expect([...new Set(dead)].sort()).toEqual(expected(scenario, 'deadLetter', 'throw'));
      expect(early).toEqual([]);
    }),
    { numRuns: 40 },
  );
}, 60_000);

it('transactionally: every message has exactly one counted outcome, and its records appear exactly once, in order per key and lane', async () => {
  await fc.assert(
    fc.asyncProperty(scenarios, async (scenario) => {
      const { broker, status, emitted, dead } = await play(scenario, 'transactional', () => {});
      expectTotals(scenario, status.outcomes);
      expect([...emitted].sort()).toEqual(expected(scenario, 'emit'));
      expect([...dead].sort()).toEqual(expected(scenario, 'deadLetter', 'throw'));
      expect(await lagOf(broker)).toBe(0);
      const lines = new Map<string, number[]>();
      for (const value of emitted) {
        const [key, lane, index] = value.split(':');
        lines.set(`${key}:${lane}`, [...(lines.get(`${key}:${lane}`) ?? []), Number(index)]);
      }
      for (const line of lines.values()) expect(line).toEqual([...line].sort((a, b) => a - b));
    }),
    { numRuns: 40 },
  );
}, 60_000);

/** Messages below the positions that should have a record by now and have none. */
async function notDurableBelow(broker: Broker, offsets: readonly PartitionOffset[]): Promise<string[]> {
  const durable = new Set([...(await contents(broker, output)), ...(await contents(broker, deadLetters))]);
  const missing: string[] = [];
  for (const lane of ['live', 'backfill'] as const) {
    for await (const message of broker.read({ topic: topics.of('encoded', lane) })) {
      const name = textOf(message);
      const position = offsets.find(({ topic, partition }) => topic === message.topic && partition === message.partition);
      const needsRecord = !name.endsWith(':drop') && !name.endsWith(':defer');
      if (position !== undefined && message.offset < position.offset && needsRecord && !durable.has(name)) missing.push(name);
    }
  }
  return missing;
}
