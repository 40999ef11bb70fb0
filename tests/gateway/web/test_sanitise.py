"""A stranger's HTML keeps its words and its looks, and nothing that runs, loads or leads away."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web.sanitise import Picture, clean
from tests.hostile_html import HOSTILE

LIVE = re.compile(
    r"<(script|style|link|meta|base|iframe|object|embed|svg|math|form|input|button|video|audio|source|template|frame)"
    r"|<[^>]*\s(on\w+|href|srcset|background|ping|action|cite|poster|srcdoc|data|id|class|name)\s*="
    r"|<[^>]*(javascript:|url\(|@import|position\s*:|https?:)",
    re.IGNORECASE,
)


@pytest.mark.parametrize("html", HOSTILE)
def test_nothing_live_is_left(html):
    assert not LIVE.search(clean(html, {}).html)


def test_all_together_they_are_as_dead_as_one_by_one():
    assert not LIVE.search(clean("".join(HOSTILE), {}).html)


@given(
    st.lists(
        st.sampled_from([*HOSTILE, "<", ">", '"', "'", "<!--", "-->", "</p>", "<svg>", "<p ", "</style>"]),
        max_size=6,
    )
)
def test_no_mixture_of_them_is_live(parts):
    assert not LIVE.search(clean("".join(parts), {}).html)


@pytest.mark.parametrize(
    "html",
    [
        "<p>Hello <b>there</b>, <i>Ann</i></p>",
        '<table border="1"><tbody><tr><td style="color:red;padding:4px">1</td></tr></tbody></table>',
        '<font color="#336699" face="Arial">x</font>',
        "<ul><li>a</li><li>b</li></ul>",
        "<h1>Order</h1><hr><blockquote>old</blockquote>",
    ],
)
def test_plain_mail_keeps_its_looks(html):
    assert clean(html, {}).html.replace("; ", ";").replace(": ", ":") == html


def test_a_link_keeps_its_words_and_loses_its_target():
    assert clean('<a href="https://a.example">here</a>', {}).html == "<a>here</a>"


def test_the_messages_own_pictures_are_put_in_place():
    picture = Picture(content_type="image/png", data=b"\x89PNG")
    cleaned = clean('<img src="cid:a@b" alt="x">', {"a@b": picture})
    assert cleaned.html == '<img src="data:image/png;base64,iVBORw==" alt="x">'
    assert cleaned.remote_images == 0


@pytest.mark.parametrize("type_", ["image/svg+xml", "text/html", "application/pdf"])
def test_only_pixels_count_as_pictures(type_):
    assert "src" not in clean('<img src="cid:a">', {"a": Picture(content_type=type_, data=b"x")}).html


def test_pictures_too_large_to_carry_are_left_out():
    big = Picture(content_type="image/png", data=b"x" * (8 * 1024 * 1024 + 1))
    assert "src" not in clean('<img src="cid:a">', {"a": big}).html


def test_remote_pictures_are_counted():
    assert (
        clean('<img src="http://a.example/1"><img src="//a.example/2"><img src="cid:gone">', {}).remote_images
        == 2
    )
