/** Image formats that are let through to the decoder. SVG is not one: it is a document that can refer to others. */
export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'gif' | 'avif' | 'tiff';

const AVIF_BRANDS = ['avif', 'avis'];
/** Major brand, minor version and a few compatible brands; real files list under a dozen. */
const MAX_BRAND_BYTES = 64;

const MAGIC: readonly { readonly format: ImageFormat; readonly matches: (bytes: Buffer) => boolean }[] = [
  { format: 'jpeg', matches: (bytes) => startsWith(bytes, 'ffd8ff') },
  { format: 'png', matches: (bytes) => startsWith(bytes, '89504e470d0a1a0a') },
  { format: 'gif', matches: (bytes) => ['GIF87a', 'GIF89a'].includes(bytes.toString('latin1', 0, 6)) },
  { format: 'webp', matches: (bytes) => text(bytes, 0) === 'RIFF' && text(bytes, 8) === 'WEBP' },
  { format: 'avif', matches: isAvif },
  { format: 'tiff', matches: (bytes) => startsWith(bytes, '49492a00') || startsWith(bytes, '4d4d002a') },
];

/** The format that the first bytes show, whatever a name or a content type says. */
export function imageFormat(bytes: Uint8Array): ImageFormat | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return MAGIC.find(({ matches }) => matches(view))?.format;
}

function startsWith(bytes: Buffer, hex: string): boolean {
  return bytes.toString('hex', 0, hex.length / 2) === hex;
}

const text = (bytes: Buffer, at: number) => bytes.toString('latin1', at, at + 4);

/** ISO base media file format: a `ftyp` box first, with an AVIF brand among those it lists. */
function isAvif(bytes: Buffer): boolean {
  if (bytes.length < 16 || text(bytes, 4) !== 'ftyp') return false;
  const end = Math.min(bytes.readUInt32BE(0), bytes.length, MAX_BRAND_BYTES);
  for (let at = 8; at + 4 <= end; at += 4) {
    if (AVIF_BRANDS.includes(text(bytes, at))) return true;
  }
  return false;
}
