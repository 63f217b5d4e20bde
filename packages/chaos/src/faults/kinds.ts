import { LabelstreamError } from '@labelstream/shared/errors';

/** Everything that is broken, and how. */
export const FAULTS = {
  'service-kill': 'kill -9 of a service instance, which is started again',
  'service-stop': 'SIGTERM to a service instance, which is started again',
  'service-freeze': 'SIGSTOP of a service instance for longer than its session lasts, then SIGCONT',
  'kafka-kill': 'kill -9 of Kafka, which is started again',
  'state-kill': 'kill -9 of the state Redis, which is started again',
  'cache-kill': 'kill -9 of the cache Redis, which is started again, empty',
  'cache-flush': 'FLUSHALL of the cache',
  'cache-full': 'a cache that holds next to nothing for a while',
  'published-loss': 'deletion of all last-published keys of the state',
  'images-down': 'the image store answers 503 for a while',
  'images-slow': 'the image store answers slower than anybody waits, for a while',
  'images-cut': 'the image store breaks off in the middle of its answers, for a while',
  'bundle-change': 'a fusion bundle of the next generation, one instance after the other',
} as const;

export type FaultKind = keyof typeof FAULTS;

export const FAULT_KINDS = Object.keys(FAULTS) as FaultKind[];

/** Kinds as a user gives them, separated by commas. Throws USAGE. */
export function parseKinds(text: string): readonly FaultKind[] {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const unknown = names.find((name) => !FAULT_KINDS.some((kind) => kind === name));
  if (names.length > 0 && unknown === undefined) return FAULT_KINDS.filter((kind) => names.includes(kind));
  throw new LabelstreamError('USAGE', `There is no fault "${unknown ?? ''}"; there are ${FAULT_KINDS.join(', ')}.`);
}
