import type { PreprocessSpec } from '@labelstream/shared/bundle/manifest';
import type { Cutting } from './placement.js';

/** Pixels of a picture, or of a part of one: uint8 [height, width, 3]. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Part of a picture, in pixels. */
export interface Part {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** How an enlarged picture of `from` pixels a side becomes the `kept` ones from `first` on, of `to` altogether. */
interface Axis {
  readonly from: number;
  readonly to: number;
  readonly first: number;
  readonly kept: number;
}

/** Source values that make one output value, and their shares of `ONE`. */
interface Tap {
  readonly at: number;
  readonly shares: readonly number[];
}

const CHANNELS = 3;
/** Shares are whole numbers, as in Pillow, so that both round alike. */
const ONE = 2 ** 22;

const KERNELS: Readonly<Record<PreprocessSpec['kernel'], { readonly support: number; readonly weight: (x: number) => number }>> = {
  cubic: { support: 2, weight: cubic },
  lanczos3: { support: 3, weight: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** Keys' cubic convolution with a = -0.5. */
function cubic(x: number): number {
  const distance = Math.abs(x);
  if (distance >= 2) return 0;
  return distance < 1 ? (1.5 * distance - 2.5) * distance * distance + 1 : ((-0.5 * distance + 2.5) * distance - 4) * distance + 2;
}

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** Whether a picture has to be enlarged to have the scaled size. */
export const isEnlarged = (cutting: Cutting, width: number, height: number) => cutting.width > width || cutting.height > height;

/** The part of a picture that the kept pixels are made of: all that has to be decoded to memory. */
export function neededPart(size: Pick<Part, 'width' | 'height'>, cutting: Cutting, spec: PreprocessSpec): Part {
  const [across, down] = axes(size, cutting, spec);
  const [x, y] = [span(taps(across, spec.kernel)), span(taps(down, spec.kernel))];
  return { left: x.start, width: x.end - x.start, top: y.start, height: y.end - y.start };
}

/**
 * Enlarges a picture of `size` and cuts `spec.width` x `spec.height` out of it, from its needed `part`. First across, then down, with the
 * centres of pixels at their halves: value for value what Pillow does. (libvips shifts what it enlarges by up to half a pixel.)
 */
export function enlarge(part: Pixels, size: Pick<Part, 'width' | 'height'>, cutting: Cutting, spec: PreprocessSpec): Uint8Array {
  const [across, down] = axes(size, cutting, spec);
  const columns = fromStart(taps(across, spec.kernel));
  const rows = fromStart(taps(down, spec.kernel));
  const wide = new Uint8Array(part.height * columns.length * CHANNELS);
  for (let y = 0; y < part.height; y += 1) {
    const target = { data: wide, at: y * columns.length * CHANNELS, step: CHANNELS };
    for (let channel = 0; channel < CHANNELS; channel += 1) {
      blend(columns, { data: part.data, at: y * part.width * CHANNELS + channel, step: CHANNELS }, { ...target, at: target.at + channel });
    }
  }
  const step = columns.length * CHANNELS;
  const result = new Uint8Array(rows.length * step);
  for (let at = 0; at < step; at += 1) blend(rows, { data: wide, at, step }, { data: result, at, step });
  return result;
}

/** One line of values of one channel. */
interface Line {
  readonly data: Uint8Array;
  readonly at: number;
  readonly step: number;
}

function blend(taps: readonly Tap[], source: Line, target: Line): void {
  taps.forEach(({ at, shares }, place) => {
    let sum = ONE / 2;
    for (let tap = 0; tap < shares.length; tap += 1) {
      sum += (shares[tap] as number) * (source.data[source.at + (at + tap) * source.step] as number);
    }
    target.data[target.at + place * target.step] = Math.min(255, Math.max(0, Math.floor(sum / ONE)));
  });
}

function axes(size: Pick<Part, 'width' | 'height'>, cutting: Cutting, spec: PreprocessSpec): readonly [Axis, Axis] {
  return [
    { from: size.width, to: cutting.width, first: cutting.left, kept: spec.width },
    { from: size.height, to: cutting.height, first: cutting.top, kept: spec.height },
  ];
}

function taps({ from, to, first, kept }: Axis, kernel: PreprocessSpec['kernel']): readonly Tap[] {
  const { support, weight } = KERNELS[kernel];
  // A side that shrinks by a rounded pixel while the other grows is averaged over more.
  const stretch = Math.max(1, from / to);
  return Array.from({ length: kept }, (_, place) => {
    const centre = ((first + place + 0.5) * from) / to;
    const at = Math.max(0, Math.trunc(centre - support * stretch + 0.5));
    const end = Math.min(from, Math.trunc(centre + support * stretch + 0.5));
    const weights = Array.from({ length: end - at }, (_, tap) => weight((at + tap - centre + 0.5) / stretch));
    const sum = weights.reduce((total, each) => total + each, 0);
    return { at, shares: weights.map((each) => roundAway((each / sum) * ONE)) };
  });
}

/** Halves away from zero. */
const roundAway = (value: number) => Math.trunc(value + (value < 0 ? -0.5 : 0.5));

function span(taps: readonly Tap[]): { start: number; end: number } {
  return { start: Math.min(...taps.map(({ at }) => at)), end: Math.max(...taps.map(({ at, shares }) => at + shares.length)) };
}

/** The same taps, counted from the first value that any of them needs. */
function fromStart(taps: readonly Tap[]): readonly Tap[] {
  const { start } = span(taps);
  return taps.map(({ at, shares }) => ({ at: at - start, shares }));
}
