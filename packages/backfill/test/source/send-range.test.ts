import { LabelstreamError } from '@labelstream/shared/errors';
import type { OutRecord } from '@labelstream/shared/stream/outcome';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RangeContext } from '../../src/kind.js';
import { type Decision, sendRange } from '../../src/source/send-range.js';

type Row = 'send' | 'refuse' | 'leave out' | 'too large';

function decide([row, at]: readonly [Row, number]): Decision {
  if (row === 'leave out') return undefined;
  if (row === 'refuse') return { error: { origin: 'a', position: at, code: 'SOURCE_INVALID', message: 'no' } };
  return { position: at, record: { topic: 't', key: `${at}`, value: Buffer.from(row) } };
}

interface Run {
  readonly rowsDone?: number;
  readonly take?: number;
  readonly failAt?: number;
  readonly signal?: AbortSignal;
  readonly producer?: (records: readonly OutRecord[]) => void;
}

/** Runs a range and tells, in order, what happened. */
async function run(
  rows: readonly Row[],
  { rowsDone = 0, take, failAt, signal = new AbortController().signal, producer = () => {} }: Run = {},
) {
  const told: string[] = [];
  const context: RangeContext = {
    rowsDone,
    admit: async (count) => void told.push(`admit ${count}`),
    checkpoint: async (progress) => void told.push(`done ${progress.rowsDone} sent ${progress.sent}`),
    rowError: async ({ position, code }) => void told.push(`error ${position} ${code}`),
    signal,
  };
  async function* chunks() {
    for (let at = 0; at < rows.length; at += 7) {
      if (failAt !== undefined && at >= failAt) throw new LabelstreamError('SOURCE_INVALID', 'the rest cannot be read');
      yield rows.slice(at, at + 7).map((row, index) => [row, at + index] as const);
    }
  }
  async function send(records: readonly OutRecord[]): Promise<void> {
    producer(records);
    if (records.some(({ value }) => value?.toString() === 'too large')) throw new LabelstreamError('EVENT_TOO_LARGE', 'too large');
    told.push(...records.map(({ key }) => `send ${key}`));
  }
  const ending = await sendRange({
    rows: chunks(),
    decide,
    origin: 'a',
    producer: { send, close: async () => {} },
    context,
    ...(take === undefined ? {} : { take }),
  }).then(
    () => 'through',
    (error: Error) => error.message,
  );
  const which = (word: string) => told.filter((line) => line.startsWith(word)).map((line) => Number(line.split(' ')[1]));
  return { told, ending, sent: which('send'), errors: which('error'), done: which('done').at(-1) };
}

const anyRows = fc.array(fc.constantFrom<Row>('send', 'refuse', 'leave out', 'too large'), { maxLength: 900 });
const of = (rows: readonly Row[], ...wanted: Row[]) => rows.flatMap((row, at) => (wanted.includes(row) ? [at] : []));

describe('a range', () => {
  it('is admitted, sent and counted, in this order', async () => {
    expect((await run(['send', 'refuse', 'leave out', 'send'])).told).toEqual([
      'admit 2',
      'send 0',
      'send 3',
      'error 1 SOURCE_INVALID',
      'done 4 sent 2',
    ]);
  });

  it('goes on after any row that was done, and sends or reports each of the rest once', async () => {
    await fc.assert(
      fc.asyncProperty(anyRows, fc.nat(), async (rows, seed) => {
        const rowsDone = seed % (rows.length + 1);
        const { sent, errors, done, ending } = await run(rows, { rowsDone });
        expect(ending).toBe('through');
        expect(sent).toEqual(of(rows, 'send').filter((at) => at >= rowsDone));
        expect(errors).toEqual(of(rows, 'refuse', 'too large').filter((at) => at >= rowsDone));
        expect(done ?? rowsDone).toBe(rows.length);
      }),
      { numRuns: 60 },
    );
  });

  it('ends after as many as are wanted, whatever was done before', async () => {
    await fc.assert(
      fc.asyncProperty(anyRows, fc.integer({ min: 1, max: 900 }), fc.nat(), async (rows, take, seed) => {
        const rowsDone = seed % (rows.length + 1);
        const wanted = of(rows, 'send', 'refuse', 'too large').slice(0, take);
        const { sent } = await run(rows, { rowsDone, take });
        expect(sent).toEqual(wanted.filter((at) => at >= rowsDone && rows[at] === 'send'));
      }),
      { numRuns: 60 },
    );
  });

  it('is sent as far as it could be read', async () => {
    const { sent, done, ending } = await run(Array<Row>(500).fill('send'), { failAt: 490 });
    expect(ending).toBe('the rest cannot be read');
    expect(sent.length).toBe(490);
    expect(done).toBe(490);
  });

  it('counts nothing as done that could not be sent', async () => {
    const producer = (records: readonly OutRecord[]) => {
      if (records[0]?.key === '200') throw new LabelstreamError('BROKER_UNAVAILABLE', 'Kafka is gone');
    };
    const { done, ending, sent } = await run(Array<Row>(500).fill('send'), { producer });
    expect(ending).toBe('Kafka is gone');
    expect([done, sent.length]).toEqual([200, 200]);
  });

  it('sends nothing more once it is called off', async () => {
    const stop = new AbortController();
    const { sent, ending } = await run(Array<Row>(500).fill('send'), {
      signal: stop.signal,
      producer: () => stop.abort(new Error('called off')),
    });
    expect(ending).toBe('called off');
    expect(sent.length).toBe(200);
  });
});
