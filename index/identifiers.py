"""Order IDs, tracking numbers, addresses and domains as whole terms, found with or without their dashes."""

import re
import unicodedata
from collections.abc import Iterator

_DASHES = dict.fromkeys([*range(0x2010, 0x2016), 0x2212, 0xFE58, 0xFE63, 0xFF0D], "-") | {
    0xFF0E: ".",
    0xFF20: "@",
}
_DOMAIN = re.compile(r"(?:[^.@+_]+\.)+[^\W\d_]{2,}")
_NUMBERS = re.compile(r"\d+(?:-\d+)+")
_DIGIT = re.compile(r"\d")
_CODE_CHARS = 6  # a shorter code is an ordinary word
_CODE_DIGITS = 5  # "covid-19" is two words, "12-34567-12345" is one number
_VALUE_CHARS = 256


def plain_glue(chunk: str) -> str:
    """Return text with every kind of dash, dot and at sign as its ASCII form."""
    return chunk if chunk.isascii() else chunk.translate(_DASHES)


def identifier(chunk: str) -> str | None:
    """Return the whole term that a folded chunk stands for, ``None`` when it is ordinary words.

    >>> identifier("112-1234567-1234567"), identifier("e-mail"), identifier("anna@shop.example")
    ('11212345671234567', None, 'anna@shop.example')
    """
    if "@" in chunk:
        return chunk
    if "." in chunk:
        return chunk if _DOMAIN.fullmatch(chunk) else None
    if "_" in chunk or "+" in chunk:
        return None
    code = chunk.replace("-", "")
    digits = len(_DIGIT.findall(code))
    if len(code) < _CODE_CHARS or not digits or ("-" in chunk and digits < _CODE_DIGITS):
        return None
    return code


def wholes(chunk: str) -> Iterator[str]:
    """Yield every whole term inside a folded chunk of several parts: a domain's parents, the number in a file name."""
    host = chunk.rpartition("@")[2]
    if "@" in chunk:
        yield chunk
    if _DOMAIN.fullmatch(host):
        yield from parent_domains(host)
    for piece in re.split("[._+@]", chunk):
        if "-" in piece and (code := identifier(piece)):
            yield code
    for number in _NUMBERS.findall(chunk):
        if code := identifier(number):
            yield code


def parent_domains(host: str) -> Iterator[str]:
    """Yield a domain and the domains above it, down to two labels."""
    labels = host.split(".")
    for start in range(len(labels) - 1):
        yield ".".join(labels[start:])


def plain_identifier(value: str) -> str:
    """Return an identifier given whole (``order:``, ``id:``) as it is compared.

    Dashes and spaces go, except from what holds an at sign: two mailboxes or message-ids may differ by a dash alone.

    >>> plain_identifier(" 112-1234567-1234567 "), plain_identifier("<A-1@mail.example>")
    ('11212345671234567', 'a-1@mail.example')
    """
    text = value[:_VALUE_CHARS].encode("utf-8", "replace").decode()
    text = unicodedata.normalize("NFKC", text.translate(_DASHES)).casefold()
    text = "".join(text.split()).strip("<>")
    return text if "@" in text else text.replace("-", "")
