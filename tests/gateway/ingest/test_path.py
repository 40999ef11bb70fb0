"""Paths and parameters of MAIL and RCPT."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ingest.path import Path, parse_path

GOOD = [
    ("<anna@shop.example>", "anna@shop.example"),
    (" <anna@shop.example>", "anna@shop.example"),
    ("anna@shop.example", "anna@shop.example"),
    ("<>", ""),
    ("<Postmaster>", "Postmaster"),
    ("<@relay.example:anna@shop.example>", "anna@shop.example"),
    ("<@a.example,@b.example:anna@shop.example>", "anna@shop.example"),
    ('<"anna b"@shop.example>', '"anna b"@shop.example'),
    ('<"a\\"b@c"@shop.example>', '"a\\"b@c"@shop.example'),
    ("<a..b.@docomo.example>", "a..b.@docomo.example"),
    ("<user%other.example@shop.example>", "user%other.example@shop.example"),
    ("<anna@[192.0.2.1]>", "anna@[192.0.2.1]"),
    ("<anna@[IPv6:2001:db8::1]>", "anna@[IPv6:2001:db8::1]"),
    ("<büro@müller.example>", "büro@müller.example"),
    ("<bounce+a=b.example@x.example>", "bounce+a=b.example@x.example"),
]
BAD = [
    "",
    "<",
    "<anna>",
    "<anna@>",
    "<@shop.example>",
    "<anna@shop.example",
    "anna@shop.example>",
    "<a b@c.example>",
]
BAD += [
    "<anna@shop.example>x",
    "<a@b@c.example>",
    "<<a@b.example>>",
    "<a@b.example> =1",
    '<"a\nb"@c.example>',
]
BAD += [
    "<a@b.example> X=\x07",
    f"<{'a' * 330}@b.example>",
    "<@:a@b.example>",
    "<a@b c.example>",
    "<a\0@b.example>",
]


@pytest.mark.parametrize("argument, address", GOOD)
def test_an_address_is_read_as_it_was_spelt(argument, address):
    assert parse_path(argument) == Path(address, {})


@pytest.mark.parametrize("argument", BAD, ids=repr)
def test_what_is_no_path_is_refused(argument):
    assert parse_path(argument) is None


def test_parameters_keep_the_spelling_of_their_values():
    path = parse_path("<a@b.example> size=12 ENVID=Qq+3D AUTH=<> SMTPUTF8")
    assert path == Path("a@b.example", {"SIZE": "12", "ENVID": "Qq+3D", "AUTH": "<>", "SMTPUTF8": ""})


@given(st.text(alphabet='<>@:,."\\ ab=\u00e9', max_size=40))
def test_any_text_gives_a_path_or_none(argument):
    path = parse_path(argument)
    assert path is None or "<" not in path.address or path.address.startswith('"')


@pytest.mark.parametrize(
    "hostile", ["<" + "@a," * 1300, '<"' + "\\a" * 2000, "<" + "a." * 2000, "<" + "@a:" * 1300]
)
def test_hostile_arguments_are_refused_at_once(hostile):
    began = time.process_time()
    assert parse_path(hostile) is None
    assert time.process_time() - began < 0.1
