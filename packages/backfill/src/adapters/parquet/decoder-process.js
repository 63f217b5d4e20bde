// The process in which footers and row groups are decoded, one at a time. Plain JavaScript, so that the same file is started from the sources (tests) and
// from dist.
import { parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';

/** @import { DecoderRequest, DecoderTask } from './decoder.js' */

/** @type {Extract<DecoderRequest, { kind: 'open' }> | undefined} */
let opened;
/** Parts of the open file; rows are asked for some at a time, and each time all of its columns are gone through. */
/** @type {Map<string, Promise<ArrayBuffer>>} */
const slices = new Map();
/** @type {Map<string, (bytes: ArrayBuffer) => void>} */
const awaited = new Map();

/**
 * @param {number} start
 * @param {number} end
 */
function slice(start, end = opened?.byteLength ?? 0) {
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

/** @param {DecoderTask} task */
async function decode(task) {
  if (opened === undefined) throw new Error('no file is open');
  const file = { byteLength: opened.byteLength, slice };
  if (task.kind === 'footer') return parquetMetadataAsync(file);
  const { group, rowStart, rowEnd } = { ...opened, ...task };
  if (group === undefined) throw new Error('no row group is open');
  const wanted = group.columns && { columns: [...group.columns] };
  return parquetReadObjects({ file, metadata: group.metadata, compressors, rowStart, rowEnd, ...wanted });
}

/** @param {DecoderTask} task */
async function answer(task) {
  try {
    process.send?.({ kind: 'done', result: await decode(task) });
  } catch (error) {
    process.send?.({ kind: 'failed', why: error instanceof Error ? error.message : String(error) });
  }
}

process.on('disconnect', () => process.exit());
process.on('message', (/** @type {DecoderRequest} */ request) => {
  if (request.kind === 'bytes') {
    awaited.get(request.key)?.(request.bytes);
    awaited.delete(request.key);
  } else if (request.kind === 'open' || request.kind === 'close') {
    slices.clear();
    opened = request.kind === 'open' ? request : undefined;
  } else {
    void answer(request);
  }
});
