import { createMemoryBroker } from '@labelstream/shared/adapters/memory/broker';
import { createMemoryKeyValueStore } from '@labelstream/shared/adapters/memory/key-value';
import { createCodecs } from '@labelstream/shared/events/codecs';
import { stateKeys } from '@labelstream/shared/events/keys';
import type { PredictedListing } from '@labelstream/shared/events/records';
import { topicNames } from '@labelstream/shared/events/topics';
import type { InMessage } from '@labelstream/shared/ports/broker';
import type { Claim, KeyValueStore } from '@labelstream/shared/ports/key-value';
import type { OutRecord } from '@labelstream/shared/stream/outcome';
import { createSendBack } from '@labelstream/shared/stream/send-back';
import { Registry } from 'prom-client';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createSinkMetrics, type SinkMetrics } from '../src/metrics.js';
import { encodeSaved } from '../src/published.js';
import { createPublishedStore } from '../src/published-store.js';
import { rebuildPublishedState } from '../src/rebuild.js';
import { createRecordFactory, VERSION_HEADER } from '../src/records.js';
import { createSinkStage } from '../src/stage.js';
import { predicted } from './arbitraries.js';

const topics = topicNames();
const codecs = await createCodecs();
const NOW = 5000;
const FAR = { live: 1_000_000, backfill: 1_000_000 };

let state: KeyValueStore;
let registry: Registry;
let metrics: SinkMetrics;
let offset: number;
beforeEach(async () => {
  state = createMemoryKeyValueStore({ role: 'state' });
  registry = new Registry();
  metrics = createSinkMetrics(registry);
  offset = 0;
});

function createStage({
  rebuild = async (_partition: number, _claim: Claim) => markComplete(),
  taskTopics = [] as string[],
  embeddings = false,
} = {}) {
  const records = createRecordFactory({ topics, codecs, options: { taskTopics, embeddings }, now: () => NOW });
  return createSinkStage({
    codec: codecs.predicted,
    published: createPublishedStore({ state, prefix: '', rebuild }),
    records,
    sendBack: createSendBack({ topics, codec: codecs.productEvent, limit: 5 }),
    requeueLimit: 5,
    metrics,
    now: () => NOW,
  });
}

const rebuilding = { labels: codecs.labels, labelTopic: 'product.labels', prefix: '', partitions: 1 };
const markComplete = () => state.setMany([{ key: stateKeys.publishedComplete('', 0), value: encodeSaved(FAR) }]);

const messageOf = (record: PredictedListing | Uint8Array): InMessage => ({
  topic: topics.of('predicted'),
  lane: 'live',
  partition: 0,
  offset: offset++,
  key: 'p1',
  value: record instanceof Uint8Array ? record : codecs.predicted.encode(record),
  headers: {},
  timestampMs: 0,
  generation: 1,
});

/** The records of an emit, or what else came out. */
function recordsOf(outcome: { kind: string; records?: readonly OutRecord[] } | undefined): readonly OutRecord[] {
  if (outcome?.kind !== 'emit') throw new Error(`expected an emit, got ${JSON.stringify(outcome)}`);
  return outcome.records ?? [];
}

const after = (messages: readonly InMessage[], epoch = 1) => ({
  committed: { live: (messages.at(-1)?.offset ?? -1) + 1, backfill: 0 },
  epoch,
});

const TITLE = { text: 'Red Shirt', tokenConfidence: 0.5, model: 'c@000000000000' };

