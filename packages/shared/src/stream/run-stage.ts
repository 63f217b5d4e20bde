import type { Logger } from 'pino';
import { describeError, isLabelstreamError, LabelstreamError } from '../errors.js';
import type { InMessage } from '../ports/broker.js';
import { ABANDONED, type Patience } from './outage.js';
import { deadLetter, type Outcome } from './outcome.js';
import type { Stage } from './stage.js';

export interface RunStageDeps {
  readonly stage: Stage;
  readonly patience: Patience;
  readonly log: Logger;
}

/**
 * Runs a stage over a micro-batch and always comes back with exactly one outcome per message, in order.
 *
 * What is down is waited for ({@link ABANDONED} when `giveUp` aborts meanwhile). Any other failure is bisected: the halves run on their
 * own, so that one bad message costs its batch log2(n) extra calls and harms nobody else; alone, it becomes a dead letter.
 *
 * @throws BROKER_FENCED, which is about this process and not about a message
 */
export async function runStage(
  deps: RunStageDeps,
  batch: readonly InMessage[],
  giveUp: AbortSignal,
): Promise<readonly Outcome[] | typeof ABANDONED> {
  try {
    return await deps.patience.untilUp(() => processOnce(deps, batch), giveUp);
  } catch (error) {
    if (isLabelstreamError(error, 'BROKER_FENCED')) throw error;
    if (batch.length === 1) return [failedAlone(error)];
    deps.log.warn({ err: error, messages: batch.length }, 'a micro-batch failed: bisecting it');
  }
  const middle = Math.ceil(batch.length / 2);
  const left = await runStage(deps, batch.slice(0, middle), giveUp);
  if (left === ABANDONED) return ABANDONED;
  const right = await runStage(deps, batch.slice(middle), giveUp);
  if (right === ABANDONED) return ABANDONED;
  return [...left, ...right];
}

async function processOnce({ stage, log }: RunStageDeps, batch: readonly InMessage[]): Promise<readonly Outcome[]> {
  const outcomes = await stage.process(batch);
  if (outcomes.length === batch.length) return outcomes;
  const bug = `stage ${stage.name} answered ${batch.length} messages with ${outcomes.length} outcomes`;
  log.error(bug);
  throw new LabelstreamError('STAGE_FAILED', bug);
}

const failedAlone = (error: unknown): Outcome =>
  isLabelstreamError(error) ? deadLetter(error.code, error.message) : deadLetter('STAGE_FAILED', describeError(error));
