"""The data files as a whole: overriding, adding, and errors."""

import pytest

from rules.changes import report_on
from rules.errors import BookError
from rules.facts import Facts
from rules.marketplace import builtin, builtin_texts, load_marketplaces
from rules.read import read

OWN = """
name = "lampen"
title = "Lampen.example"
brand = ["lampen"]
[[relay]]
domains = ["relay.lampen.example"]
local = '([a-z]+)'
[[orders]]
pattern = 'L-[0-9]{6}'
bare = "likely"
labelled = "certain"
home = "certain"
home_labelled = "certain"
"""


def test_a_marketplace_is_added_by_one_file_and_no_code():
    marketplaces = load_marketplaces({**builtin_texts(), "lampen.toml": OWN})
    reading = read(
        Facts(direction="inbound", from_=("x@relay.lampen.example",), subject="L-123456"), marketplaces
    )
    assert (reading.marketplace, reading.alias, reading.kind) == (
        "lampen",
        "x@relay.lampen.example",
        "buyer_message",
    )
    assert [found.order.value for found in reading.orders] == ["L-123456"]


def test_what_own_files_add_and_replace_is_reported():
    built = builtin_texts()
    assert report_on(
        {"lampen.toml": OWN, "etsy.toml": built["etsy.toml"] + "\n", "ebay.toml": built["ebay.toml"]}
    ) == [
        "ebay.toml: the same as the one that comes with Docket",
        "etsy.toml: replaces the one that comes with Docket, as a whole",
        "lampen.toml: added, the marketplace lampen",
        "  relay domains: added relay.lampen.example (([a-z]+))",
        "  brand words: added lampen",
        "  order shapes: added L-[0-9]{6} (bare likely, labelled certain, home certain, home_labelled certain, anywhere)",
    ]


WRONG = {
    "typo": ({"a.toml": OWN + '\n[policy]\nreply_tokn = "x"'}, ["a.toml, [policy]: there is no field `reply_tokn` here", "did you mean `reply_token`?"]),
    "pattern": ({"a.toml": OWN.replace("L-[0-9]{6}", "(?<=L)x")}, ["a.toml, orders.pattern", "look-around"]),
    "check": ({"carriers/a.toml": "name='a'\ntitle='A'\n[[numbers]]\npattern='x'\ncheck='luck'"}, ["carriers/a.toml", "no check 'luck'", "s10"]),
    "twice": ({"a.toml": OWN, "b.toml": OWN}, ["b.toml", "'lampen'", "a.toml", "same file name"]),
    "no TOML": ({"a.toml": "name ="}, ["a.toml", "not TOML"]),
    "unknown kind in phrases": ({"phrases/kinds.toml": '[[kind]]\nname = "refunds_issued"'}, ["phrases/kinds.toml", "no kind `refunds_issued`", "refund_issued"]),
    "unknown phrases": ({"phrases/x.toml": ""}, ["phrases/x.toml", "kinds, orders, policy, quotes, references and terms"]),
}  # fmt: skip


@pytest.mark.parametrize("texts, words", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_file_says_where(texts, words):
    with pytest.raises(BookError) as wrong:
        load_marketplaces(texts)
    for word in words:
        assert word in str(wrong.value)


def test_nothing_at_all_reads_nothing_and_does_not_raise():
    nothing = load_marketplaces({})
    assert read(Facts(direction="inbound", text="order 112-1234567-7654321"), nothing).orders == ()


def test_each_process_can_make_its_own_from_the_texts():
    first, second = builtin(), load_marketplaces(builtin().texts)
    assert first.books == second.books
    assert first.texts == second.texts


def test_the_marketplaces_that_are_promised_are_there():
    assert set(builtin().marketplaces) >= {
        "amazon", "ebay", "walmart", "etsy", "shopify", "tiktok-shop", "cdiscount", "mirakl", "kaufland", "otto", "zalando",
        "allegro", "bol", "rakuten-fr", "rakuten-jp", "back-market", "manomano", "wayfair", "newegg", "mercado-libre", "temu",
        "shein", "target-plus", "onbuy", "generic",
    }  # fmt: skip


def test_what_is_only_inferred_is_never_a_hard_block_and_never_certain_in_anybody_s_mail():
    for market in builtin().marketplaces.values():
        if market.file.policy.basis == "inferred":
            assert not {"refuse", "hold"} & set(market.file.policy.checks.values())
            assert not market.file.policy.reply_token
        for shape in market.file.orders:
            if shape.basis == "inferred":
                assert "certain" not in {shape.bare, shape.labelled}


def test_where_no_address_is_known_a_marketplace_is_recognised_by_its_orders():
    for market in builtin().marketplaces.values():
        file = market.file
        if not file.gives_way:
            assert file.relay or file.notice_domains or file.notice_senders or file.known_by_orders
            assert file.brand


def test_loose_shapes_need_a_label_and_the_name():
    for market in builtin().marketplaces.values():
        for shape in market.file.orders:
            if shape.plain:
                assert shape.where != "anywhere"
                assert not shape.bare


def test_every_fact_that_is_not_inferred_says_where_it_was_read():
    for market in builtin().marketplaces.values():
        assert market.file.source
        assert market.file.policy.source or market.file.policy.basis == "inferred"
        for relay in market.file.relay:
            assert relay.basis in {"documented", "seen"} or relay.source
        for clock in market.file.clocks:
            assert clock.source
