/** Where an object of the archive lies: `{encoderId}/date=YYYY-MM-DD/{time}-{suffix}.avro`, its index beside it. */
export interface ObjectName {
  readonly encoderId: string;
  /** UTC, `YYYY-MM-DD`. */
  readonly date: string;
  /** `{time}-{suffix}`, by which the objects of a date are in the order in which they were begun. */
  readonly id: string;
}

const NAME = /^(?<encoderId>[^/]+)\/date=(?<date>\d{4}-\d{2}-\d{2})\/(?<id>[0-9A-Z]+-[0-9a-z]+)\.(?<kind>avro|index\.avro)$/;

/** A name for an object that is begun now. `suffix`: lower-case letters and digits, so that two processes do not share it. */
export function nameObject(encoderId: string, nowMs: number, suffix: string): ObjectName {
  const time = new Date(nowMs).toISOString();
  return { encoderId, date: time.slice(0, 10), id: `${time.replaceAll(/[-:.]/g, '')}-${suffix}` };
}

export const partitionPrefix = (encoderId: string, date?: string) => `${encoderId}/${date === undefined ? '' : `date=${date}/`}`;
export const objectKey = ({ encoderId, date, id }: ObjectName) => `${partitionPrefix(encoderId, date)}${id}.avro`;
export const indexKey = ({ encoderId, date, id }: ObjectName) => `${partitionPrefix(encoderId, date)}${id}.index.avro`;

/** What lies under a key, undefined where it is nothing of the archive. */
export function readKey(key: string): (ObjectName & { readonly kind: 'object' | 'index' }) | undefined {
  const match = NAME.exec(key)?.groups;
  if (match === undefined) return undefined;
  const { encoderId = '', date = '', id = '', kind } = match;
  return { encoderId, date, id, kind: kind === 'avro' ? 'object' : 'index' };
}
