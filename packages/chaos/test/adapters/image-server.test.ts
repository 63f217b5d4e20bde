import { afterEach, beforeEach, expect, test } from 'vitest';
import { BUCKET, type ImageServer, startImageServer } from '../../src/adapters/image-server.js';
import { drawContents } from '../../src/traffic/contents.js';

const { pictures, damaged } = drawContents(1);
let server: ImageServer;
beforeEach(async () => {
  server = await startImageServer([pictures[0], damaged[0]]);
});
afterEach(() => server.close());

const get = (fileName: string, signal?: AbortSignal) =>
  fetch(`http://${server.host}/${BUCKET}/${fileName}`, signal === undefined ? {} : { signal });

test('serves pictures, and pages in place of pictures', async () => {
  const jpeg = new Uint8Array(await (await get(pictures[0].fileName)).arrayBuffer());
  expect([...jpeg.subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
  expect(await (await get(damaged[0].fileName)).text()).toContain('<!doctype html>');
  expect((await get('nothing.jpg')).status).toBe(404);
});

test('answers 503, breaks off in the middle, or does not answer in time, and is fine again', async () => {
  server.setMode('down');
  expect((await get(pictures[0].fileName)).status).toBe(503);
  server.setMode('cut');
  await expect(get(pictures[0].fileName).then((answer) => answer.arrayBuffer())).rejects.toThrow();
  server.setMode('slow');
  await expect(get(pictures[0].fileName, AbortSignal.timeout(200))).rejects.toThrow();
  server.setMode('fine');
  expect((await get(pictures[0].fileName)).status).toBe(200);
});
