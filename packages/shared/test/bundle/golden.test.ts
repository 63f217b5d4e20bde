import { describe, expect, it } from 'vitest';
import { parseGolden } from '../../src/bundle/golden.js';

const good = {
  graph: 'text',
  inputs: { input_ids: { dims: [1, 2], type: 'int64', data: [1, 2] } },
  outputs: { tokens: { dims: [1, 2, 4], data: [0.5] } },
};

describe('parseGolden', () => {
  it('takes outputs of which only the first values are there', () => {
    expect(parseGolden([good], 'golden.json')).toEqual([good]);
  });

  it.each<[string, unknown]>([
    ['no list', {}],
    ['no case', []],
    ['a case without outputs', [{ ...good, outputs: undefined }]],
    ['an input with fewer values than its dims say', [{ ...good, inputs: { input_ids: { ...good.inputs.input_ids, data: [1] } } }]],
    ['an input of an unknown type', [{ ...good, inputs: { input_ids: { ...good.inputs.input_ids, type: 'float16' } } }]],
    ['an output with more values than its dims say', [{ ...good, outputs: { tokens: { dims: [1], data: [1, 2] } } }]],
    ['an output without values', [{ ...good, outputs: { tokens: { dims: [1], data: [] } } }]],
  ])('refuses %s', (_, raw) => {
    expect(() => parseGolden(raw, 'golden.json')).toThrow(expect.objectContaining({ code: 'BUNDLE_INVALID' }));
  });
});
