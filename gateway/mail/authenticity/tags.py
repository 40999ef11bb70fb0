"""Tag lists (RFC 6376 section 3.2): ``v=1; a=rsa-sha256; d=example.net``, as signatures and keys write them."""

import re

_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_]*")
_MOST = 64  # tags of a list; a dozen are defined
_SPACE = " \t\r\n"


class TagError(ValueError):
    """What was to be a tag list is none."""


def tags_of(text: str) -> dict[str, str]:
    """Return the tags of a list; white space around names and values is taken off.

    >>> tags_of("v=1; d = example.net ;")
    {'v': '1', 'd': 'example.net'}
    """
    specs = text.split(";")
    if not specs[-1].strip(_SPACE):
        specs.pop()
    if len(specs) > _MOST:
        raise TagError("there are too many tags")
    tags: dict[str, str] = {}
    for spec in specs:
        name, equals, value = spec.partition("=")
        name = name.strip(_SPACE)
        if not equals or not _NAME.fullmatch(name):
            raise TagError(f"{spec.strip(_SPACE)[:40]!r} is no tag")
        if name in tags:
            raise TagError(f"the tag {name}= stands there twice")
        tags[name] = value.strip(_SPACE)
    return tags


def packed(value: str) -> str:
    """Return a value without any white space, as for base64 that was folded."""
    return re.sub(r"[ \t\r\n]+", "", value)


def listed(value: str) -> tuple[str, ...]:
    """Return the words of a list separated by colons, in lower case."""
    return tuple(word.strip(_SPACE).lower() for word in value.split(":"))
