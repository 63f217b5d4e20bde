import { cloth, disc, flat, groundShadow, line, mirrored, type Silhouette } from './shapes.js';

const casualShoe: Silhouette = ({ paint, random }) => {
  const upper = 'M34 124 Q36 112 50 116 Q70 124 90 112 L104 100 Q112 96 118 106 Q140 140 178 152 Q212 162 214 196 L32 196 Q28 156 34 124 Z';
  const sole = random.chance(0.7) ? '#f2f0ea' : paint.dark;
  const laces = [0, 1, 2, 3]
    .map((step) => line(`M${104 + step * 13} ${124 + step * 10} L${122 + step * 13} ${112 + step * 11}`, '#faf9f6', 4))
    .join('');
  return (
    groundShadow(221, 94) +
    cloth(upper, paint) +
    flat('M178 152 Q212 162 214 196 L164 196 Q160 168 178 152 Z', paint.light, paint.outline) +
    line('M104 124 Q110 170 74 196', paint.outline) +
    flat('M34 140 Q52 140 56 196 L32 196 Q29 164 34 140 Z', paint.dark, paint.outline) +
    laces +
    flat('M28 194 L216 194 Q224 206 214 220 L38 220 Q26 214 28 194 Z', sole, '#8d8a84', 2) +
    line('M30 204 L218 204', '#b5b1a9', 1.5)
  );
};

const heels: Silhouette = ({ paint, random }) => {
  const upper =
    'M36 100 Q32 84 46 88 Q60 132 110 160 Q132 170 150 166 Q196 190 216 214 Q220 226 206 228 L168 228 Q126 222 98 194 Q78 172 66 168 ' +
    'Q58 200 56 250 L46 250 Q48 196 40 150 Q34 122 36 100 Z';
  const bow = random.chance(0.4) ? disc(160, 178, 7, paint.light, paint.outline) : '';
  return (
    groundShadow(251, 90) +
    cloth(upper, paint) +
    flat('M46 88 Q60 132 110 160 Q132 170 150 166 Q128 182 104 170 Q58 148 46 88 Z', paint.dark, paint.outline) +
    flat('M210 222 Q206 228 200 229 L166 229 Q126 223 98 195 L104 192 Q130 214 170 221 Z', '#3b2f2a') +
    bow
  );
};

const sandal: Silhouette = ({ paint }) => {
  const sole = 'M28 200 Q70 188 120 197 Q180 206 214 190 Q226 200 217 224 Q120 234 36 228 Q22 220 28 200 Z';
  const heelBand = 'M38 198 Q32 132 58 116 Q86 110 112 122 L110 142 Q84 132 66 138 Q56 152 62 198 Z';
  const archBand = 'M92 118 L114 122 Q118 162 142 198 L112 198 Q94 164 92 118 Z';
  const toeBand = 'M122 200 Q126 160 152 150 Q178 160 188 198 Q154 206 122 200 Z';
  return (
    groundShadow(230, 94) +
    flat('M56 198 Q54 160 64 142 L70 136 Q66 170 84 198 Z', paint.dark, paint.outline) +
    cloth(heelBand, paint) +
    cloth(toeBand, paint) +
    cloth(archBand, paint) +
    line('M134 196 Q138 168 152 160 Q168 168 176 196', paint.light, 2, '5 4') +
    flat(sole, '#5b4a3c', '#3b2f26', 2) +
    line('M33 207 Q120 216 218 200', '#d7c9b4', 5) +
    flat('M76 116 h20 v18 h-20 Z', '#c7c3ba', '#77736b') +
    flat('M82 121 h8 v8 h-8 Z', paint.base)
  );
};

const flipFlops: Silhouette = ({ gender, paint }) => {
  const women = gender === 'Women';
  const bed = women
    ? 'M64 66 Q94 50 100 104 Q102 146 92 186 Q94 252 74 258 Q52 258 54 210 Q54 170 46 128 Q42 82 64 66 Z'
    : 'M56 62 Q102 40 110 102 Q112 146 102 186 Q106 258 76 264 Q42 264 46 208 Q48 168 34 126 Q28 82 56 62 Z';
  const thong = women ? 'M50 170 Q54 124 72 104 Q88 126 96 166' : 'M42 168 Q46 122 72 100 Q98 122 106 164';
  const bead = women ? disc(72, 106, 8, '#f3d27a', '#9a7b2f') : '';
  const one = cloth(bed, paint) + line(thong, paint.outline, women ? 9 : 17) + line(thong, paint.motif, women ? 6 : 14) + bead;
  return mirrored(one);
};

/** Shoes by article type. */
export const FOOTWEAR = {
  'Casual Shoes': casualShoe,
  Heels: heels,
  Sandals: sandal,
  'Flip Flops': flipFlops,
} satisfies Record<string, Silhouette>;
