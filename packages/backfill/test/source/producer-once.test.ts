import { LabelstreamError } from '@labelstream/shared/errors';
import { expect, it } from 'vitest';
import { createProducerOnce } from '../../src/source/producer-once.js';

function brokerOf(failures: number) {
  const calls = { opened: 0, closed: 0 };
  const producer = async () => {
    calls.opened += 1;
    if (calls.opened <= failures) throw new LabelstreamError('BROKER_UNAVAILABLE', 'away');
    return {
      send: async () => {},
      close: async () => {
        calls.closed += 1;
      },
    };
  };
  return { calls, broker: { producer } };
}

it('opens one producer for all who ask, also at the same time, and closes it', async () => {
  const { calls, broker } = brokerOf(0);
  const once = createProducerOnce(broker);
  const [first, second] = await Promise.all([once.get(), once.get()]);
  expect(second).toBe(first);
  await once.close();
  expect(calls).toEqual({ opened: 1, closed: 1 });
});

it('tries again after a failure', async () => {
  const { calls, broker } = brokerOf(1);
  const once = createProducerOnce(broker);
  await expect(once.get()).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
  await once.get();
  expect(calls.opened).toBe(2);
});

it('opens nothing only to close it', async () => {
  const { calls, broker } = brokerOf(0);
  await createProducerOnce(broker).close();
  expect(calls).toEqual({ opened: 0, closed: 0 });
});
