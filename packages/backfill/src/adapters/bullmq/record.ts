import type { Backfill, BackfillFrom, BackfillState, NewBackfill } from '../../job/backfill.js';
import type { Json } from '../../kind.js';

/** The fields of a new backfill's record, as Redis keeps them. */
export function newFields(backfill: NewBackfill, id: string, nowMs: number): Record<string, string> {
  const { name, from, spec, priority, rate, maxErrors } = backfill;
  return {
    id,
    name,
    from,
    spec: JSON.stringify(spec),
    priority: String(priority),
    ...(rate === undefined ? {} : { rate: String(rate) }),
    maxErrors: String(maxErrors),
    state: 'planning' satisfies BackfillState,
    planned: '0',
    planComplete: '0',
    rowsEstimated: '0',
    rangesDone: '0',
    rowsRead: '0',
    rowsSent: '0',
    rowErrors: '0',
    createdAtMs: String(nowMs),
  };
}

/** What the READ script returns: fields and values in turn, and the lengths of the lists of ranges. */
export type ReadReply = readonly [fields: readonly string[], pending: number, open: number, failed: number];

/** The backfill of a record; null where there is none. */
export function backfillOf([pairs, pending, open, failed]: ReadReply): Backfill | null {
  if (pairs.length === 0) return null;
  const fields = Object.fromEntries(pairs.flatMap((name, i) => (i % 2 === 0 ? [[name, pairs[i + 1] ?? '']] : []))) as Record<
    string,
    string
  >;
  const text = (name: string) => fields[name] ?? '';
  const number = (name: string) => Number(text(name));
  const optional = <T>(name: string, field: string, read: (text: string) => T) => (text(name) === '' ? {} : { [field]: read(text(name)) });
  return {
    id: text('id'),
    name: text('name'),
    from: text('from') as BackfillFrom,
    spec: JSON.parse(text('spec')) as Json,
    priority: number('priority'),
    maxErrors: number('maxErrors'),
    state: text('state') as BackfillState,
    planComplete: text('planComplete') === '1',
    createdAtMs: number('createdAtMs'),
    counts: {
      rangesPlanned: number('planned'),
      rangesDone: number('rangesDone'),
      rangesFailed: failed,
      rangesOpen: open,
      rangesPending: pending,
      rowsEstimated: number('rowsEstimated'),
      rowsRead: number('rowsRead'),
      rowsSent: number('rowsSent'),
      rowErrors: number('rowErrors'),
    },
    ...optional('rate', 'rate', Number),
    ...optional('startedAtMs', 'startedAtMs', Number),
    ...optional('endedAtMs', 'endedAtMs', Number),
    ...optional('reason', 'reason', String),
  };
}
