"""What services that watch parcels post: each signed word on a parcel of an order is a file, as it came, and an entry ``parcel``."""

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus

from gateway.dossier.filing import evidence_draft, parcel_draft
from gateway.errors import WrongUse
from gateway.mail.entry import Draft
from gateway.store.orders import find_orders, orders_with_parcel
from gateway.tracking import Scan, is_signed, scan_of
from gateway.web.api.problem import Refused
from gateway.web.site import Site
from rules.facts import OrderRef


def drafts_of(site: Site, name: str, body: bytes, headers: Mapping[str, str]) -> tuple[Draft, Draft]:
    """Return the entries that a post makes; raises Refused for one that nobody we know signed, or of no order."""
    source = site.trackers.get(name)
    if source is None or not is_signed(source.shape, body, headers, source.secret()):
        raise Refused(HTTPStatus.UNAUTHORIZED, "This was not signed by a service of the settings.")
    try:
        scan = scan_of(source.shape, body)
    except ValueError as wrong:
        said = f"This is no word on a parcel in the shape of {source.shape}."
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, said) from wrong
    order = _order(site, scan)
    if order is None:
        raise Refused(
            HTTPStatus.NOT_FOUND, "No order is known that this parcel belongs to; post it again later."
        )
    return _drafts(site, name, body, scan, order)


def _drafts(site: Site, name: str, body: bytes, scan: Scan, order: OrderRef) -> tuple[Draft, Draft]:
    known = site.carriers()
    try:
        parcel = parcel_draft(
            order,
            scan.number,
            carrier=scan.carrier if scan.carrier in known else "",
            carriers=known,
            agent=name,
            source="webhook",
            told={"status": scan.status, "said": scan.said, "place": scan.place, "at": scan.at},
        )
    except WrongUse as wrong:
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, f"{wrong}.") from wrong
    file = evidence_draft(
        order,
        body,
        filename=f"{scan.number}.json",
        kind="carrier-page",
        text=" ".join(filter(None, (scan.number, scan.status, scan.at))),
        agent=name,
        source="webhook",
    )
    return replace(file, once=True), parcel  # services post again what we did not answer


def _order(site: Site, scan: Scan) -> OrderRef | None:
    """Return whose parcel it is: the order that its sender names, where we know it, else the one whose mail names the parcel."""
    with site.store.read() as conn:
        found = [row.order for row in find_orders(conn, scan.order)] if scan.order else []
        found = found or orders_with_parcel(conn, scan.number)
    return found[0] if len(found) == 1 else None
