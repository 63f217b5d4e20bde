import { describe, expect, it } from 'vitest';
import { DEMO_KINDS, DEMO_SEED, DEMO_TOTALS, type DemoKind } from '../../src/demo/kinds.js';
import { type DemoAction, demoStream, expectedAtEnd } from '../../src/demo/stream.js';

const options = { seed: DEMO_SEED, imageBaseUri: 'file:///pictures', startAtMs: 1_700_000_000_000 };
const { actions, images } = demoStream(options);
const ofKind = (kind: DemoKind) => actions.filter((action) => action.kind === kind);
const eventOf = ({ payload }: DemoAction) => {
  if (payload.form !== 'event') throw new Error('not an event');
  return payload.event;
};
const textOf = ({ payload }: DemoAction) => (payload.form === 'bytes' ? Buffer.from(payload.bytes).toString() : '');
const byListing = (kind: DemoKind) => {
  const numbers = new Set(ofKind(kind).map((action) => action.listing));
  return [...numbers].map((number) => ofKind(kind).filter((action) => action.listing === number));
};

describe('demoStream', () => {
  it('is the same for the same options', () => {
    expect(demoStream(options)).toEqual({ actions, images });
    expect(demoStream({ ...options, seed: 8 }).actions).not.toEqual(actions);
  });

  it('has 240 listings, as many of each kind as its table says', () => {
    for (const [kind, { listings, eventsEach }] of Object.entries(DEMO_KINDS)) {
      expect(byListing(kind as DemoKind), kind).toHaveLength(listings);
      expect(ofKind(kind as DemoKind), kind).toHaveLength(listings * eventsEach);
    }
    expect(new Set(actions.map((action) => action.listing)).size).toBe(DEMO_TOTALS.listings);
    expect(new Set(actions.map((action) => action.key)).size).toBe(DEMO_TOTALS.listings);
  });

  it('accounts for every event with one expected outcome', () => {
    const count = (outcome: string) => actions.filter((action) => action.expected.outcome === outcome).length;
    expect(actions).toHaveLength(DEMO_TOTALS.events);
    expect(count('labelled')).toBe(DEMO_TOTALS.labelledEvents);
    expect(count('tombstone')).toBe(DEMO_TOTALS.tombstones);
    expect(count('dropped')).toBe(DEMO_TOTALS.droppedStale);
    expect(count('deadLetter')).toBe(DEMO_TOTALS.deadLetters);
    const atEnd = [...expectedAtEnd(actions).values()];
    expect(atEnd).toHaveLength(DEMO_TOTALS.listings);
    expect(atEnd.filter((action) => action.expected.outcome === 'labelled')).toHaveLength(DEMO_TOTALS.labelledProducts);
  });

  it('knows the truth of exactly the events that are to be labelled', () => {
    for (const action of actions) expect(action.truth !== undefined).toBe(action.expected.outcome === 'labelled');
  });

  it('leaves out what a kind lacks', () => {
    for (const action of ofKind('imageMissing')) expect(eventOf(action)).toMatchObject({ images: [], title: expect.any(String) });
    for (const action of [...ofKind('textMissing'), ...ofKind('nothingToLabel')]) expect(eventOf(action)).not.toHaveProperty('title');
    for (const action of ofKind('nothingToLabel')) expect(eventOf(action).images).toEqual([]);
    for (const action of ofKind('textMissing')) expect(eventOf(action).images).toHaveLength(1);
  });

  it('changes title, image and true colour in the second version of an update', () => {
    for (const [before, after] of byListing('update')) {
      expect([eventOf(before!).version, eventOf(after!).version]).toEqual([1, 2]);
      expect(eventOf(after!).title).not.toBe(eventOf(before!).title);
      expect(eventOf(after!).images).not.toEqual(eventOf(before!).images);
      expect(after!.truth!.baseColour).not.toBe(before!.truth!.baseColour);
    }
  });

  it('deletes after the upsert and sends the stale version after the newer one', () => {
    for (const pair of byListing('deleted')) expect(pair.map((action) => eventOf(action).op)).toEqual(['UPSERT', 'DELETE']);
    for (const pair of byListing('stale')) {
      expect(pair.map((action) => eventOf(action).version)).toEqual([2, 1]);
      expect(pair[1]!.expected).toEqual({ outcome: 'dropped', reason: 'STALE_VERSION' });
      expect(expectedAtEnd(actions).get(pair[0]!.key)).toBe(pair[0]);
    }
  });

  it('mixes the kinds over the whole stream', () => {
    for (const part of [0, 1, 2]) {
      const third = actions.slice((part * actions.length) / 3, ((part + 1) * actions.length) / 3);
      expect(new Set(third.map((action) => action.kind)).size).toBeGreaterThanOrEqual(10);
    }
  });

  it('describes exactly the pictures its events point to', () => {
    const uris = actions.flatMap((action) =>
      action.payload.form === 'event' ? action.payload.event.images.map((image) => image.uri) : [],
    );
    expect(images.map((image) => `file:///pictures/${image.fileName}`)).toEqual(uris);
    expect(new Set(uris).size).toBe(uris.length);
    expect(images.filter((image) => image.late)).toHaveLength(DEMO_KINDS.imageLate.listings);
  });

  it('names its products with the prefix given, so that two runs do not meet', () => {
    const other = demoStream({ ...options, idPrefix: 'run2-' }).actions;
    expect(other.every((action) => action.key.startsWith('run2-'))).toBe(true);
    expect(other.filter((action) => action.payload.form === 'event').every((action) => eventOf(action).productId === action.key)).toBe(
      true,
    );
  });

  it('sends messages that are not valid, each wrong in the one way its kind says', () => {
    for (const action of ofKind('notDecodable')) {
      expect(() => JSON.parse(textOf(action))).toThrow();
    }
    for (const action of ofKind('noProductId')) {
      const { productId = '', ...rest } = JSON.parse(textOf(action));
      expect(productId).toBe('');
      expect(rest).toMatchObject({ op: 'UPSERT', version: 1, title: expect.any(String), attributes: {}, images: [] });
    }
    for (const action of ofKind('unknownOp')) {
      const event = JSON.parse(textOf(action));
      expect(['UPSERT', 'DELETE']).not.toContain(event.op);
      expect(event).toMatchObject({ productId: action.key, version: 1, title: expect.any(String), attributes: {}, images: [] });
    }
    expect(actions.filter((action) => action.payload.form === 'bytes')).toHaveLength(6);
  });
});
