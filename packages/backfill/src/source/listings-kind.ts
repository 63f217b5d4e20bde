import { LabelstreamError } from '@labelstream/shared/errors';
import type { ProductEvent } from '@labelstream/shared/events/product-event';
import type { TopicNames } from '@labelstream/shared/events/topics';
import type { Broker } from '@labelstream/shared/ports/broker';
import type { Codecs } from '@labelstream/shared/ports/codec';
import type { BackfillKind, BackfillRange, Json, OpenBackfill, RangeContext, Survey } from '../kind.js';
import { checkColumns } from './check-columns.js';
import { createDecideRow, type RowDecision } from './decide-row.js';
import type { Decompressors } from './decompress.js';
import { type FoundSources, findSources } from './find-sources.js';
import { type ImageOf, uriWithoutFolder } from './images.js';
import type { Entry } from './listing-file.js';
import { fromRange, type SourcePart, toRange } from './listings-range.js';
import type { ObjectStore, StoredObject } from './object-store.js';
import type { ParquetDecoder } from './parquet-decoder.js';
import { createPictureReader } from './pictures.js';
import { countWanted, type PlanDeps, planParts } from './plan-parts.js';
import { createProducerOnce } from './producer-once.js';
import { createReaders } from './readers.js';
import { columnsOfRow } from './row.js';
import { type Decision, sendRange } from './send-range.js';
import { listingsSpecSchema, type ReadListingsSpec, readSpec } from './spec.js';

export interface ListingsKindDeps {
  readonly store: ObjectStore;
  readonly decompressors: Decompressors;
  readonly parquetDecoder: ParquetDecoder;
  /** Unpacks a tar of pictures; returns the folder. Throws SOURCE_INVALID. */
  readonly unpackTar: (tar: StoredObject, signal: AbortSignal) => Promise<string>;
  /** How the images of rows are named when their place is given: {@link ReadListingsSpec}. Throws SOURCE_INVALID. */
  readonly openImages: (images: string, signal: AbortSignal) => Promise<ImageOf>;
  readonly broker: Pick<Broker, 'producer'>;
  readonly codecs: Pick<Codecs, 'productEvent'>;
  readonly topics: Pick<TopicNames, 'of'>;
}

/** What a backfill would send. */
export interface ListingsSurvey extends Survey {
  /** Files, or folders of pictures. */
  readonly sources: number;
  /** Of files. */
  readonly sizeBytes: number;
  /** The first listing that can be sent. */
  readonly example?: ProductEvent;
}

/** Opened listings. */
export interface OpenListings extends OpenBackfill {
  /** What would be sent. Reads everything where rows are chosen by a value, or files are compressed. */
  survey(): Promise<ListingsSurvey>;
}

/** Listings of files, objects or pictures → events of the backfill lane. */
export interface ListingsKind extends BackfillKind {
  open(spec: Json, signal: AbortSignal): Promise<OpenListings>;
}

export function createListingsKind(deps: ListingsKindDeps): ListingsKind {
  return {
    async open(given, signal) {
      const spec = readSpec(listingsSpecSchema, given);
      const found = await findPictures(deps, await findSources({ store: deps.store, signal }, spec), signal);
      const source = await openSource(deps, { spec, found, signal });
      await checkFirst(source, signal);
      return openBackfill(deps, source, signal);
    },
  };
}

async function findPictures(deps: ListingsKindDeps, found: FoundSources, signal: AbortSignal): Promise<PlanDeps['found']> {
  return found.type === 'tar' ? { type: 'pictures', folders: [`${await deps.unpackTar(found.object, signal)}/`] } : found;
}

interface Opening {
  readonly spec: ReadListingsSpec;
  readonly found: PlanDeps['found'];
  readonly signal: AbortSignal;
}

