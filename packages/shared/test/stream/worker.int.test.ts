import { Kafka, logLevel } from 'kafkajs';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createKafkaBroker } from '../../src/adapters/kafka/broker.js';
import type { Lane } from '../../src/events/lane.js';
import { type TopicNames, topicNames } from '../../src/events/topics.js';
import type { Broker, InMessage } from '../../src/ports/broker.js';
import { waitAtStart } from '../../src/service/wait-at-start.js';
import { measureLag } from '../../src/stream/lag.js';
import { emit, type Outcome } from '../../src/stream/outcome.js';
import type { Stage } from '../../src/stream/stage.js';
import { sleep } from '../../src/stream/wake-up.js';
import { startWorker, type Worker } from '../../src/stream/worker.js';
import { type Fault, withFaults } from './faults.js';
import { contents, fastSettings, quiet, settled, until } from './harness.js';

const PATIENCE_MS = 50_000;
const bytes = new TextEncoder();
let broker: Broker;
let deployments = 0;

beforeAll(() => {
  broker = createKafkaBroker({ brokers: inject('brokers'), clientId: 'worker-test', log: quiet });
});
afterAll(() => broker.close());

/** Topics and a group of its own for every test. */
async function deploy(partitions: number) {
  deployments += 1;
  const prefix = `worker-${process.pid}-${deployments}.`;
  const topics = topicNames(prefix);
  const input = { live: topics.of('encoded'), backfill: topics.of('encoded', 'backfill') };
  const names = [...Object.values(input), topics.deadLetters('encoded'), topics.of('predicted'), topics.of('labels')];
  await broker.ensureTopics(
    topics.all().filter(({ topic }) => names.includes(topic)),
    { partitions },
  );
  return { topics, groupId: `${prefix}labelstream-fusion`, input, output: topics.of('predicted') };
}
type Deployment = Awaited<ReturnType<typeof deploy>>;

const listings = (count: number, lane: Lane) => Array.from({ length: count }, (_, index) => `p${index % 17}:${lane}:${index}`);

async function produce({ input }: Deployment, values: readonly string[], lane: Lane): Promise<void> {
  const producer = await broker.producer();
  await producer.send(values.map((value) => ({ topic: input[lane], key: value.split(':')[0] ?? '', value: bytes.encode(value) })));
  await producer.close();
}

const passOn = (topics: TopicNames, { key, value }: InMessage): Outcome => emit([{ topic: topics.of('predicted'), key: key ?? '', value }]);

function start(at: Deployment, delivery: Stage['delivery'], through: Broker, pauseMs = 2): Promise<Worker> {
  const stage: Stage = {
    name: 'fusion',
    input: 'encoded',
    delivery,
    async process(batch) {
      await sleep(pauseMs);
      return batch.map((message) => passOn(at.topics, message));
    },
  };
  const settings = { ...fastSettings, maxBatchSize: 16, maxBufferedPerLane: 100, shutdownDeadlineMs: 5000 };
  const { topics, groupId } = at;
  // As every process does: a partition that has just been created may not have its leader yet.
  const wait = waitAtStart(quiet);
  return wait(() => startWorker({ stage, broker: through, topics, groupId, settings, log: quiet, metrics: new Registry() }));
}

const isDone = async ({ groupId, input }: Deployment) => {
  const { live, backfill } = await measureLag(broker, groupId, input);
  return live + backfill === 0;
};

/** A broker that a killed process would leave behind: from one moment on, nothing it writes arrives. */
function mortal() {
  let dead = false;
  const fate = (): Fault => (dead ? 'lost' : 'none');
  return {
    broker: withFaults(broker, { onSend: fate, onTransaction: fate, onOffsetCommit: fate, onOpen: fate }),
    kill() {
      dead = true;
    },
  };
}

function expectOrderPerKeyAndLane(written: readonly string[]): void {
  const lines = new Map<string, number[]>();
  for (const value of written) {
    const [key, lane, index] = value.split(':');
    lines.set(`${key}:${lane}`, [...(lines.get(`${key}:${lane}`) ?? []), Number(index)]);
  }
  for (const line of lines.values()) expect(line).toEqual([...line].sort((a, b) => a - b));
}

