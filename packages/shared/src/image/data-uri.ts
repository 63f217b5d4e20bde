import { LabelstreamError } from '../errors.js';
import type { ImageSource } from '../ports/image-source.js';
import { imageTooLarge } from './read-limited.js';

const HEADER = /^data:[^,]{0,200};base64,/i;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Images that stand in the URI itself, as RFC 2397 says; base64 only. */
export function createDataImageSource({ maxBytes }: { readonly maxBytes: number }): ImageSource {
  return {
    async fetch({ uri }) {
      const header = HEADER.exec(uri)?.[0];
      if (header === undefined) throw new LabelstreamError('IMAGE_URI_INVALID', 'a data URI needs ";base64,"');
      if (((uri.length - header.length) * 3) / 4 > maxBytes + 3) throw imageTooLarge(maxBytes);
      const bytes = decodeBase64(uri.slice(header.length));
      if (bytes.length > maxBytes) throw imageTooLarge(maxBytes);
      return bytes;
    },
  };
}

function decodeBase64(text: string): Uint8Array {
  const plain = text.replaceAll(/%2b/gi, '+').replaceAll(/%2f/gi, '/').replaceAll(/%3d/gi, '=');
  if (BASE64.test(plain)) return Buffer.from(plain, 'base64');
  throw new LabelstreamError('IMAGE_URI_INVALID', 'the data URI is not valid base64');
}
