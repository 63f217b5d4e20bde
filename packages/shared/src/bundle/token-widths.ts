import type { TokenWidth } from './manifest.js';

/** Features of a token, per modality. */
export interface TokenWidths {
  readonly image: number;
  readonly text: number;
}

/** The widths of both towers, whichever way a manifest writes them. */
export function tokenWidths(width: TokenWidth): TokenWidths {
  return typeof width === 'number' ? { image: width, text: width } : width;
}

/** For messages: `768`, or `768 (image) and 512 (text)`. */
export function describeWidths({ image, text }: TokenWidths): string {
  return image === text ? String(image) : `${image} (image) and ${text} (text)`;
}
