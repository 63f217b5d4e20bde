import { expect, test } from 'vitest';
import { FAULT_KINDS, parseKinds } from '../../src/faults/kinds.js';

test('reads kinds separated by commas, each once and in the order of the list', () => {
  expect(parseKinds('kafka-kill, service-kill,kafka-kill')).toEqual(['service-kill', 'kafka-kill']);
  expect(parseKinds(FAULT_KINDS.join(','))).toEqual(FAULT_KINDS);
});

test('names what it does not know', () => {
  expect(() => parseKinds('kafka-kill,earthquake')).toThrow('There is no fault "earthquake"');
  expect(() => parseKinds(' , ')).toThrow('There is no fault ""');
});
