/** Something that is sampled and must not grow. */
export interface Quantity {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  /** Growth up to here is noise, in the same unit. */
  readonly floor: number;
}

/** A quantity that each service tells in its metrics. */
export interface ServiceQuantity extends Quantity {
  readonly metric: string;
  /** Part of the metric's labels, where it has several values. */
  readonly label?: string;
  /** What one unit is in units of the metric. */
  readonly divisor: number;
}

const MIB = 1024 ** 2;
const MS = 0.001;

/** Of each service process. Kafka's client, timers and sockets come and go, so a handful of handles says nothing. */
export const SERVICE_QUANTITIES: readonly ServiceQuantity[] = [
  { id: 'residentMemory', title: 'Resident memory', unit: 'MiB', floor: 16, metric: 'process_resident_memory_bytes', divisor: MIB },
  { id: 'heap', title: 'JavaScript heap in use', unit: 'MiB', floor: 8, metric: 'nodejs_heap_size_used_bytes', divisor: MIB },
  { id: 'external', title: 'Memory outside of the heap', unit: 'MiB', floor: 8, metric: 'nodejs_external_memory_bytes', divisor: MIB },
  {
    id: 'eventLoopLag',
    title: 'Event-loop lag, 99th percentile',
    unit: 'ms',
    floor: 20,
    metric: 'nodejs_eventloop_lag_p99_seconds',
    divisor: MS,
  },
  { id: 'openFiles', title: 'Open files', unit: 'descriptors', floor: 8, metric: 'process_open_fds', divisor: 1 },
  {
    id: 'activeResources',
    title: 'Active resources',
    unit: 'handles and timers',
    floor: 8,
    metric: 'nodejs_active_resources_total',
    divisor: 1,
  },
  {
    id: 'lagLive',
    title: 'Consumer lag, live lane',
    unit: 'messages',
    floor: 50,
    metric: 'labelstream_lag_messages',
    label: 'lane="live"',
    divisor: 1,
  },
  {
    id: 'lagBackfill',
    title: 'Consumer lag, backfill lane',
    unit: 'messages',
    floor: 50,
    metric: 'labelstream_lag_messages',
    label: 'lane="backfill"',
    divisor: 1,
  },
];

/** Of both Redis. */
export const REDIS_QUANTITIES = {
  keys: { id: 'redisKeys', title: 'Redis', unit: 'keys', floor: 50 },
  memory: { id: 'redisMemory', title: 'Redis memory in use', unit: 'MiB', floor: 4 },
} as const satisfies Record<string, Quantity>;

/** Every quantity in the order in which it is shown. */
export const QUANTITIES: readonly Quantity[] = [...SERVICE_QUANTITIES, ...Object.values(REDIS_QUANTITIES)];
