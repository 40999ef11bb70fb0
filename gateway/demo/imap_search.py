"""SEARCH over one folder (RFC 3501 section 6.4.4): keys become one test of a message."""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from email import message_from_bytes

from gateway.demo.imap_fetch import header_of
from gateway.demo.imap_store import Message
from gateway.demo.imap_syntax import BadSyntax, Value, as_text, is_set, ranges

Test = Callable[[int, Message], bool]  # its sequence number and the message

_FLAGS = {
    name: f"\\{name.capitalize()}" for name in ("SEEN", "ANSWERED", "FLAGGED", "DELETED", "DRAFT", "RECENT")
}


def search_test(keys: list[Value], largest: tuple[int, int]) -> Test:
    """Return the test that all keys together make; ``largest`` are the largest sequence number and UID in use."""
    if len(keys) >= 2 and as_text(keys[0]).upper() == "CHARSET":
        keys = keys[2:]
    waiting = iter(keys)
    tests = [_test(key, waiting, largest) for key in waiting]
    return lambda number, message: all(test(number, message) for test in tests)


def _test(key: Value, rest: Iterator[Value], largest: tuple[int, int]) -> Test:
    if isinstance(key, list):
        return search_test(key, largest)
    if is_set(key):
        wanted = ranges(key, largest[0])
        return lambda number, _: any(number in one for one in wanted)
    name = as_text(key).upper()
    if name in _FLAGS:
        return lambda _, message: _FLAGS[name] in message.flags
    if name.startswith("UN") and name[2:] in _FLAGS:
        return lambda _, message: _FLAGS[name[2:]] not in message.flags
    match name:
        case "ALL" | "OLD":
            return lambda _, message: bool(message.uid)
        case "NEW":
            return lambda _, message: "\\Seen" not in message.flags
        case "NOT":
            inner = _test(_next(rest), rest, largest)
            return lambda number, message: not inner(number, message)
        case "OR":
            one, other = _test(_next(rest), rest, largest), _test(_next(rest), rest, largest)
            return lambda number, message: one(number, message) or other(number, message)
        case "UID":
            uids = ranges(_next(rest), largest[1])
            return lambda _, message: any(message.uid in one for one in uids)
        case "KEYWORD" | "UNKEYWORD":
            word = as_text(_next(rest)).lower()
            has = name == "KEYWORD"
            return lambda _, message: (word in {flag.lower() for flag in message.flags}) is has
        case "LARGER" | "SMALLER":
            size = _number(_next(rest))
            return lambda _, message: len(message.raw) > size if name == "LARGER" else len(message.raw) < size
        case "SINCE" | "BEFORE" | "ON" | "SENTSINCE" | "SENTBEFORE" | "SENTON":
            return _dated(name.removeprefix("SENT"), _date(_next(rest)))
        case "HEADER":
            return _header_has(as_text(_next(rest)), as_text(_next(rest)))
        case "FROM" | "TO" | "CC" | "BCC" | "SUBJECT":
            return _header_has(name, as_text(_next(rest)))
        case "TEXT" | "BODY":
            text = as_text(_next(rest)).lower().encode()
            return lambda _, message: text in message.raw.lower()
    raise BadSyntax(f"SEARCH knows no {name[:40]}")


def _next(rest: Iterator[Value]) -> Value:
    found = next(rest, None)
    if found is None:
        raise BadSyntax("a search key is missing its value")
    return found


def _number(value: Value) -> int:
    text = as_text(value)
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise BadSyntax("a number is wanted here")
    return int(text)


def _date(value: Value) -> date:
    try:
        return datetime.strptime(as_text(value), "%d-%b-%Y").date()  # noqa: DTZ007 - IMAP compares dates without zones
    except ValueError as wrong:
        raise BadSyntax("a date is written 23-Nov-2026") from wrong


def _dated(name: str, day: date) -> Test:
    match name:
        case "SINCE":
            return lambda _, message: message.at.date() >= day
        case "BEFORE":
            return lambda _, message: message.at.date() < day
    return lambda _, message: message.at.date() == day


def _header_has(field: str, text: str) -> Test:
    wanted = text.lower()

    def test(_: int, message: Message) -> bool:
        values = message_from_bytes(header_of(message.raw)).get_all(field) or []
        return any(wanted in str(value).lower() for value in values)

    return test
