"""What a rule may ask of a message: the fields of ``[rule.when]``, and the groups they may stand in."""

from typing import Literal

import msgspec

Words = str | tuple[str, ...]
Language = Literal["en", "de", "fr", "es", "it", "nl", "pl", "pt", "ja", "zh", "ko", "sv", "da", "no", "fi", "cs",
                   "sk", "hu", "ro", "bg", "el", "tr", "ru", "uk", "ar", "he", "hr", "sl"]  # fmt: skip
DEPTH_MAX = 8  # groups inside groups
GROUPS_MAX = 200  # of one rule


class When(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"from_": "from", "all_": "all", "any_": "any", "not_": "not"},
):
    """Every field that is set must match; a list means any of its values. Words compare without case.

    ``subject``, ``text``, ``from_name``, ``attachment``, ``attachment_text`` and ``header`` are RE2 patterns. ``from``,
    ``to`` and ``reply_to`` are addresses (``a@b.example``) or domains (``@b.example``, with what is below it).
    """

    marketplace: Words | None = None  # "" is: none recognised
    operator: Words | None = None  # which shop of a base that many run on; "" is: none named
    kind: Words | None = None
    direction: Words | None = None
    mailbox: Words | None = None
    agent: Words | None = None
    alias: Words | None = None  # the buyer's relay address
    from_: Words | None = None
    to: Words | None = None  # To, Cc and the envelope's recipients
    reply_to: Words | None = None
    from_name: Words | None = None
    subject: Words | None = None
    text: Words | None = None
    header: dict[str, Words] | None = None  # name -> patterns
    language: Words | None = None
    attachment: Words | None = None  # its file name
    attachment_type: Words | None = None  # "application/pdf", "image/*"
    attachment_text: Words | None = None
    attachment_larger_than_bytes: int | None = None
    has_attachment: bool | None = None
    order: Words | None = None  # linked or named, however its dashes are written
    has_order: bool | None = None
    order_known: bool | None = None  # linked to an order that an earlier message was linked to
    order_older_than_days: float | None = None  # since the order's first message
    order_newer_than_days: float | None = None
    link_confidence: Words | None = None  # of the surest link
    link_method: Words | None = None
    in_thread: bool | None = None  # answers a message that is linked
    tag: Words | None = None  # set by a rule above
    clock: Words | None = None  # a deadline of the marketplace's file that this kind of message starts
    product: Words | None = None  # an ASIN, SKU or item
    parcel: Words | None = None  # a tracking number
    carrier: Words | None = None
    has_parcel: bool | None = None
    older_than_hours: float | None = None  # on its way: from its Date until it occurred
    newer_than_hours: float | None = None
    larger_than_bytes: int | None = None
    smaller_than_bytes: int | None = None
    trusted: bool | None = None
    authenticity: Words | None = None  # unchecked where nobody has looked
    historical: bool | None = None
    all_: tuple["When", ...] | None = None
    any_: tuple["When", ...] | None = None
    none: tuple["When", ...] | None = None
    not_: "When | None" = None


GROUPS = ("all", "any", "none", "not")
"""Fields that hold more of their kind."""
