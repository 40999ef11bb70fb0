"""Parcels that a message names: a shape, its check digit, and for nothing but digits the carrier's name beside it.

A check digit alone proves nothing: one random number in ten passes, and so do real order and item numbers. Where two
carriers claim a number, the named one has it, else the more specific one, else none: no name is better than a wrong one.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from rules.announcements import Announcements, host_of
from rules.chunks import Chunk, chunks_of
from rules.facts import FoundParcel
from rules.fleet import Claim, Fleet
from rules.parts import Part
from rules.places import place_of
from rules.quotes import Quotes

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


@dataclass(frozen=True, slots=True)
class _Candidate:
    chunk: Chunk
    claims: list[Claim]


def find_parcels(
    part: Part,
    fleet: Fleet,
    announced: Announcements,
    quotes: Quotes,
    taken: list[tuple[int, int]],
    known: Collection[str],
) -> Iterator[FoundParcel]:
    """Yield tracking numbers that stand where nothing else was found; ``known`` are carriers whose mail or label this is."""
    text = part.readable.text
    candidates: list[_Candidate] = []
    tried: set[Chunk] = set()
    for chunk in chunks_of(text, underscores=part.kind == "attachment"):
        if chunk in tried or any(chunk.start < stop and begin < chunk.end for begin, stop in taken):
            continue
        tried.add(chunk)
        claims = fleet.claims(chunk.value)
        claims = [claim for claim in claims if _counts(claim, chunk, part, fleet, announced, known)]
        if claims:
            candidates.append(_Candidate(chunk, claims))
            if len(candidates) == _CLAIMED_MAX:
                break
    kept: list[tuple[int, int]] = []
    for one in sorted(candidates, key=_weight):
        chunk = one.chunk
        if any(chunk.start < stop and begin < chunk.end for begin, stop in kept):
            continue
        kept.append((chunk.start, chunk.end))
        yield _found(part, one, announced, quotes, known)


def _weight(one: _Candidate) -> tuple[bool, int, int]:
    return (
        not any(claim.checked or claim.compiled.literal for claim in one.claims),
        -len(one.chunk.value),
        one.chunk.start,
    )


def _counts(
    claim: Claim, chunk: Chunk, part: Part, fleet: Fleet, announced: Announcements, known: Collection[str]
) -> bool:
    """Tell whether a shape counts where it stands."""
    shape, digits = claim.compiled.shape, chunk.value.replace("-", "").isdigit()
    if part.readable.seams and not (
        claim.checked and any(chunk.start < seam < chunk.end for seam in part.readable.seams)
    ):
        return False  # the unjoined text has it already
    if not digits and not shape.needs_name and not shape.needs_label:
        return True
    name = claim.carrier.name
    if part.where.endswith(":barcode"):
        return name in known or (digits and claim.checked and len(chunk.value) >= _BARCODE)
    link = announced.link_before(chunk.start)
    key = announced.key_before(chunk.start)
    if link is not None:
        if fleet.of_host(host_of(link)) != name or _FOREIGN_KEY.search(key):
            return False
        return bool(claim.checked or not shape.needs_label or not key or _TRACKING_KEY.search(key))
    if key and not _TRACKING_KEY.search(key):
        return False
    if name not in known and name not in announced.named(chunk.start, chunk.end):
        return False
    label = announced.before(chunk.start)
    if label is not None and label.kind == "tracking":
        return True
    if label is not None and label.kind != "carrier":
        return False
    if shape.needs_label and (label is None or name not in label.carriers):
        return False
    return not (digits and _MOMENT.fullmatch(chunk.value))


def _found(
    part: Part, one: _Candidate, announced: Announcements, quotes: Quotes, known: Collection[str]
) -> FoundParcel:
    chunk = one.chunk
    link = announced.link_before(chunk.start)
    near = {} if link is not None else announced.named(chunk.start, chunk.end)
    claims = [claim for claim in one.claims if claim.carrier.name in near or claim.carrier.name in known]
    named = bool(claims)
    claims = claims or one.claims
    best = max(claim.rank for claim in claims)
    claims = [claim for claim in claims if claim.rank == best]
    carriers = {claim.carrier.name: claim.carrier for claim in claims}
    if len(carriers) > 1 and near:
        nearest = min(near.get(name, 1 << 30) for name in carriers)
        carriers = {name: one for name, one in carriers.items() if near.get(name, 1 << 30) == nearest}
    carrier = next(iter(carriers.values())) if len(carriers) == 1 else None
    title = (
        carrier.title if carrier is not None else " or ".join(sorted(one.title for one in carriers.values()))
    )
    said = [
        f"{place_of(part.where)} says “{part.readable.text[chunk.start : chunk.end].strip()}”, the form of {title} numbers"
    ]
    if any(claim.checked for claim in claims):
        said.append("whose check digit is right")
    label = None if link is not None else announced.before(chunk.start)
    if label is not None and label.kind == "tracking":
        said.append(f"after “{label.word}”")
    if named and carrier is not None:
        said.append(f"{carrier.title} is named {_where_named(carrier.name, near)}")
    if link is not None:
        said.append("inside a link")
    return FoundParcel(
        carrier=carrier.name if carrier is not None else "",
        number=chunk.value,
        where=part.where,
        span=part.readable.span(chunk.start, chunk.end),
        quoted=quotes.holds(chunk.start),
        reason=", ".join(said),
    )


def _where_named(name: str, near: dict[str, int]) -> str:
    return "beside it" if name in near else "by who sent it or in the mail"
