"""What one message means and what should happen, as one value that can be archived, explained and decided again."""

import re
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from rules import actions
from rules.belief import NOT_AUTHENTIC, Belief, belief_of
from rules.bounces import Bounce, bounce_of
from rules.case import TEXT_MAX, Case
from rules.clocks import deadlines_of, is_automatic
from rules.conditions import first_failure, matches
from rules.confidence import RANK
from rules.facts import Context, Decision, Facts, Link, OrderRef, Reading
from rules.kinds import WRITTEN_BY_US
from rules.links import links_of, without_taken_back
from rules.marketplace import Marketplaces
from rules.patterns import Pattern, searchable
from rules.read import believed
from rules.ruleset import Rule, RuleSet

_ORDER_MAX = 64
_TEMPLATE_MAX = 40
_NOT_NAME = re.compile(r"[^\w.]+")
_ERRAND = "an agent's mail to Docket: what it asks for is done, and nothing else"


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
    books = (*marketplaces.books, ruleset.sha256)
    if facts.errand:
        return Decision(reading=Reading(), reasons=(_ERRAND,), books=books, context=context, automatic=True)
    belief = belief_of(facts, marketplaces)
    reading = _written(believed(reading, facts, marketplaces), belief)
    links, missed = links_of(facts, reading, context, belief)
    reasons = [_line(link) for link in links]
    reasons.extend(missed)
    bounce = bounce_of(facts, reading)
    own = (NOT_AUTHENTIC,) if belief.claimed else _template(facts)
    outcome = _Outcome(links=links, tags=own)
    clocks = deadlines_of(facts, reading, belief, marketplaces) if context.retry_of is None else ()
    if belief.claimed:
        reasons.append(f"sent by {facts.from_[0][:100] if facts.from_ else 'nobody'}, {belief.why}")
    if context.retry_of is not None:
        reasons.append(f"the same message as {context.retry_of} came again: no rule is tried")
    else:
        outcome = _ruled(_case(facts, reading, context, marketplaces), ruleset, outcome)
        kept, said = without_taken_back(outcome.links, context)  # a rule's links too
        outcome = replace(outcome, links=kept, reasons=(*outcome.reasons, *said))
        reasons.extend(outcome.reasons)
    return Decision(
        reading=reading,
        links=outcome.links,
        tags=outcome.tags,
        actions=outcome.actions,
        reasons=tuple(reasons),
        books=books,
        context=context,
        authentic=facts.authentic,
        language=facts.language,
        clocks=clocks,
        automatic=is_automatic(facts),
        bounced=_named(bounce, belief),
        undelivered=" ".join(filter(None, (bounce.status, bounce.said))) if bounce is not None else "",
    )


def _template(facts: Facts) -> tuple[str, ...]:
    """Return the tag of the template that an agent's mail client says it was written from, as X-Template: NAME."""
    if facts.direction != "outbound" or not facts.agent:
        return ()
    said = next((value for name, value in facts.headers if name.lower() == "x-template"), "")
    name = _NOT_NAME.sub("-", said.lower())[:_TEMPLATE_MAX].strip("-")
    return (f"template/{name}",) if name else ()


def _named(bounce: Bounce | None, belief: Belief) -> tuple[str, ...] | None:
    """Return by what a bounce is tied to mail of ours: of a sender who is refuted only ids, which are hard to guess."""
    if bounce is None:
        return None
    return bounce.ids if belief.refuted else tuple(dict.fromkeys((*bounce.ids, *bounce.addresses)))


def explain_rules(
    facts: Facts, reading: Reading, context: Context, ruleset: RuleSet, marketplaces: Marketplaces
) -> tuple[Tried, ...]:
    """Return how each rule fared with a message, for ``docket rules try``."""
    belief = belief_of(facts, marketplaces)
    reading = _written(believed(reading, facts, marketplaces), belief)
    links, _ = links_of(facts, reading, context, belief)
    begin = _Outcome(links=links, tags=(NOT_AUTHENTIC,) if belief.claimed else ())
    tried: list[Tried] = []
    _ruled(_case(facts, reading, context, marketplaces), ruleset, begin, tried)
    skipped = (Tried(rule=rule.name, matched=False, skipped=True) for rule in ruleset.rules[len(tried) :])
    return (*tried, *skipped)


