import { describe, expect, it } from 'vitest';
import { laneOfTopic, startOffset } from '../../../src/adapters/common/read-plan.js';

const info = { topic: 't', partition: 1, earliest: 100, latest: 200 };

describe('where reading begins', () => {
  it('is the first offset, the end, or what is asked for, but never before the first', () => {
    expect(startOffset(undefined, info)).toBe(100);
    expect(startOffset('earliest', info)).toBe(100);
    expect(startOffset('latest', info)).toBe(200);
    expect(startOffset([{ topic: 't', partition: 1, offset: 150 }], info)).toBe(150);
    expect(startOffset([{ topic: 't', partition: 1, offset: 3 }], info)).toBe(100);
    expect(startOffset([{ topic: 't', partition: 0, offset: 150 }], info)).toBe(100);
  });
});

describe('the lane of a topic', () => {
  it('is told by its name', () => {
    expect(laneOfTopic('x.product.events')).toBe('live');
    expect(laneOfTopic('x.product.events.backfill')).toBe('backfill');
  });
});
