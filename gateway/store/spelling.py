"""How numbers are compared: however people write their dashes and spaces."""

import re

_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015\u2212]+")


def bare(value: str) -> str:
    """Return an order's or a parcel's number as it is compared: without dashes and spaces, in lower case.

    >>> bare("112-1234567 1234567")
    '11212345671234567'
    """
    return _SEPARATORS.sub("", value).lower()
