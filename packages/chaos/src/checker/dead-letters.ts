import type { SentBad, TopicRecord, Violation } from './types.js';

/** Header of a dead letter: why it is one (docs/reference/topics.md). */
const CODE_HEADER = 'labelstream-error-code';

const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

/**
 * Every bad event is there to the byte, with its reason, and nothing else is. It may be there twice: dead letters are written at least once.
 */
export function checkDeadLetters(sent: readonly SentBad[], letters: readonly TopicRecord[]): Violation[] {
  const codes = new Map<string, Set<string>>();
  const strangers: Violation[] = [];
  const known = new Set(sent.map(({ bytes }) => textOf(bytes)));
  for (const { topic, partition, offset, key, value, headers } of letters) {
    const code = headers[CODE_HEADER] ?? 'no code';
    const bytes = textOf(value ?? new Uint8Array());
    if (known.has(bytes)) codes.set(bytes, (codes.get(bytes) ?? new Set()).add(code));
    else
      strangers.push({
        breach: 'wrong',
        productId: key,
        what: `${topic} ${partition}/${offset}: a good event became a dead letter (${code})`,
      });
  }
  const missing = sent.flatMap(({ key, bytes, code }): Violation[] => {
    const found = codes.get(textOf(bytes));
    if (found === undefined) return [{ breach: 'lost', productId: key, what: `a bad event (${code}) is in no dead-letter topic` }];
    const others = [...found].filter((one) => one !== code);
    return others.length === 0 ? [] : [{ breach: 'wrong', productId: key, what: `a dead letter says ${others} instead of ${code}` }];
  });
  return [...missing, ...strangers];
}
