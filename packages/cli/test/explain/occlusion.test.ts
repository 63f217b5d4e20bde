import { describe, expect, it } from 'vitest';
import { coverPatch, occlusionGrid } from '../../src/explain/occlusion.js';

const SPEC = { width: 60, height: 80, channels: 3, fit: 'contain', kernel: 'lanczos3', background: [255, 254, 253] } as const;

describe('occlusion', () => {
  it('covers the whole picture with its grid', () => {
    const grid = occlusionGrid(SPEC);
    expect(grid).toEqual({ columns: 8, rows: 11, stepPx: 7.5, firstCentrePx: 3.75 });
    const uncovered = new Uint8Array(60 * 80);
    for (let patch = 0; patch < 88; patch++) {
      coverPatch(new Uint8Array(60 * 80 * 3), patch, grid, SPEC).forEach((value, at) => {
        if (at % 3 === 0 && value === 255) uncovered[at / 3] = 1;
      });
    }
    expect(uncovered.every((flag) => flag === 1)).toBe(true);
  });

  it('paints a square in the colour of the background, and leaves the rest and the original as they are', () => {
    // As the decoder gives them.
    const pixels = Buffer.alloc(60 * 80 * 3, 7);
    const covered = coverPatch(pixels, 9, occlusionGrid(SPEC), SPEC);
    const at = (x: number, y: number) => Array.from(covered.subarray((y * 60 + x) * 3, (y * 60 + x) * 3 + 3));
    expect(at(11, 11)).toEqual([255, 254, 253]);
    expect([at(3, 11), at(19, 11), at(11, 19)]).toEqual([
      [7, 7, 7],
      [7, 7, 7],
      [7, 7, 7],
    ]);
    expect(pixels.every((value) => value === 7)).toBe(true);
  });
});
