import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { htmlAsImage } from '@labelstream/samples/adapters/bad-images';
import { FORBIDDEN, failed, INVALID, pending, type Row } from './input.js';

/** Where a trusted server sends ingest on to. */
export const REDIRECTS: readonly Row<string>[] = [
  ['to a private address', 'http://10.0.0.1/1.jpg', FORBIDDEN],
  ['to another port of loopback', 'http://127.0.0.1:INNER/1.jpg', FORBIDDEN],
  ['to loopback as one number', 'http://2130706433:INNER/1.jpg', FORBIDDEN],
  ['to mapped loopback', 'http://[::ffff:127.0.0.1]:INNER/1.jpg', FORBIDDEN],
  ['to a name of loopback', 'http://inner.test:INNER/1.jpg', FORBIDDEN],
  ['to a name that changes', 'http://changing.test:INNER/1.jpg', FORBIDDEN],
  ['to the metadata service', 'http://169.254.169.254/latest/meta-data/', FORBIDDEN],
  ['without a scheme, to a private address', '//192.168.0.1/1.jpg', FORBIDDEN],
  ['to a file', 'file:///etc/passwd', FORBIDDEN],
  ['to data', 'data:image/png;base64,AAAA', FORBIDDEN],
  ['to a script', 'javascript:alert(1)', FORBIDDEN],
  ['with credentials', 'http://user:secret@WEB/good.jpg', FORBIDDEN],
  ['to the port of Redis', 'http://shop.test:6379/', FORBIDDEN],
  ['to itself, for ever', '/redirect/loop', pending('IMAGE_FETCH_FAILED')],
  ['to nowhere', 'http://[broken/', pending('IMAGE_FETCH_FAILED')],
  ['with 5,000 characters', `http://shop.test/${'a'.repeat(5000)}`, INVALID],
];

const BOMB = gzipSync(Buffer.alloc(10_000_000));

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

const endless: Answer = (response) => {
  const send = () => {
    while (!response.destroyed && response.write(Buffer.alloc(65_536))) {}
  };
  response.on('drain', send).on('error', () => {});
  send();
};
const raw =
  (text: string): Answer =>
  (response) =>
    response.socket?.end(text);
const dripping: Answer = (response) => {
  const timer = setInterval(() => response.write('x'), 50);
  response.on('close', () => clearInterval(timer));
};

/** What a trusted server answers. */
export const ANSWERS: readonly Row<Answer>[] = [
  ['a web page', (response) => response.end(htmlAsImage()), failed('IMAGE_NOT_AN_IMAGE')],
  ['a gzip bomb', (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(BOMB), failed('IMAGE_NOT_AN_IMAGE')],
  [
    'a length beyond the limit',
    (response) => response.writeHead(200, { 'content-length': '1000000000' }).write('x'),
    failed('IMAGE_TOO_LARGE'),
  ],
  ['a body without end', endless, failed('IMAGE_TOO_LARGE')],
  ['a byte now and then', dripping, pending('IMAGE_FETCH_FAILED')],
  ['nothing at all', () => {}, pending('IMAGE_FETCH_FAILED')],
  ['half of what it says', raw('HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\nhalf'), pending('IMAGE_FETCH_FAILED')],
  ['a chunk without end', raw('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffff\r\nx'), pending('IMAGE_FETCH_FAILED')],
  ['two lengths', raw('HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 9\r\n\r\nx'), pending('IMAGE_FETCH_FAILED')],
  [
    'a length and chunks',
    raw('HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'),
    pending('IMAGE_FETCH_FAILED'),
  ],
  ['headers without end', raw(`HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(10_000)}`), pending('IMAGE_FETCH_FAILED')],
  ['a header of 100 kB', raw(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`), pending('IMAGE_FETCH_FAILED')],
  ['another protocol', raw('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'), pending('IMAGE_FETCH_FAILED')],
  ['no HTTP', raw('SSH-2.0-OpenSSH_9.2\r\n'), pending('IMAGE_FETCH_FAILED')],
  ['a part where all was asked for', (response) => response.writeHead(206).end('x'), pending('IMAGE_FETCH_FAILED')],
  ['a refusal', (response) => response.writeHead(403).end(), failed('IMAGE_ACCESS_DENIED')],
];

/** Serves `/good.jpg`, `/redirect/<index>` and `/answer/<index>` of the tables; `fill` puts the place into a target. */
export function serveHostile(good: Uint8Array, fill: (uri: string) => string) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const [, kind, which = ''] = (request.url ?? '').split('/');
    const location = which === 'loop' ? '/redirect/loop' : REDIRECTS[Number(which)]?.[1];
    if (kind === 'good.jpg') response.end(good);
    else if (kind === 'answer') ANSWERS[Number(which)]?.[1](response, request);
    else if (kind === 'redirect' && location !== undefined) response.writeHead(302, { location: fill(location) }).end();
    else response.writeHead(404).end();
  };
}
