"""From the texts of data files to what stands in them: checked, with a seller's additions merged into what they extend."""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from rules.book import MarketplaceFile
from rules.deadlines import is_zone
from rules.errors import BookError
from rules.faults import explained, nearest, place_of
from rules.kinds import KINDS
from rules.wording import KindWords

_T = TypeVar("_T")
_NAMED = frozenset({"clocks", "operators"})  # tables of which one with the same name replaces the other


def decode(name: str, text: str, into: type[_T]) -> _T:
    """Return a text as what it describes; a fault is a BookError with its place and what to write instead."""
    return _convert(name, text, _toml(name, text), into)


def marketplace_files(texts: Mapping[str, str]) -> Iterator[tuple[str, MarketplaceFile]]:
    """Yield each marketplace with the name of the file, or files, that describe it.

    A file with ``extends = "amazon"`` instead of a name adds to that marketplace: its lists go before the ones that are
    there, its values and its clocks replace those of the same name, and everything else stays as it is.
    """
    raws = {name: _toml(name, text) for name, text in sorted(texts.items())}
    merged: dict[str, tuple[str, dict[str, Any]]] = {}
    for name, raw in raws.items():
        if "extends" in raw:
            continue
        file = _convert(name, texts[name], raw, MarketplaceFile)
        _check_kinds(name, texts[name], file)
        if file.name in merged:
            raise BookError(
                f"{name}: the marketplace {file.name!r} is already described by {merged[file.name][0]}; "
                f"to replace that file, give yours the same file name; "
                f'to add to it, write extends = "{file.name}" instead of a name'
            )
        merged[file.name] = (name, raw)
    for name, raw in raws.items():
        if "extends" in raw:
            base = _base(name, raw, list(merged))
            own = {key: value for key, value in raw.items() if key != "extends"}
            alone = _convert(name, texts[name], {"title": "", **own, "name": base}, MarketplaceFile)
            _check_kinds(name, texts[name], alone)
            where, below = merged[base]
            merged[base] = (f"{where} with {name}", merge(own, below))
    for where, raw in merged.values():
        yield where, _convert(where, "", raw, MarketplaceFile)


def merge(own: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
    """Return a base with additions: lists joined, the additions first; tables merged; values replaced."""
    made = dict(base)
    for key, value in own.items():
        below = base.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            made[key] = merge(value, below)
        elif isinstance(value, list) and isinstance(below, list):
            names = {one.get("name") for one in value if isinstance(one, dict)} if key in _NAMED else set()
            kept = [one for one in below if one not in value and _name(one) not in names]
            made[key] = [*value, *kept]
        else:
            made[key] = value
    return made


def _name(one: Any) -> Any:
    return one.get("name", "") if isinstance(one, dict) else ""


def _base(name: str, raw: dict[str, Any], known: list[str]) -> str:
    base = raw["extends"]
    if "name" in raw:
        raise BookError(f"{name}: a file has a name or extends another's, not both; leave one of them out")
    if base not in known and name == f"{base}.toml":
        raise BookError(
            f"{name}, extends: this file takes the place of the one it would add to; give it another name, say {base}-more.toml"
        )
    if base not in known:
        raise BookError(f"{name}, extends: there is no marketplace {base!r}{nearest(str(base), known)}")
    return str(base)


def _check_kinds(name: str, text: str, file: MarketplaceFile) -> None:
    """Hold every kind a file speaks of against the closed list."""
    said = [(place_of(name, text, "kinds", at), kind.name) for at, kind in enumerate(file.kinds)]
    said += [
        (f"{place_of(name, text, 'clocks', at)} ({clock.name}), starts_on", kind)
        for at, clock in enumerate(file.clocks)
        for kind in clock.starts_on
    ]
    said.append((f"{name}, buyer_kind", file.buyer_kind))
    said += [
        (f"{place_of(name, text, 'example', at)} ({one.name}), kind", one.kind)
        for at, one in enumerate(file.example)
    ]
    for place, kind in said:
        if kind and kind not in KINDS:
            raise BookError(f"{place}: there is no kind `{kind}`{nearest(kind, list(KINDS))}")
    for at, clock in enumerate(file.clocks):
        if clock.zone and not is_zone(clock.zone):
            place = f"{place_of(name, text, 'clocks', at)} ({clock.name}), zone"
            raise BookError(f"{place}: {clock.zone!r} is no time zone; write one such as Europe/Paris")


def check_phrases(name: str, words: KindWords) -> None:
    """Hold the kinds that phrases speak of against the closed list."""
    for one in words.kind:
        if one.name not in KINDS:
            raise BookError(f"{name}: there is no kind `{one.name}`{nearest(one.name, list(KINDS))}")


def _toml(name: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as wrong:
        raise BookError(f"{name}: this is not TOML: {wrong}") from None


def _convert(name: str, text: str, raw: dict[str, Any], into: type[_T]) -> _T:
    try:
        return msgspec.convert(raw, into)
    except msgspec.ValidationError as wrong:
        raise BookError(explained(name, text, wrong, into)) from None
