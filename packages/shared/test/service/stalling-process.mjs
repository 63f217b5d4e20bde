// A service process over engines in its own memory, whose one stage behaves as its argument says. Runs the built package, as services do.
import { LabelstreamError } from '../../dist/errors.js';
import { createMemoryContext } from '../../dist/service/memory-context.js';
import { runProcess } from '../../dist/service/run-service.js';
import { runServices } from '../../dist/service/run-services.js';
import { drop } from '../../dist/stream/outcome.js';

const behaviours = {
  hang: () => new Promise(() => {}),
  block: () => {
    for (;;);
  },
  outage: async () => {
    throw new LabelstreamError('CACHE_UNAVAILABLE', 'down for good');
  },
  well: async (batch) => batch.map(() => drop('UNCHANGED')),
};

const service = {
  name: 'fusion',
  create: async () => ({
    stage: { name: 'fusion', input: 'encoded', delivery: 'at-least-once', process: behaviours[process.argv[2]] },
    close: async () => {},
  }),
};

await runProcess('stalling', process.env, async ({ env, log, signal }) => {
  const context = await createMemoryContext({ log });
  const running = await runServices([service], context, { env, signal });
  const producer = await context.broker.producer();
  await producer.send([{ topic: context.topics.of('encoded'), key: 'p', value: new Uint8Array([1]) }]);
  // The engines in memory hold nothing that keeps a process alive.
  setInterval(() => {}, 1000);
  return { port: 0, failed: running.failed, healthy: running.healthy, stop: running.stop };
});
