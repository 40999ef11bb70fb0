"""Order IDs in all the ways people and programs write them, and what only looks like one."""

import re

import pytest

from rules.facts import AttachmentFact, Facts
from rules.read import read
from rules.readable import readable

AMAZON = "abc123def456ghi@marketplace.amazon.de"
EBAY = "0123456789abcdef0123@members.ebay.com"
WALMART = "0123456789abcdef0123456789abcdef@relay.walmart.com"


def found(marketplaces, *, sender="someone@shop.example", **facts):
    reading = read(Facts(direction="inbound", from_=(sender,), **facts), marketplaces)
    return {(one.order.marketplace, one.order.value, one.confidence) for one in reading.orders}


ID = "112-1234567-7654321"
A = "amazon"
TEXTS = {
    "alone": (f"{ID}", {(A, ID, "likely")}),
    "labelled": (f"my order {ID} is late", {(A, ID, "certain")}),
    "german label": (f"Bestellnummer: {ID}", {(A, ID, "certain")}),
    "french label": (f"n° de commande {ID}", {(A, ID, "certain")}),
    "italian label": (f"l'ordine {ID}", {(A, ID, "certain")}),
    "spanish label": (f"Pedido: {ID}", {(A, ID, "certain")}),
    "polish label": (f"zamówienie {ID}", {(A, ID, "certain")}),
    "japanese label, no spaces": (f"注文番号{ID}について", {(A, ID, "certain")}),
    "in parentheses": (f"(Order: {ID})", {(A, ID, "certain")}),
    "at the end of a sentence": (f"about order {ID}.", {(A, ID, "certain")}),
    "with a number sign": (f"# {ID}:", {(A, ID, "likely")}),
    "a list shares its label": (
        f"orders {ID}, 112-0000000-0000001 and 112-0000000-0000002",
        {(A, ID, "certain"), (A, "112-0000000-0000001", "certain"), (A, "112-0000000-0000002", "certain")},
    ),
    "non-breaking hyphens": ("order 112‑1234567‑7654321", {(A, ID, "certain")}),
    "en dashes": ("order 112–1234567–7654321", {(A, ID, "certain")}),
    "minus signs": ("order 112−1234567−7654321", {(A, ID, "certain")}),
    "full-width": ("注文番号：１１２－１２３４５６７－７６５４３２１", {(A, ID, "certain")}),
    "arabic-indic digits": ("order ١١٢-١٢٣٤٥٦٧-٧٦٥٤٣٢١", {(A, ID, "certain")}),
    "zero-width spaces inside": ("order 112-\u200b1234567-\u200b7654321", {(A, ID, "certain")}),
    "soft hyphens inside": ("order 112-\u00ad1234567-76543\u00ad21", {(A, ID, "certain")}),
    "byte-order mark before": (f"order \ufeff{ID}", {(A, ID, "certain")}),
    "no-break spaces around dashes": (
        "order 112\u00a0-\u00a01234567\u00a0-\u00a07654321",
        {(A, ID, "certain")},
    ),
    "broken after a dash": ("order 112-1234567-\r\n7654321 is late", {(A, ID, "likely")}),
    "broken inside digits": ("order 112-1234567-76543\n21 is late", {(A, ID, "likely")}),
    "broken in quoted lines": ("> order 112-1234567-\n> 7654321", {(A, ID, "likely")}),
    "broken with a zero-width space": ("order 112-1234567-\u200b\n7654321", {(A, ID, "likely")}),
    "digital": ("order D01-1234567-7654321", {(A, "D01-1234567-7654321", "certain")}),
    "carrier reference": (
        f"FedEx tracking number 123456789012\nREFERENCE {ID}",
        {(A, ID, "likely")},
    ),
    "after a foreign label": (f"Tracking {ID}", {(A, ID, "possible")}),
    "in a link with its name": (f"https://x.example/?orderID={ID}&a=1", {(A, ID, "certain")}),
    "in a link's path": (f"https://x.example/orders-v3/order/{ID}", {(A, ID, "certain")}),
    "spaces for dashes": ("ma commande Amazon 112 1234567 7654321", {(A, ID, "likely")}),
    "no dashes, the marketplace between": (
        "Bestellnummer bei Amazon: 11212345677654321",
        {(A, ID, "possible")},
    ),
    "a word and a number, with the shop's name for itself": (
        "for order 34352 from your store",
        {("generic", "34352", "possible")},
    ),
    "ebay's shape and name": ("eBay 12-34567-89012", {("ebay", "12-34567-89012", "possible")}),
    # not one
    "an old session in a link": (f"http://www.amazon.com/exec/obidos/tg/{ID}?v=glance", set()),
    "a part's number": (f"Part no. {ID}", set()),
    "a part's number in German": (f"früher Teilenummer {ID}", set()),
    "a word and a number alone": ("your purchase order 34352", set()),
    "ebay's shape without the name": ("runner 12-34567-89012", set()),
    "digit glued before": (f"1{ID}", set()),
    "digit glued after": (f"{ID}1", set()),
    "letter glued before": (f"X{ID}", set()),
    "letter glued after": (f"{ID}X", set()),
    "dash and digits after": (f"{ID}-1", set()),
    "dash and digits before": (f"1-{ID}", set()),
    "decimal before": (f"3.{ID}", set()),
    "phone": ("+1 112-123-4567", set()),
    "phone in the shape": (f"+{ID}", set()),
    "phone like ebay": ("Tel. 12-34567-89012", set()),
    "ebay item": ("item 197526923798", set()),
    "epoch milliseconds": ("walmart order at 1700000000000", set()),
    "a word that begins like a name": ("walmartish order 2000123456789", set()),
    "asin": ("order of ASIN: B0ABCDEFGH", set()),
    "iban": ("order DE89370400440532013000", set()),
    "two dates": ("order 01-12345-67890-11", set()),
}


