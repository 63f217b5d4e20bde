import type { PatchGrid } from '@labelstream/shared/bundle/manifest';

/** A part of the model's picture, in its pixels; sides may lie outside of it. */
export interface View {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The middle of a patch on the model's picture. */
export function centreOf(patch: number, { columns, stepPx, firstCentrePx }: PatchGrid): { readonly x: number; readonly y: number } {
  return { x: firstCentrePx + (patch % columns) * stepPx, y: firstCentrePx + Math.floor(patch / columns) * stepPx };
}

/** The value at a point of the model's picture, bilinear between the middles of patches, and that of the nearest outside of them. */
export function valueAt(values: ArrayLike<number>, grid: PatchGrid, x: number, y: number): number {
  const [column, row] = [place(x, grid, grid.columns), place(y, grid, grid.rows)];
  const [left, top] = [Math.floor(column), Math.floor(row)];
  const at = (r: number, c: number) => values[Math.min(r, grid.rows - 1) * grid.columns + Math.min(c, grid.columns - 1)] ?? 0;
  const [right, down] = [column - left, row - top];
  const upper = at(top, left) * (1 - right) + at(top, left + 1) * right;
  const lower = at(top + 1, left) * (1 - right) + at(top + 1, left + 1) * right;
  return upper * (1 - down) + lower * down;
}

function place(px: number, { stepPx, firstCentrePx }: PatchGrid, count: number): number {
  return Math.min(count - 1, Math.max(0, (px - firstCentrePx) / stepPx));
}

const THIRDS = [
  ['upper left', 'top', 'upper right'],
  ['left', 'middle', 'right'],
  ['lower left', 'bottom', 'lower right'],
] as const;

/** Where on what a view shows a patch lies, in words. */
export function describePlace(patch: number, grid: PatchGrid, { left, top, width, height }: View): string {
  const { x, y } = centreOf(patch, grid);
  const third = (share: number) => Math.min(2, Math.max(0, Math.floor(share * 3)));
  return THIRDS[third((y - top) / height)]?.[third((x - left) / width)] ?? '';
}
