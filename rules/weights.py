"""What follows a finding: the checks by name, and who may say how much each weighs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import get_args

from rules.book import Weight
from rules.compiled import Marketplace
from rules.errors import BookError
from rules.faults import nearest

# What follows where neither the seller nor the marketplace file says otherwise.
DEFAULTS: dict[str, Weight] = {
    "reply_token": "refuse",
    "reply_by_mail": "warn",
    "kept_token": "warn",
    "order_id": "warn",
    "too_late": "warn",
    "attachment_size": "refuse",
    "attachment_count": "warn",
    "attachment_type": "warn",
    "attachment_program": "hold",
    "too_long": "warn",
    "subject_words": "warn",
    "links": "warn",
    "email_address": "warn",
    "phone_number": "warn",
    "review_steering": "warn",
    "incentives": "warn",
    "tracking_pixel": "warn",
    "outside_image": "warn",
    "inline_image": "off",
    "answered": "hold",
    "automatic": "refuse",
    "rate_agent": "hold",
    "rate_conversation": "hold",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a seller has set: for every marketplace, for single ones, and the sites links may lead to."""

    checks: Mapping[str, Weight] = field(default_factory=dict)
    marketplaces: Mapping[str, Mapping[str, Weight]] = field(default_factory=dict)
    allow_links: tuple[str, ...] = ()


def settings_of(raw: Mapping[str, object], *, where: str) -> Settings:
    """Read a ``[policy]`` table; what is wrong is a BookError that names it.

    ``CHECK = weight`` holds for every marketplace, ``MARKETPLACE = { CHECK = weight }`` for one, and ``allow_links``
    lists the sites (with what is below them) that links may lead to.
    """
    checks: dict[str, Weight] = {}
    markets: dict[str, dict[str, Weight]] = {}
    allowed: tuple[str, ...] = ()
    for name, value in raw.items():
        if name == "allow_links":
            if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
                raise BookError(f'{where}, allow_links: a list of sites, such as ["dhl.de"]')
            allowed = tuple(one.lower().removeprefix("www.") for one in value)
        elif isinstance(value, Mapping):
            markets[name] = {
                check: _weight(check, weight, f"{where}.{name}") for check, weight in value.items()
            }
        else:
            checks[name] = _weight(name, value, where)
    return Settings(checks=checks, marketplaces=markets, allow_links=allowed)


def _weight(check: str, weight: object, where: str) -> Weight:
    if check not in DEFAULTS:
        raise BookError(f"{where}: there is no check {check!r}{nearest(check, [*DEFAULTS])}")
    if weight not in get_args(Weight):
        raise BookError(f"{where}, {check}: {weight!r} is none of {', '.join(get_args(Weight))}")
    return weight  # type: ignore[return-value]


def weigh(check: str, market: Marketplace, settings: Sequence[Settings]) -> Weight:
    """Return what follows; the nearest settings come first, and one for this marketplace before one for all.

    What a marketplace has not documented never refuses unless the seller or the marketplace's file says so.
    """
    for one in settings:
        said = one.marketplaces.get(market.name, {}).get(check) or one.checks.get(check)
        if said is not None:
            return said
    policy = market.file.policy
    if check in policy.checks:
        return policy.checks[check]
    default = DEFAULTS[check]
    return "warn" if default == "refuse" and policy.basis != "documented" else default