@pytest.mark.parametrize("text, expected", TEXTS.values(), ids=TEXTS.keys())
def test_a_strangers_text(marketplaces, text, expected):
    assert found(marketplaces, text=text) == expected


HOME = {
    "ebay order": (EBAY, "12-34567-89012", {("ebay", "12-34567-89012", "certain")}),
    "ebay item is never the order": (EBAY, "order of item #197526923798", set()),
    "ebay payout, ten digits": (EBAY, "order payout 1234567890", set()),
    "walmart order of 13": (WALMART, "Order: 2000123456789", {("walmart", "2000123456789", "certain")}),
    "walmart purchase order": (WALMART, "PO# 2000123456789", {("walmart", "2000123456789", "certain")}),
    "walmart order of 15": (
        WALMART,
        "Customer order 200012345678901",
        {("walmart", "200012345678901", "certain")},
    ),
    "walmart without a label": (WALMART, "2000123456789", set()),
    "walmart number is": (
        WALMART,
        "my order number is 2000123456789",
        {("walmart", "2000123456789", "certain")},
    ),
    "walmart, other words between": (WALMART, "order at 2000123456789", set()),
    "walmart label is too far": (
        WALMART,
        "your order came with this strange code on it: 2000123456789",
        set(),
    ),
    "walmart tracking number": (WALMART, "order tracking number 2000123456789", set()),
    "walmart phone": (WALMART, "order or phone: 1234567890123", set()),
    "walmart number behind its order": (
        WALMART,
        "Order 2000123456789 UPC 0123456789012",
        {("walmart", "2000123456789", "certain")},
    ),
    "amazon order in ebay mail": (EBAY, f"order {ID}", {(A, ID, "certain")}),
    "amazon without dashes": (AMAZON, "Bestellung 11212345677654321", {(A, ID, "likely")}),
    "seventeen digits without a label": (AMAZON, "11212345677654321", set()),
}


@pytest.mark.parametrize("sender, text, expected", HOME.values(), ids=HOME.keys())
def test_a_marketplaces_own_text(marketplaces, sender, text, expected):
    assert found(marketplaces, sender=sender, text=text) == expected


_ONE = ("walmart", "2000123456789", "certain")
COLUMNS = {
    "under its heading": ("<table><tr><th>UPC<th>PO&nbsp;#<tr><td>850041709384<td>2000123456789</table>", {_ONE}),
    "in the second row too": ("<tr><td>Order #<td>Qty<tr><td>2000123456780<td>1<tr><td>2000123456789<td>2", {_ONE, ("walmart", "2000123456780", "certain")}),
    "under another heading": ("<table><tr><th>Order #<th>UPC<tr><td>x<td>2000123456789</table>", set()),
    "under a heading of other things": ("<table><tr><th>Order tracking number<th>Qty<tr><td>2000123456789<td>1</table>", set()),
    "a row of another width": ("<table><tr><th>Order #<th>Qty<tr><td>2000123456789</table>", set()),
    "one column alone": ("<table><tr><th>Orders<tr><td>your pallet<tr><td>number of<tr><td>2000123456789</table>", set()),
    "below the table": ("<table><tr><th>Order #<th>Qty<tr><td>x<td>1</table><p>and then came all those words</p>2000123456789", set()),
}  # fmt: skip


@pytest.mark.parametrize("html, expected", COLUMNS.values(), ids=COLUMNS.keys())
def test_plain_digits_in_a_table_are_orders_under_a_heading_that_says_so(marketplaces, html, expected):
    assert found(marketplaces, sender=WALMART, html=html) == expected
    text = re.sub("<t[hd]>", "\t", html.replace("<tr>", "\n").replace("&nbsp;", " "))
    assert (
        found(marketplaces, sender=WALMART, text=re.sub("<[^>]*>", "\n", text).replace("\n\t", "\n"))
        == expected
    )


def test_the_heading_is_the_reason(marketplaces):
    html = "<table><tr><th>Store<th>Customer Order #<th>Qty<tr><td>448190276<td>2000123456789<td>1</table>"
    (order,) = read(Facts(direction="inbound", from_=(WALMART,), html=html), marketplaces).orders
    assert "after “Customer Order #”" in order.reason
    assert html[slice(*order.span)] == "2000123456789"


