"""Products and labelled numbers: only with a label, an address or a check digit."""

import pytest

from rules.facts import Facts
from rules.read import read

PRODUCTS = {
    "asin label": ("[ASIN: B0ABCDEFGH]", {"asin B0ABCDEFGH"}),
    "asin in a link": ("https://www.amazon.de/dp/B0ABCDEFGH?th=1", {"asin B0ABCDEFGH"}),
    "asin by shape alone": ("B0ABCDEFGH", set()),
    "isbn as asin": ("/dp/0306406152", {"isbn 0306406152"}),
    "isbn with a wrong digit": ("ASIN: 0306406153", set()),
    "isbn 13": ("ISBN 978-0-306-40615-7", {"isbn 9780306406157"}),
    "ebay item with its label": ("item number: 197526923798", {"item 197526923798"}),
    "twelve digits alone": ("197526923798", set()),
    "sku": ("SKU: LAMP-7/b", {"sku LAMP-7/b"}),
    "ean": ("EAN: 4006381333931", {"ean 4006381333931"}),
    "ean with a wrong digit": ("EAN: 4006381333932", set()),
    "ean without its label": ("4006381333931", set()),
    "sku without its label": ("LAMP-7/b", set()),
}
LABELLED = {
    "return": ("Return ID: 5012345678", {"return 5012345678"}),
    "return, German": ("Ihre Retourennummer lautet R-1234567.", {"return R-1234567"}),
    "return, French": ("Numéro de retour : 5012345678", {"return 5012345678"}),
    "return, Japanese": ("返品番号：5012345678", {"return 5012345678"}),
    "rma": ("RMA# DkLQ12345RRMA", {"rma DKLQ12345RRMA"}),
    "claim": ("claim number is CL-2026-00017", {"claim CL-2026-00017"}),
    "case": ("Case ID\n12345678901", {"case 12345678901"}),
    "case, Polish": ("Numer sprawy: 1234567", {"case 1234567"}),
    "transaction": ("Transaction ID: 12345678901234", {"transaction 12345678901234"}),
    "transaction, Dutch": ("Transactie-ID: 9AB12345CD678901E", {"transaction 9AB12345CD678901E"}),
    "a word is no number": ("Return ID: pending", set()),
    "a label far away": ("Return ID as told on the phone yesterday to your colleague: 5012345678", set()),
    "no label": ("5012345678", set()),
    "an address": ("Case number 12345678@example.org", set()),
}


@pytest.mark.parametrize("text, expected", PRODUCTS.values(), ids=PRODUCTS.keys())
def test_products(marketplaces, text, expected):
    reading = read(Facts(direction="inbound", text=text), marketplaces)
    assert {f"{one.kind} {one.value}" for one in reading.products} == expected


@pytest.mark.parametrize("text, expected", LABELLED.values(), ids=LABELLED.keys())
def test_labelled_numbers(marketplaces, text, expected):
    reading = read(Facts(direction="inbound", text=text), marketplaces)
    assert {f"{one.kind} {one.value}" for one in reading.references} == expected


@pytest.mark.parametrize("text", [text for text, found in LABELLED.values() if found])
def test_what_its_label_calls_something_else_is_no_order(marketplaces, text):
    facts = Facts(direction="inbound", subject="walmart etsy bol.com order", text=text)
    assert read(facts, marketplaces).orders == ()


def test_an_order_behind_a_label_of_another_thing_is_no_reference(marketplaces):
    reading = read(Facts(direction="inbound", text="Claim number 112-1234567-7654321"), marketplaces)
    assert [one.order.value for one in reading.orders] == ["112-1234567-7654321"]
    assert reading.references == ()


def test_every_find_says_where_it_stands_and_which_words_support_it(marketplaces):
    text = "ASIN: B0ABCDEFGH\nReturn ID: 5012345678\n> SKU: LAMP-7\n"
    reading = read(Facts(direction="inbound", text=text), marketplaces)
    finds = (*reading.products, *reading.references)
    assert {text[slice(*one.span)] for one in finds} == {"B0ABCDEFGH", "5012345678", "LAMP-7"}
    assert {one.value: one.quoted for one in finds} == {
        "B0ABCDEFGH": False,
        "5012345678": False,
        "LAMP-7": True,
    }
    assert "after “ASIN:”" in reading.products[0].reason
    assert "after “Return ID”" in reading.references[0].reason


TABLES = {
    "tabs": ("Order\tSKU\tQty\n112-1234567-7654321\tLAMP-7\t2\n112-1234567-7654322\tLAMP-8\t1\n", {"sku LAMP-7", "sku LAMP-8"}),
    "semicolons and quotes": ('"Qty";"Seller SKU"\n"2";"LAMP-7"\n', {"sku LAMP-7"}),
    "bars": ("| SKU | EAN |\n| LAMP-7 | 4006381333931 |\n", {"sku LAMP-7", "ean 4006381333931"}),
    "a wrong EAN": ("EAN\tQty\n4006381333932\t1\n", set()),
    "the table has ended": ("SKU\tQty\nLAMP-7\t2\n\nCompany\tCity\n", {"sku LAMP-7"}),
    "words are no heading": ("our SKU list\tis long\nLAMP-7\t2\n", set()),
    "one column is no table": ("SKU\nLAMP-7\n", set()),
    "asin": ("ASIN\tTitle\nB0ABCDEFGH\tLamp\nB1ABCDEFGH\tLamp\n", {"asin B0ABCDEFGH"}),
}  # fmt: skip


@pytest.mark.parametrize("text, expected", TABLES.values(), ids=TABLES.keys())
def test_products_in_tables(marketplaces, text, expected):
    reading = read(Facts(direction="inbound", text=text), marketplaces)
    assert {f"{one.kind} {one.value}" for one in reading.products} == expected
    assert all(text[slice(*one.span)].upper() == one.value.upper() for one in reading.products)


def test_products_in_html_tables_stand_under_their_headings(marketplaces):
    html = (
        "<table><tr><th>Item</th><th><b>SKU</b></th></tr><tr><td>Lamp</td><td><span>LAMP-7</span></td></tr>"
        "<tr><td>Box<td>LAMP-8</table><p>LAMP-9</p>"
    )
    reading = read(Facts(direction="inbound", html=html), marketplaces)
    assert [(one.value, html[slice(*one.span)]) for one in reading.products] == [
        ("LAMP-7", "LAMP-7"),
        ("LAMP-8", "LAMP-8"),
    ]
    assert "under “SKU”" in reading.products[0].reason
