import { createRequire } from 'node:module';

/** What is used of kafkajs' queue of requests, one per connection. */
interface RequestQueue {
  readonly pending: readonly unknown[];
  /** Epoch milliseconds; in the past when the broker does not throttle. */
  readonly throttledUntil: number;
  scheduleCheckPendingRequests(): void;
}

/**
 * In kafkajs 2.2.4 every connection looks for pending requests once a millisecond, for ever, also when there are none (kafkajs#1556, #1704, both
 * open). With a handful of connections that is most of what an idle process costs, and half of what a listing costs that comes alone. Here the
 * queue looks again only when something is pending or the broker throttles; a request that is answered has the queue looked at anyway.
 *
 * Has effect on all clients of this process, those that exist included; calling it again changes nothing.
 */
export function quietRequestQueues(): void {
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as { prototype: RequestQueue };
  const { scheduleCheckPendingRequests: schedule } = prototype;
  if (isQuiet.has(schedule)) return;
  function scheduleWhenNeeded(this: RequestQueue): void {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
  }
  isQuiet.add(scheduleWhenNeeded);
  prototype.scheduleCheckPendingRequests = scheduleWhenNeeded;
}

const isQuiet = new WeakSet<RequestQueue['scheduleCheckPendingRequests']>();
