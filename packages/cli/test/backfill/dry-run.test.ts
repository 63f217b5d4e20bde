import type { NewBackfill } from '@labelstream/backfill/job/backfill';
import type { BackfillRange } from '@labelstream/backfill/kind';
import { describe, expect, it } from 'vitest';
import { dryRunDocument, dryRunOf, dryRunText } from '../../src/backfill/dry-run.js';

const backfill: NewBackfill = { name: 'next', from: 'listings', spec: null, priority: 50, maxErrors: 100 };
const { signal } = new AbortController();

const planned = (...rows: (number | undefined)[]) => ({
  async *plan(): AsyncGenerator<BackfillRange> {
    for (const [ordinal, estimatedRows] of rows.entries())
      yield { ordinal, name: `range ${ordinal}`, where: null, ...(estimatedRows === undefined ? {} : { estimatedRows }) };
  },
});

describe('a dry run', () => {
  it('takes the count of the source where it counts, rather than the estimates of the plan', async () => {
    const opened = { ...planned(1000, 1000), survey: async () => ({ ranges: 2, rows: 300 }) };
    const found = await dryRunOf({ ...backfill, rate: 100 }, opened, [], signal);
    expect(dryRunDocument(found)).toEqual({
      dryRun: true,
      name: 'next',
      from: 'listings',
      ranges: 2,
      rows: 300,
      rowsAreExact: true,
      seconds: 3,
      rowsPerSecond: 100,
      speedFrom: 'rate',
      coreHours: expect.any(Number),
      costUsd: expect.any(Number),
      assumedCoreHourPriceUsd: 0.05,
    });
    expect(dryRunText(found)).toContain('300 rows in 2 ranges; nothing was sent.\ntime: about 3s at 100 rows/s (the ceiling of --rate)\n');
  });

  it('says what it costs, and that the price is assumed', async () => {
    const text = dryRunText(await dryRunOf(backfill, planned(1_000_000), [], signal));
    expect(text).toMatch(/^about 1000000 rows in 1 range;/);
    expect(text).toMatch(/time: about \dh \d\dm at 123\.9 rows\/s \(one instance of each service/);
    expect(text).toMatch(/cost: about \$0\.31 \(6\.3 core hours at \$0\.05 a core hour, an assumed price\)$/);
    expect(dryRunText(await dryRunOf(backfill, planned(100), [], signal))).toContain('cost: less than $0.01 (0.00063 core hours');
  });

  it('estimates nothing where the plan does not know how many rows there are', async () => {
    const found = await dryRunOf(backfill, planned(undefined), [], signal);
    expect(dryRunDocument(found)).toMatchObject({ ranges: 1, rows: null, rowsAreExact: false, seconds: null, costUsd: null });
    expect(dryRunText(found)).toMatch(/^an unknown number of rows in 1 range; nothing was sent\. How long/);
  });

  it('stops when it is told to', async () => {
    await expect(dryRunOf(backfill, planned(1), [], AbortSignal.abort('SIGINT'))).rejects.toBe('SIGINT');
  });
});
