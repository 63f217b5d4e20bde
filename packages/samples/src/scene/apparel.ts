import { cloth, disc, flat, line, mirrored, type Silhouette } from './shapes.js';

const tshirt: Silhouette = ({ gender, paint }) => {
  if (gender === 'Women') {
    const body =
      'M86 60 Q120 112 154 60 L174 68 L200 106 L176 124 L167 114 Q150 176 172 254 Q120 264 68 254 Q90 176 73 114 L64 124 L40 106 L66 68 Z';
    return (
      cloth(body, paint) +
      line('M86 60 Q120 112 154 60', paint.dark, 4) +
      line('M72 247 Q120 257 168 247', paint.dark) +
      mirrored(line('M44 103 L67 119', paint.dark))
    );
  }
  const body = 'M92 58 Q120 82 148 58 L178 68 L218 122 L188 146 L174 130 L174 262 Q120 270 66 262 L66 130 L52 146 L22 122 L62 68 Z';
  return (
    cloth(body, paint) +
    line('M92 58 Q120 82 148 58', paint.dark, 6) +
    line('M67 254 Q120 262 173 254', paint.dark) +
    mirrored(line('M27 118 L56 140', paint.dark))
  );
};

const shirt: Silhouette = ({ gender, paint }) => {
  const women = gender === 'Women';
  const body = women
    ? 'M96 56 L144 56 L172 68 Q198 130 206 230 L182 236 L166 138 Q154 190 174 266 Q120 276 66 266 Q86 190 74 138 L58 236 L34 230 Q42 130 68 68 Z'
    : 'M94 56 L146 56 L180 68 Q210 130 218 234 L188 240 L175 140 L175 270 Q120 280 65 270 L65 140 L52 240 L22 234 Q30 130 60 68 Z';
  const buttons = [108, 138, 168, 198, 228, 256].map((y) => disc(120, y, 3, paint.light, paint.outline)).join('');
  const collar = mirrored(flat('M95 54 L120 78 L104 98 L82 66 Z', paint.base, paint.outline, 2));
  const cuffs = mirrored(women ? line('M36 218 L60 224', paint.outline) : line('M24 221 L54 227', paint.outline));
  const pocket = women ? '' : flat('M138 118 L164 118 L164 142 L151 150 L138 142 Z', 'none', paint.outline);
  return (
    cloth(body, paint) + line('M112 82 L112 272', paint.dark) + line('M128 82 L128 272', paint.dark) + buttons + pocket + cuffs + collar
  );
};

const jeans: Silhouette = ({ gender, paint, random }) => {
  const thread = '#d19a4c';
  const men = gender !== 'Women';
  const body = men
    ? 'M72 36 L168 36 Q178 110 184 288 L134 290 L120 120 L106 290 L56 288 Q62 110 72 36 Z'
    : 'M80 36 L160 36 Q182 92 166 180 L160 290 L130 290 L120 124 L110 290 L80 290 L74 180 Q58 92 80 36 Z';
  const fade = random.chance(0.6) ? mirrored('<ellipse cx="90" cy="150" rx="13" ry="52" fill="#fff" fill-opacity="0.2"/>') : '';
  const pockets = mirrored(line('M76 62 Q98 64 102 52', thread, 2, '4 3'));
  const hems = men ? mirrored(line('M58 278 L105 280', thread, 2, '4 3')) : mirrored(line('M81 281 L110 281', thread, 2, '4 3'));
  return (
    cloth(body, paint) +
    fade +
    line(men ? 'M71 50 L169 50' : 'M75 50 L165 50', thread, 2, '4 3') +
    line('M120 50 L120 92 Q116 100 108 100', thread, 2, '4 3') +
    disc(120, 43, 4, '#c9a15f', paint.outline) +
    pockets +
    hems
  );
};

