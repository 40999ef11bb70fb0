"""How numbers and names are compared: however people write their dashes, spaces and accents."""

import re
import unicodedata

_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015\u2212]+")


def bare(value: str) -> str:
    """Return an order's or a parcel's number as it is compared: without dashes and spaces, in lower case.

    >>> bare("112-1234567 1234567")
    '11212345671234567'
    """
    return _SEPARATORS.sub("", value).lower()


def folded(name: str) -> str:
    """Return an agent's name as it is compared: the same accent typed on another system is the same accent.

    >>> folded(" Anna ")
    'anna'
    """
    return unicodedata.normalize("NFC", name.strip()).lower()