def _case(facts: Facts, reading: Reading, context: Context, marketplaces: Marketplaces) -> Case:
    market = marketplaces.get(reading.marketplace)
    clocks = market.file.clocks if market is not None and facts.direction == "inbound" else ()
    started = tuple(clock.name for clock in clocks if reading.kind in clock.starts_on)
    return Case(facts=facts, reading=reading, context=context, clocks=started)


def _written(reading: Reading, belief: Belief) -> Reading:
    """Say who wrote: the copy of an answer given on a marketplace's own site is ours, where that marketplace sent it."""
    ours = reading.kind in WRITTEN_BY_US and belief.speaks_for(reading.marketplace)
    return replace(reading, direction="outbound") if ours else reading


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What the rules have said so far."""

    links: tuple[Link, ...]
    tags: tuple[str, ...] = ()
    actions: tuple[dict[str, Any], ...] = ()
    reasons: tuple[str, ...] = ()


def _ruled(case: Case, ruleset: RuleSet, outcome: _Outcome, tried: list[Tried] | None = None) -> _Outcome:
    """Try the rules in order; ``tried`` is told how each fared, which costs more than trying it."""
    case.links, case.tags = outcome.links, outcome.tags
    for rule in ruleset.rules:
        matched = matches(rule.condition, case)
        if tried is not None:
            failed = "" if matched else first_failure(rule.condition, case)
            tried.append(Tried(rule=rule.name, matched=matched, failed=failed))
        if matched:
            outcome = _applied(rule, case.facts, outcome)
            case.links, case.tags = outcome.links, outcome.tags
            if rule.stop:
                break
    return outcome


def _applied(rule: Rule, facts: Facts, outcome: _Outcome) -> _Outcome:
    links, tags, done, reasons = outcome.links, outcome.tags, list(outcome.actions), list(outcome.reasons)
    for action, pattern in zip(rule.then, rule.patterns, strict=True):
        plain: dict[str, Any] = msgspec.to_builtins(action)
        if facts.historical and not isinstance(action, actions.RECORDS):
            reasons.append(f"rule “{rule.name}” would {plain['do']}, but this message is history")
            continue
        match action:
            case actions.Tag(name=name) | actions.Mark(as_=name):
                tags = (*tags, name) if name not in tags else tags
            case actions.Untag(name=name):
                tags = tuple(tag for tag in tags if tag != name)
            case actions.Assign(to=to):
                tags = _instead(tags, "assigned", to)
            case actions.File(under=under):
                tags = _instead(tags, "folder", under)
            case actions.Retain(class_=class_):
                tags = _instead(tags, "retention", class_)
            case actions.Link() if pattern is not None:
                links, line = _linked(rule, action, pattern, facts, links)
                reasons.append(line)
            case _:
                pass
        done.append(plain)
        if not isinstance(action, actions.Link):
            reasons.append(f"rule “{rule.name}”: {actions.in_words(plain)}")
    return _Outcome(links=links, tags=tags, actions=tuple(done), reasons=tuple(reasons))


def _instead(tags: tuple[str, ...], name: str, value: str) -> tuple[str, ...]:
    """Put a tag of the form ``name:value`` in the place of any of that name: there is one agent, one folder, one class."""
    return (*(tag for tag in tags if not tag.startswith(f"{name}:")), f"{name}:{value.strip()}")


def _linked(
    rule: Rule, action: actions.Link, pattern: Pattern, facts: Facts, links: tuple[Link, ...]
) -> tuple[tuple[Link, ...], str]:
    text = facts.subject if action.in_ == "subject" else facts.text
    found = pattern.search(searchable(text[:TEXT_MAX]))
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
