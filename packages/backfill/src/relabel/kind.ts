import { listingRows } from '@labelstream/shared/archive/index-rows';
import { objectKey } from '@labelstream/shared/archive/names';
import { LabelstreamError } from '@labelstream/shared/errors';
import type { EncodedListing } from '@labelstream/shared/events/records';
import type { BlockCodec } from '@labelstream/shared/ports/block-codec';
import type { RecordProducer } from '@labelstream/shared/ports/broker';
import type { Codec } from '@labelstream/shared/ports/codec';
import type { ObjectStore } from '@labelstream/shared/ports/object-store';
import { encodersIn, indexesOf } from '../archive/view.js';
import type { BackfillKind, BackfillRange, Json, OpenBackfill, RangeContext, Survey } from '../kind.js';
import { readSpec } from '../source/spec.js';
import { createDeliver, type DeliverDeps } from './deliver.js';
import { runObject } from './run-range.js';
import { type Snapshot, takeSnapshot } from './snapshot.js';
import { relabelSpecSchema, relabelWhereSchema } from './spec.js';
import { createTokenSource } from './token-source.js';

export interface RelabelDeps extends Omit<DeliverDeps, 'producer'> {
  /** Opens the archive that a specification names. Throws CONFIG_INVALID. */
  openStore(place: string): ObjectStore;
  openProducer(): Promise<RecordProducer>;
  readonly blockCodec: BlockCodec;
  /** Without a schema registry, as listings are archived. */
  readonly listingCodec: Codec<EncodedListing>;
  /** The encoder that is active: the head knows the tokens of no other. Throws BUNDLE_INVALID. */
  activeEncoder(): Promise<string>;
  /** A fusion bundle: its id, and the encoder that it is for. Throws BUNDLE_INVALID. */
  readHead(fusion: string): Promise<{ readonly id: string; readonly encoderId: string }>;
  /** The id of the head that labels; undefined where none was ever promoted. */
  activeHead(): Promise<string | undefined>;
}

/** Re-labels products from archived token sequences: from the archive to the head, past ingest and encoder. */
export function createRelabelKind(deps: RelabelDeps): BackfillKind {
  return { open: (spec) => openRelabel(spec, deps) };
}

async function openRelabel(spec: Json, deps: RelabelDeps): Promise<OpenBackfill> {
  const { archive, fusion, untilMs } = readSpec(relabelSpecSchema, spec);
  const encoderId = await deps.activeEncoder();
  if (fusion !== undefined) await checkHead(fusion, encoderId, deps);
  const store = deps.openStore(archive);
  try {
    const archiveDeps = { store, codec: deps.blockCodec };
    const retake = () => takeSnapshot(encoderId, untilMs, archiveDeps);
    const snapshot = await retake();
    if (snapshot.view.objects.length + snapshot.view.damaged.length === 0) throw await nothingThere(archive, store, encoderId);
    const producer = await deps.openProducer();
    const run = createRun(snapshot, { ...deps, ...archiveDeps, producer, retake });
    const close = async () => {
      await producer.close();
      await store.close();
    };
    return { plan: () => plan(snapshot), survey: () => survey(snapshot), run, close };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Which head labels is for the fusion service to know; this one only says when it would be another than somebody expects. */
async function checkHead(fusion: string, encoderId: string, { readHead, activeHead }: RelabelDeps): Promise<void> {
  const head = await readHead(fusion);
  if (head.encoderId !== encoderId) {
    const what = `${head.id} is for the encoder ${head.encoderId}, and ${encoderId} is active (ENCODER_BUNDLE)`;
    throw new LabelstreamError('SOURCE_INVALID', `${what}.`);
  }
  const active = await activeHead();
  if (active === undefined || active === head.id) return;
  throw new LabelstreamError('SOURCE_INVALID', `${active} labels, not ${head.id}: promote it first with "labelstream models promote".`);
}

async function nothingThere(archive: string, store: ObjectStore, encoderId: string): Promise<LabelstreamError> {
  const encoders = await encodersIn(store);
  const has = encoders.length === 0 ? 'is empty' : `has tokens of ${encoders.join(', ')} only`;
  const what = `${archive} ${has}, and ${encoderId} is active (ENCODER_BUNDLE)`;
  return new LabelstreamError('SOURCE_INVALID', `${what}: re-label from another archive, or the full way from listings or a topic.`);
}

/** A range for every object that has something to re-label, and for every one that cannot be read, so that it is reported. */
async function* plan({ view, newest }: Snapshot): AsyncGenerator<BackfillRange> {
  let ordinal = 0;
  for (const [at, { name, key, listingCount }] of view.objects.entries()) {
    // Older records are read as well, and passed over.
    const where = { date: name.date, id: name.id };
    if (newest.count(at) > 0) yield { ordinal: ordinal++, name: key, estimatedRows: listingCount, where };
  }
  for (const { name } of view.damaged) yield { ordinal: ordinal++, name: objectKey(name), where: { date: name.date, id: name.id } };
}

/** Counts the products that would be re-labelled; reads all indexes. */
async function survey({ view, newest }: Snapshot): Promise<Survey> {
  let [ranges, rows] = [view.damaged.length, 0];
  for await (const [at, index] of indexesOf(view)) {
    if (newest.count(at) > 0) ranges += 1;
    let record = 0;
    for (const { deleted } of listingRows(index.listings)) if (newest.has(at, record++) && !deleted) rows += 1;
  }
  return { ranges, rows };
}

interface RunDeps extends DeliverDeps, Pick<RelabelDeps, 'listingCodec'> {
  readonly store: ObjectStore;
  readonly codec: BlockCodec;
  /** Looks at the archive again. */
  retake(): Promise<Snapshot>;
}

function createRun(first: Snapshot, deps: RunDeps): OpenBackfill['run'] {
  const deliver = createDeliver(deps);
  const open = (snapshot: Snapshot) => ({ snapshot, source: createTokenSource(snapshot, deps) });
  let current = Promise.resolve(open(first));

  /** The object of a range; where it was compacted since, the one that has taken its place. */
  async function locate(where: Json) {
    const { date, id } = readSpec(relabelWhereSchema, where);
    for (let attempt = 1; attempt <= 2; attempt++) {
      const opened = await current;
      const object = opened.snapshot.view.find(date, id);
      const file = object === undefined ? undefined : await deps.store.get(object.key);
      const at = object === undefined ? -1 : opened.snapshot.view.objects.indexOf(object);
      if (object !== undefined && file !== undefined && at >= 0) return { ...opened, object, file, at, isOwn: object.name.id === id };
      if (attempt === 1) current = deps.retake().then(open);
    }
    return undefined;
  }

  return async (range: BackfillRange, context: RangeContext) => {
    const found = await locate(range.where);
    if (found === undefined) {
      const message = 'it cannot be read, or was removed since the backfill was planned; "archive verify" tells more';
      await context.rowError({ origin: range.name, position: 1, code: 'ARCHIVE_DAMAGED', message });
      return;
    }
    const { object, file, at, isOwn, snapshot, source } = found;
    // What was done of the old object says nothing about the new one; a product that is labelled twice is published once.
    const ownContext = isOwn ? context : { ...context, rowsDone: 0 };
    await runObject(file, object, at, ownContext, { ...deps, snapshot, source, deliver });
  };
}
