import fc from 'fast-check';
import { LANES } from '../../src/events/lane.js';
import { MODALITY_STATES } from '../../src/events/records.js';

/** Any text that UTF-8 can carry, control characters and emoji included. */
const text = fc.string({ unit: 'binary' });
const label = fc.string({ unit: 'grapheme' });
const sha256 = fc.stringMatching(/^[0-9a-f]{64}$/);
const count = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - 1 });
const instant = fc.integer({ min: 0, max: 8.64e15 });
/** Finite and not minus zero, so that JSON carries it too. */
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const float = fc.float({ noNaN: true });
const productId = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
  .filter((id) => id.trim() !== '' && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(id) && Buffer.byteLength(id) <= 512);
const op = fc.constantFrom('UPSERT' as const, 'DELETE' as const);
const lane = fc.constantFrom(...LANES);
const state = fc.constantFrom(...MODALITY_STATES);

const optional = { noNullPrototype: true } as const;
const attributes = fc.dictionary(
  text.filter((name) => name !== '__proto__'),
  text,
  { ...optional, maxKeys: 5 },
);
const image = fc.record({ uri: text, sha256 }, { requiredKeys: ['uri'], ...optional });
const listingFields = {
  title: text,
  description: text,
  attributes,
  images: fc.array(image, { maxLength: 4 }),
  locale: fc.string({ maxLength: 20 }),
};
const listing = fc.record(listingFields, { requiredKeys: ['attributes', 'images'], ...optional });
const modality = fc.record({ state, sha256, reason: label }, { requiredKeys: ['state'], ...optional });
const imageIndex = fc.integer({ min: 0, max: 255 });
const candidates = fc.array(fc.record({ index: imageIndex, sha256 }, optional), { maxLength: 3 });
const suggestedTitle = fc.record({ text, tokenConfidence: number, model: label }, optional);
const model = fc.record({ encoder: label, fusion: label, generation: count }, optional);
const scored = fc.record({ label, confidence: number }, optional);
const category = fc.record({ taxonomy: label, id: label, path: fc.array(label) }, optional);
const decision = {
  task: label,
  label,
  path: fc.array(label),
  category,
  confidence: number,
  abstained: fc.boolean(),
  alternatives: fc.array(scored, { maxLength: 3 }),
  imageWeight: number,
  textWeight: number,
};
const decisionKeys = ['task', 'label', 'confidence', 'abstained', 'alternatives', 'imageWeight', 'textWeight'] as const;
const labels = fc.array(fc.record(decision, { requiredKeys: [...decisionKeys], ...optional }), { maxLength: 4 });
const embedding = fc.array(float, { maxLength: 20 });
const head = { productId, version: count, revision: count, op, lane, listing, occurredAt: instant, receivedAt: instant };
const headKeys = Object.keys(head) as (keyof typeof head)[];
const choice = { ...head, image: modality, candidates };
const choiceKeys = Object.keys(choice) as (keyof typeof choice)[];
const published = { productId, version: count, revision: count, model, labelledAt: instant };

/** Any value of each record type. */
export const arbitraries = {
  productEvent: fc.record(
    { productId, version: count, op, ...listingFields, occurredAt: instant },
    { requiredKeys: ['productId', 'version', 'op', 'attributes', 'images', 'occurredAt'], ...optional },
  ),
  prepared: fc.record(
    { ...choice, text: modality, tokenIds: fc.array(fc.integer(), { maxLength: 30 }), preprocessId: label, imageIndex },
    { requiredKeys: [...choiceKeys, 'text', 'tokenIds', 'preprocessId'], ...optional },
  ),
  encoded: fc.record(
    { ...choice, text: modality, encoderId: label, imageIndex },
    { requiredKeys: [...choiceKeys, 'text', 'encoderId'], ...optional },
  ),
  predicted: fc.record(
    {
      ...head,
      image: modality,
      text: modality,
      labels,
      imageTextMatch: number,
      mismatched: fc.boolean(),
      imageIndex,
      suggestedTitle,
      embedding,
      model,
    },
    { requiredKeys: [...headKeys, 'image', 'text', 'labels', 'mismatched', 'embedding', 'model'], ...optional },
  ),
  labels: fc.record(
    {
      ...published,
      labels,
      image: state,
      text: state,
      imageTextMatch: number,
      mismatched: fc.boolean(),
      imageIndex,
      suggestedTitle,
      changedTasks: fc.array(label),
      lane,
      occurredAt: instant,
      receivedAt: instant,
    },
    {
      requiredKeys: [
        ...(Object.keys(published) as (keyof typeof published)[]),
        'labels',
        'image',
        'text',
        'mismatched',
        'changedTasks',
        'lane',
        'occurredAt',
        'receivedAt',
      ],
      ...optional,
    },
  ),
  taskLabel: fc.record(
    { ...published, ...decision },
    { requiredKeys: [...(Object.keys(published) as (keyof typeof published)[]), ...decisionKeys], ...optional },
  ),
  embedding: fc.record({ ...published, embedding }, optional),
};
