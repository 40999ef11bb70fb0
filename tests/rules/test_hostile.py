"""Strangers write what is read here: nothing raises, spans hold, and the work stays bounded."""

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.decide import decide
from rules.facts import AttachmentFact, Context, Facts
from rules.marketplace import builtin
from rules.policy import Asked, check_outgoing
from rules.read import read
from rules.readable import cut, joined, readable
from rules.ruleset import load_ruleset
from tests.counting import calls_of, must_end

BUILTIN = builtin()
CRUMBS = st.sampled_from(
    [
        "112", "-", "‑", "1234567", "12-34567-89012", "112-1234567-7654321", "\n", "\r\n", "> ", " ", "order ",
        "Bestellung", "注文番号", "\u200b", "\u00ad", "１１２", "<wbr>", "<b>", "&nbsp;", "&#8209;", "https://x.example/",
        "orderID=", "walmart ", "2000123456789", "1Z5R89390357567127", "ASIN: B0ABCDEFGH", "#", "ﷺ", "İ", "ß", "\x00",
    ]
)  # fmt: skip
ANY = st.text() | st.lists(CRUMBS | st.text(max_size=5), max_size=40).map("".join)
WILD = st.text(alphabet=st.characters(), max_size=60)  # with lone surrogates


@settings(max_examples=150, deadline=None)
@given(text=ANY | WILD, subject=ANY, html=ANY, link=ANY, sender=ANY, name=ANY)
def test_any_text_is_read_and_every_span_points_into_its_part(text, subject, html, link, sender, name):
    facts = Facts(
        direction="inbound",
        from_=(sender, "abc@marketplace.amazon.de"),
        subject=subject,
        text=text,
        html=html,
        links=(link,),
        headers=(("X-Order", text), ("X-Space-Notification-Type", subject)),
        attachments=(AttachmentFact(filename=name, content_type="", size_bytes=1, sha256="", text=text),),
    )
    parts = {"subject": subject, "text": text, "html": html, "link:0": link, "header:X-Order": text,
             "attachment:0:name": name, "attachment:0:text": text}  # fmt: skip
    reading = read(facts, BUILTIN)
    for found in reading.orders:
        original = parts[found.where][slice(*found.span)]
        digits = "".join(
            letter for letter in readable(original).text if letter.isascii() and letter.isdigit()
        )
        wanted = "".join(letter for letter in found.order.value if letter.isdigit())
        assert wanted in digits or found.where == "html"
        assert 0 <= found.span[0] < found.span[1] <= len(parts[found.where])
    decision = decide(facts, reading, Context(), load_ruleset(""), BUILTIN)
    assert all(link.confidence == "possible" for link in decision.links)


@settings(max_examples=100, deadline=None)
@given(text=ANY | WILD, html=ANY, answered=ANY)
def test_any_answer_is_judged(text, html, answered):
    facts = Facts(direction="outbound", to=("a@members.ebay.com",), subject=text, text=text, html=html)
    for finding in check_outgoing(facts, BUILTIN, Asked(text=answered)):
        assert finding.message


@settings(max_examples=200, deadline=None)
@given(text=ANY | WILD)
def test_readable_text_knows_its_way_back(text):
    for one in (readable(text), joined(text)):
        if one is None:
            continue
        ends = [one.span(at, at + 1) for at in range(len(one.text))]
        assert all(0 <= start < end <= len(text) for start, end in ends)
        assert ends == sorted(ends)


def test_a_replacement_stands_for_the_whole_of_what_it_replaced():
    one = cut("a&nbsp;b", [(1, 7, " ")])
    assert (one.text, one.span(1, 2), one.span(0, 3)) == ("a b", (1, 7), (0, 8))


