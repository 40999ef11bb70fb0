"""What one message means and what should happen, as one value that can be archived, explained and decided again."""

from dataclasses import dataclass
from typing import Any

import msgspec

from rules import actions
from rules.belief import NOT_AUTHENTIC, belief_of
from rules.conditions import Case, first_failure
from rules.confidence import RANK
from rules.facts import Context, Decision, Facts, Link, OrderRef, Reading
from rules.links import links_of
from rules.marketplace import Marketplaces
from rules.patterns import Pattern, searchable
from rules.ruleset import Rule, RuleSet

_TEXT_MAX = 1_000_000
_ORDER_MAX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """How one rule fared: ``failed`` names the first field that did not match, ``skipped`` that a rule above ended the list."""

    rule: str
    matched: bool
    failed: str = ""
    skipped: bool = False


def decide(
    facts: Facts, reading: Reading, context: Context, ruleset: RuleSet, marketplaces: Marketplaces
) -> Decision:
    """Decide for one message. The same arguments always give the same Decision.

    An identical retry is linked but nothing is done for it; history gets tags and marks, but nothing leaves the house.
    """
    belief = belief_of(facts, marketplaces)
    links, missed = links_of(facts, reading, context, belief)
    reasons = [_line(link) for link in links]
    reasons.extend(missed)
    outcome = _Outcome(links=links, tags=(NOT_AUTHENTIC,) if belief.claimed else ())
    if belief.claimed:
        reasons.append(f"sent by {facts.from_[0][:100] if facts.from_ else 'nobody'}, {belief.why}")
    if context.retry_of is not None:
        reasons.append(f"the same message as {context.retry_of} came again: no rule is tried")
    else:
        outcome, _ = _tried(facts, reading, context, ruleset, outcome)
        reasons.extend(outcome.reasons)
    return Decision(
        reading=reading,
        links=outcome.links,
        tags=outcome.tags,
        actions=outcome.actions,
        reasons=tuple(reasons),
        books=(*marketplaces.books, ruleset.sha256),
        context=context,
        authentic=facts.authentic,
    )


def explain_rules(facts: Facts, reading: Reading, context: Context, ruleset: RuleSet) -> tuple[Tried, ...]:
    """Return how each rule fared with a message, for ``docket rules try``."""
    links, _ = links_of(facts, reading, context)
    return _tried(facts, reading, context, ruleset, _Outcome(links=links))[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What the rules have said so far."""

    links: tuple[Link, ...]
    tags: tuple[str, ...] = ()
    actions: tuple[dict[str, Any], ...] = ()
    reasons: tuple[str, ...] = ()


def _tried(
    facts: Facts, reading: Reading, context: Context, ruleset: RuleSet, outcome: _Outcome
) -> tuple[_Outcome, tuple[Tried, ...]]:
    tried: list[Tried] = []
    ended = False
    for rule in ruleset.rules:
        if ended:
            tried.append(Tried(rule=rule.name, matched=False, skipped=True))
            continue
        case = Case(facts=facts, reading=reading, context=context, links=outcome.links, tags=outcome.tags)
        failed = first_failure(rule.condition, case)
        tried.append(Tried(rule=rule.name, matched=not failed, failed=failed))
        if not failed:
            outcome = _applied(rule, facts, outcome)
            ended = rule.stop
    return outcome, tuple(tried)


def _applied(rule: Rule, facts: Facts, outcome: _Outcome) -> _Outcome:
    links, tags, done, reasons = outcome.links, outcome.tags, list(outcome.actions), list(outcome.reasons)
    for action, pattern in zip(rule.then, rule.patterns, strict=True):
        plain: dict[str, Any] = msgspec.to_builtins(action)
        if facts.historical and not isinstance(action, actions.RECORDS):
            reasons.append(f"rule “{rule.name}” would {plain['do']}, but this message is history")
            continue
        if isinstance(action, actions.Tag):
            tags = (*tags, action.name) if action.name not in tags else tags
        elif isinstance(action, actions.Link) and pattern is not None:
            links, line = _linked(rule, action, pattern, facts, links)
            reasons.append(line)
        done.append(plain)
        if not isinstance(action, actions.Link):
            reasons.append(f"rule “{rule.name}”: {_words(plain)}")
    return _Outcome(links=links, tags=tags, actions=tuple(done), reasons=tuple(reasons))


def _linked(
    rule: Rule, action: actions.Link, pattern: Pattern, facts: Facts, links: tuple[Link, ...]
) -> tuple[tuple[Link, ...], str]:
    text = facts.subject if action.in_ == "subject" else facts.text
    found = pattern.search(searchable(text[:_TEXT_MAX]))
    groups = found.groups() if found is not None else ()
    value = ((groups[0] if groups else found.group()) or "").strip() if found is not None else ""
    if not value or len(value) > _ORDER_MAX:
        return links, f"rule “{rule.name}”: its link pattern finds no order in the {action.in_}"
    link = Link(
        order=OrderRef(marketplace=action.marketplace, value=value.upper()),
        method="rule",
        confidence="likely" if _known(facts) or facts.direction == "outbound" else "possible",
        reason=f"the {action.in_} says “{value}”; rule “{rule.name}” calls that an order",
    )
    other = next((one for one in links if one.order == link.order), None)
    if other is not None and RANK[other.confidence] >= RANK[link.confidence]:
        return links, f"rule “{rule.name}”: already linked to {value}"
    return (*(one for one in links if one is not other), link), _line(link)


def _known(facts: Facts) -> bool:
    """Tell whether it is known who sent a message: then a rule of the seller's own may take them at their word."""
    belief = belief_of(facts)
    return belief.proven or belief.checked


def _line(link: Link) -> str:
    return f"{link.order.marketplace} order {link.order.value}: {link.confidence}, {link.reason}"


def _words(plain: dict[str, Any]) -> str:
    rest = " ".join(str(value) for name, value in plain.items() if name != "do" and value)
    return f"{plain['do']} {rest}".strip()
