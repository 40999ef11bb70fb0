"""What an outgoing message is beside others: a second answer to one question, a program's answer, one of far too many."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rules.compiled import Marketplace
from rules.facts import Facts
from rules.policy import Asked, Finding
from rules.weights import DEFAULTS, Settings

_HOUR = timedelta(hours=1)
_ANSWERING = frozenset(
    {"x-autoreply", "x-autorespond", "x-auto-response-suppress-reply", "x-autoresponder", "x-vacation"}
)
_PRECEDENCE = frozenset({"auto_reply", "auto-reply", "bulk", "junk"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """How long a colleague's answer counts, and how many messages an hour are a person's; 0 is off."""

    answered_minutes: float = 60.0
    agent_per_hour: int = 300
    conversation_per_hour: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """One message that agents sent before, to these lower-cased addresses."""

    at: datetime
    agent: str
    to: frozenset[str]
    left: bool = True  # not held: it is on its way


def check_traffic(
    facts: Facts,
    asked: Asked,
    passed: Sequence[Passed],
    caps: Caps,
    market: Marketplace | None,
    settings: Sequence[Settings],
) -> tuple[Finding, ...]:
    """Judge a message among those of the last hours, whoever it goes to; a finding says what was found and what to do."""
    findings = []
    for check, words, why in _found(facts, asked, passed, caps):
        weight = _weigh(check, market, settings)
        if weight == "off":
            continue
        more = f'; set {check} = "warn" under [policy] to send such mail' if weight == "refuse" else ""
        more = "; it waits until somebody else releases it" if weight == "hold" else more
        message = f"{why}{more} (check {check})"
        findings.append(Finding(check=check, action=weight, words=words, message=message))  # type: ignore[arg-type]
    return tuple(findings)


def _found(
    facts: Facts, asked: Asked, passed: Sequence[Passed], caps: Caps
) -> Iterator[tuple[str, tuple[str, ...], str]]:
    now, to = facts.occurred_at, frozenset(facts.rcpt_to)
    if said := _automatic(facts):
        yield (
            "automatic",
            (said,),
            f"a program wrote this ({said}), and an answer of a program to buyers is a loop",
        )
    if now is None:
        return
    since = asked.at
    if caps.answered_minutes and since is not None:
        window = timedelta(minutes=caps.answered_minutes)
        for one in reversed(passed):
            if (
                one.left
                and one.agent != facts.agent
                and one.to & to
                and one.at >= since
                and now - one.at <= window
            ):
                who = one.agent or "somebody"
                yield "answered", (who,), f"{who} answered this message at {one.at:%H:%M} UTC already"
                break
    latest = [one for one in passed if now - one.at <= _HOUR]
    own = sum(1 for one in latest if one.agent == facts.agent)
    if caps.agent_per_hour and own >= caps.agent_per_hour:
        yield "rate_agent", (str(own),), f"{facts.agent} has sent {own} messages in the last hour"
    same = sum(1 for one in latest if one.to & to)
    if caps.conversation_per_hour and same >= caps.conversation_per_hour:
        yield "rate_conversation", (str(same),), f"{same} messages went to the same people in the last hour"


def _automatic(facts: Facts) -> str:
    """Say by which mark a program's answer is known (RFC 3834), "" where none stands there."""
    if not facts.mail_from:
        return "null sender"
    for name, value in facts.headers:
        field, word = name.lower(), value.strip().lower()
        if field == "auto-submitted" and word.partition(";")[0].strip() not in {"", "no"}:
            return f"Auto-Submitted: {word[:40]}"
        if field in _ANSWERING or (field == "precedence" and word in _PRECEDENCE):
            return f"{name[:40]}: {word[:40]}"
    return ""


def _weigh(check: str, market: Marketplace | None, settings: Sequence[Settings]) -> str:
    """Return what follows: these checks are about our own house, whatever a marketplace has documented."""
    for one in settings:
        theirs = one.marketplaces.get(market.name, {}) if market is not None else {}
        if said := theirs.get(check) or one.checks.get(check):
            return said
    return DEFAULTS[check]
