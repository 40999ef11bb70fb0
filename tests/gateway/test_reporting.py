"""Order reports taken in: again is nothing new, more is added, and the rules are told."""

import pytest
from sqlalchemy import select

from gateway.ingest.orders import Options, Report
from gateway.reporting import Reporting
from gateway.store import orders
from gateway.store.reports import facts_of
from gateway.store.reviews import waiting
from gateway.store.tables import metadata
from rules.facts import OrderRef
from rules.marketplace import builtin
from tests.small_house import BUYER, ORDER, build_house, close, mail

MARKETS = builtin()
HEAD = "amazon-order-id\tpurchase-date\torder-status\tsku\tbuyer-email\tcarrier\ttracking-number\n"
REF = OrderRef(marketplace="amazon", value=ORDER)
PARCEL = "1Z999AA10123456784"


@pytest.fixture
def house(tmp_path):
    house = build_house(tmp_path)
    yield house
    close(house)


@pytest.fixture
def take(house, tmp_path):
    def take(*rows, covers=None):
        path = tmp_path / "report.txt"
        path.write_text(HEAD + "".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
        run = Reporting(house.archive, house.store, house.settle, agent="anna", covers=covers)
        for taken in run.take(Report(path, Options(), MARKETS)):
            assert taken.read == taken.taken + taken.same + len(taken.skipped)
        house.settle()
        assert run.taken.read == len(rows)
        return run.taken.taken, run.taken.same, len(run.taken.skipped)

    return take


def row(order=ORDER, day="2026-11-01", sku="LAMP-1", alias="", carrier="", number=""):
    return (order, f"{day}T10:00:00Z", "Shipped", sku, alias, carrier, number)


def links(house, seq):
    with house.store.read() as conn:
        return {
            (one.link.order.value, one.link.method): one.link.confidence
            for one in orders.links_of(conn, seq)
            if one.undone_by is None
        }


def test_a_report_read_again_changes_nothing_and_a_newer_one_adds(house, take):
    assert take(row(), row(sku="BULB-2"), row()) == (2, 1, 0)
    head = house.archive.head()
    assert take(row(), row(sku="BULB-2"), row()) == (0, 3, 0)
    assert house.archive.head() == head
    assert take(row(), row(carrier="UPS", number=PARCEL), ("x",)) == (1, 1, 1)
    with house.store.read() as conn:
        (told,) = facts_of(conn, [REF])
        assert [one.number for one in orders.parcels_of(conn, REF)] == [PARCEL]
    assert told.products == (("sku", "LAMP-1"), ("sku", "BULB-2"))
    assert told.placed_at.isoformat() == "2026-11-01T10:00:00+00:00"


def test_two_dates_of_one_order_do_not_flutter(take):
    rows = (row(day="2026-11-03"), row(day="2026-11-01"), row(day="2026-11-02"))
    assert take(*rows) == (2, 1, 0)
    assert take(*rows) == (0, 3, 0)


def test_a_report_of_many_lines_is_many_entries_and_none_is_lost(house, take):
    many = [row(f"112-0000000-{n:07}") for n in range(1201)]
    assert take(*many) == (1201, 0, 0)
    assert take(*many) == (0, 1201, 0)


def test_the_entries_are_of_their_own_class_and_hold_no_more_than_is_kept(house, take):
    start = house.archive.head()
    take(row(alias="someone@real.example"))
    entries = list(house.archive.entries(start, house.archive.head()))
    assert {entry.type for entry in entries} == {"orders"}
    assert all(entry.meta == {"source": "command", "class": "orders"} for entry in entries)
    assert not any(b"real.example" in entry.payload for entry in entries)


def test_a_parcel_alone_says_its_order(house, take):
    take(row(carrier="UPS", number=PARCEL))
    notice = mail(
        "Delivered", f"UPS: your parcel {PARCEL} was delivered", from_="ups@ups.example", message_id="u1"
    )
    assert links(house, house.take(notice, trusted=True)) == {(ORDER, "parcel"): "likely"}
    stranger = mail("Delivered", f"UPS: the parcel {PARCEL} waits", from_="x@x.example", message_id="u2")
    assert links(house, house.take(stranger, trusted=False)) == {(ORDER, "parcel"): "possible"}


def test_a_buyer_known_from_a_report_says_the_order(house, take):
    take(row(alias=BUYER))
    assert links(house, house.take(mail("Hallo", "Wo ist es?"))) == {(ORDER, "alias"): "likely"}


def test_an_order_that_the_reports_of_its_days_do_not_have_is_flagged_one_step_down(house, take):
    other = "303-7654321-7654321"
    take(row(other, day="2026-11-01"), row("303-7654321-7654322", day="2026-11-30"))
    seq = house.take(mail(f"Bestellung {ORDER}", "kaputt"), trusted=True)
    assert links(house, seq) == {(ORDER, "stated"): "likely"}
    with house.store.read() as conn:
        assert [one.why for each in waiting(conn, 9) for one in each.why] == ["unknown"]
    assert links(house, house.take(mail(f"Bestellung {other}", "kaputt"), trusted=True)) == {
        (other, "stated"): "certain"
    }


def test_days_that_no_report_speaks_for_flag_nothing(house, take):
    take(row("303-7654321-7654321", day="2026-10-01"), row("303-7654321-7654322", day="2026-10-30"))
    assert links(house, house.take(mail(f"Bestellung {ORDER}", "kaputt"), trusted=True)) == {
        (ORDER, "stated"): "certain"
    }


def test_what_comes_after_a_message_does_not_change_what_it_was_decided_on(house, take):
    seq = house.take(mail("Hallo", "Wo ist es?"))
    take(row(alias=BUYER))
    assert links(house, seq) == {}


PERSONAL = ("Keller", "Hauptstr", "10115", "901820", "real.example", "birthday")
REPORTS = {
    "amazon.txt": "amazon-order-id\tpurchase-date\torder-status\tsku\tbuyer-email\tbuyer-name\trecipient-name\tship-address-1\t"
    "ship-postal-code\tbuyer-phone-number\tgift-message-text\n"
    f"{ORDER}\t2026-11-01T10:00:00Z\tShipped\tLAMP-1\tmaria@real.example\tMaria Keller\tMaria Keller\tHauptstr. 5\t10115\t"
    "+49 30 901820\tHappy birthday\n",
    "ebay.csv": "Sales Record Number,Order Number,Buyer Username,Buyer Name,Buyer Email,Buyer Note,Ship To Address 1,Ship To Zip,"
    "Ship To Phone,Custom Label,Sale Date\n"
    "7,12-34567-89012,mkeller,Maria Keller,maria@real.example,birthday,Hauptstr. 5,10115,+4930901820,LAMP-1,Nov-01-26\n",
    "shopify.csv": "Name,Email,Financial Status,Created at,Lineitem name,Lineitem sku,Shipping Name,Shipping Street,Shipping Zip,"
    "Phone,Notes\n"
    "#1001,maria@real.example,paid,2026-11-01 10:00:00 +0000,Lamp,LAMP-1,Maria Keller,Hauptstr. 5,10115,+4930901820,birthday\n",
    "generic.csv": "Order;Channel;Customer;Customer email;Address;Zip;Phone;SKU;Remark\n"
    "302-4937261-8841958;Amazon;Maria Keller;maria@real.example;Hauptstr. 5;10115;+4930901820;LAMP-1;birthday\n",
}


@pytest.mark.parametrize("name", REPORTS)
def test_nothing_of_a_person_is_kept_anywhere(house, tmp_path, name):
    path = tmp_path / name
    path.write_text(REPORTS[name], encoding="utf-8")
    run = Reporting(house.archive, house.store, house.settle, agent="anna", covers=None)
    list(run.take(Report(path, Options(), MARKETS)))
    house.settle()
    path.unlink()
    assert (run.taken.taken, run.taken.skipped) == (1, [])
    entries = list(house.archive.entries(0, house.archive.head()))
    opened = [entry.payload + repr(entry.meta).encode() for entry in entries if entry.type != "rules"]
    assert any(b"LAMP-1" in one for one in opened)
    with house.store.read() as conn:
        rows = [repr(row).encode() for table in metadata.sorted_tables for row in conn.execute(select(table))]
    assert any(b"LAMP-1" in row for row in rows)
    files = [one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()]
    for word in PERSONAL:
        for kept in (*opened, *rows, *files):
            assert word.casefold().encode() not in kept.lower(), word
