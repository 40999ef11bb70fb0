"""What is wrong with a data file, in words that say which file, which line, which table, and what to write instead."""

import difflib
import re
import types
from typing import Any, Literal, Union, get_args, get_origin

import msgspec

_PATH = re.compile(r" - at `([^`]*)`$")
_STEP = re.compile(r"\.(\w+)|\[(\d+|\.\.\.)\]")
_UNKNOWN = re.compile(r"unknown field `([^`]*)`")
_EXPECTED = re.compile(
    r"Expected `(?P<kind>\w+)(?: \| null)?`"
    r"(?:, got `(?P<got>\w+)`| of length >= (?P<length>\d+)| (?P<bound>[<>]=?) (?P<limit>[-\d.]+))?"
)
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
}
_BOUNDS = {">=": "of at least", ">": "above", "<=": "of at most", "<": "below"}
_VALUE = re.compile(r"Invalid enum value '([^']*)'")


def explained(name: str, text: str, wrong: msgspec.ValidationError, into: type) -> str:
    """Return a fault of a file as one line: ``amazon.toml, line 40, [[kinds]] 3: ...; did you mean `subjects`?``."""
    said = str(wrong)
    path = _PATH.search(said)
    steps = [(key, number) for key, number in _STEP.findall(path.group(1) if path else "")]
    place = _place(name, text, steps)
    message = _PATH.sub("", said)
    if (unknown := _UNKNOWN.search(said)) is not None:
        holder = _holder(into, steps)
        known = [field.encode_name for field in msgspec.structs.fields(holder)] if holder is not None else []
        return f"{place}: there is no field `{unknown.group(1)}` here{nearest(unknown.group(1), known)}"
    if (value := _VALUE.search(said)) is not None:
        return f"{place}: `{value.group(1)}` cannot stand here{nearest(value.group(1), _values(into, steps))}"
    return f"{place}: {plain(message)}"


def plain(message: str) -> str:
    """Return what msgspec says of a value in words for people.

    >>> plain("Expected `int`, got `str`"), plain("Expected `int` >= 1")
    ('must be a whole number, not a text', 'must be a whole number of at least 1')
    """
    found = _EXPECTED.fullmatch(message)
    if found is None or found["kind"] not in _KINDS:
        return message
    must = f"must be {_KINDS[found['kind']]}"
    if found["got"]:
        return f"{must}, not {_KINDS.get(found['got'], found['got'])}"
    if found["length"]:
        return f"{must} of length {found['length']} or more"
    return f"{must} {_BOUNDS[found['bound']]} {found['limit'].removesuffix('.0')}" if found["bound"] else must


def nearest(word: str, known: list[str]) -> str:
    """Return "; did you mean ...?", or what could stand there.

    >>> nearest("claim_opend", ["claim_opened", "sold"]), nearest("x", ["a", "b"])
    ('; did you mean `claim_opened`?', '; known are a, b')
    """
    near = difflib.get_close_matches(word, known, n=1)
    if near:
        return f"; did you mean `{near[0]}`?"
    return f"; known are {', '.join(sorted(filter(None, known)))}" if known else ""


def place_of(name: str, text: str, table: str, number: int) -> str:
    """Return where the table ``[[table]]`` with a number (from 0) stands in a file."""
    heads = [line for line, words in enumerate(text.splitlines(), 1) if words.strip() == f"[[{table}]]"]
    line = f", line {heads[number]}" if number < len(heads) else ""
    return f"{name}{line}, [[{table}]] {number + 1}"


def _place(name: str, text: str, steps: list[tuple[str, str]]) -> str:
    keys = [key for key, _ in steps if key]
    if len(steps) > 1 and steps[1][1].isdigit():
        place = place_of(name, text, steps[0][0], int(steps[1][1]))
        keys = keys[1:]
    elif len(keys) > 0 and f"[{keys[0]}]" in text:
        place, keys = f"{name}, [{keys[0]}]", keys[1:]
    else:
        place = name
    return f"{place}, {'.'.join(keys)}" if keys else place


def _holder(into: type, steps: list[tuple[str, str]]) -> type | None:
    found = _walk(into, steps)
    return found if isinstance(found, type) and issubclass(found, msgspec.Struct) else None


def _values(into: type, steps: list[tuple[str, str]]) -> list[str]:
    """Return the words that a field allows."""
    kind = _walk(into, steps)
    if get_origin(kind) is Literal:
        return [str(one) for one in get_args(kind)]
    if get_origin(kind) in {Union, types.UnionType}:
        return [str(one) for arm in get_args(kind) if get_origin(arm) is Literal for one in get_args(arm)]
    return []


def _walk(kind: Any, steps: list[tuple[str, str]]) -> Any:
    """Follow a fault's path through the types: ``.kinds``, ``[3]``, ``.subjects``."""
    for key, _ in steps:
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            kind = next(
                (field.type for field in msgspec.structs.fields(kind) if field.encode_name == key), None
            )
        elif get_origin(kind) is tuple:
            kind = get_args(kind)[0]
        elif get_origin(kind) is dict:
            kind = get_args(kind)[1]
        else:
            return None
    return kind
