import { expect, test } from 'vitest';
import { cleanOpenClip } from '../../src/text/clean-open-clip.js';

test.each([
  ['  Nike\t Men \n Shoes  ', 'nike men shoes'],
  ['ΣΊΣΥΦΟΣ İX STRASSE', 'σίσυφος i̇x strasse'],
  ['“Quoted” ‘text’ ʼn', "\"quoted\" 'text' 'n"],
  ['ﬁancée ﬅ Ǆ Ĳ ŉ', "fiancée ſt dž ij 'n"],
  ['ＬＯＵＤ　ｶﾞ ﾡ', 'loud ガ ᄀ'],
  ['cre\u0300me', 'crème'],
  ['\u001b[31mred\u001b[0m\u0000\u0007\ufeffx\u200by', 'redx\u200by'],
  ['it\u0092s \u0080 5', "it's € 5"],
  ['&amp;lt;b&amp;gt; P&EACUTE;REZ &amp;amp;amp;', '<b> pÉrez &'.toLowerCase()],
  ['<i>&ldquo;x&rdquo;</i> &EACUTE;', '<i>“x”</i> &eacute;'],
  ['&ldquo;x&rdquo;\n<i>\n&ldquo;y&rdquo;', '"x" <i> “y”'],
  ['&nbsp; a&nbsp;b', 'a b'],
  ['a\ud800b', 'a\ufffdb'],
  ['cafÃ©', 'cafã©'],
  ['&nbsp;', ''],
  ['', ''],
])('%j → %j', (text, expected) => {
  expect(cleanOpenClip(text)).toBe(expected);
});

test.each([
  ['ampersands escaped again and again', `&${'amp;'.repeat(16_000)}`],
  ['ampersands', '&'.repeat(65_536)],
  ['numbers', '&#1'.repeat(21_000)],
  ['lines', '\n<&amp;'.repeat(10_000)],
  ['terminal escapes that never end', '\u001b[1;'.repeat(16_000)],
  ['blanks', ' '.repeat(65_536)],
])('64 KiB of %s take no time', (_, text) => {
  const started = performance.now();
  cleanOpenClip(text);
  expect(performance.now() - started).toBeLessThan(1000);
});
