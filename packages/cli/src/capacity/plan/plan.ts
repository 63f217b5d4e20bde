import { STAGE_NAMES, type StageName } from '@labelstream/shared/stream/stage';
import { FIGURES } from '../figures.js';
import type { PlanInputs } from './inputs.js';

/** What a catalogue takes. Bytes are 10⁰ bytes, rates listings a second, money US dollars. */
export interface Plan {
  readonly inputs: PlanInputs;
  readonly stages: readonly StagePlan[];
  readonly partitions: number;
  /** Set where the stages would need more partitions than the topics may have. */
  readonly isBeyondOneDeployment: boolean;
  readonly kafka: KafkaPlan;
  readonly redis: RedisPlan;
  readonly archive: ArchivePlan;
  readonly backfill: WorkPlan;
  readonly relabel: WorkPlan;
}

/** Instances of one core each. */
export interface StagePlan {
  readonly stage: StageName;
  readonly listingsPerSecondPerInstance: number;
  /** For the live stream at its busiest. */
  readonly live: number;
  /** On top of these while a backfill runs. */
  readonly backfill: number;
}

export interface KafkaPlan {
  /** Of one copy, by what holds them: a day or seven of the live stream, the same of a backfill, the compacted labels. */
  readonly liveBytes: number;
  readonly backfillBytes: number;
  readonly labelBytes: number;
  /** All of it times the replication. */
  readonly storedBytes: number;
  /** Into the brokers at the busiest time of the live stream with a backfill, one copy. */
  readonly writtenBytesPerSecond: number;
}

export interface RedisPlan {
  /** The state Redis: what was published last, for every listing. */
  readonly stateBytes: number;
  /** The cache that holds what is under way, live and backfill: with less, listings are sent back to be prepared again. */
  readonly cacheUnderWayBytes: number;
  /** The cache if nothing is evicted before its time: a picture or title that comes again is not computed again. */
  readonly cacheFullLifeBytes: number;
}

export interface ArchivePlan {
  readonly bytes: number;
  readonly objects: number;
  readonly storagePerMonth: number;
  /** Once, to write it all. */
  readonly writing: number;
}

/** Going through the whole catalogue. */
export interface WorkPlan {
  readonly listingsPerSecond: number;
  readonly hours: number;
  readonly instanceHours: number;
  readonly cost: number;
}

const SECONDS_A_DAY = 86_400;
const MS_AN_HOUR = 3_600_000;
const EVENT_DAYS = 7;
const STAGE_DAYS = 1;
const MIN_PARTITIONS = 6;
/** As many as TOPIC_PARTITIONS takes. */
const MAX_PARTITIONS = 1024;
/** So that instances can be added without new partitions: these would break the order of a product's events. */
const PARTITIONS_PER_INSTANCE = 2;
/** A compacted topic also holds what is not compacted away yet. */
const COMPACTION_SLACK = 1.5;
/** The stages that a re-label from tokens passes. */
const RELABELLING: readonly StageName[] = ['fusion', 'sink'];

/** Works out what a catalogue takes, from the measured figures. */
export function makePlan(inputs: PlanInputs): Plan {
  const backfillRate = inputs.listings / (inputs.backfillDays * SECONDS_A_DAY);
  const stages = STAGE_NAMES.map((stage) => planStage(stage, inputs, backfillRate));
  const most = Math.max(...stages.map(({ live, backfill }) => live + backfill));
  const wanted = roundUp(most * PARTITIONS_PER_INSTANCE, MIN_PARTITIONS);
  return {
    inputs,
    stages,
    partitions: Math.min(wanted, MAX_PARTITIONS),
    isBeyondOneDeployment: most > MAX_PARTITIONS,
    kafka: planKafka(inputs, backfillRate),
    redis: planRedis(inputs, backfillRate),
    archive: planArchive(inputs),
    backfill: planWork(STAGE_NAMES, backfillRateOf(stages, inputs), inputs),
    relabel: planWork(RELABELLING, relabelRateOf(stages, inputs), inputs, archiveOf(inputs.listings).objects),
  };
}

const roundUp = (value: number, multiple: number) => Math.ceil(value / multiple) * multiple;