PARTS = {
    "subject": ({"subject": f"Order {ID}"}, "subject"),
    "text": ({"text": f"Order {ID}"}, "text"),
    "html": ({"html": f"<p>Order <b>{ID}</b></p>"}, "html"),
    "html, cut up": ({"html": "<p>Order 112-<wbr>1234567-<wbr>7654321</p>"}, "html"),
    "html, entities": ({"html": "<p>Order 112&#8209;1234567&#x2011;7654321&nbsp;</p>"}, "html"),
    "link": ({"links": ("https://a.example", f"https://x.example/?orderId%3D{ID}")}, "link:1"),
    "header": ({"headers": (("X-Order-Id", ID),)}, "header:X-Order-Id"),
    "attachment name": ({"attachments": (AttachmentFact(filename=f"invoice_{ID}.pdf", content_type="", size_bytes=1, sha256=""),)}, "attachment:0:name"),
    "attachment name with dashes": ({"attachments": (AttachmentFact(filename=f"return-{ID}-label.pdf", content_type="", size_bytes=1, sha256=""),)}, "attachment:0:name"),
    "attachment text": ({"attachments": (AttachmentFact(filename="a.pdf", content_type="", size_bytes=1, sha256="", text=f"Order {ID}"),)}, "attachment:0:text"),
}  # fmt: skip


@pytest.mark.parametrize("facts, where", PARTS.values(), ids=PARTS.keys())
def test_every_part_is_read_and_the_span_shows_where(marketplaces, facts, where):
    reading = read(Facts(direction="inbound", from_=("a@b.example",), **facts), marketplaces)
    (one,) = reading.orders
    assert (one.where, one.order.value) == (where, ID)
    assert one.reason


def test_a_span_points_at_the_original_however_it_was_written(marketplaces):
    text = "Größe\u200b und Bestellung\u200b 112‑12\u200b34567‑7654321 ok"
    (one,) = read(Facts(direction="inbound", text=text), marketplaces).orders
    assert text[slice(*one.span)] == "112‑12\u200b34567‑7654321"
    html = "<div>Bestellung&nbsp;112-<wbr>1234567-<wbr>7654321!</div>"
    (one,) = read(Facts(direction="inbound", html=html), marketplaces).orders
    assert html[slice(*one.span)] == "112-<wbr>1234567-<wbr>7654321"


QUOTED = {
    "marked lines": (f"Where is it?\n> order {ID}\n", True),
    "own line among marked ones": (f"> Hello\norder {ID}\n> Bye\n", False),
    "below an attribution": (f"Thanks\n\nOn Mon, 1 Jan 2026 Anna wrote:\norder {ID}\n", True),
    "below a german attribution": (f"Danke\n\nAm 1.1.2026 um 10:00 schrieb Anna:\norder {ID}\n", True),
    "between marked lines below an attribution": (f"On Mon Anna wrote:\n> Hi\n\norder {ID}\n", False),
    "below an original message": (f"Hi\n-----Original Message-----\nFrom: a\norder {ID}\n", True),
    "above it": (f"order {ID}\n-----Original Message-----\nFrom: a\n", False),
    "in the marketplace's frame": (f"---------- Begin message ----------\norder {ID}\n---------- End message ----------\n", False),
    "in a second, older frame": (
        f"------- Message: -------\nHi\n------- End message -------\n------- Begin message -------\norder {ID}\n",
        True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("text, quoted", QUOTED.values(), ids=QUOTED.keys())
def test_what_is_quoted_is_marked_as_quoted(marketplaces, text, quoted):
    (one,) = read(Facts(direction="inbound", from_=(AMAZON,), text=text), marketplaces).orders
    assert one.quoted is quoted


def test_in_an_agents_answer_the_frame_is_the_buyers_old_message(marketplaces):
    text = f"Dear buyer\n------- Begin message -------\norder {ID}\n------- End message -------\n"
    (one,) = read(Facts(direction="outbound", to=(AMAZON,), text=text), marketplaces).orders
    assert one.quoted


def test_html_below_a_quote_is_quoted(marketplaces):
    html = f"<p>Hi</p><div class=gmail_quote><p>order {ID}</p></div>"
    (one,) = read(Facts(direction="inbound", from_=(AMAZON,), html=html), marketplaces).orders
    assert one.quoted


def test_one_find_is_kept_for_each_part_and_voice(marketplaces):
    text = f"{ID} order {ID} {ID}\n> {ID}\n"
    finds = read(Facts(direction="inbound", subject=ID, text=text), marketplaces).orders
    assert [(one.where, one.quoted, one.confidence) for one in finds] == [
        ("subject", False, "likely"),
        ("text", False, "certain"),
        ("text", True, "certain"),
    ]


def test_lone_surrogates_are_no_trouble():
    assert readable("a\udcffb 1‑2").text == "a?b 1-2"
