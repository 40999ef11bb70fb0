"""Whether words that people typed name an order or a person who goes. Pure.

Numbers and addresses count as whole words only: a record of joann@mail.example is not one of ann@mail.example.
"""

import re
from collections.abc import Collection

_BETWEEN = re.compile(r"""[\s"():,;<>\[\]{}|/=]+""")
_AROUND = "-.*?!'#"  # a minus that excludes, a star that goes on, the end of a sentence


def joined(text: str) -> str:
    """Return the words of a text, folded, with one space between each.

    >>> joined('from:"Ann@Mail.example", -302-1.')
    'from ann@mail.example 302-1'
    """
    return " ".join(filter(None, (word.strip(_AROUND) for word in _BETWEEN.split(text.casefold()))))


def names(text: str, numbers: Collection[str], address: str) -> bool:
    """Say whether a text has one of these numbers, or an address: whole, or as far as its first part at least.

    >>> names("from:ann", (), "ann@mail.example"), names("from:joann@mail.example", (), "ann@mail.example")
    (True, False)
    """
    said, whole = joined(text), joined(address)
    least = len(whole.partition("@")[0])
    return any(f" {word} " in f" {said} " for word in (*numbers, whole) if word) or any(
        len(word) >= least and whole.startswith(word) for word in said.split()
    )