function planStage(stage: StageName, { livePerSecond, utilisation }: PlanInputs, backfillRate: number): StagePlan {
  const perInstance = 1000 / FIGURES.cpuMs[stage].value;
  const instancesFor = (rate: number) => Math.max(1, Math.ceil(rate / (perInstance * utilisation)));
  const live = instancesFor(livePerSecond);
  return { stage, listingsPerSecondPerInstance: perInstance, live, backfill: instancesFor(livePerSecond + backfillRate) - live };
}

function planKafka({ listings, changesPerDay, livePerSecond, backfillDays, replication }: PlanInputs, backfillRate: number): KafkaPlan {
  const overhead = FIGURES.recordOverheadBytes.value;
  const { events, prepared, encoded, predicted, labels } = FIGURES.recordBytes;
  const size = (...records: { readonly value: number }[]) => records.reduce((sum, { value }) => sum + value + overhead, 0);
  const between = size(prepared, encoded, predicted);
  const liveBytes = changesPerDay * (EVENT_DAYS * size(events) + STAGE_DAYS * between);
  const daysHeld = (days: number) => Math.min(days, backfillDays);
  const backfillBytes = backfillRate * SECONDS_A_DAY * (daysHeld(EVENT_DAYS) * size(events) + daysHeld(STAGE_DAYS) * between);
  const labelBytes = listings * size(labels) * COMPACTION_SLACK;
  return {
    liveBytes,
    backfillBytes,
    labelBytes,
    storedBytes: (liveBytes + backfillBytes + labelBytes) * replication,
    writtenBytesPerSecond: (livePerSecond + backfillRate) * (size(events, labels) + between),
  };
}

function planRedis({ listings, changesPerDay, livePerSecond, underWaySeconds }: PlanInputs, backfillRate: number): RedisPlan {
  const { pixels, imageTokens, textTokens, published } = FIGURES.redisBytes;
  const tokens = imageTokens.value + textTokens.value;
  const meanRate = changesPerDay / SECONDS_A_DAY + backfillRate;
  return {
    stateBytes: listings * published.value,
    cacheUnderWayBytes: (livePerSecond + backfillRate) * underWaySeconds * (pixels.value + tokens),
    cacheFullLifeBytes: meanRate * (FIGURES.pixelLifeSeconds.value * pixels.value + FIGURES.tokenLifeSeconds.value * tokens),
  };
}

function archiveOf(listings: number): { readonly bytes: number; readonly objects: number } {
  const { sequences, listing } = FIGURES.archiveBytes;
  const bytes = listings * (sequences.value + listing.value) * FIGURES.archiveRatio.value;
  return { bytes, objects: Math.ceil(bytes / FIGURES.archiveObjectBytes.value) };
}

function planArchive({ listings, prices }: PlanInputs): ArchivePlan {
  const { bytes, objects } = archiveOf(listings);
  return { bytes, objects, storagePerMonth: (bytes / 1e9) * prices.objectGbMonth, writing: (objects / 1000) * prices.thousandPuts };
}

/** Listings a second that the narrowest stage leaves beside the live stream at its busiest. */
function backfillRateOf(stages: readonly StagePlan[], { livePerSecond, utilisation }: PlanInputs): number {
  const capacities = stages.map((stage) => (stage.live + stage.backfill) * stage.listingsPerSecondPerInstance * utilisation);
  return Math.min(...capacities) - livePerSecond;
}

/** The same cores, all that live does not need, dealt out among fusion and sink as their work is. */
function relabelRateOf(stages: readonly StagePlan[], { livePerSecond, utilisation }: PlanInputs): number {
  const cores = stages.reduce((sum, { live, backfill }) => sum + live + backfill, 0);
  const liveCores = (livePerSecond * msOf(STAGE_NAMES)) / 1000 / utilisation;
  return ((cores - liveCores) * utilisation * 1000) / msOf(RELABELLING);
}

/** Processor time of a listing in these stages. */
const msOf = (passed: readonly StageName[]) => passed.reduce((sum, stage) => sum + FIGURES.cpuMs[stage].value, 0);

/** Once through the catalogue; `objects` are read on the way. */
function planWork(
  passed: readonly StageName[],
  listingsPerSecond: number,
  { listings, prices, utilisation }: PlanInputs,
  objects = 0,
): WorkPlan {
  const instanceHours = (listings * msOf(passed)) / utilisation / MS_AN_HOUR;
  return {
    listingsPerSecond,
    hours: listings / listingsPerSecond / 3600,
    instanceHours,
    cost: instanceHours * prices.coreHour + (objects / 1000) * prices.thousandGets,
  };
}