HOSTILE = {
    "digits": "1" * 1_000_000,
    "order IDs": "112-1234567-1234567 " * 50_000,
    "different order IDs": "".join(f"112-{number:07d}-1234567 " for number in range(50_000)),
    "full-width": "１１２‑1234567‑1234567 " * 40_000,
    "seams": "12-\n" * 250_000,
    "open tags": "<a" * 500_000,
    "one long open tag": ("<" + "a" * 4_500) * 220,
    "entities": "&#8209;" * 140_000,
    "labelled numbers": "walmart order 1234567890123 1234567890124\n" * 25_000,
    "invisible": "1\u200b" * 500_000,
    "labels": "order " * 160_000,
    "attributions": ("On a wrote " * 10 + "\n") * 9_000,
    "attributions that go on": "On a wrote: b\n" * 70_000,
    "attributions in every language": "On Am Le El Il wrote: schrieb a écrit : escribió: ha scritto: napisał: x\n"
    * 13_000,
    "marks": "> \n" * 333_000,
    "at signs": "a@" * 500_000,
    "phone": "+4 " * 333_000,
    "links": "http://" * 140_000,
    "tracking numbers": "DHL 3318810025 FedEx 986578788855 " * 30_000,
    "different tracking numbers": "".join(f"UPS 1Z5R8939{number:010d} " for number in range(40_000)),
    "single digits with spaces": "1 2 3 4 5 6 7 8 9 0 " * 50_000,
    "capitals and digits with spaces": "A 1 B 2 C 3 " * 80_000,
    "carriers": "DHL UPS GLS DPD 12345678 " * 40_000,
    "carriers' links": "https://dhl.de/?piececode=3318810025&" * 27_000,
    "labels of returns": "return id 1234567 rma " * 45_000,
    "blockquotes": "<blockquote>" * 80_000,
    "dashes": "1-" * 500_000,
    "tables": "SKU\tEAN\nA1\t4006381333931\n" * 38_000,
    "cells": "<tr><td>SKU<td>" * 66_000,
    "escapes": "%3D12345678" * 90_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_megabyte_of_nonsense_is_read_and_judged(text):
    with must_end():
        reading = _understand(text)
    assert len(reading.orders) <= 100


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_twice_the_nonsense_is_twice_the_work_at_most(text):
    one, two = (calls_of(partial(_understand, text[:size])) for size in (15_000, 30_000))
    print(one, two)
    assert two < 2.2 * one + 1000


def _understand(text):
    facts = Facts(
        direction="inbound",
        from_=("0123456789abcdef0123456789abcdef@relay.walmart.com",),
        subject="walmart etsy shopify cdiscount",
        text=text,
        html=text,
    )
    outbound = Facts(direction="outbound", to=("a@members.ebay.com",), text=text, html=text)
    check_outgoing(outbound, BUILTIN, Asked(text=text))
    return read(facts, BUILTIN)


@pytest.mark.parametrize(
    "kind", ["112-{:07d}-1234567", "RB{:09d}GB", "DHL {:011d}", "Return ID {:08d}", "SKU: A{:05d}"]
)
def test_ten_thousand_ids_in_one_mail_keep_a_hundred_and_cost_no_more_than_their_number(kind):
    def asked(count):
        text = "".join(kind.format(number) + "\n" for number in range(count))
        return read(Facts(direction="inbound", text=text), BUILTIN)

    with must_end():
        reading = asked(10_000)
        calls = calls_of(partial(asked, 10_000))
    assert max(map(len, (reading.orders, reading.parcels, reading.products, reading.references))) <= 100
    print(calls)
    assert calls < 1000 * 10_000


LOOKALIKES = {
    "Cyrillic O for a zero": "112-123456О-7654321",
    "Greek letters": "ΑΒ112-1234567-7654321",
    "superscript digits": "¹¹²-1234567-7654321",
    "circled digits": "①①②-1234567-7654321",
    "mathematical digits": "𝟏𝟏𝟐-1234567-7654321",
    "roman numerals": "112-123456Ⅶ-7654321",
    "reversed by an override": "\u202e1234567-7654321-211\u202c",
    "a letter l for a one": "ll2-1234567-7654321",
}


@pytest.mark.parametrize("text", LOOKALIKES.values(), ids=LOOKALIKES.keys())
def test_what_only_looks_like_a_number_is_none(text):
    assert read(Facts(direction="inbound", subject=text, text=f"order {text}"), BUILTIN).orders == ()


def test_a_hundred_thousand_links_are_read_and_keep_a_hundred():
    def asked(count):
        links = tuple(f"https://x.example/order/112-{number:07d}-1234567" for number in range(count))
        return read(Facts(direction="inbound", links=links), BUILTIN)

    with must_end():
        assert len(asked(100_000).orders) <= 100
    one, two = (calls_of(partial(asked, count)) for count in (2_000, 4_000))
    assert two < 2.1 * one
