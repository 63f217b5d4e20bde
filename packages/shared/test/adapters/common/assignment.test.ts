import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignPartitions } from '../../../src/adapters/common/assignment.js';

const memberIds = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 8 });
const counts = fc.dictionary(fc.constantFrom('events', 'events.backfill', 'prepared', 'labels'), fc.integer({ min: 0, max: 40 }), {
  minKeys: 1,
});

describe('co-partitioned assignment', () => {
  it('gives every partition to exactly one member, partition i of all topics to the same, evenly', () => {
    fc.assert(
      fc.property(memberIds, counts, (ids, partitionCounts) => {
        const topics = Object.keys(partitionCounts);
        const shares = assignPartitions(
          ids.map((memberId) => ({ memberId, topics })),
          partitionCounts,
        );
        const ownerOf = new Map<number, string>();
        for (const topic of topics) {
          const sizes: number[] = [];
          const all: number[] = [];
          for (const memberId of ids) {
            const mine = shares.get(memberId)?.[topic] ?? [];
            sizes.push(mine.length);
            all.push(...mine);
            for (const partition of mine) {
              expect(ownerOf.get(partition) ?? memberId).toBe(memberId);
              ownerOf.set(partition, memberId);
            }
          }
          expect(all.sort((a, b) => a - b)).toEqual(Array.from({ length: partitionCounts[topic]! }, (_, i) => i));
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it('does not depend on the order in which members are listed', () => {
    fc.assert(
      fc.property(memberIds, counts, (ids, partitionCounts) => {
        const members = ids.map((memberId) => ({ memberId, topics: Object.keys(partitionCounts) }));
        const backwards = assignPartitions([...members].reverse(), partitionCounts);
        for (const [memberId, share] of assignPartitions(members, partitionCounts)) expect(backwards.get(memberId)).toEqual(share);
      }),
    );
  });

  it('gives a lane to those who are there for it alone, evenly, and back to the others when they are gone', () => {
    const both = ['events', 'events.backfill'];
    const partitionCounts = { events: 6, 'events.backfill': 6 };
    const everyone = [
      { memberId: 'a', topics: both },
      { memberId: 'b', topics: both },
      { memberId: 'c', topics: ['events.backfill'] },
      { memberId: 'd', topics: ['events.backfill'] },
    ];
    const shares = assignPartitions(everyone, partitionCounts);
    expect([...shares.values()].map((share) => [share.events?.length ?? 0, share['events.backfill']?.length ?? 0])).toEqual([
      [3, 0],
      [3, 0],
      [0, 3],
      [0, 3],
    ]);
    const left = assignPartitions(everyone.slice(0, 2), partitionCounts);
    expect([...left.values()].map((share) => [share.events?.length ?? 0, share['events.backfill']?.length ?? 0])).toEqual([
      [3, 3],
      [3, 3],
    ]);
  });

  it('gives a topic only to members that read it, and loses none that anybody reads', () => {
    const members = fc.array(fc.subarray(['a', 'b', 'c']), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(members, fc.integer({ min: 1, max: 12 }), (subscriptions, count) => {
        const shares = assignPartitions(
          subscriptions.map((topics, i) => ({ memberId: `m-${i}`, topics })),
          { a: count, b: count, c: count },
        );
        for (const topic of ['a', 'b', 'c']) {
          const owned = subscriptions.flatMap((topics, i) => {
            const mine = shares.get(`m-${i}`)?.[topic] ?? [];
            if (!topics.includes(topic)) expect(mine).toEqual([]);
            return mine;
          });
          const read = subscriptions.some((topics) => topics.includes(topic));
          expect(owned.sort((x, y) => x - y)).toEqual(read ? Array.from({ length: count }, (_, i) => i) : []);
        }
      }),
    );
  });
});