describe('the sink', () => {
  it('publishes the whole label record of a listing', async () => {
    const [outcome] = await createStage().process([
      messageOf(predicted({ imageTextMatch: 0.5, mismatched: true, imageIndex: 2, suggestedTitle: TITLE })),
    ]);
    const [record, ...others] = recordsOf(outcome);
    expect(others).toEqual([]);
    expect(record).toMatchObject({ topic: 'product.labels', key: 'p1' });
    expect(await codecs.labels.decode(record?.value ?? new Uint8Array())).toMatchObject({
      productId: 'p1',
      changedTasks: ['articleType'],
      image: 'USED',
      text: 'USED',
      imageTextMatch: 0.5,
      mismatched: true,
      imageIndex: 2,
      suggestedTitle: TITLE,
      labelledAt: NOW,
      lane: 'live',
      model: { generation: 1 },
    });
  });

  it('goes on from what earlier batches published', async () => {
    const stage = createStage();
    const first = [messageOf(predicted())];
    await stage.process(first);
    const second = [messageOf(predicted()), messageOf(predicted({ version: 2 })), messageOf(predicted({ version: 1, label: 'Tshirts' }))];
    const outcomes = await stage.process(second, after(first));
    expect(outcomes.map((o) => (o.kind === 'drop' ? o.reason : o.kind))).toEqual(['UNCHANGED', 'emit', 'STALE_VERSION']);
  });

  it('sends a newer version back that an older model has labelled, to be labelled again, until it was sent back too often', async () => {
    const stage = createStage();
    const outdated = predicted({ version: 2, generation: 4 });
    const outcomes = await stage.process([
      messageOf(predicted({ generation: 5 })),
      messageOf(outdated),
      { ...messageOf(outdated), headers: { 'labelstream-requeue': '5' } },
    ]);
    expect(outcomes[1]).toMatchObject({ kind: 'emit', note: 'SENT_BACK', records: [{ topic: 'product.events', key: 'p1' }] });
    expect(recordsOf(outcomes[1])[0]?.headers).toMatchObject({ 'labelstream-requeue': '1' });
    expect(await codecs.productEvent.decode(recordsOf(outcomes[1])[0]!.value!)).toMatchObject({ productId: 'p1', version: 2 });
    expect(recordsOf(outcomes[2])[0]).toMatchObject({ topic: 'product.labels' });
    expect(await registry.metrics()).toContain('labelstream_sink_labelled_again_total 1');
  });

  it('publishes again what an aborted transaction had published', async () => {
    const stage = createStage();
    const batch = [messageOf(predicted())];
    await stage.process(batch);
    const [again] = await stage.process(batch, { committed: { live: 0, backfill: 0 }, epoch: 1 });
    expect(again?.kind).toBe('emit');
    const [duplicate] = await stage.process([messageOf(predicted())], after(batch));
    expect(duplicate).toEqual({ kind: 'drop', reason: 'UNCHANGED' });
  });

  it('writes tombstones with the deleted version, to every topic the product may stand in', async () => {
    const stage = createStage({ taskTopics: ['articleType', 'season'], embeddings: true });
    const outcomes = await stage.process([messageOf(predicted()), messageOf(predicted({ op: 'DELETE', version: 2 }))]);
    expect(recordsOf(outcomes[0]).map(({ topic }) => topic)).toEqual([
      'product.labels',
      'product.labels.articleType',
      'product.embeddings',
    ]);
    expect(recordsOf(outcomes[1])).toEqual(
      ['product.labels', 'product.labels.articleType', 'product.embeddings'].map((topic) => ({
        topic,
        key: 'p1',
        value: null,
        headers: { [VERSION_HEADER]: '2' },
      })),
    );
  });

  it('writes a task topic only for tasks that changed', async () => {
    const stage = createStage({ taskTopics: ['articleType'] });
    const outcomes = await stage.process([messageOf(predicted()), messageOf(predicted({ version: 2 }))]);
    expect(recordsOf(outcomes[1]).map(({ topic }) => topic)).toEqual(['product.labels']);
  });

  it('sends what it cannot read to the dead letters and goes on', async () => {
    const outcomes = await createStage().process([messageOf(new Uint8Array([1, 2, 3])), messageOf(predicted())]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['deadLetter', 'emit']);
    expect(outcomes[0]).toMatchObject({ code: 'EVENT_NOT_DECODABLE' });
  });

  it('counts what it published and how long it took', async () => {
    await createStage().process([messageOf(predicted({ receivedAt: NOW - 40 }))]);
    const text = await registry.metrics();
    expect(text).toContain('labelstream_sink_published_total{kind="labels"} 1');
    expect(text).toContain('labelstream_event_to_label_seconds_sum{lane="live"} 0.04');
    expect(text).toContain('labelstream_sink_changed_tasks_total{task="articleType",abstained="false"} 1');
  });

  it('rebuilds the published state from the label topic when the sentinel is gone, and only then', async () => {
    const broker = createMemoryBroker();
    await broker.ensureTopics(topics.all(), { partitions: 1 });
    const producer = await broker.producer();
    const [published] = await createStage().process([messageOf(predicted({ version: 3 }))]);
    await producer.send(recordsOf(published));
    await producer.send([{ topic: 'product.labels', key: 'gone', value: null, headers: { [VERSION_HEADER]: '7' } }]);
    state = createMemoryKeyValueStore({ role: 'state' }); // all of it lost

    const rebuild = vi.fn(async (partition: number, claim: Claim) => {
      await rebuildPublishedState({ ...rebuilding, broker, state, partition, claim });
    });
    const stage = createStage({ rebuild });
    const stale = [
      messageOf(predicted({ version: 2 })),
      messageOf(predicted({ productId: 'gone', version: 6 })),
      messageOf(predicted({ version: 4 })),
    ];
    const outcomes = await stage.process(stale);
    expect(outcomes.map((o) => (o.kind === 'drop' ? o.reason : o.kind))).toEqual(['STALE_VERSION', 'STALE_VERSION', 'emit']);
    await stage.process([messageOf(predicted({ version: 5 }))], after(stale));
    expect(rebuild).toHaveBeenCalledTimes(1);
  });

  it('does not overwrite, while rebuilding, what another sink has published meanwhile', async () => {
    const broker = createMemoryBroker();
    await broker.ensureTopics(topics.all(), { partitions: 1 });
    const producer = await broker.producer();
    const [old] = await createStage().process([messageOf(predicted({ version: 3 }))]);
    await producer.send(recordsOf(old));
    const newer = createStage();
    await newer.process([messageOf(predicted({ version: 9 }))], { committed: { live: 99, backfill: 0 }, epoch: 1 });
    const claim = { key: stateKeys.publishedOwner('', 1), epoch: 1 };
    await state.claim(claim);
    await rebuildPublishedState({ ...rebuilding, broker, state, partition: 0, claim });
    const [outcome] = await createStage().process([messageOf(predicted({ version: 8 }))], {
      committed: { live: 99, backfill: 0 },
      epoch: 1,
    });
    expect(outcome).toEqual({ kind: 'drop', reason: 'STALE_VERSION' });
  });
});
