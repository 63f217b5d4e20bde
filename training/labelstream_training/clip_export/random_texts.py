"""Texts drawn from a seed, the same in every language that draws them: all arithmetic is on whole numbers below 2^32."""

from __future__ import annotations

SEED = 20_210_226
COUNT = 5200
# Every so many texts one is long, and has so many parts at least.
LONG_EVERY, LONG_PARTS = 125, 600

# First and last code point of the letters that a drawn word is made of.
RANGES = (
    (0x61, 0x7A),
    (0x61, 0x7A),
    (0x61, 0x7A),
    (0x41, 0x5A),
    (0x21, 0x7E),
    (0x30, 0x39),
    (0xA1, 0xFF),
    (0x100, 0x17F),
    (0x391, 0x3A1),
    (0x3A3, 0x3C9),
    (0x410, 0x44F),
    (0x531, 0x556),
    (0x5D0, 0x5EA),
    (0x620, 0x64A),
    (0x905, 0x939),
    (0xE01, 0xE30),
    (0x10D0, 0x10F0),
    (0x1E00, 0x1E95),
    (0x2010, 0x2027),
    (0x2030, 0x205E),
    (0x20A0, 0x20B9),
    (0x2100, 0x214F),
    (0x2190, 0x21FF),
    (0x2460, 0x24FF),
    (0x2600, 0x26FF),
    (0x3041, 0x3096),
    (0x30A1, 0x30FA),
    (0x4E00, 0x9FA5),
    (0xAC00, 0xD7A3),
    (0xFF01, 0xFF5E),
    (0xFF66, 0xFF9D),
    (0x1D400, 0x1D454),
    (0x1F300, 0x1F320),
    (0x1F400, 0x1F43E),
    (0x1F600, 0x1F640),
    (0x1F680, 0x1F6C5),
)
PIECES = (
    "Nike Men's Blue T-shirt",
    "don't",
    "WE'LL",
    "they're",
    "I'd've",
    "O'Neill's",
    "a photo of a cat",
    "100% cotton, 3-pack 12.5cm",
    'Levi\'s 511™ Slim-Fit (32" x 34")',
    "Crème brûlée",
    "cafe\u0301 de\u0301compose\u0301",
    "Müller & Söhne",
    "İSTANBUL",
    "ΣΊΣΥΦΟΣ",
    "STRASSE ẞ",
    "ﬁancée ﬂuﬃeﬆ",
    "½ ② Ａ",
    "“quoted” ‘text’",
    "👩‍👩‍👧‍👦🏽",
    "🏴󠁧󠁢󠁷󠁬󠁳󠁿",
    "👟👟👟",
    "e\u0301\u0302\u0303",
    "a\u200bb\u200d\ufeff",
    "soft\u00adhyphen",
    "no\u00a0break\u202fspace\u3000",
    "tab\tand\nline\r\nbreak\u2028here\x85",
    "\x00\x01\x07\x1b[31mred\x1b[0m",
    "\x1cfs\x1fus",
    "<b>Bold</b> <script>alert('x')</script>",
    "&amp; &lt;tag&gt; &quot;x&quot; &#39;",
    "&amp;amp; &amp;amp;amp;",
    "&eacute; &EACUTE; &nbsp;x &copy2020 &notit; &hearts;",
    "&#8364; &#x1F45F; &#128; &#0; &#xD800; &#x110000; &#12",
    "&bogus; &; & &# &#x;",
    "P&ATILDE; &frac12; &NotEqualTilde; &rarr",
    "http://example.com/?a=1&b=2&copy=3",
    "!!!???...",
    "---",
    "____",
    "''''s",
    "$9.99/€8,50",
    "3XL/XXS",
    "中文和English混排",
    "東京のスニーカー",
    "مرحبا بالعالم",
    "नीली साड़ी",
    "한국어 텍스트",
)
SEPARATORS = (" ", " ", " ", " ", " ", "  ", "", "-", ", ", "\n", "\t", "/", " | ")


class Draws:
    """A linear congruential generator (Numerical Recipes)."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def below(self, limit: int) -> int:
        """A whole number from 0 on; the low bits of the state are left out, because they repeat soon."""
        self.state = (self.state * 1_664_525 + 1_013_904_223) % 2**32
        return (self.state >> 8) % limit


def draw_part(draws: Draws) -> str:
    """A piece, or a word of up to nine letters of one script."""
    if draws.below(3) == 0:
        return PIECES[draws.below(len(PIECES))]
    first, last = RANGES[draws.below(len(RANGES))]
    return "".join(chr(first + draws.below(last - first + 1)) for _ in range(1 + draws.below(9)))


def random_texts(seed: int = SEED, count: int = COUNT) -> list[str]:
    """`count` texts; all but the long ones have up to twelve parts."""
    draws = Draws(seed)
    texts = []
    for place in range(count):
        parts = 1 + draws.below(12) + (LONG_PARTS if place % LONG_EVERY == LONG_EVERY - 1 else 0)
        texts.append("".join(draw_part(draws) + SEPARATORS[draws.below(len(SEPARATORS))] for _ in range(parts)))
    return texts


def recipe() -> dict:
    """All that another language needs to draw the same texts."""
    return {
        "seed": SEED,
        "count": COUNT,
        "longEvery": LONG_EVERY,
        "longParts": LONG_PARTS,
        "ranges": [list(pair) for pair in RANGES],
        "pieces": list(PIECES),
        "separators": list(SEPARATORS),
    }
