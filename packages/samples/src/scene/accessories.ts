import { cloth, disc, flat, groundShadow, line, mirrored, type Silhouette, strap } from './shapes.js';

const METALS = ['#c9ccd1', '#d8b25a', '#8f949c'] as const;

const LENS_TINT =
  '<linearGradient id="lens" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#2b2e34"/><stop offset="1" stop-color="#7d828a"/></linearGradient>';

const handbag: Silhouette = ({ paint, random }) => {
  const metal = random.pick(METALS);
  const drop = random.pick([58, 70, 82]);
  return (
    groundShadow(262, 84) +
    strap(`M80 146 Q78 ${drop} 120 ${drop} Q162 ${drop} 160 146`, paint, 8) +
    cloth('M54 138 L186 138 L206 248 Q206 262 192 262 L48 262 Q34 262 34 248 Z', paint) +
    flat('M54 138 L186 138 L192 172 Q120 196 48 172 Z', paint.dark, paint.outline) +
    flat('M110 176 h20 v18 h-20 Z', metal, '#6d6a63') +
    mirrored(disc(80, 147, 6, metal, '#6d6a63'))
  );
};

const backpack: Silhouette = ({ paint }) =>
  groundShadow(276, 70) +
  mirrored(strap('M66 112 Q38 150 52 232', paint, 10)) +
  strap('M98 56 Q100 34 120 34 Q140 34 142 56', paint, 7) +
  cloth('M58 110 Q58 52 120 52 Q182 52 182 110 L186 258 Q186 276 168 276 L72 276 Q54 276 54 258 Z', paint) +
  line('M64 132 Q64 74 120 74 Q176 74 176 132', paint.outline, 2, '5 3') +
  flat('M72 168 Q72 156 84 156 L156 156 Q168 156 168 168 L170 250 Q170 260 158 260 L82 260 Q70 260 70 250 Z', paint.dark, paint.outline) +
  line('M80 176 L160 176', paint.light, 3) +
  flat('M150 174 h5 v16 h-5 Z', '#c9ccd1') +
  flat('M104 106 h32 v20 h-32 Z', paint.light, paint.outline);

const wallet: Silhouette = ({ gender, paint, random }) => {
  if (gender === 'Women') {
    return (
      cloth('M22 112 Q22 102 32 102 L208 102 Q218 102 218 112 L218 206 Q218 216 208 216 L32 216 Q22 216 22 206 Z', paint) +
      flat('M22 112 Q22 102 32 102 L208 102 Q218 102 218 112 L218 140 Q120 188 22 140 Z', paint.dark, paint.outline) +
      disc(120, 162, 9, random.pick(METALS), '#6d6a63')
    );
  }
  return (
    cloth('M46 100 Q46 92 54 92 L186 92 Q194 92 194 100 L194 220 Q194 228 186 228 L54 228 Q46 228 46 220 Z', paint) +
    line('M53 99 L187 99 L187 221 L53 221 Z', paint.light, 1.5, '5 4') +
    line('M194 160 L120 160 Q108 160 108 172 L108 228', paint.outline) +
    line('M46 92 L46 228', paint.outline, 5)
  );
};

const cap: Silhouette = ({ paint }) =>
  cloth('M40 182 Q36 92 112 88 Q178 88 186 172 Q110 160 40 182 Z', paint) +
  line('M112 88 Q88 118 86 170', paint.outline) +
  line('M112 88 Q142 112 150 166', paint.outline) +
  flat('M98 170 Q146 158 186 166 Q226 176 236 204 Q176 184 110 188 Q94 186 98 170 Z', paint.dark, paint.outline, 2) +
  line('M42 181 Q72 170 106 167', paint.outline, 3) +
  disc(112, 88, 6, paint.dark, paint.outline);

