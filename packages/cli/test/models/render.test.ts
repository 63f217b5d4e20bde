import { beginComparison, compare } from '@labelstream/shared/model/serving/comparison';
import { reportOf } from '@labelstream/shared/model/serving/comparison-report';
import { askFor, beginServing, commitChange } from '@labelstream/shared/model/serving/document';
import { expect, test } from 'vitest';
import { comparisonText, statusText } from '../../src/models/render.js';
import { createPaint } from '../../src/output.js';

const paint = createPaint(false);

test('a comparison is shown by task, with examples', () => {
  const label = (name: string, confidence: number, abstained: boolean) => [
    { task: 'colour', label: name, confidence, abstained, alternatives: [], imageWeight: 0.5, textWeight: 0.5 },
  ];
  const counted = beginComparison('a@1', 'b@1', 0);
  compare(counted, { productId: 'p1', version: 1, active: label('red', 0.9, false), shadow: label('blue', 0.4, true) }, () => 0);
  compare(counted, { productId: 'p2', version: 1, active: label('red', 0.8, false), shadow: label('red', 0.8, false) }, () => 0);
  const text = comparisonText(reportOf('a@1', 'b@1', [counted]), paint);
  expect(text).toContain('b@1 beside a@1, since 1970-01-01T00:00:00.000Z');
  expect(text).toContain('2 listings compared by 1 instance, 0 skipped, 0 failed');
  expect(text).toMatch(/colour +2 +50\.0 % +100\.0 % +100\.0 % +50\.0 % +-0\.250/);
  expect(text).toContain('1 of 1 disagreements:');
  expect(text).toMatch(/p1 +colour +red 0\.90 +blue 0\.40 \(abstains\)/);
});

test('a comparison can be shown before the first listing', () => {
  expect(comparisonText(reportOf('a@1', 'b@1', []), paint)).toContain('not yet');
});

test('the status shows active, canary, shadow, what is being loaded, and the past', () => {
  const begun = beginServing({ bundle: '/a', id: 'a@1', generation: 1 }, 0);
  const head = (id: string) => ({ bundle: `/${id}`, id, manifestGeneration: 1 });
  const canary = askFor(begun, { kind: 'canary', head: head('c@1'), percent: 5 }, 0);
  const shadow = askFor(commitChange(canary, 1, 0), { kind: 'shadow', head: head('s@1') }, 0);
  const text = statusText(askFor(commitChange(shadow, 2, 0), { kind: 'promote', head: head('b@1') }, 0), [], paint);
  expect(text).toContain('active  a@1, generation 1, from /a');
  expect(text).toContain('canary  c@1, generation 2, 5 % of the products, from /c@1');
  expect(text).toContain('shadow  s@1, from /s@1');
  expect(text).toContain('change 3 (promote) is being loaded:\nactive  b@1, generation 3');
  expect(text).toMatch(/1 {2}canary +a@1/);
});
