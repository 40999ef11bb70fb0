"""Parcels that a message names: a shape, its check digit, and for nothing but digits the carrier's name beside it.

A check digit alone proves nothing: one random number in ten passes, and so do real order and item numbers. Where two
carriers claim a number, the named one has it, else the more specific one, else none: no name is better than a wrong one.
"""

import re
from collections.abc import Collection, Iterator
from functools import cached_property

from rules.announcements import Announcements, Label, host_of
from rules.chunks import Chunk, chunks_of
from rules.facts import FoundParcel
from rules.fleet import Claim, Fleet
from rules.parts import Part
from rules.places import place_of
from rules.quotes import Quotes
from rules.spans import Spans

_CLAIMED_MAX = 1000
_BARCODE = 18  # digits, with their check right, that stand in a label's barcode and nowhere else
_TRACKING_KEY = re.compile(
    r"track|trk|piececode|parcel|shipment_?(?:no|num|code)|awb|consign|colis|sendung|paket|barcode|idc$|^(?:code|match|q|id|tn|pn|number|search)$",
    re.IGNORECASE,
)
_FOREIGN_KEY = re.compile(
    r"order|customer|session|utm|zip|plz|postal|user|account|date|time|(?:^|_)ts$|gclid|fbclid", re.IGNORECASE
)
_MOMENT = re.compile(
    r"20[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9])?"
)


class _Spot:
    """A chunk where it stands: the link, the parameter, the label and the names around it, each looked at once."""

    def __init__(self, chunk: Chunk, announced: Announcements) -> None:
        self.chunk = chunk
        self.digits = chunk.value.replace("-", "").isdigit()
        self._announced = announced
        self.claims: list[Claim] = []

    @cached_property
    def link(self) -> str | None:
        return self._announced.link_before(self.chunk.start)

    @cached_property
    def key(self) -> str:
        return self._announced.key_before(self.chunk.start)

    @cached_property
    def label(self) -> Label | None:
        return None if self.link is not None else self._announced.before(self.chunk.start)

    @cached_property
    def near(self) -> dict[str, int]:
        return {} if self.link is not None else self._announced.named(self.chunk.start, self.chunk.end)


def find_parcels(
    part: Part,
    fleet: Fleet,
    announced: Announcements,
    quotes: Quotes,
    taken: Spans,
    known: Collection[str],
) -> Iterator[FoundParcel]:
    """Yield tracking numbers that stand where nothing else was found; ``known`` are carriers whose mail or label this is."""
    spots: list[_Spot] = []
    tried: set[Chunk] = set()
    for chunk in chunks_of(part.readable.text, underscores=part.kind == "attachment"):
        claims = fleet.claims(chunk.value)
        if not claims or chunk in tried or taken.overlaps(chunk.start, chunk.end) or _unjoined(chunk, part):
            continue
        tried.add(chunk)
        spot = _Spot(chunk, announced)
        spot.claims = [
            claim for claim in claims if _counts(claim, spot, part, fleet, known) and claim.holds(chunk.value)
        ]
        if spot.claims:
            spots.append(spot)
            if len(spots) == _CLAIMED_MAX:
                break
    kept = Spans()
    for spot in sorted(spots, key=_weight):
        if not kept.overlaps(spot.chunk.start, spot.chunk.end):
            kept.add(spot.chunk.start, spot.chunk.end)
            yield _found(part, spot, quotes, known)


def _unjoined(chunk: Chunk, part: Part) -> bool:
    """Tell whether a chunk of a text whose broken lines were joined stands in one line: it was found there already."""
    seams = part.readable.seams
    return bool(seams) and not any(chunk.start < seam < chunk.end for seam in seams)


def _weight(spot: _Spot) -> tuple[bool, int, int]:
    sure = any(claim.checked or claim.compiled.literal for claim in spot.claims)
    return not sure, -len(spot.chunk.value), spot.chunk.start


def _counts(claim: Claim, spot: _Spot, part: Part, fleet: Fleet, known: Collection[str]) -> bool:
    """Tell whether a shape counts where it stands."""
    shape, name = claim.compiled.shape, claim.carrier.name
    if part.readable.seams and not claim.checked:
        return False
    if not spot.digits and not shape.needs_name and not shape.needs_label:
        return True
    if part.where.endswith(":barcode"):
        return name in known or (spot.digits and claim.checked and len(spot.chunk.value) >= _BARCODE)
    if spot.link is not None:
        if fleet.of_host(host_of(spot.link)) != name or _FOREIGN_KEY.search(spot.key):
            return False
        return bool(claim.checked or not shape.needs_label or not spot.key or _TRACKING_KEY.search(spot.key))
    if spot.key and not _TRACKING_KEY.search(spot.key):
        return False
    if name not in known and name not in spot.near:
        return False
    label = spot.label
    if label is not None and label.kind == "tracking":
        return True
    if label is not None and label.kind != "carrier":
        return False
    if shape.needs_label and (label is None or name not in label.carriers):
        return False
    return not (spot.digits and _MOMENT.fullmatch(spot.chunk.value))


def _found(part: Part, spot: _Spot, quotes: Quotes, known: Collection[str]) -> FoundParcel:
    chunk, near = spot.chunk, spot.near
    claims = [claim for claim in spot.claims if claim.carrier.name in near or claim.carrier.name in known]
    named = bool(claims)
    claims = claims or spot.claims
    best = max(claim.rank for claim in claims)
    claims = [claim for claim in claims if claim.rank == best]
    carriers = {claim.carrier.name: claim.carrier for claim in claims}
    if len(carriers) > 1 and near:
        nearest = min(near.get(name, 1 << 30) for name in carriers)
        carriers = {name: one for name, one in carriers.items() if near.get(name, 1 << 30) == nearest}
    carrier = next(iter(carriers.values())) if len(carriers) == 1 else None
    title = carrier.title if carrier else " or ".join(sorted(one.title for one in carriers.values()))
    written = part.readable.text[chunk.start : chunk.end].strip()
    said = [f"{place_of(part.where)} says “{written}”, the form of {title} numbers"]
    if any(claim.checked for claim in claims):
        said.append("whose check digit is right")
    if spot.label is not None and spot.label.kind == "tracking":
        said.append(f"after “{spot.label.word}”")
    if named and carrier is not None:
        where = "beside it" if carrier.name in near else "by who sent it or in the mail"
        said.append(f"{carrier.title} is named {where}")
    if spot.link is not None:
        said.append("inside a link")
    return FoundParcel(
        carrier=carrier.name if carrier is not None else "",
        number=chunk.value,
        where=part.where,
        span=part.readable.span(chunk.start, chunk.end),
        quoted=quotes.holds(chunk.start),
        reason=", ".join(said),
    )