const trousers: Silhouette = ({ paint }) => {
  const body = 'M76 32 L164 32 Q176 90 172 292 L136 294 L120 116 L104 294 L68 292 Q64 90 76 32 Z';
  const loops = [86, 104, 136, 154].map((x) => line(`M${x} 32 L${x} 48`, paint.outline, 4)).join('');
  return (
    cloth(body, paint) +
    line('M73 48 L167 48', paint.outline) +
    loops +
    mirrored(line('M90 56 L87 286', paint.light, 2)) +
    mirrored(line('M84 50 L70 92', paint.outline)) +
    line('M120 48 L120 104', paint.outline) +
    mirrored(line('M68 280 L104 282', paint.outline))
  );
};

const shorts: Silhouette = ({ gender, paint }) => {
  const men = gender !== 'Women';
  const body = men
    ? 'M74 78 L166 78 L192 234 L130 240 L120 152 L110 240 L48 234 Z'
    : 'M78 92 L162 92 L190 196 Q160 208 128 202 L120 158 L112 202 Q80 208 50 196 Z';
  const top = men ? 78 : 92;
  const hem = men ? 'M50 222 L111 228' : 'M54 186 Q82 197 113 192';
  return (
    cloth(body, paint) +
    flat(`M75 ${top} L165 ${top} L168 ${top + 15} L72 ${top + 15} Z`, paint.dark, paint.outline) +
    line(`M112 ${top + 12} Q108 ${top + 34} 114 ${top + 42}`, paint.light, 3) +
    line(`M128 ${top + 12} Q132 ${top + 34} 126 ${top + 42}`, paint.light, 3) +
    mirrored(line(`M76 ${top + 20} L66 ${top + 62}`, paint.outline)) +
    mirrored(line(hem, paint.outline))
  );
};

const dress: Silhouette = ({ paint, random }) => {
  const hem = random.pick([282, 292, 300]);
  const body =
    `M88 32 L100 32 Q102 66 120 76 Q138 66 140 32 L152 32 Q152 76 166 94 Q152 124 150 148 Q166 210 200 ${hem} Q120 ${hem + 20} 40 ${hem} ` +
    'Q74 210 90 148 Q88 124 74 94 Q88 76 88 32 Z';
  const folds = mirrored(line(`M104 164 Q98 220 82 ${hem - 4}`, paint.dark)) + line(`M120 168 L120 ${hem}`, paint.dark);
  return cloth(body, paint) + folds + flat('M90 142 L150 142 L151 156 L89 156 Z', paint.dark, paint.outline);
};

const skirt: Silhouette = ({ paint, random }) => {
  const hem = random.pick([232, 246, 260]);
  const body = `M82 76 L158 76 Q176 140 212 ${hem} Q120 ${hem + 26} 28 ${hem} Q64 140 82 76 Z`;
  const folds = mirrored(line(`M102 100 Q94 170 72 ${hem + 8}`, paint.dark) + line(`M112 104 Q110 180 102 ${hem + 10}`, paint.dark));
  return cloth(body, paint) + folds + flat('M82 74 L158 74 L162 92 L78 92 Z', paint.dark, paint.outline);
};

const socks: Silhouette = ({ paint }) => {
  const body = 'M62 52 L108 52 L108 176 Q108 200 130 214 L160 232 Q178 246 168 264 Q158 278 132 270 L92 250 Q62 236 62 200 Z';
  const ribs = [70, 78, 86, 94, 102].map((x) => line(`M${x} 54 L${x} 76`, paint.outline, 1.5)).join('');
  const sock =
    cloth(body, paint) +
    flat('M62 52 L108 52 L108 78 L62 78 Z', paint.dark, paint.outline) +
    ribs +
    flat('M62 192 Q84 190 90 214 Q92 236 84 246 Q62 232 62 200 Z', paint.dark) +
    flat('M146 223 L160 232 Q178 246 168 264 Q158 278 134 271 Q132 240 146 223 Z', paint.dark);
  return `<g transform="translate(46 -18)">${sock}</g>${sock}`;
};

/** Clothes by article type. */
export const APPAREL = {
  Tshirts: tshirt,
  Shirts: shirt,
  Jeans: jeans,
  Trousers: trousers,
  Shorts: shorts,
  Dresses: dress,
  Skirts: skirt,
  Socks: socks,
} satisfies Record<string, Silhouette>;
