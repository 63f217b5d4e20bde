import { LabelstreamError } from '@labelstream/shared/errors';
import { describe, expect, it } from 'vitest';
import type { Backfill } from '../../src/job/backfill.js';
import { createOpenings } from '../../src/job/openings.js';
import type { BackfillKind } from '../../src/kind.js';

const backfill = (id: string, from: Backfill['from'] = 'listings') => ({ id, name: id, from, spec: id }) as unknown as Backfill;

/** A kind that writes down what is opened and closed; the first `failures` openings fail. */
function createRecorder(failures = 0) {
  const log: string[] = [];
  let left = failures;
  const kind: BackfillKind = {
    async open(spec) {
      log.push(`open ${spec}`);
      if (left-- > 0) throw new LabelstreamError('OBJECT_STORE_UNAVAILABLE', 'away');
      return { plan: async function* () {}, run: async () => {}, close: async () => void log.push(`close ${spec}`) };
    },
  };
  return { log, kind };
}

const signal = new AbortController().signal;

describe('openings', () => {
  it('open a source once, however many ranges of it are done', async () => {
    const { log, kind } = createRecorder();
    const openings = createOpenings({ listings: kind }, signal);
    const [first, second] = await Promise.all([openings.open(backfill('a')), openings.open(backfill('a'))]);
    expect(first).toBe(second);
    expect(log).toEqual(['open a']);
  });

  it('try again after a failure', async () => {
    const { log, kind } = createRecorder(1);
    const openings = createOpenings({ listings: kind }, signal);
    await expect(openings.open(backfill('a'))).rejects.toMatchObject({ code: 'OBJECT_STORE_UNAVAILABLE' });
    await openings.open(backfill('a'));
    expect(log).toEqual(['open a', 'open a']);
  });

  it('close what is not needed any more, and all in the end', async () => {
    const { log, kind } = createRecorder();
    const openings = createOpenings({ listings: kind }, signal);
    for (const id of ['a', 'b', 'c']) await openings.open(backfill(id));
    await openings.keepOnly(new Set(['b', 'c']));
    expect(openings.opened().map(({ id }) => id)).toEqual(['b', 'c']);
    await openings.close();
    expect(log.slice(3)).toEqual(['close a', 'close b', 'close c']);
  });

  it('say what a worker cannot do', async () => {
    await expect(createOpenings({}, signal).open(backfill('a', 'tokens'))).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
