import pytest

from gateway.mail.nesting import nests_too_deep
from gateway.mail.text import links_of_html, text_of_html, unflowed


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p><p>two", "one\n\ntwo"),
        ("a<br>b &amp; &euro;&nbsp;c", "a\nb & € c"),
        ("<table><tr><td>Order</td><td>112-1234567-1234567</td></tr></table>", "Order 112-1234567-1234567"),
        ("112-1234567-<b>1234567</b>", "112-1234567-1234567"),
        ("<style>p{}</style><script>x()</script><!-- hidden --><title>t</title>seen", "seen"),
        ("<div style='display: none'>hidden</div>seen", "seen"),
        ("<span style='VISIBILITY:hidden'>hidden</span>seen", "seen"),
        ("<div style='display:none'>all is hidden</div>", "all is hidden"),
        ("<body style='display:none'>shown", "shown"),
        ("plain words", "plain words"),
        ("<p>a\x00b", "ab"),
        ("", ""),
        ("<", "<"),
    ],
)
def test_text_is_what_a_reader_sees(html, text):
    assert text_of_html(html) == text


def test_links_are_named_once_and_in_order():
    html = "<a href=' https://b.example '>1</a><a href=#top>2</a><a href='cid:x'>3</a><map><area href=a></map><a href=a>4</a>"
    assert links_of_html(html) == ("https://b.example", "a")


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("one \ntwo\nthree", "one two\nthree"),
        ("> one \n> two\nthree", "> one two\nthree"),
        ("> one \n>> two", "> one \n>> two"),
        ("  stuffed", " stuffed"),
        ("a \n-- \nname", "a \n-- \nname"),
    ],
)
def test_flowed_lines_are_joined(text, joined):
    assert unflowed(text, delete_space=False) == joined


@pytest.mark.parametrize(
    "start",
    [
        "<div>" * 30_000,
        "<table><tr><td>" * 30_000,
        "".join(f"<b a={n}>" for n in range(900)) + "<p>x</p>" * 2000,
        "<img " + " ".join(f"a{n}=1" for n in range(50_000)) + ">",
        "<img " + "".join(f"a{n}='>'" for n in range(5000)) + ">",
    ],
)
def test_html_that_would_take_a_parser_seconds_is_read_without_it(start):
    html = start + "<!-- x --><script>y()</script><a href='https://a.example'>the words &amp; more"
    assert nests_too_deep(html)
    assert "the words & more" in text_of_html(html)
    assert "y()" not in text_of_html(html)
    assert links_of_html(html) == ("https://a.example",)


@pytest.mark.parametrize(
    "html",
    [
        "<table>" + "<tr><td class='a b' width=5><p><b>x</b><br></p></td></tr>" * 20_000 + "</table>",
        f"<p style='{'color: red; ' * 10_000}'>x</p>",
        f'<img src="data:image/png;base64,{"A/b+" * 100_000}">',
        "<p>" + "many words " * 50_000,
    ],
)
def test_what_is_only_long_is_parsed_as_any_other(html):
    assert not nests_too_deep(html)
