"""One house with one order's story, and what makes its reports."""

from zoneinfo import ZoneInfo

import pytest

from gateway.evidence.contents import Asked
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.report.audience import Wanted
from gateway.report.making import Bounds, Reporter
from rules.facts import OrderRef
from tests.small_house import MAILBOX, ORDER, build_house, close, seed

REF = OrderRef(marketplace="amazon", value=ORDER)
ASKED = Asked(agent="anna", reason="A-to-z claim")


def reporter_of(house, **bounds) -> Reporter:
    return Reporter(
        archive=house.archive,
        store=house.store,
        clock=house.clock,
        zone=ZoneInfo("Europe/Berlin"),
        titles={"amazon": "Amazon"},
        senders={MAILBOX: "Brand Support"},
        bounds=Bounds(**bounds),
    )


def report(house, *, audience="court", language="en", withhold=(), **bounds):
    wanted = Wanted(order=REF, audience=audience, language=language, withhold=withhold)
    return reporter_of(house, **bounds).make(wanted, ASKED)


def note(house, text, **about):
    order = {"marketplace": "amazon", "value": ORDER}
    payload = {**({"order": order} | about), "text": text, "agent": "anna"}
    return house.act(Draft(type="note", payload=canonical(payload), meta={"source": "command"}))


@pytest.fixture
def house(tmp_path):
    built = build_house(tmp_path)
    yield built
    close(built)


@pytest.fixture(scope="package")
def told(tmp_path_factory):
    built = build_house(tmp_path_factory.mktemp("told"))
    built.seqs = seed(built)
    note(built, "Kundin ist verärgert; Ersatz bezahlt 🙂")
    yield built
    close(built)