const watch: Silhouette = ({ gender, paint, random }) => {
  const women = gender === 'Women';
  const half = women ? 15 : 25;
  const radius = women ? 33 : 46;
  const metal = random.pick(METALS);
  const ticks = Array.from({ length: 12 }, (_, hour) => {
    const angle = (hour * Math.PI) / 6;
    const at = (share: number): string =>
      `${(120 + Math.sin(angle) * radius * share).toFixed(1)} ${(160 - Math.cos(angle) * radius * share).toFixed(1)}`;
    return line(`M${at(0.68)} L${at(0.8)}`, paint.motif, 2.5);
  }).join('');
  const hand = random.between(-0.5, 0.5);
  return (
    cloth(
      `M${120 - half * 0.8} 24 L${120 + half * 0.8} 24 L${120 + half} 160 L${120 + half * 0.75} 300 L${120 - half * 0.75} 300 L${120 - half} 160 Z`,
      paint,
    ) +
    [250, 264, 278].map((y) => disc(120, y, 2.5, paint.outline)).join('') +
    flat(`M${120 + radius} 154 h9 v12 h-9 Z`, metal, '#6d6a63') +
    disc(120, 160, radius, metal, '#6d6a63') +
    disc(120, 160, radius * 0.86, paint.base, paint.outline) +
    ticks +
    line(`M120 160 L${(120 + radius * 0.5 * hand).toFixed(1)} ${(160 - radius * 0.5).toFixed(1)}`, paint.motif, 3.5) +
    line(`M120 160 L${(120 + radius * 0.55).toFixed(1)} ${(160 + radius * 0.5 * hand).toFixed(1)}`, paint.motif, 2.5)
  );
};

const sunglasses: Silhouette = ({ gender, paint }) => {
  const women = gender === 'Women';
  const lens = women
    ? 'M24 150 Q28 116 66 116 Q108 116 108 152 Q106 200 66 200 Q26 200 24 150 Z'
    : 'M20 132 Q20 124 30 124 L104 128 Q112 130 110 140 Q106 186 66 188 Q24 186 20 132 Z';
  const temple = women ? 'M28 136 Q14 112 34 92 L60 82' : 'M22 130 Q10 106 30 92 L58 82';
  const side =
    line(temple, paint.outline, 10) +
    line(temple, paint.base, 7) +
    flat(lens, '#33363c', paint.outline, 16) +
    flat(lens, `url(#lens)`, paint.base, 12) +
    line(women ? 'M40 146 L62 130' : 'M36 146 L60 134', '#fff', 4);
  return (
    LENS_TINT +
    mirrored(side) +
    line(women ? 'M106 140 Q120 128 134 140' : 'M108 136 Q120 128 132 136', paint.outline, 9) +
    line(women ? 'M106 140 Q120 128 134 140' : 'M108 136 Q120 128 132 136', paint.base, 6)
  );
};

const tie: Silhouette = ({ paint }) =>
  `<g transform="translate(10 6)">${cloth('M112 64 L128 64 L140 226 L120 252 L104 226 Z', paint)}</g>` +
  cloth('M108 66 L132 66 L160 250 L120 298 L80 250 Z', paint) +
  cloth('M98 28 L142 28 L134 66 L106 66 Z', paint) +
  line('M106 66 L134 66', paint.outline, 3);

const belt: Silhouette = ({ gender, paint, random }) => {
  const women = gender === 'Women';
  const widthPx = women ? 16 : 30;
  const metal = random.pick(METALS);
  const ring =
    `<ellipse cx="120" cy="146" rx="88" ry="58" fill="none" stroke="${paint.outline}" stroke-width="${widthPx + 4}"/>` +
    `<ellipse cx="120" cy="146" rx="88" ry="58" fill="none" stroke="${paint.base}" stroke-width="${widthPx}"/>` +
    `<ellipse cx="120" cy="146" rx="88" ry="58" fill="none" stroke="${paint.light}" stroke-width="1.5" stroke-dasharray="5 4"/>`;
  const tail = strap('M120 204 Q176 206 206 176', paint, widthPx);
  const holes = [150, 166, 182].map((x, step) => disc(x, 201 - step * 5, 2.5, paint.outline)).join('');
  const buckle = women
    ? `<circle cx="112" cy="204" r="18" fill="none" stroke="${metal}" stroke-width="7"/>`
    : `<rect x="92" y="182" width="38" height="44" rx="5" fill="none" stroke="${metal}" stroke-width="8"/>`;
  return ring + tail + holes + buckle + line('M112 204 L134 203', metal, 4);
};

/** Bags, jewellery and the like by article type. */
export const ACCESSORIES = {
  Handbags: handbag,
  Backpacks: backpack,
  Wallets: wallet,
  Caps: cap,
  Watches: watch,
  Sunglasses: sunglasses,
  Ties: tie,
  Belts: belt,
} satisfies Record<string, Silhouette>;
