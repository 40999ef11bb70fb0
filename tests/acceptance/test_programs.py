"""Programs beside the real service: one that is told and then reads, and a service that posts what became of a parcel."""

import base64
import hashlib
import hmac
import json
import smtplib

import httpx
import pytest

from tests.hook_receiver import receiver
from tests.installation import AGENT, MAILBOX, wait_for

ORDER = "302-4937261-8841957"
SECRET = "whsec_" + base64.b64encode(b"between us").decode()


@pytest.fixture(scope="module")
def told():
    with receiver() as found:
        yield found


@pytest.fixture(scope="module")
def service(new_installation, told):
    more = f"""
[[hook]]
name = "erp"
url = "{told[0]}"
secret_file = "hook.secret"
types = ["mail.in", "parcel"]

[[parcel_source]]
name = "watch"
shape = "aftership"
secret_file = "watch.secret"
"""
    place = new_installation(more=more)
    (place.data / "hook.secret").write_text(SECRET + "\n")
    (place.data / "watch.secret").write_text("of the service\n")
    place.start()
    yield place
    assert place.stop() == 0, place.log()


def test_a_program_is_told_of_mail_reads_it_with_its_token_and_hears_of_the_parcel(service, told):
    _, took, _ = told
    (made,) = service.json("token", "add", AGENT, "--scope", "read", "--scope", "act")
    raw = f"From: buyer@shop.example\r\nTo: {MAILBOX}\r\nSubject: Amazon order {ORDER}\r\n\r\nWhere is it? Tracking 1Z999AA10123456784\r\n"
    with smtplib.SMTP("127.0.0.1", service.ports["smtp"], timeout=30) as client:
        client.sendmail("buyer@shop.example", [MAILBOX], raw)
    headers, body = wait_for(lambda: took and took[0], why=service.log)
    call = json.loads(body)
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    made_by = base64.b64encode(hmac.new(b"between us", signed, hashlib.sha256).digest()).decode()
    assert (call["type"], headers["webhook-signature"]) == ("mail.in", f"v1,{made_by}")
    auth = {"authorization": f"Bearer {made['token']}"}
    with httpx.Client(headers=auth, timeout=20) as program:
        read = program.get(call["data"]["message"])
        assert read.json()["message"]["subject"] == f"Amazon order {ORDER}"
        note = program.post(call["data"]["message"] + "/notes", json={"text": "seen by the ERP"})
        assert note.status_code == 201
    told_of = {
        "tracking_number": "1Z999AA10123456784",
        "slug": "ups",
        "tag": "Delivered",
        "order_number": ORDER,
    }
    post = json.dumps({"msg": told_of}).encode()
    mac = base64.b64encode(hmac.new(b"of the service", post, hashlib.sha256).digest()).decode()
    wait_for(lambda: service.json("show", call["data"]["seq"])[0]["links"])
    answer = httpx.post(
        f"http://127.0.0.1:{service.ports['web']}/api/v1/parcels/watch",
        content=post,
        headers={"aftership-hmac-sha256": mac},
    )
    assert answer.status_code == 200, answer.text
    parcel = wait_for(lambda: len(took) > 1 and json.loads(took[1][1]), why=service.log)
    assert (parcel["type"], parcel["data"]["order"]["value"]) == ("parcel", ORDER)
    (status,) = service.json("status")
    assert status["hooks"]["erp"]["failures"] == 0
    assert service.is_clean()
