import { describe, expect, test } from 'vitest';
import { drawContents } from '../../src/traffic/contents.js';
import { createTraffic, type TrafficMessage } from '../../src/traffic/traffic.js';

const draw = (seed: number, count = 1000): TrafficMessage[] => {
  const traffic = createTraffic({
    seed,
    contents: drawContents(seed),
    imageUris: [(file) => `http://images/${file}`, (file) => `s3://b/${file}`],
  });
  return Array.from({ length: count }, () => traffic.next());
};
const messages = draw(7);
const listings = messages.flatMap(({ sent }) => (sent.kind === 'listing' ? sent : []));

describe('the traffic of a run', () => {
  test('is the same for the same seed, and another for another', () => {
    expect(draw(7, 50)).toEqual(messages.slice(0, 50));
    expect(draw(8, 50)).not.toEqual(messages.slice(0, 50));
  });

  test('has creations, updates, deletions, repetitions and bad events in both lanes', () => {
    const versions = listings.map(({ productId, version }) => `${productId} ${version}`);
    expect(new Set(listings.map(({ productId }) => productId)).size).toBeGreaterThan(300);
    expect(new Set(versions).size).toBeLessThan(versions.length);
    expect(listings.filter(({ op }) => op === 'DELETE').length).toBeGreaterThan(30);
    expect(messages.filter(({ sent }) => sent.kind === 'bad').length).toBeGreaterThan(50);
    expect(new Set(messages.map(({ lane }) => lane))).toEqual(new Set(['live', 'backfill']));
    expect(new Set(messages.map(({ payload }) => payload.form))).toEqual(new Set(['avro', 'json', 'bytes']));
  });

  test('has listings with and without a text, with and without an image, and with a page for an image', () => {
    const kinds = listings.filter(({ op }) => op === 'UPSERT').map(({ text, imageAtEnd }) => `${text !== null} ${imageAtEnd}`);
    expect(new Set(kinds)).toEqual(new Set(['true USED', 'false USED', 'true MISSING', 'true FAILED']));
  });

  test('never sends two contents under one version', () => {
    const contents = new Map<string, string>();
    for (const { productId, version, op, text, image } of listings) {
      const name = `${productId} ${version}`;
      const content = JSON.stringify([op, text, image]);
      expect(contents.get(name) ?? content).toBe(content);
      contents.set(name, content);
    }
  });

  test('labels the same content many times over', () => {
    const complete = listings.flatMap(({ image }) => image ?? []);
    expect(complete.length / new Set(complete).size).toBeGreaterThan(10);
  });

  test('has no two bad events of the same bytes', () => {
    const bytes = messages.flatMap(({ sent }) => (sent.kind === 'bad' ? Buffer.from(sent.bytes).toString('hex') : []));
    expect(new Set(bytes).size).toBe(bytes.length);
  });
});
