import { createRequire } from 'node:module';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { quietRequestQueues } from '../../../src/adapters/kafka/request-queue.js';

interface RequestQueue {
  throttledUntil: number;
  push(request: { entry: object; expectResponse: boolean; sendRequest: () => void }): void;
  fulfillRequest(response: { correlationId: number; payload: object; size: number }): void;
  destroy(): void;
}

const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as new (options: object) => RequestQueue;

const open: RequestQueue[] = [];

function openQueue() {
  const logger = { debug: () => {}, warn: () => {} };
  const queue = new RequestQueue({ maxInFlightRequests: 1, requestTimeout: 1000, enforceRequestTimeout: false, logger });
  open.push(queue);
  const sent: number[] = [];
  const push = (correlationId: number) => {
    const entry = { correlationId, apiName: 'Fetch', apiKey: 1, apiVersion: 11, resolve: () => {}, reject: () => {} };
    queue.push({ entry, expectResponse: true, sendRequest: () => sent.push(correlationId) });
  };
  return { queue, sent, push, answer: (correlationId: number) => queue.fulfillRequest({ correlationId, payload: {}, size: 0 }) };
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  for (const queue of open.splice(0)) queue.destroy();
  vi.useRealTimers();
});

// When this fails, kafkajs has mended it and request-queue.ts can go.
test('kafkajs by itself looks at an empty queue again and again', () => {
  const { push, answer } = openQueue();
  push(1);
  answer(1);
  vi.advanceTimersByTime(1000);
  expect(vi.getTimerCount()).toBe(1);
});

describe('a quiet queue', () => {
  beforeEach(() => {
    quietRequestQueues();
    quietRequestQueues();
  });

  test('sets no timer when nothing is pending', () => {
    const { sent, push, answer } = openQueue();
    push(1);
    answer(1);
    expect(sent).toEqual([1]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('sends what is pending when the one before is answered', () => {
    const { sent, push, answer } = openQueue();
    push(1);
    push(2);
    expect(sent).toEqual([1]);
    answer(1);
    expect(sent).toEqual([1, 2]);
    answer(2);
    vi.advanceTimersByTime(20);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('sends what the broker throttles when its time is over, and is quiet then', () => {
    const { queue, sent, push, answer } = openQueue();
    queue.throttledUntil = Date.now() + 50;
    push(1);
    vi.advanceTimersByTime(49);
    expect(sent).toEqual([]);
    vi.advanceTimersByTime(11);
    expect(sent).toEqual([1]);
    answer(1);
    vi.advanceTimersByTime(20);
    expect(vi.getTimerCount()).toBe(0);
  });
});
