import type { PatchGrid, PreprocessSpec } from '@labelstream/shared/bundle/manifest';
import { centreOf } from './grid.js';

/** Patches along the shorter side of the picture. */
const SHORTER_SIDE = 8;
/** Side of what is covered, in patches: a single patch too little is missed. */
const COVER = 2;

/** The patches that are covered one after the other: the whole picture, whatever the towers make of it. */
export function occlusionGrid({ width, height }: Pick<PreprocessSpec, 'width' | 'height'>): PatchGrid {
  const stepPx = Math.max(1, Math.min(width, height) / SHORTER_SIDE);
  return { columns: Math.ceil(width / stepPx), rows: Math.ceil(height / stepPx), stepPx, firstCentrePx: stepPx / 2 };
}

/** The picture, uint8 [H, W, 3], with a square around one patch painted in the background's colour. */
export function coverPatch(pixels: Uint8Array, patch: number, grid: PatchGrid, spec: PreprocessSpec): Uint8Array {
  const { x, y } = centreOf(patch, grid);
  const half = (COVER * grid.stepPx) / 2;
  const [left, right] = [Math.max(0, Math.round(x - half)), Math.min(spec.width, Math.round(x + half))];
  const [top, bottom] = [Math.max(0, Math.round(y - half)), Math.min(spec.height, Math.round(y + half))];
  // Not slice: a Buffer's is a view of the same bytes.
  const covered = new Uint8Array(pixels);
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) covered.set(spec.background, (row * spec.width + column) * spec.channels);
  }
  return covered;
}
