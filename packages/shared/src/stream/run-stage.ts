import type { Logger } from 'pino';
import { describeError, isLabelstreamError, LabelstreamError } from '../errors.js';
import type { InMessage } from '../ports/broker.js';
import { ABANDONED, type Patience } from './outage.js';
import { deadLetter, type Outcome } from './outcome.js';
import type { BatchProgress, Stage } from './stage.js';
import { isFenced } from './term.js';

export interface RunStageDeps {
  readonly stage: Stage;
  readonly patience: Patience;
  readonly log: Logger;
}

/** How often a micro-batch may end the inference worker before it is taken to be at fault; a worker can also end for want of memory. */
const MAX_CRASHES = 3;

/** Something in the micro-batch is bad: its halves have to be run on their own. */
export const SPLIT = Symbol('split');

/**
 * Runs a stage over a micro-batch once it can be run, and comes back with one outcome per message, in order; with {@link ABANDONED} when
 * `giveUp` aborts while something is down; or with {@link SPLIT} when the batch fails for another reason. A message that fails alone
 * becomes a dead letter.
 *
 * @throws BROKER_FENCED, STATE_FENCED, CONFIG_INVALID, which are about this process and not about a message
 */
export async function runUndivided(
  deps: RunStageDeps,
  batch: readonly InMessage[],
  giveUp: AbortSignal,
  progress?: BatchProgress,
): Promise<readonly Outcome[] | typeof ABANDONED | typeof SPLIT> {
  try {
    return await deps.patience.untilUp(
      countingCrashes(() => processOnce(deps, batch, progress)),
      giveUp,
    );
  } catch (error) {
    // Neither is about a message: a newer owner has the partition, or Kafka or Redis refuses this process (a permission, a password).
    if (isFenced(error) || isLabelstreamError(error, 'CONFIG_INVALID')) throw error;
    if (batch.length === 1) return [failedAlone(error)];
    deps.log.warn({ err: error, messages: batch.length }, 'a micro-batch failed: bisecting it');
    return SPLIT;
  }
}

/** Turns an INFERENCE_CRASHED that comes again and again, which is waited for, into STAGE_CRASHED, which is not. */
function countingCrashes<T>(run: () => Promise<T>): () => Promise<T> {
  let crashes = 0;
  return async () => {
    try {
      return await run();
    } catch (error) {
      if (!isLabelstreamError(error, 'INFERENCE_CRASHED') || ++crashes < MAX_CRASHES) throw error;
      throw new LabelstreamError('STAGE_CRASHED', `${crashes} times: ${error.message}`, { cause: error });
    }
  };
}

/** The two halves of a micro-batch of at least two messages. */
export function halves<T>(batch: readonly T[]): [readonly T[], readonly T[]] {
  const middle = Math.ceil(batch.length / 2);
  return [batch.slice(0, middle), batch.slice(middle)];
}

/**
 * Like {@link runUndivided}, but bisects: one bad message costs its batch log2(n) extra calls and harms nobody else.
 *
 * @throws BROKER_FENCED, STATE_FENCED, CONFIG_INVALID
 */
export async function runStage(
  deps: RunStageDeps,
  batch: readonly InMessage[],
  giveUp: AbortSignal,
): Promise<readonly Outcome[] | typeof ABANDONED> {
  const whole = await runUndivided(deps, batch, giveUp);
  if (whole !== SPLIT) return whole;
  const outcomes: Outcome[] = [];
  for (const half of halves(batch)) {
    const part = await runStage(deps, half, giveUp);
    if (part === ABANDONED) return ABANDONED;
    outcomes.push(...part);
  }
  return outcomes;
}

async function processOnce(
  { stage, log }: RunStageDeps,
  batch: readonly InMessage[],
  progress?: BatchProgress,
): Promise<readonly Outcome[]> {
  const outcomes = await stage.process(batch, progress);
  if (outcomes.length === batch.length) return outcomes;
  const bug = `stage ${stage.name} answered ${batch.length} messages with ${outcomes.length} outcomes`;
  log.error(bug);
  throw new LabelstreamError('STAGE_FAILED', bug);
}

const failedAlone = (error: unknown): Outcome =>
  isLabelstreamError(error) ? deadLetter(error.code, error.message) : deadLetter('STAGE_FAILED', describeError(error));
