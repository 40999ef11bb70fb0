"""What stands in the phrase files, ``rules/phrases/*.toml``: words and patterns by language, one Struct a file."""

from typing import Literal

import msgspec


class OrderWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``phrases/orders.toml``: by language, words that announce an order ID, and words that announce another number.

    ``thing`` are those whose number nobody mistakes for an order's, whatever its shape: a part's, a drawing's, a flat's.
    ``call`` are those before a telephone number, which is no order even in a marketplace's own mail.
    ``between`` are words that may stand between such a word and a number of nothing but digits.
    """

    order: dict[str, tuple[str, ...]] = {}
    other: dict[str, tuple[str, ...]] = {}
    thing: dict[str, tuple[str, ...]] = {}
    call: dict[str, tuple[str, ...]] = {}
    between: dict[str, tuple[str, ...]] = {}


class ReferenceKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kind of number that is announced by a word: its labels by language, and what may follow them.

    ``pattern`` is the whole number; without one nothing is kept, and the label only says what a number is not.
    """

    name: str
    pattern: str = ""
    check: str = ""
    product: bool = False  # it names a product
    labels: dict[str, tuple[str, ...]] = {}


class ReferenceWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``phrases/references.toml``: the kinds, one ``[[kind]]`` each, and headings of tables by the kind of product below."""

    columns: dict[Literal["sku", "asin", "isbn", "ean"], tuple[str, ...]] = {}
    kind: tuple[ReferenceKind, ...] = ()


class KindPhrase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kind of notice, and patterns (RE2) by language of the subjects that say it."""

    name: str
    subjects: dict[str, tuple[str, ...]] = {}


class KindWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``phrases/kinds.toml``: how any marketplace's notice says what it is about; the first that matches says it."""

    basis: Literal["documented", "seen", "inferred"] = "inferred"
    source: str = ""
    kind: tuple[KindPhrase, ...] = ()


class QuoteMarks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``phrases/quotes.toml``: lines (RE2) below which a reply quotes what it answers.

    ``forward`` are lines above a mail that is sent on, and under ``subject`` the subjects of such a mail.
    """

    forward: dict[str, tuple[str, ...]] = {}
    below: dict[str, tuple[str, ...]] = {}
    attribution: dict[str, tuple[str, ...]] = {}
    html: tuple[str, ...] = ()


class TermWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``phrases/terms.toml``: by language, how a notice says until when it wants an answer, as patterns (RE2).

    ``hours``, ``days`` and ``working_days`` hold the number in group 1 (or say it by a word of ``numbers``); after a
    match of ``until`` stands a date. ``answer`` are words that say that an answer is meant: no term counts without one in
    its sentence.
    """

    hours: dict[str, tuple[str, ...]] = {}
    days: dict[str, tuple[str, ...]] = {}
    working_days: dict[str, tuple[str, ...]] = {}
    until: dict[str, tuple[str, ...]] = {}
    answer: dict[str, tuple[str, ...]] = {}
    months: dict[str, tuple[str, ...]] = {}  # twelve names a language, January first
    numbers: dict[str, dict[str, int]] = {}


class PolicyWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``phrases/policy.toml``: by language, patterns (RE2) of what marketplaces do not want written.

    ``phone`` and ``number`` are words that stand before a telephone number, and before other numbers.
    """

    review_steering: dict[str, tuple[str, ...]] = {}
    incentives: dict[str, tuple[str, ...]] = {}
    phone: dict[str, tuple[str, ...]] = {}
    number: dict[str, tuple[str, ...]] = {}
