import { expect, test } from 'vitest';
import { createMemorySchemaRegistry } from '../../src/adapters/registry/memory.js';
import { createCodecs } from '../../src/events/codecs.js';
import { validateProductEvent } from '../../src/events/validate.js';
import { FUZZ_TIMEOUT_MS, type FuzzTarget, fuzz, loadCorpus, tryInput } from '../fuzz/fuzz.js';

const registry = createMemorySchemaRegistry();
const codecs = await createCodecs({ registry });

/** The decoder of `product.events`: JSON, Avro single-object encoding and Confluent's wire format. */
const decoder: FuzzTarget = {
  name: 'event',
  corpus: loadCorpus('../corpus/event', import.meta.url),
  words: [
    'productId',
    '"version":',
    '"op":"DELETE"',
    '"images":[',
    '"__proto__":',
    'null',
    '1e999',
    '\u00c3\u0001',
    '\ud83d\ude00',
    '\\ud800',
    '\\u0000',
  ],
  codes: ['EVENT_NOT_DECODABLE', 'EVENT_INVALID', 'EVENT_NO_PRODUCT_ID', 'EVENT_UNKNOWN_OP'],
  async parse(bytes) {
    const event = await codecs.productEvent.decode(bytes);
    // What is taken is valid, and comes back from its own encoding as it is.
    expect(validateProductEvent(event)).toStrictEqual(event);
    expect(await codecs.productEvent.decode(codecs.productEvent.encode(event))).toStrictEqual(event);
  },
};

test.each(decoder.corpus)('the event decoder takes or refuses $name', async (seed) => {
  expect(await tryInput(decoder, seed.bytes, seed)).toMatch(/^taken$|^EVENT_/);
});

test('no mutated event makes the decoder crash, hang or take what is not valid', () => fuzz(decoder), FUZZ_TIMEOUT_MS);
