import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { htmlAsImage } from '@labelstream/samples/adapters/bad-images';
import { renderJpeg } from '@labelstream/samples/adapters/render';
import type { ImageMode } from '../faults/world.js';
import type { Picture } from '../traffic/contents.js';

/** Slower than ingest waits for the image of a new listing (2 s) and of one that comes again (10 s). */
const SLOW_MS = 12_000;
const PICTURE_WIDTH_PX = 60;
export const BUCKET = 'chaos';

/** A store of pictures that speaks HTTP, and of S3 as much as reading an object by its path needs. */
export interface ImageServer {
  /** `host:port` */
  readonly host: string;
  setMode(mode: ImageMode): void;
  close(): Promise<void>;
}

/** Draws the pictures and serves them on 127.0.0.1, as `/<bucket>/<file>`. */
export async function startImageServer(pictures: readonly Picture[]): Promise<ImageServer> {
  const files = new Map<string, Buffer>();
  for (const { fileName, content, listing } of pictures) {
    files.set(`/${BUCKET}/${fileName}`, content === 'html' ? htmlAsImage() : await renderJpeg(listing, PICTURE_WIDTH_PX));
  }
  let mode: ImageMode = 'fine';
  const server = createServer((request, response) => {
    request.resume();
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    void answer(response, files.get(path), mode);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    setMode(next) {
      mode = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(response: ServerResponse, file: Buffer | undefined, mode: ImageMode): void {
  if (file === undefined) return void response.writeHead(404).end();
  if (mode === 'down') return void response.writeHead(503, { 'retry-after': '1' }).end('busy');
  const send = () => response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': file.length });
  if (mode === 'cut') {
    // The socket ends only when the first half is out.
    send().write(file.subarray(0, Math.floor(file.length / 2)), () => response.destroy());
    return;
  }
  if (mode === 'fine') return void send().end(file);
  setTimeout(() => {
    if (!response.destroyed) send().end(file);
  }, SLOW_MS).unref();
}
