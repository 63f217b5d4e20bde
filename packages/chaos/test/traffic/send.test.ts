import { LabelstreamError } from '@labelstream/shared/errors';
import { createCodecs } from '@labelstream/shared/events/codecs';
import { topicNames } from '@labelstream/shared/events/topics';
import type { OutRecord } from '@labelstream/shared/stream/outcome';
import { expect, test } from 'vitest';
import type { Sent } from '../../src/checker/types.js';
import { drawContents } from '../../src/traffic/contents.js';
import { sendTraffic } from '../../src/traffic/send.js';
import { createTraffic } from '../../src/traffic/traffic.js';

const codecs = await createCodecs();

/** Runs on a clock of its own; the producer fails where `fails` says so. */
async function run(fails: (attempt: number) => boolean) {
  let clockMs = 0;
  let attempts = 0;
  const records: OutRecord[] = [];
  const sent: Sent[] = [];
  const traffic = createTraffic({ seed: 3, contents: drawContents(3), imageUris: [(file) => `http://images/${file}`] });
  await sendTraffic(
    { traffic, messagesPerSecond: 10, durationMs: 2000, onSent: (one) => sent.push(one) },
    {
      topics: topicNames('x.'),
      codecs,
      now: () => clockMs,
      sleep: async (milliseconds) => {
        clockMs += milliseconds;
      },
      producer: {
        async send(some) {
          attempts += 1;
          if (fails(attempts)) throw new LabelstreamError('BROKER_UNAVAILABLE', 'away');
          records.push(...some);
        },
        close: async () => {},
      },
    },
  );
  return { records, sent };
}

test('sends at an even pace and tells of each message once', async () => {
  const { records, sent } = await run(() => false);
  expect(records).toHaveLength(20);
  expect(sent).toHaveLength(20);
  expect(new Set(records.map(({ topic }) => topic))).toEqual(new Set(['x.product.events', 'x.product.events.backfill']));
});

test('sends a message again before any other when Kafka was away, and does not hurry afterwards', async () => {
  const { records } = await run((attempt) => attempt >= 5 && attempt < 8);
  const undisturbed = await run(() => false);
  expect(records.length).toBeLessThan(20);
  expect(records.map(({ key }) => key)).toEqual(undisturbed.records.slice(0, records.length).map(({ key }) => key));
});
