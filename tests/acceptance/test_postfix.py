"""Postfix before Docket and Postfix behind it: one message goes through both, and its queue ID is on record."""

import json
import re
import smtplib
import ssl

import pytest

from tests.acceptance.test_serve import send
from tests.installation import AGENT, MAILBOX, PASSWORD, free_ports, wait_for
from tests.postfix import postfix
from tests.sink import sink

BUYER = "k3jx9v@marketplace.amazon.de"


@pytest.mark.needs("postfix")
@pytest.mark.parametrize("way", ["smtp", "lmtp"])
def test_a_message_travels_through_a_postfix_in_front(new_installation, way):
    with sink(lmtp=True) as agents:
        place = new_installation(
            deliver=f'kind = "lmtp"\nhost = "127.0.0.1"\nport = {agents.port}',
            more="",
        )
        place.start()
        more = {
            "relay_domains": "brand.example",
            "relay_transport": f"{way}:[127.0.0.1]:{place.ports[way]}",
            "smtpd_recipient_restrictions": "reject_unauth_destination",
        }
        with postfix(free_ports()["smtp"], more=more) as front:
            with smtplib.SMTP("127.0.0.1", front.port, timeout=30) as client:
                client.ehlo("client.example")
                code, reply = send(client, b"Subject: through the front\r\n\r\nfront-mark\r\n", BUYER)
                assert code == 250
                queue_id = re.search(rb"queued as (\S+)", reply)[1]
            wait_for(lambda: agents.taken, why=place.log)
            place.settled()
            (hit,) = place.json("search", "front-mark")
            raw = place.raw(hit["seq"])
            assert raw.endswith(b"Subject: through the front\r\n\r\nfront-mark\r\n")
            assert b"id " + queue_id in raw  # Postfix's own Received field is part of what is archived
            assert agents.taken[0].raw.endswith(raw)
        assert place.stop() == 0


@pytest.mark.needs("postfix")
def test_an_answer_leaves_through_a_postfix_that_is_the_smart_host(new_installation):
    port = free_ports()["smtp"]
    with sink() as marketplace:
        more = {
            "relay_domains": "marketplace.amazon.de",
            "relay_transport": f"smtp:[127.0.0.1]:{marketplace.port}",
            "smtpd_recipient_restrictions": "reject_unauth_destination",
        }
        with postfix(port, more=more):
            place = new_installation(relay=f'kind = "smtp"\nhost = "127.0.0.1"\nport = {port}\ntls = "none"')
            place.start()
            answer = f"From: Anna <{MAILBOX}>\r\nTo: {BUYER}\r\nSubject: Re: lamp\r\nUser-Agent: Mutt\r\n\r\nback-mark\r\n"
            context = ssl.create_default_context(cafile=place.data / "tls" / "certificate.pem")
            with smtplib.SMTP_SSL(
                "localhost", place.ports["submissions"], context=context, timeout=30
            ) as client:
                client.login(AGENT, PASSWORD)
                assert send(client, answer.encode(), MAILBOX, BUYER)[0] == 250
            wait_for(lambda: marketplace.taken, why=place.log)
            (taken,) = marketplace.taken
            assert taken.recipients == (BUYER,)
            assert b"back-mark" in taken.raw
            assert b"User-Agent" not in taken.raw
            assert b"anna" not in taken.raw.lower().replace(b"from: anna", b"")
            place.settled()
            with place.archive() as archive:
                told = [json.loads(entry.payload) for entry in archive.entries(0) if entry.type == "outcome"]
            (outcome,) = told[0]["outcomes"]
            assert outcome["kind"] == "delivered"
            assert outcome["queue_id"].encode() in taken.raw  # in the Received field that Postfix added
            assert outcome["queue_id"] in outcome["reply"]
            assert place.stop() == 0
