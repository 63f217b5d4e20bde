import type { SchemaRegistry } from '@labelstream/shared/ports/schema-registry';
import { dataUri, event, message } from '../harness.js';
import { ADDRESSES, NAMES } from './addresses.js';
import { AVRO, encodeAvro } from './avro.js';
import { EVENTS, IDS, TEXTS } from './events.js';
import { FILES } from './files.js';
import { IMAGES } from './images.js';
import { type HostileInput, type Row, uriInputs, withUri } from './input.js';
import { ANSWERS, REDIRECTS } from './web.js';

/** Headers of a message; an event from outside has none of ours. */
const HEADERS: readonly Row<Readonly<Record<string, string>>>[] = [
  ...['labelstream-revision', 'labelstream-attempt', 'labelstream-received-at', 'labelstream-requeue', 'labelstream-replays'].flatMap(
    (name): Row<Readonly<Record<string, string>>>[] => [
      [`${name} below zero`, { [name]: '-1' }, 'deadLetter EVENT_INVALID'],
      [`${name} with a line break`, { [name]: '1\r\nx-admin: 1' }, 'deadLetter EVENT_INVALID'],
      [`${name} beyond all numbers`, { [name]: '9'.repeat(400) }, 'deadLetter EVENT_INVALID'],
    ],
  ),
  ['a listing sent back a million times', { 'labelstream-requeue': '1000000' }, 'deadLetter REQUEUE_EXHAUSTED'],
  ['a forged error', { 'labelstream-error-code': 'OK\r\nx: y', 'labelstream-error-topic': 'product.labels' }, 'emit MISSING USED'],
  ['a forged mark of a replay', { 'labelstream-replayed': '0-0' }, 'emit MISSING USED'],
  ['a name with a line break', { 'x\r\ny: z': '1' }, 'emit MISSING USED'],
  ['the name of the prototype', JSON.parse('{"__proto__":"x","constructor":"y"}'), 'emit MISSING USED'],
];

/** Every hostile input with its outcome. `registry` is the one that ingest asks, `today` any message of today's event schema. */
export function hostileInputs(registry: SchemaRegistry, today: Uint8Array): readonly HostileInput[] {
  const inputs = <T>(kind: string, rows: readonly Row<T>[], toMessage: (input: T) => ReturnType<HostileInput['message']>): HostileInput[] =>
    rows.map(([name, input, outcome]) => ({ name: `${kind}: ${name}`, outcome, message: () => toMessage(input) }));
  const served = (kind: string, path: string, rows: readonly Row<unknown>[]): HostileInput[] =>
    rows.map(([name, , outcome], at) => ({
      name: `${kind} ${name}`,
      outcome,
      message: (place) => withUri(`http://WEB/${path}/${at}`, place),
    }));
  return [
    ...uriInputs('address', ADDRESSES),
    ...uriInputs('host', NAMES),
    ...uriInputs('file', FILES),
    ...served('a redirect', 'redirect', REDIRECTS),
    ...served('a server that answers', 'answer', ANSWERS),
    ...inputs('image', IMAGES, async (make) => message(event({ images: [{ uri: dataUri(await make()) }] }))),
    ...inputs('event', EVENTS, (bytes) => message(bytes)),
    ...inputs('Avro', AVRO, async (avro) => message(await encodeAvro(avro, registry, today))),
    ...inputs('text', TEXTS, (changes) => message(event(changes))),
    ...inputs('product id', IDS, (productId) => message(event({ productId }), { key: productId })),
    ...inputs('header', HEADERS, (headers) => message(event(), { headers })),
  ];
}
