"""What a seller's own data files change, fact by fact, against the ones that come with Docket."""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from rules.book import Clock, MarketplaceFile, OrderShape, Policy
from rules.compiled import Marketplace
from rules.marketplace import Marketplaces, builtin_texts, load_marketplaces

_DEFAULTS = {field.name: field for field in msgspec.structs.fields(MarketplaceFile)}
_SHOWN = 12  # changes of one sort that are named; the others are counted


def report_on(own: Mapping[str, str]) -> list[str]:
    """Load the files that come with Docket together with the seller's own, and say what those add, replace and change."""
    built_texts = builtin_texts()
    built = load_marketplaces(built_texts)
    made = load_marketplaces({**built_texts, **own})
    lines: list[str] = []
    for name, text in sorted(own.items()):
        lines.extend(_about(name, text, built_texts.get(name), built, made))
    return lines


def _about(name: str, text: str, old: str | None, built: Marketplaces, made: Marketplaces) -> Iterator[str]:
    if text == old:
        yield f"{name}: the same as the one that comes with Docket"
        return
    raw = tomllib.loads(text)
    if "/" in name:
        yield f"{name}: {'added' if old is None else 'replaces the one that comes with Docket, as a whole'}"
        if old is not None:
            yield from _differences(_plain(tomllib.loads(old)), _plain(raw))
        return
    market = made[str(raw.get("extends") or raw["name"])]
    before = built.get(market.name)
    if "extends" in raw:
        yield f"{name}: adds to {market.title}"
    elif old is None:
        yield f"{name}: added, the marketplace {market.name}"
    else:
        yield f"{name}: replaces the one that comes with Docket, as a whole"
    yield from _differences(_facts(before), _facts(market))


def _differences(before: dict[str, dict[str, str]], after: dict[str, dict[str, str]]) -> Iterator[str]:
    """Yield a line for each sort of fact that differs."""
    for sort in dict.fromkeys((*after, *before)):
        old, new = before.get(sort, {}), after.get(sort, {})
        said = []
        if added := [_item(key, new[key]) for key in new if key not in old]:
            said.append(f"added {_listed(added)}")
        if removed := [key for key in old if key not in new]:
            said.append(f"removed {_listed(removed)}")
        said += [f"{key} is {new[key]}, was {old[key]}" for key in new if key in old and new[key] != old[key]]
        if said:
            yield f"  {sort}: {'; '.join(said)}"


def _item(key: str, value: str) -> str:
    return f"{key} ({value})" if value else key


def _listed(items: list[str]) -> str:
    more = len(items) - _SHOWN
    return ", ".join(items[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _facts(market: Marketplace | None) -> dict[str, dict[str, str]]:
    """Return a marketplace's facts by sort: what each is, and what is said of it."""
    if market is None:
        return {}
    file = market.file
    return {
        "relay domains": {domain: relay.local for relay in file.relay for domain in relay.domains},
        "addresses that are no buyers": dict.fromkeys(file.system, ""),
        "notice domains": dict.fromkeys(file.notice_domains, ""),
        "notice senders": dict.fromkeys(file.notice_senders, ""),
        "brand words": dict.fromkeys(file.brand, ""),
        "order labels": dict.fromkeys(file.labels, ""),
        "conversation tokens": dict.fromkeys(file.tokens, ""),
        "operators": {one.name: ", ".join(one.words) for one in file.operators},
        "kinds": dict.fromkeys(_kinds(file), ""),
        "order shapes": {shape.pattern: _weights(shape) for shape in file.orders},
        "product shapes": {shape.pattern: shape.kind for shape in file.products},
        "clocks": {clock.name: _clock(clock) for clock in file.clocks},
        "policy": _set(file.policy),
        "frame": dict.fromkeys((*file.frame.begin, *file.frame.end), ""),
        "other facts": {
            name: str(value)
            for name in ("known_by_orders", "gives_way", "kind_header", "buyer_kind")
            if (value := getattr(file, name)) != _DEFAULTS[name].default
        },
    }


def _kinds(file: MarketplaceFile) -> Iterator[str]:
    for kind in file.kinds:
        yield from (f"{kind.name} by the header {value}" for value in kind.header_values)
        yield from (f"{kind.name} from {sender}@" for sender in kind.senders)
        for language, patterns in kind.subjects.items():
            yield from (f"{kind.name} by the subject {pattern} ({language})" for pattern in patterns)


def _weights(shape: OrderShape) -> str:
    said = [
        f"{name} {value}"
        for name in ("bare", "labelled", "home", "home_labelled")
        if (value := getattr(shape, name))
    ]
    return ", ".join((*said, shape.where))


def _clock(clock: Clock) -> str:
    days = "" if clock.weekends_count else ", working days"
    zone = f", days of {clock.zone}" if clock.zone else ""
    return f"{clock.hours:g} hours on {' or '.join(clock.starts_on)}{days}{zone}"


def _set(policy: Policy) -> dict[str, str]:
    """Return the policy's values that say anything."""
    default = msgspec.to_builtins(Policy())
    values = msgspec.to_builtins(policy)
    said = {name: str(value) for name, value in values.items() if value != default[name] and name != "checks"}
    return said | {f"check {name}": weight for name, weight in policy.checks.items()}


def _plain(raw: dict[str, Any], prefix: str = "") -> dict[str, dict[str, str]]:
    """Return any data file's values by their place, for files that have no facts of a marketplace."""
    made: dict[str, dict[str, str]] = {}
    for key, value in raw.items():
        if isinstance(value, dict):
            made.update(_plain(value, f"{prefix}{key}."))
        else:
            items = value if isinstance(value, list) else [value]
            made[f"{prefix}{key}"] = dict.fromkeys(map(str, items), "")
    return made
