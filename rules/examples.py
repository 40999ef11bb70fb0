"""The examples in data files, tried: what a marketplace or carrier file promises and does not keep."""

from rules.book import Example
from rules.compiled import Carrier
from rules.facts import AttachmentFact, Facts, Reading
from rules.marketplace import Marketplaces
from rules.read import read


def broken_examples(marketplaces: Marketplaces) -> list[str]:
    """Return a line for each example that reads otherwise than it says."""
    lines: list[str] = []
    for market in marketplaces.marketplaces.values():
        for example in market.file.example:
            reading = read(facts_of_example(example), marketplaces)
            lines.extend(
                f"{market.where}, example “{example.name}”: {fault}"
                for fault in _faults(example, reading, market.name)
            )
    for carrier in marketplaces.carriers.values():
        lines.extend(_broken_numbers(carrier, marketplaces))
    return lines


def facts_of_example(example: Example) -> Facts:
    """Return an example as the rules see a message."""
    return Facts(
        direction="outbound" if example.outbound else "inbound",
        trusted=example.trusted,
        from_=_addresses(example.from_),
        to=_addresses(example.to),
        reply_to=_addresses(example.reply_to),
        from_name=example.from_name,
        subject=example.subject,
        text=example.text,
        html=example.html,
        links=example.links,
        headers=tuple(example.headers.items()),
        attachments=tuple(
            AttachmentFact(filename=name, content_type="application/octet-stream", size_bytes=0, sha256="")
            for name in example.attachments
        ),
    )


def _faults(example: Example, reading: Reading, name: str) -> list[str]:
    finds = [found for found in reading.orders if found.order.marketplace == name]
    pairs: list[tuple[str, object, object]] = [
        ("marketplace", example.marketplace, reading.marketplace),
        ("operator", example.operator, reading.operator),
        ("kind", example.kind, reading.kind),
        ("terms", sorted(example.terms), sorted(term.words for term in reading.terms)),
        ("alias", example.alias, reading.alias),
        ("orders", sorted(example.orders), sorted({found.order.value for found in finds})),
        ("products", sorted(example.products), sorted(f"{one.kind} {one.value}" for one in reading.products)),
        (
            "parcels",
            sorted(example.parcels),
            sorted(f"{one.carrier} {one.number}" for one in reading.parcels),
        ),
    ]
    if example.confidence:
        pairs.append(("confidence", {example.confidence}, {found.confidence for found in finds}))
    return [f"{what} is {found!r}, not {said!r}" for what, said, found in pairs if said != found]


def _broken_numbers(carrier: Carrier, marketplaces: Marketplaces) -> list[str]:
    """Return a line for each test number that is not read as the file says where the carrier's name stands before it."""
    name = carrier.file.brand[0] if carrier.file.brand else carrier.title
    numbers = [(one, True) for one in carrier.file.valid] + [(one, False) for one in carrier.file.invalid]
    lines = []
    for number, right in numbers:
        reading = read(Facts(direction="inbound", text=f"{name}: {number}"), marketplaces)
        found = {(parcel.carrier, parcel.number) for parcel in reading.parcels}
        if right and (carrier.name, number.replace(" ", "")) not in found:
            lines.append(f"{carrier.title}: {number} is not recognised")
        if not right and any(one == carrier.name for one, _ in found):
            lines.append(f"{carrier.title}: {number} is taken for one")
    return lines


def _addresses(written: str) -> tuple[str, ...]:
    return (written,) if written else ()
