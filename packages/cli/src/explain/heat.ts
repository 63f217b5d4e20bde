import type { PatchGrid } from '@labelstream/shared/bundle/manifest';
import { type View, valueAt } from './grid.js';

/** A picture, uint8 RGB, row by row. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Rec. 601. */
const LUMA = [0.299, 0.587, 0.114] as const;
/** How much of the picture's darkness is left under the colours. */
const CONTRAST = 0.75;
const STRONGEST = 0.85;
const WEAK = [255, 176, 0] as const;
const STRONG = [214, 0, 66] as const;

/** The picture in grey with a map over it, from yellow to red. `map` is 0..1 per patch; `view` is what of the model's picture is shown. */
export function paintHeat({ width, height, data }: Picture, map: ArrayLike<number>, grid: PatchGrid, view: View): Picture {
  const painted = new Uint8Array(data.length);
  for (let row = 0; row < height; row++) {
    const y = view.top + ((row + 0.5) / height) * view.height;
    for (let column = 0; column < width; column++) {
      const at = (row * width + column) * 3;
      const heat = valueAt(map, grid, view.left + ((column + 0.5) / width) * view.width, y);
      blend(painted, at, greyAt(data, at), heat);
    }
  }
  return { width, height, data: painted };
}

function greyAt(data: Uint8Array, at: number): number {
  const luma = LUMA.reduce((sum, weight, channel) => sum + weight * (data[at + channel] ?? 0), 0);
  return 255 - (255 - luma) * CONTRAST;
}

function blend(target: Uint8Array, at: number, grey: number, heat: number): void {
  const alpha = STRONGEST * Math.sqrt(heat) * Math.min(1, heat * 4);
  for (let channel = 0; channel < 3; channel++) {
    const colour = (WEAK[channel] ?? 0) * (1 - heat) + (STRONG[channel] ?? 0) * heat;
    target[at + channel] = Math.round(grey * (1 - alpha) + colour * alpha);
  }
}
