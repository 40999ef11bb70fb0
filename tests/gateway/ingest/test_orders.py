"""Order reports of every kind: what each line tells, and nothing of the buyer but a relay address."""

import dataclasses

import pytest

from gateway.errors import WrongUse
from gateway.ingest.orders import Options, OrderLine, Report
from gateway.ingest.table import BadLine
from rules.marketplace import builtin

MARKETS = builtin()
SHIPMENTS = (
    "amazon-order-id\tmerchant-order-id\tshipment-id\tamazon-order-item-id\tpurchase-date\tpayments-date\tshipment-date\t"
    "buyer-email\tbuyer-name\tbuyer-phone-number\tsku\tproduct-name\tquantity-shipped\trecipient-name\tship-address-1\t"
    "ship-city\tship-postal-code\tcarrier\ttracking-number\tsales-channel\n"
    "112-1234567-1234567\t\tD1\t123\t2026-01-05T10:00:00+01:00\t2026-01-05T10:00:00+01:00\t2026-01-06T08:00:00+01:00\t"
    "k3jx9v2m4n5p6q7+aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee@marketplace.amazon.de\tMaria Keller\t+49 30 1234567\tLAMP-1\t"
    '12" lamp\t1\tMaria Keller\tSecret Street 1\tBerlin\t10115\tDHL\t00340434161094021501\tAmazon.de\n'
)
UNSHIPPED = (
    "order-id\torder-item-id\tpurchase-date\tpayments-date\treporting-date\tpromise-date\tdays-past-promise\tbuyer-email\t"
    "buyer-name\tbuyer-phone-number\tsku\tproduct-name\tquantity-purchased\n"
    "112-1234567-1234567\t1\t2026-01-05T10:00:00Z\t\t\t\t-1\tann@real.example\tAnn\t1\tLAMP-1\tLamp\t1\n"
)
ALL = (
    "amazon-order-id\tmerchant-order-id\tpurchase-date\tlast-updated-date\torder-status\tfulfillment-channel\tsales-channel\t"
    "product-name\tsku\tasin\titem-status\tquantity\n"
    "112-1234567-1234567\t\t2026-01-05T10:00:00Z\t\tShipped\tAmazon\tAmazon.de\tLamp\tLAMP-1\tB07XJ8C8F5\tShipped\t1\n"
)
EBAY = (
    '\n"Sales Record Number","Order Number","Buyer Username","Buyer Name","Buyer Email","Ship To Address 1","Item Number",'
    '"Item Title","Custom Label","Quantity","Sale Date","Shipped On Date","Tracking Number"\n\n'
    '"11","12-34567-12345","ann_1","Ann Buyer","ann@real.example","Secret Street 1","123456789012","Lamp, ""red""\nwith cable",'
    '"LAMP-1","1","Jan-05-26","Jan-06-26","1Z999AA10123456784"\n\n"1 record(s) downloaded,from,Jan-01-26",\n'
)
EBAY_DE = (
    "Verkaufsprotokollnummer;Bestellnummer;Nutzername des Käufers;E-Mail des Käufers;Verkauft am;Sendungsnummer\n"
    "11;12-34567-12345;ann_1;ann_1@members.ebay.de;05. Mär 26;1Z999AA10123456784\n"
)
SHOPIFY = (
    "Name,Email,Financial Status,Fulfilled at,Created at,Lineitem name,Lineitem sku,Shipping Name,Phone\n"
    "#1001,ann@real.example,paid,2026-01-06 09:00:00 +0100,2026-01-05 10:00:00 +0100,Lamp,LAMP-1,Ann Buyer,+49301234567\n"
    "#1001,ann@real.example,,,,Bulb,BULB-2,,\n"
)
MIRAKL = (
    "Date de création;Numéro de commande;Quantité;SKU offre;Transporteur;Numéro de suivi;Date d'expédition\n"
    "05/01/2026 - x;2522489356-A;1;LAMP-1;Colissimo;6A12345678901;31/01/2026\n"
)
GENERIC = "Bestellnummer;Bestelldatum;Kanal;Paketnummer\n112-1234567-1234567;5.1.2026;Amazon.de;1Z999AA10123456784\n"
A1, E1 = "112-1234567-1234567", "12-34567-12345"
CASES = {
    # name: text, options, format, (order, placed, alias, products, numbers)
    "Amazon shipments": (SHIPMENTS, {}, "amazon_shipments", (A1, "2026-01-05T09:00", "k3jx9v2m4n5p6q7@marketplace.amazon.de", ["LAMP-1"], ["00340434161094021501"])),
    "Amazon unshipped": (UNSHIPPED, {}, "amazon_unshipped", (A1, "2026-01-05T10:00", "", ["LAMP-1"], [])),
    "Amazon all orders": (ALL, {}, "amazon_orders", (A1, "2026-01-05T10:00", "", ["LAMP-1", "B07XJ8C8F5"], [])),
    "eBay": (EBAY, {}, "ebay", (E1, "2026-01-05T00:00", "", ["LAMP-1", "123456789012"], ["1Z999AA10123456784"])),
    "eBay in German": (EBAY_DE, {}, "ebay", (E1, "2026-03-05T00:00", "ann_1@members.ebay.de", [], ["1Z999AA10123456784"])),
    "Shopify": (SHOPIFY, {}, "shopify", ("1001", "2026-01-05T09:00", "", ["LAMP-1"], [])),
    "Mirakl in French": (MIRAKL, {"marketplace": "fnac"}, "mirakl", ("2522489356-A", None, "", ["LAMP-1"], ["6A12345678901"])),
    "any table": (GENERIC, {}, "any", (A1, "2026-01-05T00:00", "", [], ["1Z999AA10123456784"])),
    "a table of one's own": ("Auftrag Nr X|Wann\n11212345671234567|05/01/2026\n", {"columns": {"order": "Auftrag Nr X", "placed_at": "Wann"}, "marketplace": "amazon", "day_first": True}, "any", (A1, "2026-01-05T00:00", "", [], [])),
}  # fmt: skip


