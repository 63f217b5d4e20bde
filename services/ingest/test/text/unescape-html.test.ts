import { expect, test } from 'vitest';
import { unescapeHtml } from '../../src/text/unescape-html.js';

test.each([
  ['&amp;&lt;&gt;&quot;&apos;&#39;', "&<>\"''"],
  ['&amp;amp;', '&amp;'],
  ['caf&eacute; &Eacute;', 'café É'],
  ['&copy2020 &notit; &notin;', '©2020 ¬it; ∉'],
  ['&rarr &rarr;', '&rarr →'],
  ['?a=1&copy=3&b', '?a=1©=3&b'],
  ['&NotEqualTilde; &fjlig;', '≂̸ fj'],
  ['&#8364;&#x20AC;&#X20ac &#x1F45F;', '€€€ 👟'],
  ['&#128;&#x9f;&#129;', '€Ÿ\u0081'],
  ['&#0;&#xD800;&#x110000;&#99999999999;', '\ufffd'.repeat(4)],
  ['[&#1;&#11;&#127;&#xFFFE;&#xFDD0;]&#9;&#10;&#13;', '[]\t\n\r'],
  ['&bogus; & &; &# &#; &#x;', '&bogus; & &; &# &#; &#x;'],
  ['&👟👟amp;', '&👟👟amp;'],
  ['', ''],
])('%j → %j', (text, expected) => {
  expect(unescapeHtml(text)).toBe(expected);
});
