import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpSchemaRegistry } from '../../src/adapters/registry/http.js';
import { createCodecs } from '../../src/events/codecs.js';
import type { Codec } from '../../src/ports/codec.js';
import { schemaRegistryConformance } from '../conformance/schema-registry.js';
import { arbitraries } from './arbitraries.js';
import { type RegistryServer, startRegistryServer } from './registry-server.js';

const INSTALL_TIMEOUT_MS = 300_000;
const names = Object.keys(arbitraries) as (keyof typeof arbitraries)[];
const event = { productId: 'p-1', version: 1, op: 'UPSERT' as const, attributes: {}, images: [], occurredAt: 0 };

let server: RegistryServer;
const registry = () => createHttpSchemaRegistry({ url: server.url });

beforeAll(async () => {
  server = await startRegistryServer();
}, INSTALL_TIMEOUT_MS);

afterAll(() => server?.stop());

/** Makes the registry refuse incompatible schemas, as Confluent's does by default. */
async function demandBackwardCompatibility(): Promise<void> {
  const response = await fetch(`${server.url}/config`, {
    method: 'PUT',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: '{"compatibility":"BACKWARD"}',
  });
  expect(response.ok).toBe(true);
}

schemaRegistryConformance('Apicurio over HTTP', registry);

describe('codecs with a real registry', () => {
  it('write Confluent’s wire format, which another process reads through the registry', async () => {
    const [writer, reader] = [await createCodecs({ registry: registry() }), await createCodecs({ registry: registry() })];
    for (const name of names) {
      for (const value of fc.sample(arbitraries[name] as fc.Arbitrary<unknown>, 5)) {
        const bytes = (writer[name] as Codec<unknown>).encode(value);
        expect(bytes[0]).toBe(0);
        expect(await reader[name].decode(bytes)).toStrictEqual(value);
      }
    }
  });

  it('write the id under which the registry keeps the schema of the subject', async () => {
    const { productEvent } = await createCodecs({ registry: registry(), topicPrefix: 'shop-a.' });
    const latest = await fetch(`${server.url}/subjects/shop-a.product.events-value/versions/latest`);
    const { id, version } = (await latest.json()) as { id: number; version: number };
    expect(version).toBe(1);
    expect(Buffer.from(productEvent.encode(event)).readUInt32BE(1)).toBe(id);
  });

  it('read what a producer wrote with its own, older schema', async () => {
    const fields = [
      { name: 'productId', type: 'string' },
      { name: 'version', type: 'long' },
      { name: 'op', type: { type: 'enum', name: 'ProductOp', symbols: ['DELETE', 'UPSERT'] } },
    ];
    const schema = JSON.stringify({ type: 'record', name: 'ProductEvent', namespace: 'com.shop', fields });
    const id = await registry().register('their.events-value', schema);
    const header = Buffer.alloc(5);
    header.writeUInt32BE(id, 1);
    const { productEvent } = await createCodecs({ registry: registry() });
    expect(await productEvent.decode(Buffer.concat([header, Buffer.from([2, 0x70, 6, 2])]))).toStrictEqual({
      ...event,
      productId: 'p',
      version: 3,
    });
  });

  it('refuse an id the registry does not know', async () => {
    const { productEvent } = await createCodecs({ registry: registry() });
    await expect(productEvent.decode(Uint8Array.from([0, 0x7f, 0xff, 0xff, 0xff, 1]))).rejects.toMatchObject({
      code: 'EVENT_NOT_DECODABLE',
    });
  });

  it('do not start when the registry refuses a schema', async () => {
    await demandBackwardCompatibility();
    await registry().register('taken.product.events-value', '"string"');
    await expect(createCodecs({ registry: registry(), topicPrefix: 'taken.' })).rejects.toMatchObject({
      code: 'SCHEMA_INCOMPATIBLE',
      message: expect.stringContaining('taken.product.events-value'),
    });
    await expect(registry().register('nonsense-value', '{"type":')).rejects.toMatchObject({ code: 'SCHEMA_INCOMPATIBLE' });
  });

  it('can be tried again when the registry is down, and until then read what they know', async () => {
    const { productEvent } = await createCodecs({ registry: registry() });
    const bytes = productEvent.encode(event);
    await productEvent.decode(bytes);
    await server.stop();
    await expect(createCodecs({ registry: registry() })).rejects.toMatchObject({ code: 'SCHEMA_REGISTRY_UNAVAILABLE', retriable: true });
    await expect(productEvent.decode(Uint8Array.from([0, 0, 0, 99, 0, 1]))).rejects.toMatchObject({ code: 'SCHEMA_REGISTRY_UNAVAILABLE' });
    expect(await productEvent.decode(bytes)).toStrictEqual(event);
  });
});