def open_report(tmp_path, text, encoding="utf-8", **options):
    path = tmp_path / "report.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return Report(path, Options(**options), MARKETS)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize(("text", "options", "format_", "expected"), CASES.values(), ids=CASES.keys())
def test_what_a_report_tells(tmp_path, text, options, format_, expected, encoding):
    report = open_report(tmp_path, text, encoding, **options)
    first = next(one for one in report.lines() if isinstance(one, OrderLine))
    assert report.format == format_
    assert (
        first.order.value,
        first.placed_at and first.placed_at.isoformat()[:16],
        first.alias,
        [value for _, value in first.products],
        [number for _, number, _ in first.parcels],
    ) == expected


@pytest.mark.parametrize(("text", "options"), [case[:2] for case in CASES.values()], ids=CASES.keys())
def test_nothing_of_the_buyer_is_kept(tmp_path, text, options):
    told = str([dataclasses.asdict(one) for one in open_report(tmp_path, text, **options).lines()])
    for secret in ("Ann", "ann@real.example", "Maria", "Secret Street", "10115", "+49", "ann_1,"):
        assert secret not in told


def test_a_line_that_tells_no_order_is_listed_with_its_number_and_why(tmp_path):
    rows = ["", "113", "112-1234567-123456X", "\x01" * 9, "1" * 99, "112-1234567-1234567"]
    found = list(
        open_report(
            tmp_path, "order-id\tsku\n" + "\n".join(f"{row}\tx" for row in rows), marketplace="amazon"
        ).lines()
    )
    assert [one.line for one in found] == [2, 3, 4, 5, 6, 7]
    assert [type(one) for one in found] == [BadLine] * 5 + [OrderLine]
    assert all(len(one.reason) > 10 for one in found[:5])


def test_what_a_spreadsheet_has_broken_is_said(tmp_path):
    text = 'order,tracking number,date\n112-1234567-1234567,"=""00340434161094021501""",05/01/2026\n112-1234567-1234568,3.4E+19,x\n'
    first, second = open_report(tmp_path, text, marketplace="amazon").lines()
    assert [number for _, number, _ in first.parcels] == ["00340434161094021501"]
    assert first.notes == ("this is no clear date: '05/01/2026'",)
    assert len(second.notes) == 2
    assert second.parcels == ()


@pytest.mark.parametrize("text", ["", "\n\n", "name,city\nAnn,Berlin\n", "\x00" * 999, '"' * 9999])
def test_a_file_without_order_numbers_is_refused_in_words_that_help(tmp_path, text):
    with pytest.raises(WrongUse, match="--map order=COLUMN"):
        open_report(tmp_path, text)


def test_an_encoding_that_does_not_fit_is_refused(tmp_path):
    with pytest.raises(WrongUse, match="encoding"):
        open_report(tmp_path, "order\n1\n", encoding="utf-8").__class__(
            tmp_path / "report.txt", Options(encoding="no-such"), MARKETS
        )
