"""Clocks over the whole path: a buyer's mail by SMTP, an agent's answer to a marketplace that takes it, and one it sends back."""

import asyncio
import csv
import hashlib
import smtplib
import ssl
import threading
from contextlib import contextmanager

import pytest

from gateway.clock import SystemClock
from gateway.demo.buyers import Order
from gateway.demo.marketplace import Marketplace
from gateway.mail.uid_sets import spread
from gateway.relay.transport import Delivered
from tests.installation import AGENT, MAILBOX, PASSWORD, wait_for
from tests.sink import sink
from tests.small_house import mail

MUG = Order(
    marketplace="amazon", value="112-1234567-1234567", buyer="Marie", title="Mug", product="B0CX23YL4T"
)
CUP, BOX, JAR = (
    Order(marketplace="amazon", value=value, buyer=buyer, title="Cup", product="B0CX23YL4T")
    for value, buyer in (
        ("112-1111111-3333333", "Ann"),
        ("112-2222222-4444444", "Tom"),
        ("112-3333333-5555555", "Eve"),
    )
)
LAMP = Order(
    marketplace="amazon", value="112-7654321-7654321", buyer="Paul", title="Lamp", product="B0CX23YL4T"
)


@contextmanager
def marketplace(deliver_to, **settings):
    """Run a simulated marketplace in a loop of its own; ``market.call`` runs a coroutine of it there."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    market = Marketplace(deliver_to=deliver_to, seller=MAILBOX, clock=SystemClock(), **settings)
    market.call = lambda coroutine: asyncio.run_coroutine_threadsafe(coroutine, loop).result(60)
    market.call(market.start())
    try:
        yield market
    finally:
        market.call(market.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture(scope="module")
def place(new_installation):
    with sink(lmtp=True) as keeper:
        place = new_installation(
            deliver=f'kind = "lmtp"\nhost = "127.0.0.1"\nport = {keeper.port}',
        )
        with marketplace(("127.0.0.1", place.ports["smtp"]), opted_out={"Paul"}) as market:
            settings = place.data / "config.toml"
            relay = f'kind = "smtp"\nhost = "127.0.0.1"\nport = {market.address[1]}\ntls = "none"'
            before, found, after = settings.read_text().partition("[mailbox.relay]\n")
            settings.write_text(f"{before}{found}{relay}\n{after.partition(chr(10))[2]}")
            place.start()
            place.market, place.keeper = market, keeper
            yield place
            assert place.stop() == 0, place.log()


def asks(place, order, text):
    assert isinstance(place.market.call(place.market.buyer_writes(order, text)), Delivered)
    place.settled(seconds=180)


def answers(place, order, text, **headers):
    to = place.market.alias(order)
    raw = mail(f"Re: {order.value}", text, from_=MAILBOX, to=to, message_id=f"out-{text}", **headers)
    with smtplib.SMTP("127.0.0.1", place.ports["submission"], timeout=60) as client:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        client.starttls(context=context)
        client.login(AGENT, PASSWORD)
        client.sendmail(MAILBOX, to, raw.replace(b"\n", b"\r\n"))
    place.settled(seconds=180)


def clocks(place, order):
    return {one["message"]: one for one in place.json("order", order.value)[0]["clocks"]}


def waits(place):
    return [one["orders"][0]["value"] for one in place.json("clocks")]


def test_an_answer_that_the_marketplace_takes_stops_the_clock(place):
    asks(place, MUG, "Where is it?")
    asks(place, MUG, "Hello?")
    (one,) = [one for one in place.json("clocks") if one["orders"][0]["value"] == MUG.value]
    assert (one["clock"], one["left_s"] > 86_000, one["overdue"]) == ("reply", True, False)
    assert len(place.json("clocks", "--all")) >= 2
    assert place.json("clocks", "--overdue") == []
    answers(place, MUG, "on its way")
    assert MUG.value not in waits(place)
    assert {one["how"] for one in clocks(place, MUG).values()} == {"answer"}


def test_a_bounce_after_the_acceptance_sets_it_going_again(place):
    asks(place, LAMP, "Is it brass?")
    answers(
        place, LAMP, "unasked"
    )  # no answer to a message: the buyer wants no such mail, says the marketplace later
    assert place.market.refused == [f"opted out {LAMP.value}"]
    wait_for(lambda: len(place.json("order", LAMP.value)[0]["messages"]) == 3, seconds=60)
    place.settled(seconds=180)
    assert LAMP.value in waits(place)
    (notice,) = [one.raw for one in place.keeper.taken if b"Subject: Not delivered: " in one.raw]
    assert b"anna's answer was accepted at first, and then came back" in notice
    assert b"The buyer does not want messages" in notice
    told = place.run("answer", LAMP.value, "--trace")
    assert "answered" not in told.stdout
    assert "of the buyer is unanswered" in told.stderr
    assert "was accepted and came back later" in told.stderr
    answers(place, LAMP, "yes, brass", In_Reply_To="<q@mail.example>")
    assert LAMP.value not in waits(place)
    told = place.run("answer", LAMP.value, "--trace")
    assert "of the buyer is unanswered" not in told.stderr
    assert "wrote to us" in told.stdout


def test_a_person_s_word_stops_it_and_a_rebuild_keeps_all_of_it(place):
    asks(place, CUP, "Thank you!")
    assert CUP.value in waits(place)
    place.json("mark", CUP.value, "--no-answer-needed", "--agent", "anna")
    place.settled(seconds=180)
    assert CUP.value not in waits(place)
    before = clocks(place, CUP)
    assert place.run("rebuild").returncode == 0
    place.settled(seconds=180)
    assert clocks(place, CUP) == before
    place.json("mark", CUP.value, "--undo")
    place.settled(seconds=180)
    assert CUP.value in waits(place)


def test_a_month_s_figures_are_printed_alike_in_every_shape(place):
    (told,) = place.json("reports")
    (total,) = told["tables"]["responses"]
    assert total["waits"] == sum(one["waits"] for one in told["tables"]["marketplaces"])
    table = place.run("reports", "--csv", "--month", told["month"]).stdout
    rows = {
        (one["TABLE"], one["ROW"], one["FIGURE"]): one["VALUE"] for one in csv.DictReader(table.splitlines())
    }
    assert rows["responses", "all", "waits"] == str(total["waits"])
    wrong = place.run("reports", "--month", "soon")
    assert (wrong.returncode, "is no month" in wrong.stderr) == (2, True)


WRONG = {
    ("mark", "112-1234567-1234567"): "say why it stops",
    ("mark", "112-1111111-1111111", "--no-answer-needed", "--marketplace", "amazon"): "no clock runs",
    ("mark", "112-1234567-1234567", "--no-answer-needed", "--clock", "claim"): "no clock",
    ("mark", "999", "--no-answer-needed"): "no clock runs",
}


@pytest.mark.parametrize("arguments, words", WRONG.items(), ids=[" ".join(one) for one in WRONG])
def test_a_word_on_what_does_not_run_is_answered_in_words(place, arguments, words):
    done = place.run(*arguments)
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr


def test_a_dossier_is_changed_and_added_to_beside_the_service(place, tmp_path):
    asks(place, BOX, "Did you send it?")
    (tmp_path / "pod.pdf").write_bytes(b"%PDF-1.7\n\xff\n%%EOF\n")
    (added,) = place.json("evidence", "add", BOX.value, tmp_path / "pod.pdf", "--kind", "proof-of-delivery")
    assert place.raw(added["seq"]) == b"%PDF-1.7\n\xff\n%%EOF\n"
    (shown,) = place.json("show", added["seq"])
    assert shown["entry"]["meta"]["sha256"] == added["sha256"]
    place.json("parcel", "add", BOX.value, "1Z999AA10123456784", "--carrier", "ups")
    place.json("dossier", BOX.value, "--owner", "anna", "--state", "waiting")
    place.settled(seconds=180)
    (order,) = place.json("order", BOX.value)
    assert order["parcels"] == [{"carrier": "ups", "number": "1Z999AA10123456784"}]
    assert (order["dossier"]["state"], order["dossier"]["owner"]) == ("waiting", "anna")
    assert {"evidence", "parcel", "dossier"} <= {one["type"] for one in order["entries"]}
    assert place.run("evidence", "add", BOX.value, tmp_path / "none.pdf").returncode == 2
    assert place.run("parcel", "add", BOX.value, "<x>").returncode == 2
    place.is_clean()


def test_an_answer_is_written_from_what_is_there_and_recorded(place):
    asks(place, JAR, "Did it leave?")
    answers(place, JAR, "it left on Monday")
    done = place.run("answer", JAR.value, "--language", "nl")
    assert done.returncode == 0
    assert done.stdout.startswith("Geacht Amazon-team,\n\n")
    assert f"bestelling {JAR.value}" in done.stdout
    assert "no parcel is named" in done.stderr
    (told,) = place.json("answer", JAR.value, "--limit", "300")
    assert len(told["text"]) == told["characters"] <= 300
    assert told["left_out"]
    (shown,) = place.json("show", told["entry"])
    assert shown["payload"]["text"] == told["text"]
    before = place.json("status")[0]["archive"]["size"]
    traced = place.run("answer", JAR.value, "--trace")
    (line,) = [one for one in traced.stdout.splitlines() if "wrote to us" in one]
    assert len(line.partition("\t")[0].strip("[]").split(", ")) == 3
    assert place.json("status")[0]["archive"]["size"] == before
    assert place.run("answer", "112-9999999-9999999", "--marketplace", "amazon").returncode == 2


def test_an_account_audit_lists_every_clock_since_a_day(place, tmp_path):
    asks(place, JAR, "And the lid?")
    (told,) = place.json("answer", "--audit", "--since", "2020-01-01", "-o", tmp_path / "audit.csv")
    table = (tmp_path / "audit.csv").read_bytes()
    assert hashlib.sha256(table).hexdigest() == told["sha256"]
    rows = list(csv.DictReader(table.decode().splitlines()))
    assert len(rows) == told["lines"] == sum(one["begun"] for one in told["sums"])
    assert JAR.value in {row["ORDERS"] for row in rows}
    (shown,) = place.json("show", told["entry"])
    assert shown["payload"]["sha256"] == told["sha256"]
    holds = set(spread(shown["payload"]["holds"].encode()))
    assert {int(row["MESSAGE"]) for row in rows} <= holds
    assert {int(seq) for row in rows for seq in row["SHOWN BY"].split()} <= holds
    said = place.run("answer", "--audit", "--since", "2020-01-01", "-o", tmp_path / "audit.csv").stdout
    assert "amazon reply: " in said
    for wrong in (["--audit"], [], ["--audit", "--since", "2020-01-01", "-o", tmp_path / "no" / "x.csv"]):
        assert place.run("answer", *wrong).returncode == 2
