import { expect, test } from 'vitest';
import { readLimited } from '../../src/image/read-limited.js';

test('bytes up to the limit are kept in order', async () => {
  async function* chunks() {
    yield Buffer.from('ab');
    yield Buffer.from('c');
  }
  expect(Buffer.from(await readLimited(chunks(), 3)).toString()).toBe('abc');
});

test('an endless stream is ended at the limit', async () => {
  let ended = false;
  async function* endless() {
    try {
      for (;;) yield Buffer.alloc(10);
    } finally {
      ended = true;
    }
  }
  await expect(readLimited(endless(), 100)).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE' });
  expect(ended).toBe(true);
});
