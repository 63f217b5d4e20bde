import type { Style } from '../catalogue.js';
import type { Paint } from './paint.js';
import { disc, flat, line, mirrored } from './shapes.js';

const ZIGZAG = 'M80 178 L96 158 L112 178 L128 158 L144 178 L160 158';

/** What makes a style visible: small marks on the front of a garment, in the colours of its cloth, so that they have to be looked for. */
const MARKS: Readonly<Record<Style, (paint: Paint) => string>> = {
  Casual: () => '',
  Sporty: ({ light, dark, outline }) => disc(120, 168, 25, light, outline) + line('M112 158 L124 150 L124 188', dark, 7),
  Formal: ({ dark, outline }) => flat('M112 116 L128 116 L134 202 L120 220 L106 202 Z', dark, outline, 3),
  Boho: ({ light, outline }) => line(ZIGZAG, outline, 10) + line(ZIGZAG, light, 5),
  Utility: ({ dark, outline }) => mirrored(flat('M80 146 L110 146 L110 184 L80 184 Z', dark, outline, 3)),
};

/** The marks of a style as SVG elements. */
export const styleMarks = (style: Style, paint: Paint): string => MARKS[style](paint);
