"""One word in one spelling: case, width, accents and invisible characters do not matter to a search.

Only single words are folded, never a whole text: CPython's normalisation takes quadratic time on long runs of combining
marks, and a word is at most ``WORD_CHARS`` long.
"""

import unicodedata

WORD_CHARS = 64  # what stands beyond this in one unbroken word is not searched

# Accents, Arabic and Hebrew vowel points, tatweel, variation selectors, soft hyphens and zero-width characters.
# Not the Japanese voicing marks and not Indic or Thai vowel signs: without those a word is another word.
_DROPPED = dict.fromkeys(
    [
        *range(0x0300, 0x0370), *range(0x0591, 0x05BE), *range(0x064B, 0x0660), *range(0x200B, 0x2010),
        *range(0x2060, 0x2065), *range(0xFE00, 0xFE10), 0x00AD, 0x0640, 0x0670, 0xFEFF,
    ]
)  # fmt: skip
# Letters that Unicode does not decompose. "ß" is "ss" by case folding.
_LETTERS = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ħ": "h", "ı": "i", "ŋ": "n"}
)


def fold(word: str) -> str:
    """Return a word as it is compared; empty when nothing in it can be searched.

    >>> fold("Größe"), fold("CŒUR"), fold("ＡＢＣ１２３"), fold("が")
    ('grosse', 'coeur', 'abc123', 'が')
    """
    if word.isascii():
        return word[:WORD_CHARS].lower()
    plain = unicodedata.normalize("NFKC", word[:WORD_CHARS]).casefold()
    plain = unicodedata.normalize("NFD", plain).translate(_DROPPED)
    plain = unicodedata.normalize("NFC", plain.translate(_LETTERS))
    if not plain.isalnum():
        plain = "".join(letter for letter in plain if unicodedata.category(letter)[0] in "LNM")
    return plain[:WORD_CHARS]


def fold_value(value: str) -> str:
    """Return a whole value (a tag, an agent's name) as it is compared: case, width and spacing do not matter.

    >>> fold_value("  Prio  1 ")
    'prio 1'
    """
    return unicodedata.normalize("NFKC", shown(value)).casefold()


def shown(value: str) -> str:
    """Return a value as facets show it: as written, without surrounding or doubled space."""
    return " ".join(value[:256].encode("utf-8", "replace").decode().split())
