import { isLabelstreamError, type LabelstreamError } from '../errors.js';
import type { TopicNames } from '../events/topics.js';
import type { InMessage } from '../ports/broker.js';
import { deadLetterRecord } from './dead-letter.js';
import { deadLetter, type Outcome, type OutRecord } from './outcome.js';
import type { Stage } from './stage.js';

/** A message, its outcome, and the records that make the outcome durable. */
export interface Decided {
  readonly message: InMessage;
  readonly outcome: Outcome;
  readonly records: readonly OutRecord[];
}

/**
 * Whether the broker refused the very records: they are too large, or cannot be written at all. Nothing was written, and nothing else is
 * wrong with the broker.
 */
export const isRefusal = (error: unknown): error is LabelstreamError => isLabelstreamError(error, 'EVENT_TOO_LARGE', 'STAGE_FAILED');

/** Turns outcomes into records, and finds another way where the broker refuses them. */
export interface Decider {
  /** Pairs a micro-batch with its outcomes, which come in the same order. */
  decide(batch: readonly InMessage[], outcomes: readonly Outcome[]): Decided[];
  /**
   * Writes a micro-batch. What the broker refuses is halved, since a batch can be too large as a whole; a message whose own records
   * are refused becomes a dead letter, without its bytes if even that is refused, and at last without any other record.
   *
   * @param write makes the outcomes durable, all or nothing; false when it was told to give up
   */
  writeAll(decided: readonly Decided[], write: (decided: readonly Decided[]) => Promise<boolean>): Promise<boolean>;
}

/** Creates the decider of a stage: its dead letters go to the dead-letter topic of its input. */
export function createDecider(stage: Stage, topics: TopicNames): Decider {
  const to = { topic: topics.deadLetters(stage.input), stage: stage.name };

  function recordsOf(message: InMessage, outcome: Outcome): readonly OutRecord[] {
    if (outcome.kind === 'emit') return outcome.records;
    return outcome.kind === 'deadLetter' ? [...(outcome.records ?? []), deadLetterRecord(message, outcome, to)] : [];
  }

  function decide(batch: readonly InMessage[], outcomes: readonly Outcome[]): Decided[] {
    return outcomes.flatMap((outcome, index) => {
      const message = batch[index];
      return message === undefined ? [] : [{ message, outcome, records: recordsOf(message, outcome) }];
    });
  }

  /** The next smaller way to make a refused message durable; null when there is none. */
  function shrink({ message, outcome, records }: Decided, refusal: LabelstreamError): Decided | null {
    if (outcome.kind !== 'deadLetter') {
      const refused = deadLetter(refusal.code, refusal.message);
      return { message, outcome: refused, records: recordsOf(message, refused) };
    }
    const smallest = deadLetterRecord(message, outcome, { ...to, omitValue: true });
    if (records.at(-1)?.value !== null) return { message, outcome, records: [...records.slice(0, -1), smallest] };
    return records.length > 1 ? { message, outcome, records: [smallest] } : null;
  }

  async function writeAll(decided: readonly Decided[], write: (decided: readonly Decided[]) => Promise<boolean>): Promise<boolean> {
    try {
      return await write(decided);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const [only, ...others] = decided;
      if (only !== undefined && others.length === 0) {
        const smaller = shrink(only, error);
        if (smaller === null) throw error;
        return writeAll([smaller], write);
      }
    }
    const middle = Math.ceil(decided.length / 2);
    return (await writeAll(decided.slice(0, middle), write)) && (await writeAll(decided.slice(middle), write));
  }

  return { decide, writeAll };
}
