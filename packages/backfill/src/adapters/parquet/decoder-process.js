// The process in which row groups are decoded, one at a time. Plain JavaScript, so that the same file is started from the sources (tests) and
// from dist.
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';

/** @import { DecoderRequest } from './decoder.js' */

/** @type {Extract<DecoderRequest, { kind: 'open' }>['group'] | undefined} */
let group;
/** Parts of the open group; rows are asked for some at a time, and each time all of its columns are gone through. */
/** @type {Map<string, Promise<ArrayBuffer>>} */
const slices = new Map();
/** @type {Map<string, (bytes: ArrayBuffer) => void>} */
const awaited = new Map();

/**
 * @param {number} start
 * @param {number} end
 */
function slice(start, end = group?.byteLength ?? 0) {
  const key = `${start}:${end}`;
  const known = slices.get(key);
  if (known !== undefined) return known;
  const asked = new Promise((/** @type {(bytes: ArrayBuffer) => void} */ resolve) => {
    awaited.set(key, resolve);
    process.send?.({ kind: 'slice', key, start, end });
  });
  slices.set(key, asked);
  return asked;
}

/** @param {Extract<DecoderRequest, { kind: 'rows' }>} request */
async function decode({ rowStart, rowEnd }) {
  if (group === undefined) throw new Error('no row group is open');
  const { metadata, byteLength, columns } = group;
  const wanted = columns && { columns: [...columns] };
  return parquetReadObjects({ file: { byteLength, slice }, metadata, compressors, rowStart, rowEnd, ...wanted });
}

/** @param {Extract<DecoderRequest, { kind: 'rows' }>} request */
async function answer(request) {
  try {
    process.send?.({ kind: 'rows', rows: await decode(request) });
  } catch (error) {
    process.send?.({ kind: 'failed', why: error instanceof Error ? error.message : String(error) });
  }
}

process.on('disconnect', () => process.exit());
process.on('message', (/** @type {DecoderRequest} */ request) => {
  if (request.kind === 'bytes') {
    awaited.get(request.key)?.(request.bytes);
    awaited.delete(request.key);
  } else if (request.kind === 'rows') {
    void answer(request);
  } else {
    slices.clear();
    group = request.kind === 'open' ? request.group : undefined;
  }
});
