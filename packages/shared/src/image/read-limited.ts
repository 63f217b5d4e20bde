import { LabelstreamError } from '../errors.js';

/** All bytes of a stream, at most `maxBytes`. Throws IMAGE_TOO_LARGE as soon as there are more; leaving the loop ends the stream. */
export async function readLimited(chunks: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const kept: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of chunks) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) throw imageTooLarge(maxBytes);
    kept.push(chunk);
  }
  return Buffer.concat(kept, sizeBytes);
}

export function imageTooLarge(maxBytes: number): LabelstreamError {
  return new LabelstreamError('IMAGE_TOO_LARGE', `the image has more than ${maxBytes} bytes`);
}
