import type { PreprocessSpec } from '@labelstream/shared/bundle/manifest';

/** Size of the scaled image and what is padded around it, in pixels. */
export interface Placement {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Where an upright image of the given size lies in the model's: as large as fits, centred; halves round up, odd rests go right and down. */
export function placeContained(imageWidth: number, imageHeight: number, spec: Pick<PreprocessSpec, 'width' | 'height'>): Placement {
  const factor = Math.max(imageWidth / spec.width, imageHeight / spec.height);
  const width = Math.max(1, Math.floor(imageWidth / factor + 0.5));
  const height = Math.max(1, Math.floor(imageHeight / factor + 0.5));
  const left = Math.floor((spec.width - width) / 2);
  const top = Math.floor((spec.height - height) / 2);
  return { width, height, left, top, right: spec.width - width - left, bottom: spec.height - height - top };
}

/** Size of the scaled image and the part of it that is kept, in pixels. */
export interface Cutting {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
}

/**
 * How an upright image of the given size covers the model's: as small as covers it, the longer side rounded down, and cut out of the centre,
 * with an odd pixel more cut off right and down. As CLIP's own preprocessing does it.
 */
export function cutCovering(imageWidth: number, imageHeight: number, spec: Pick<PreprocessSpec, 'width' | 'height'>): Cutting {
  const isWide = imageWidth * spec.height >= imageHeight * spec.width;
  const width = isWide ? Math.floor((spec.height * imageWidth) / imageHeight) : spec.width;
  const height = isWide ? spec.height : Math.floor((spec.width * imageHeight) / imageWidth);
  return { width, height, left: Math.floor((width - spec.width) / 2), top: Math.floor((height - spec.height) / 2) };
}