describe('on a real broker', () => {
  it('at least once: a worker that dies in the middle loses nothing', async () => {
    const at = await deploy(3);
    const all = [...listings(400, 'live'), ...listings(200, 'backfill')];
    await produce(at, listings(400, 'live'), 'live');
    await produce(at, listings(200, 'backfill'), 'backfill');
    const { broker: failing, kill } = mortal();
    const first = await start(at, 'at-least-once', failing);
    await until(() => settled(first) >= 100, PATIENCE_MS);
    kill();
    await first.stop();
    expect(settled(first)).toBeLessThan(600);
    const second = await start(at, 'at-least-once', broker);
    await until(() => isDone(at), PATIENCE_MS);
    await second.stop();
    expect([...new Set(await contents(broker, at.output))].sort()).toEqual([...all].sort());
  });

  it('transactionally: exactly once, in order, through lost answers, a death and a rebalance', async () => {
    const at = await deploy(4);
    const [live, backfill] = [listings(400, 'live'), listings(200, 'backfill')];
    await produce(at, live.slice(0, 200), 'live');
    const { broker: failing, kill } = mortal();
    let transactions = 0;
    const unreliable = withFaults(failing, {
      onTransaction: () => {
        transactions += 1;
        return transactions % 5 === 3 ? 'unanswered' : transactions % 5 === 4 ? 'lost' : 'none';
      },
    });
    const first = await start(at, 'transactional', unreliable, 20);
    await until(() => settled(first) >= 60, PATIENCE_MS);
    const second = await start(at, 'transactional', broker, 20);
    await until(() => second.status().partitions > 0, PATIENCE_MS);
    // Only now, or a quick first worker would leave nothing for the second.
    await produce(at, live.slice(200), 'live');
    await produce(at, backfill, 'backfill');
    await until(() => settled(second) >= 60, PATIENCE_MS);
    kill();
    await first.stop();
    await until(() => isDone(at), PATIENCE_MS);
    await second.stop();
    const written = await contents(broker, at.output);
    expect([...written].sort()).toEqual([...live, ...backfill].sort());
    expectOrderPerKeyAndLane(written);
  });

  it('transactionally: what a dead owner left unfinished is aborted and made again', async () => {
    const at = await deploy(1);
    await produce(at, listings(5, 'live'), 'live');
    const client = new Kafka({ brokers: inject('brokers'), logLevel: logLevel.NOTHING });
    const dead = client.producer({ transactionalId: `${at.groupId}-0`, idempotent: true, maxInFlightRequests: 1 });
    await dead.connect();
    const unfinished = await dead.transaction();
    await unfinished.send({ topic: at.output, messages: [{ key: 'p0', value: 'of the dead' }] });
    const worker = await start(at, 'transactional', broker);
    await until(() => settled(worker) === 5, PATIENCE_MS);
    await worker.stop();
    expect(await contents(broker, at.output)).toEqual(listings(5, 'live'));
    await expect(unfinished.commit()).rejects.toThrow();
    await dead.disconnect();
  });

  it('answers a listing at rest within milliseconds', async () => {
    const at = await deploy(3);
    const worker = await start(at, 'at-least-once', broker, 0);
    const producer = await broker.producer();
    const agesMs: number[] = [];
    for (let index = 0; index < 15; index += 1) {
      const startedMs = performance.now();
      await producer.send([{ topic: at.input.live, key: `p${index}`, value: bytes.encode(`p${index}:live:0`) }]);
      await until(() => settled(worker) === index + 1, PATIENCE_MS);
      agesMs.push(performance.now() - startedMs);
      await sleep(20);
    }
    await producer.close();
    await worker.stop();
    const medianMs = agesMs.sort((a, b) => a - b)[7];
    expect(medianMs).toBeLessThan(250);
  });
});
