import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSoakTraffic, type SoakMessage, type SoakTraffic } from '../../src/soak/traffic.js';

const open = (seed = 1, products = 5) => createSoakTraffic({ seed, products, pictureUri: (picture) => `file:///pictures/${picture}.jpg` });

function answer(traffic: SoakTraffic, { event }: SoakMessage): void {
  traffic.heard(event.productId, event.version, event.op === 'DELETE');
}

/** All events of a while in which each is answered at once. */
function stream(traffic: SoakTraffic, count: number): SoakMessage[] {
  return Array.from({ length: count }, () => {
    const message = traffic.next()!;
    answer(traffic, message);
    return message;
  });
}

describe('the events', () => {
  const messages = stream(open(1, 50), 3000);
  const share = (of: (message: SoakMessage) => boolean) => messages.filter(of).length / messages.length;

  test('are of a fixed number of products, whose versions grow by one', () => {
    const versions = new Map<string, number>();
    for (const { event } of messages) {
      expect(event.version).toBe((versions.get(event.productId) ?? 0) + 1);
      versions.set(event.productId, event.version);
    }
    expect(versions.size).toBe(50);
  });

  test('delete what is there, and create it again', () => {
    const live = new Set<string>();
    for (const { event } of messages) {
      if (event.op === 'DELETE') expect(live.delete(event.productId)).toBe(true);
      else live.add(event.productId);
    }
    expect(share(({ event }) => event.op === 'DELETE')).toBeCloseTo(0.05, 1);
  });

  test('take both lanes, some without a picture or a title, none without both', () => {
    expect(share(({ lane }) => lane === 'live')).toBeCloseTo(2 / 3, 1);
    const upserts = messages.filter(({ event }) => event.op === 'UPSERT');
    expect(upserts.some(({ event }) => event.images.length === 0)).toBe(true);
    expect(upserts.some(({ event }) => event.title === undefined)).toBe(true);
    expect(upserts.every(({ event }) => event.title !== undefined || event.images.length === 1)).toBe(true);
  });

  test('say nothing twice, so that no cache answers', () => {
    const titles = messages.flatMap(({ event }) => event.title ?? []);
    const uris = messages.flatMap(({ event }) => event.images.map(({ uri }) => uri));
    expect(new Set(titles).size).toBe(titles.length);
    expect(new Set(uris).size).toBe(uris.length);
    expect(uris).toEqual(messages.flatMap(({ picture }) => (picture === null ? [] : `file:///pictures/${picture}.jpg`)));
  });

  test('are the same for the same seed', () => {
    const facts = (seed: number) => stream(open(seed), 40).map(({ lane, event: { occurredAt, ...event } }) => ({ lane, ...event }));
    expect(facts(7)).toEqual(facts(7));
    expect(facts(7)).not.toEqual(facts(8));
  });
});

test('a product has one event under way at most, and every event is accounted for', () => {
  const steps = fc.array(fc.oneof(fc.constant('send' as const), fc.nat({ max: 20 })), { maxLength: 200 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 8 }), (script, products) => {
      const traffic = open(3, products);
      const underWay: SoakMessage[] = [];
      for (const step of script) {
        if (step === 'send') {
          const message = traffic.next();
          expect(message === null).toBe(underWay.length === products);
          if (message === null) continue;
          expect(underWay.some(({ event }) => event.productId === message.event.productId)).toBe(false);
          underWay.push(message);
        } else {
          for (const message of underWay.splice(step % Math.max(1, underWay.length), 1)) answer(traffic, message);
        }
        const { sent, labelled, deleted } = traffic.counts();
        expect(traffic.underWay()).toBe(underWay.length);
        expect(sent - labelled - deleted).toBe(underWay.length);
      }
    }),
  );
});

test('what is of another version, said twice, or the wrong way round answers nothing', () => {
  const traffic = open();
  const { event } = traffic.next()!;
  traffic.heard(event.productId, event.version + 1, false);
  traffic.heard(event.productId, event.version, true);
  traffic.heard('somebody-else', 1, false);
  expect(traffic.underWay()).toBe(1);
  traffic.heard(event.productId, event.version, false);
  traffic.heard(event.productId, event.version, false);
  expect(traffic.counts()).toEqual({ sent: 1, labelled: 1, deleted: 0 });
});
