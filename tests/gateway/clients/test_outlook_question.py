"""An autodiscover request is a stranger's XML: only an address is taken from it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clients.outlook import BODY_BYTES, NoQuestion, asked_for

ASKING = (
    '<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/'
    'requestschema/2006"><Request><EMailAddress>{}</EMailAddress><AcceptableResponseSchema>x</AcceptableResponseSchema>'
    "</Request></Autodiscover>"
)


def test_the_address_is_read_as_outlook_writes_it():
    assert asked_for(ASKING.format(" support+anna@brand.example\n").encode()) == "support+anna@brand.example"
    assert (
        asked_for(ASKING.replace("utf-8", "utf-16").format("a@b.example").encode("utf-16")) == "a@b.example"
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not well-formed"),
        (b"<a>", "not well-formed"),
        (b"\xff\xfe\x00", "not well-formed"),
        (b'<?xml version="1.0" encoding="no-such"?><a/>', "not well-formed"),
        (b"<a/>", "no e-mail address"),
        (ASKING.format("nobody").encode(), "no e-mail address"),
        (ASKING.format("a@").encode(), "no e-mail address"),
        (ASKING.format("a&#10;b@c.example").encode(), "no e-mail address"),
        (ASKING.format("a" * 320 + "@c.example").encode(), "no e-mail address"),
        (b"<!DOCTYPE a><a/>", "no document type"),
        (
            b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><EMailAddress>&c;</EMailAddress>',
            "no document type",
        ),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "no document type"),
        (b"<a>" + b"x" * BODY_BYTES + b"</a>", "too long"),
        (b"<a>" * 5000, "not well-formed"),
        (b"<EMailAddress>&nothing;</EMailAddress>", "not well-formed"),
    ],
)
def test_what_is_no_question_is_said_to_be_none(body, words):
    with pytest.raises(NoQuestion, match=words):
        asked_for(body)


@given(
    st.binary(max_size=300)
    | st.text(max_size=60).map(lambda text: ASKING.format(text).encode("utf-8", "replace"))
)
def test_whatever_comes_is_an_address_or_no_question(body):
    try:
        address = asked_for(body)
    except NoQuestion:
        return
    assert "@" in address
    assert address.isprintable()
