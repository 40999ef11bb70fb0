"""The facts on a report's first page."""

from collections.abc import Iterator
from datetime import tzinfo

from gateway.answer.phrases import phrases_of
from gateway.answer.text import moment_in, span_in
from gateway.report.outline import Outline
from gateway.report.story import people


def facts_of(
    outline: Outline, *, language: str, zone: tzinfo, reason: str, origin: str
) -> Iterator[tuple[str, str]]:
    """Yield names and values in their order; what is not known has no line."""
    known, words = outline.known, outline.setting.words
    said, fact = phrases_of(language), words.fact
    timeline, letters = known.timeline, known.chosen.letters
    whole = outline.setting.audience == "court"
    yield fact["order"], timeline.order.value
    yield fact["marketplace"], outline.setting.marketplace
    yield fact["seller"], outline.seller
    wrote = next((one.row.from_ for one in letters if one.row.kind == "buyer_message"), ())
    if buyer := people(wrote) if whole else ", ".join(name for name, _ in wrote if name):
        yield fact["buyer"], buyer
    if known.case.placed:
        yield fact["placed"], moment_in(said, known.case.placed, zone)
    if timeline.products:
        yield (
            fact["products"],
            ", ".join(f"{one.kind.upper()} {one.value}" for one in timeline.products),
        )
    if known.case.parcels:
        named = (
            f"{one.number} ({one.carrier.upper()})" if one.carrier else one.number
            for one in known.case.parcels
        )
        yield fact["parcels"], ", ".join(named)
    inbound = sum(one.row.direction == "inbound" for one in letters)
    yield fact["messages"], words.counted.format(inbound=inbound, outbound=len(letters) - inbound)
    if letters:
        yield fact["first"], moment_in(said, letters[0].at, zone)
        yield fact["last"], moment_in(said, letters[-1].at, zone)
    claim = known.case.claim
    if whole and claim is not None:
        name = words.clock.get(claim.name, claim.name)
        if claim.stopped_at is None:
            how = words.claim_open.format(due=moment_in(said, claim.due_at, zone))
        else:
            how = (
                f"{moment_in(said, claim.stopped_at, zone)}, {words.clock['kept' if claim.kept else 'late']}"
            )
        yield fact["claim"], f"{name}: {how}"
    took = [one.took for one in known.case.replies if one.took is not None]
    told = [words.replied.format(count=len(took), span=span_in(said, max(took)))] if took else []
    if whole and any(one.took is None for one in known.case.replies):
        told.append(words.unanswered)
    if told:
        yield fact["replies"], "; ".join(told)
    if reason and whole:
        yield fact["reason"], reason
    yield fact["made"], moment_in(said, known.now, zone)
    if whole:
        yield fact["log"], origin
