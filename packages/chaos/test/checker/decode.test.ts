import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { createLabelDecoder } from '../../src/checker/decode.js';
import type { TopicRecord } from '../../src/checker/types.js';

const history = new URL('../../../shared/contracts/avro/history/', import.meta.url);
const read = (name: string) => readFile(new URL(name, history));

const record = (value: Uint8Array | null, headers: Readonly<Record<string, string>> = {}): TopicRecord => ({
  topic: 'product.labels',
  partition: 3,
  offset: 14,
  key: 'p',
  value,
  headers,
});

const schema = (await read('ProductLabels.v1.avsc')).toString();
const sample = await read('ProductLabels.v1.bin');
const told = JSON.parse((await read('ProductLabels.v1.json')).toString());

test('decodes the sample message that the contracts keep', () => {
  const decoded = createLabelDecoder([schema])(record(sample));
  expect(decoded).toMatchObject({
    kind: 'labels',
    place: '3/14',
    labels: {
      productId: told.productId,
      version: told.version,
      revision: told.revision,
      generation: told.model.generation,
      image: told.image,
      text: told.text,
      mismatched: false,
      suggested: false,
      changedTasks: told.changedTasks,
    },
  });
});

test('says of what it cannot read why', () => {
  const decode = createLabelDecoder([schema]);
  expect(decode(record(new TextEncoder().encode('{"productId":"p"}')))).toMatchObject({
    kind: 'unreadable',
    why: 'Error: no Avro single object',
  });
  expect(decode(record(sample.subarray(0, 30)))).toMatchObject({ kind: 'unreadable' });
  expect(createLabelDecoder([])(record(sample))).toMatchObject({ kind: 'unreadable', why: expect.stringContaining('fingerprint') });
});

test('a tombstone says in a header what it deletes', () => {
  const decode = createLabelDecoder([]);
  expect(decode(record(null, { 'labelstream-version': '7' }))).toEqual({ kind: 'tombstone', place: '3/14', key: 'p', version: 7 });
  expect(decode(record(null))).toMatchObject({ kind: 'tombstone', version: null });
});
