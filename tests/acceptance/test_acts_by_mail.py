"""Acts by mail over the real command: a real login over TLS, real refusals, and nothing at the marketplace's server."""

import smtplib
import ssl

import pytest

from tests.installation import AGENT, MAILBOX, PASSWORD
from tests.sink import sink
from tests.small_house import BUYER, ORDER, mail


@pytest.fixture(scope="module")
def place(new_installation):
    with sink() as remote:
        place = new_installation(
            relay=f'kind = "smtp"\nhost = "127.0.0.1"\nport = {remote.port}\ntls = "none"'
        )
        place.start()
        with smtplib.SMTP("127.0.0.1", place.ports["smtp"], timeout=60) as client:
            question = mail(f"Frage zu {ORDER}", f"Bestellnummer: {ORDER} kaputt", message_id="q")
            client.sendmail(BUYER, [MAILBOX], question.replace(b"\n", b"\r\n"))
        place.settled(seconds=180)
        yield place
        assert place.stop() == 0, place.log()
        assert remote.taken == []


def submit(place, to, text, *recipients, **headers):
    """Send as an agent; return what the server answers to the message."""
    with smtplib.SMTP("127.0.0.1", place.ports["submission"], timeout=60) as client:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        client.starttls(context=context)
        client.login(AGENT, PASSWORD)
        client.mail(MAILBOX)
        for one in recipients or (to,):
            assert client.rcpt(one)[0] == 250
        raw = mail("Re: Frage", text, from_="Boss <boss@brand.example>", to=to, **headers)
        code, said = client.data(raw.replace(b"\n", b"\r\n"))
    place.settled(seconds=180)
    return code, said.decode()


def test_a_note_and_a_tag_are_the_agent_s_acts(place):
    code, said = submit(place, f"note+{ORDER}@docket.local", "Neuer Schirm ist unterwegs.")
    assert (code, said.startswith("2.0.0 Archived ")) == (250, True)
    assert submit(place, "tag+vip@docket.local", "", In_Reply_To="<q@mail.example>")[0] == 250
    (order,) = place.json("order", ORDER)
    assert "Neuer Schirm ist unterwegs." in str(order)
    (question,) = [
        one for one in order["messages"] if one["direction"] == "inbound"
    ]  # not the mail that asked
    assert "vip" in question["tags"]
    place.is_clean()


def test_a_note_with_a_buyer_beside_it_is_refused_in_the_dialogue_and_archived(place):
    note = f"note+{ORDER}@docket.local"
    code, said = submit(place, note, "She is a fraud.", note, BUYER)
    assert (code, "nothing was sent" in said) == (550, True)
    with place.archive() as archive:
        (refused,) = [one for one in archive.entries(0) if one.type == "mail.refused"]
        assert refused.meta["agent"] == AGENT


def test_nobody_acts_from_outside(place):
    with smtplib.SMTP("127.0.0.1", place.ports["smtp"], timeout=60) as client:
        client.ehlo()
        client.mail(BUYER)
        assert client.rcpt(f"note+{ORDER}@docket.local")[0] == 550