async function openSource(deps: ListingsKindDeps, { spec, found, signal }: Opening): Promise<PlanDeps> {
  const { store, decompressors, parquetDecoder } = deps;
  const readers = createReaders({ store, decompressors, parquetDecoder, rangeBytes: spec.rangeBytes });
  const pictures = createPictureReader({ store });
  const imageOf = spec.images === undefined ? uriWithoutFolder : await deps.openImages(spec.images, signal);
  const isPictures = found.type === 'pictures';
  const decide = createDecideRow({ spec: isPictures ? { ...spec, columns: {} } : spec, imageOf: isPictures ? uriWithoutFolder : imageOf });
  const columns = [...columnsOfRow(spec.columns), ...(spec.where === undefined ? [] : [spec.where.column])];
  const entriesOf = ({ file, part }: SourcePart, until: AbortSignal): AsyncIterable<Entry[]> =>
    file === undefined
      ? pictures.read(part.where, { signal: until })
      : readers[file.format].read(file, part.where, { columns, signal: until });
  return { spec, found, readers, pictures, decide, entriesOf };
}

/** Of many files the others are looked at when they are planned. */
async function checkFirst({ found, readers, spec }: PlanDeps, signal: AbortSignal): Promise<void> {
  if (found.type === 'pictures') {
    if (spec.where === undefined && spec.columns === undefined && spec.images === undefined) return;
    throw new LabelstreamError(
      'SOURCE_INVALID',
      'pictures alone have no columns to choose from and no other pictures; leave these settings out.',
    );
  }
  const [first] = found.files;
  if (first !== undefined) checkColumns(first, await readers[first.format].columns(first, signal), spec);
}

function openBackfill(deps: ListingsKindDeps, source: PlanDeps, signal: AbortSignal): OpenListings {
  const topic = deps.topics.of('events', 'backfill');
  const producer = createProducerOnce(deps.broker);

  function toDecision(entry: Entry, origin: string): Decision {
    const { position } = entry;
    const decided: RowDecision = source.decide(entry);
    if (decided === undefined) return undefined;
    if ('code' in decided) return { error: { origin, position, ...decided } };
    const value = deps.codecs.productEvent.encode(decided.event);
    return { position, record: { topic, key: decided.event.productId, value } };
  }

  async function* plan(): AsyncGenerator<BackfillRange> {
    let ordinal = 0;
    for await (const part of planParts(source, signal)) yield toRange(part, ordinal++);
  }

  async function run(range: BackfillRange, context: RangeContext): Promise<void> {
    const part = fromRange(range);
    await sendRange({
      rows: source.entriesOf(part, context.signal),
      decide: (entry) => toDecision(entry, part.origin),
      origin: part.origin,
      producer: await producer.get(),
      context,
      ...(part.take === undefined ? {} : { take: part.take }),
    });
  }

  async function close(): Promise<void> {
    await producer.close();
  }

  return { plan, run, close, survey: () => surveyListings(source, signal) };
}

async function surveyListings(source: PlanDeps, signal: AbortSignal): Promise<ListingsSurvey> {
  const { found } = source;
  let [ranges, rows] = [0, 0];
  let example: ProductEvent | undefined;
  for await (const part of planParts(source, signal)) {
    ranges += 1;
    rows += await countWanted(source, part, Number.POSITIVE_INFINITY, signal);
    example ??= await exampleOf(source, part, signal);
  }
  const files = found.type === 'files' ? found.files : [];
  return {
    sources: found.type === 'files' ? files.length : found.folders.length,
    sizeBytes: files.reduce((sum, { object }) => sum + object.sizeBytes, 0),
    ranges,
    rows,
    ...(example === undefined ? {} : { example }),
  };
}

async function exampleOf({ entriesOf, decide }: PlanDeps, part: SourcePart, signal: AbortSignal): Promise<ProductEvent | undefined> {
  for await (const entries of entriesOf(part, signal)) {
    for (const entry of entries) {
      const decided = decide(entry);
      if (decided !== undefined && 'event' in decided) return decided.event;
    }
  }
  return undefined;
}
