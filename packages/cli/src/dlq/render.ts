import type { InMessage } from '@labelstream/shared/ports/broker';
import { DEAD_LETTER_HEADERS, printable } from '@labelstream/shared/stream/dead-letter';
import { type Paint, renderTable } from '../output.js';
import type { Body } from './body.js';
import type { PurgeResult } from './purge.js';
import type { FoundLetter } from './read.js';
import type { DeadLetter, Origin } from './record.js';
import { REFUSALS, type Refusal, type ReplayResult } from './replay.js';

const PRODUCT_CHARS = 40;
const DETAIL_CHARS = 100;

const instant = (ms: number) => (Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms));
const short = (text: string, chars: number) => {
  const letters = [...printable(text)];
  return letters.length <= chars ? letters.join('') : `${letters.slice(0, chars - 1).join('')}…`;
};

/** A dead letter as `--json` gives it, without its bytes. */
export function letterLine({ origin, failedAtMs, isReplayed, isOmitted, ...letter }: FoundLetter): Record<string, unknown> {
  const { id, stage, code, detail, productId, sizeBytes, replays } = letter;
  const { topic, partition, offset, lane } = origin;
  const from = topic === '' ? null : { topic, partition: Number(partition), offset: Number(offset), lane };
  return { id, failedAt: instant(failedAtMs), stage, code, detail, productId, from, sizeBytes, bytesKept: !isOmitted, replays, isReplayed };
}

/** One line a dead letter. */
export function letterTable(letters: readonly (DeadLetter & { readonly isReplayed?: boolean })[], paint: Paint): string {
  const columns = ['id', 'when', 'stage', 'code', 'product', 'detail'].map((title) => ({ title }));
  const rows = letters.map(({ id, failedAtMs, stage, code, productId, detail, isReplayed }) => [
    id,
    instant(failedAtMs),
    stage,
    paint.yellow(short(code, PRODUCT_CHARS)),
    short(productId, PRODUCT_CHARS),
    `${isReplayed === true ? paint.dim('replayed; ') : ''}${short(detail, DETAIL_CHARS)}`,
  ]);
  return renderTable(columns, rows);
}

/** Everything of one dead letter; `body` null where it has no bytes. */
export function letterText(letter: FoundLetter, message: InMessage, body: Body | null, { bold, dim }: Paint): string {
  const { id, stage, code, detail, productId, origin, failedAtMs, replays, isReplayed } = letter;
  const own = new Set<string>(Object.values(DEAD_LETTER_HEADERS));
  const headers = Object.entries(message.headers).filter(([name]) => !own.has(name));
  const facts: readonly (readonly [string, string])[] = [
    ['when', instant(failedAtMs)],
    ['stage', stage],
    ['code', code],
    ['detail', detail],
    ['product', productId],
    ...originFacts(origin),
    ['replays', `${replays} before${isReplayed ? ', and again since' : ''}`],
    ...headers.map(([name, value]) => [`header ${printable(name)}`, value] as const),
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  const lines = facts.map(([name, value]) => `${dim(name.padEnd(width))}  ${printable(value)}`);
  return [bold(id), ...lines, '', bodyText(letter, body, dim)].join('\n');
}

function originFacts({ topic, partition, offset, lane, timestamp }: Origin): (readonly [string, string])[] {
  if (topic === '') return [['from', 'unknown']];
  return [
    ['from', `${topic}, partition ${partition}, offset ${offset}, ${lane} lane`],
    ['sent', instant(Number(timestamp))],
  ];
}

function bodyText({ isOmitted, sizeBytes }: DeadLetter, body: Body | null, dim: Paint['dim']): string {
  if (isOmitted) return `Its ${sizeBytes} bytes were too large to be kept.`;
  if (body === null) return 'It has no value.';
  const why = body.why === undefined ? '' : `; ${printable(body.why)}`;
  return `${dim(`${sizeBytes} bytes, ${body.form}${why}`)}\n${body.text}`;
}

/** Counts of a replay, for its last line. */
export interface ReplayTally {
  readonly sent: number;
  readonly alreadyReplayed: number;
  readonly refused: ReadonlyMap<Refusal, number>;
}

export const EMPTY_TALLY: ReplayTally = { sent: 0, alreadyReplayed: 0, refused: new Map() };

/** The tally with one more result. */
export function tallied(tally: ReplayTally, result: ReplayResult): ReplayTally {
  if (result.outcome === 'alreadyReplayed') return { ...tally, alreadyReplayed: tally.alreadyReplayed + 1 };
  if (result.outcome !== 'refused') return { ...tally, sent: tally.sent + 1 };
  return { ...tally, refused: new Map(tally.refused).set(result.reason, (tally.refused.get(result.reason) ?? 0) + 1) };
}

const letters = (count: number) => `${count} dead ${count === 1 ? 'letter' : 'letters'}`;

/** What a replay did, or with `isDryRun` would do. */
export function tallyText({ sent, alreadyReplayed, refused }: ReplayTally, isDryRun: boolean): string {
  return [
    `${letters(sent)} ${isDryRun ? 'would be replayed' : 'replayed'}.`,
    ...(alreadyReplayed === 0 ? [] : [`${letters(alreadyReplayed)} had been replayed already.`]),
    ...[...refused].map(([reason, count]) => `${letters(count)} cannot be replayed: ${REFUSALS[reason]}.`),
  ].join('\n');
}

/** What a purge did, or with `isDryRun` would do. */
export function purgeText(results: readonly PurgeResult[], isDryRun: boolean): string {
  const count = (...outcomes: PurgeResult['outcome'][]) => results.filter(({ outcome }) => outcomes.includes(outcome)).length;
  const [gone, kept, notFound] = [count('planned', 'deleted'), count('kept'), count('notFound')];
  return [
    isDryRun
      ? `${letters(gone)} would be deleted for good${gone === 0 ? '.' : '; add --yes to do it.'}`
      : `${letters(gone)} deleted for good.`,
    ...(kept === 0
      ? []
      : [`${letters(kept)} must stay: Kafka deletes a partition from its beginning only, and something that was not chosen lies before.`]),
    ...(notFound === 0 ? [] : [`${letters(notFound)} not there, or no longer kept.`]),
  ].join('\n');
}
