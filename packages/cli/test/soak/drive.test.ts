import { LANES } from '@labelstream/shared/events/lane';
import { VERSION_HEADER } from '@labelstream/sink/records';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type DriveDeps, drain, driveEvenly, driveFull, hear } from '../../src/soak/drive.js';
import { createSoakTraffic } from '../../src/soak/traffic.js';
import { labelsOf, openMemoryTopics } from '../memory-topics.js';

const PRODUCTS = 20;
/** A busy machine. */
const SLOW = { timeout: 10_000 };

interface Fixture {
  readonly deps: DriveDeps;
  readonly written: number[];
  /** Answers every event, as the services would, from now on. */
  answer(): void;
  stop(): void;
}

async function open(): Promise<Fixture> {
  const { broker, topics, codecs, producer } = await openMemoryTopics();
  const traffic = createSoakTraffic({ seed: 1, products: PRODUCTS, pictureUri: String });
  const stopping = new AbortController();
  const { signal } = stopping;
  const written: number[] = [];
  const labels = topics.of('labels');
  const write = async (picture: number) => void written.push(picture);
  return {
    deps: { pipeline: { broker, topics, codecs }, producer, traffic, pictures: { write }, signal },
    written,
    answer() {
      for (const lane of LANES) {
        void (async () => {
          for await (const { value } of broker.read({ topic: topics.of('events', lane), follow: true, signal })) {
            const { productId: key, version, op } = await codecs.productEvent.decode(value!);
            const isDelete = op === 'DELETE';
            const said = isDelete ? null : codecs.labels.encode(labelsOf(key, version));
            await producer.send([{ topic: labels, key, value: said, headers: isDelete ? { [VERSION_HEADER]: String(version) } : {} }]);
          }
        })().catch(() => {});
      }
    },
    stop: () => stopping.abort(),
  };
}

let fixture: Fixture;
beforeEach(async () => {
  fixture = await open();
});
afterEach(() => fixture.stop());

describe('an even pace', () => {
  test('sends what is due and is heard of, labels and tombstones alike, each picture before its event', async () => {
    const { deps, written, answer } = fixture;
    answer();
    const hearing = hear(deps).catch(() => {});
    await driveEvenly(60, 2000, deps);
    await drain(deps, SLOW.timeout);
    const { sent, labelled, deleted } = deps.traffic.counts();
    expect(sent).toBe(120);
    expect(labelled + deleted).toBe(120);
    expect(deleted).toBeGreaterThan(0);
    expect(written.length).toBeGreaterThan(60);
    fixture.stop();
    await hearing;
  });

  test('stands still where every product waits, and the rest stays unaccounted', async () => {
    const { deps } = fixture;
    await driveEvenly(1000, 200, deps);
    await drain(deps, 100);
    expect(deps.traffic.counts()).toEqual({ sent: PRODUCTS, labelled: 0, deleted: 0 });
    expect(deps.traffic.underWay()).toBe(PRODUCTS);
  });

  test('ends when it is told to', async () => {
    const driving = driveEvenly(10, 60_000, fixture.deps);
    fixture.stop();
    await expect(driving).rejects.toThrow();
  });
});

test('at full speed never more than the window is under way', async () => {
  const { deps, answer } = fixture;
  const driving = driveFull(7, deps).catch(() => {});
  await expect.poll(() => deps.traffic.underWay(), SLOW).toBe(7);
  answer();
  const hearing = hear(deps).catch(() => {});
  await expect.poll(() => deps.traffic.counts().sent, SLOW).toBeGreaterThan(50);
  expect(deps.traffic.underWay()).toBeLessThanOrEqual(7);
  fixture.stop();
  await Promise.all([driving, hearing]);
});
