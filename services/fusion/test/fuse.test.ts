import { readPass } from '@labelstream/shared/events/headers';
import type { EncodedListing } from '@labelstream/shared/events/records';
import { isInCanary } from '@labelstream/shared/model/serving/side';
import type { Received } from '@labelstream/shared/stream/received';
import type { TokenSequence } from '@labelstream/shared/tensor/token-sequence';
import { expect, it } from 'vitest';
import { listingFields } from '../../../packages/shared/test/fixtures/listings.js';
import { fuse, modelOf } from '../src/fuse.js';
import type { Resolved } from '../src/sequences.js';
import { createHeadPool } from '../src/serving/pool.js';
import type { Labelled } from '../src/serving/shadow.js';
import { openServingSwitch } from '../src/serving/switch.js';
import { fakeHeads } from './serving/fake-heads.js';

const PERCENT = 40;
const text: TokenSequence = { count: 1, width: 1, tokens: new Uint16Array(1), embedding: new Float32Array(1) };

const received = (productId: string): Received<EncodedListing> => ({
  kind: 'received',
  record: { ...listingFields(productId, { ids: [1] }), encoderId: 'e@000000000000' },
  pass: readPass({}),
  passHeaders: {},
});

it('labels each product with the head of its side, ranks it by that, and shows the shadow what the active head labels', async () => {
  const { open } = fakeHeads();
  const active = { bundle: '/a', id: 'a', generation: 1 };
  const canary = { bundle: '/c', id: 'c', generation: 2, percent: PERCENT };
  const heads = await openServingSwitch(createHeadPool(open), {
    number: 0,
    serving: { active, canary, shadow: { bundle: '/s', id: 's' } },
  });
  const products = Array.from({ length: 50 }, (_, at) => `p${at}`);
  // The last one has nothing to be labelled from.
  const resolved = products.map((_, at): Resolved => (at === 49 ? { kind: 'nothing' } : { kind: 'input', input: { text } }));
  const seen: Labelled[] = [];
  const labelledBy: string[] = [];
  const predictions = await fuse(products.map(received), resolved, heads.current(), {
    shadow: { observe: (_, labelled) => seen.push(...labelled) },
    metrics: { labelledBy: (head) => labelledBy.push(head) },
  });
  const sideOf = (product: string) => (isInCanary(product, PERCENT) ? 'c' : 'a');
  expect(predictions.slice(0, 49).map((each) => each?.labels[0]?.label)).toEqual(products.slice(0, 49).map(sideOf));
  expect(predictions[49]).toBeUndefined();
  const ofActive = products.slice(0, 49).filter((product) => sideOf(product) === 'a');
  expect(seen.map(({ productId }) => productId)).toEqual(ofActive);
  expect(labelledBy.filter((head) => head === 'active')).toHaveLength(ofActive.length);
  for (const product of products) {
    const [fusion, generation] = sideOf(product) === 'c' ? ['c', 2] : ['a', 1];
    expect(modelOf(product, heads.current(), { encoderId: 'e' })).toEqual({ encoder: 'e', fusion, generation });
  }
  await heads.close();
});
