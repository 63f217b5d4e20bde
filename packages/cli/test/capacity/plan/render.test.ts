import { expect, test } from 'vitest';
import { planInputs } from '../../../src/capacity/plan/inputs.js';
import { makePlan } from '../../../src/capacity/plan/plan.js';
import { bytes, figureRows, planRows } from '../../../src/capacity/plan/render.js';

test('bytes have three digits and a decimal unit', () => {
  expect([0, 145, 1675, 31_628, 2.5e9, 3e15, 4e18].map(bytes)).toEqual([
    '0.00 B',
    '145 B',
    '1.68 kB',
    '31.6 kB',
    '2.50 GB',
    '3.00 PB',
    '4000 PB',
  ]);
});

test('plans stand side by side, a row for everything', () => {
  const rows = planRows([1e6, 1e8].map((listings) => makePlan(planInputs({ listings }))));
  expect(rows.every((row) => row.length === 3 && row.every((cell) => cell !== '' && !cell.includes('NaN')))).toBe(true);
  expect(rows[0]).toEqual(['listings', '1,000,000', '100,000,000']);
  expect(rows.map(([what]) => what)).toEqual(
    expect.arrayContaining(['encoder instances, live + backfill', 'Redis state', 'token archive']),
  );
});

test('every figure tells how it was come by', () => {
  const rows = figureRows();
  expect(rows.length).toBeGreaterThan(15);
  expect(
    rows.every(
      ([what, value, how, source]) => what !== '' && value !== '' && source !== '' && ['measured', 'computed', 'assumed'].includes(how),
    ),
  ).toBe(true);
});
