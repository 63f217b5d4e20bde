import { ERROR_CODES, type ErrorCode, LabelstreamError } from '@labelstream/shared/errors';
import { STAGE_NAMES, type StageName } from '@labelstream/shared/stream/stage';
import { type DeadLetter, parseId } from './record.js';

/** Which dead letters are meant; what is not given does not matter. */
export interface DeadLetterFilter {
  readonly code?: ErrorCode;
  readonly stage?: StageName;
  readonly product?: string;
  /** Epoch milliseconds: failed then or later. */
  readonly since?: number;
  /** Epoch milliseconds: failed earlier. */
  readonly before?: number;
}

/** Dead letters that a command is about. */
export interface Selection {
  /** Stages whose dead letters have to be read. */
  readonly stages: readonly StageName[];
  /** The ids asked for, when it was by id. */
  readonly ids: readonly string[];
  isWanted(letter: DeadLetter): boolean;
}

const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(\d{1,9})([smhd])$/;
/** RFC 3339 with an offset, or a date alone (UTC): without an offset the instant would depend on the machine. */
const INSTANT = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

const usage = (message: string) => new LabelstreamError('USAGE', message);

/** Throws USAGE with the list of codes. */
export function parseCode(text: string): ErrorCode {
  if (Object.hasOwn(ERROR_CODES, text)) return text as ErrorCode;
  throw usage(`There is no error code "${text}"; there are ${Object.keys(ERROR_CODES).join(', ')}.`);
}

/** Throws USAGE with the list of stages. */
export function parseStage(text: string): StageName {
  const stage = STAGE_NAMES.find((name) => name === text);
  if (stage !== undefined) return stage;
  throw usage(`There is no stage "${text}"; there are ${STAGE_NAMES.join(', ')}.`);
}

/** `30m`, `2h`, `7d` before now, or an instant; epoch milliseconds. Throws USAGE, naming the option. */
export function parseWhen(option: string, text: string, nowMs: number): number {
  const [, count, unit = ''] = DURATION.exec(text) ?? [];
  if (count !== undefined) return nowMs - Number(count) * (UNITS_MS[unit] ?? 0);
  const instant = INSTANT.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(instant)) return instant;
  throw usage(`${option} takes a duration (30m, 2h, 7d) or an instant (2026-01-31, 2026-01-31T08:00:00Z); "${text}" is neither.`);
}

/** The dead letters that a filter lets through. */
export function selectByFilter({ code, stage, product, since, before }: DeadLetterFilter): Selection {
  return {
    stages: stage === undefined ? STAGE_NAMES : [stage],
    ids: [],
    isWanted: (letter) =>
      (code === undefined || letter.code === code) &&
      (stage === undefined || letter.stage === stage) &&
      (product === undefined || letter.productId === product) &&
      (since === undefined || letter.failedAtMs >= since) &&
      (before === undefined || letter.failedAtMs < before),
  };
}

/** The dead letters of these ids. Throws USAGE for a text that is no id. */
export function selectByIds(ids: readonly string[]): Selection {
  const stages = new Set(ids.map((id) => placeOf(id).stage));
  const wanted = new Set(ids);
  return { stages: STAGE_NAMES.filter((stage) => stages.has(stage)), ids: [...wanted], isWanted: ({ id }) => wanted.has(id) };
}

/** Where the dead letter of an id lies. Throws USAGE for a text that is no id. */
export function placeOf(id: string): NonNullable<ReturnType<typeof parseId>> {
  const place = parseId(id);
  if (place !== null) return place;
  throw usage(`"${id}" is no id of a dead letter; "labelstream dlq list" shows them, for example ingest-0-12.`);
}
