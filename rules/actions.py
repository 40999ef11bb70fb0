"""What a rule may do: actions are data. To add one: a Struct here, a line in ``Action``, a ``case`` where it takes effect.

``RECORDS`` only say something about a message; the others leave the house or change its way, and never happen for history.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec


class _Action(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """One thing to do; ``do`` names it."""


class Tag(_Action, frozen=True, kw_only=True, tag="tag"):
    """Put a tag on the message."""

    name: str


class Untag(_Action, frozen=True, kw_only=True, tag="untag"):
    """Take a tag off that a rule above has put on."""

    name: str


class Link(_Action, frozen=True, kw_only=True, tag="link"):
    """Link the message to an order that stands in it in a form only this seller knows.

    The first match of ``pattern`` (RE2; its first group, if it has one) in ``in`` is the order.
    """

    marketplace: str
    pattern: str
    in_: Literal["subject", "text"] = msgspec.field(default="subject", name="in")


class Mark(_Action, frozen=True, kw_only=True, tag="mark"):
    """Mark the message as urgent, or as needing no answer: a tag of that name that every list shows."""

    as_: Literal["urgent", "no_reply_needed"] = msgspec.field(name="as")


class File(_Action, frozen=True, kw_only=True, tag="file"):
    """File the message under a name, the tag ``folder:NAME``; the last rule that says so counts."""

    under: str


class Retain(_Action, frozen=True, kw_only=True, tag="retain"):
    """Say which retention class the message belongs to, the tag ``retention:NAME``; the last rule that says so counts."""

    class_: str = msgspec.field(name="class")


class Assign(_Action, frozen=True, kw_only=True, tag="assign"):
    """Say which agent answers, the tag ``assigned:NAME``; the last rule that says so counts."""

    to: str


class Forward(_Action, frozen=True, kw_only=True, tag="forward"):
    """Send a copy to an address."""

    to: str


class Hold(_Action, frozen=True, kw_only=True, tag="hold"):
    """Keep an outbound message back until somebody releases it."""

    reason: str = ""


class Notify(_Action, frozen=True, kw_only=True, tag="notify"):
    """Tell an address that the message has come."""

    to: str
    text: str = ""


Action = Tag | Untag | Link | Mark | File | Retain | Assign | Forward | Hold | Notify
RECORDS = (Tag, Untag, Link, Mark, File, Retain)
NAMES: dict[str, type[msgspec.Struct]] = {str(one.__struct_config__.tag): one for one in Action.__args__}


def in_words(plain: Mapping[str, Any]) -> str:
    """Return an action, given as a plain dict, as a person reads it: the verb, then what is set.

    >>> in_words({"as": "urgent", "do": "mark"})
    'mark urgent'
    """
    do = str(plain.get("do", ""))
    struct = NAMES.get(do)
    # An archived dict has its keys sorted; a person reads them in the order in which a rule writes them.
    names = struct.__struct_encode_fields__ if struct is not None else sorted(plain)
    return " ".join([do, *(str(plain[name]) for name in names if name != "do" and plain.get(name))])
