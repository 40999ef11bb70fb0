"""Links over the whole path: the drop address, order reports, the queue and its words, beside a running service."""

import smtplib
import ssl

import pytest

from tests.installation import AGENT, MAILBOX, PASSWORD
from tests.sink import sink
from tests.small_house import mail

DROP = "order@brand.example"
ORDER, KNOWN, UNKNOWN = "302-4937261-8841957", "302-1111111-2222222", "302-3333333-4444444"

PARCEL = "1Z999AA10123456784"
REPORTS = {
    "amazon.txt": "amazon-order-id\tpurchase-date\torder-status\tsku\tcarrier\ttracking-number\n"
    f"{KNOWN}\t2020-01-01T10:00:00Z\tShipped\tLAMP-1\tUPS\t{PARCEL}\n"
    "302-5555555-6666666\t2099-01-01T10:00:00Z\tPending\tLAMP-1\t\t\n",
    "ebay.csv": "Sales Record Number,Order Number,Custom Label,Sale Date\n7,12-34567-89012,LAMP-1,Nov-01-26\n",
    "shopify.csv": "Name,Financial Status,Created at,Lineitem name,Lineitem sku\n#1001,paid,2026-11-01 10:00:00 +0000,Lamp,LAMP-1\n",
    "generic.csv": "Order;Channel;SKU\n302-7777777-8888888;Amazon;LAMP-1\n",
}


@pytest.fixture(scope="module")
def place(new_installation):
    with sink() as remote:
        place = new_installation(
            relay=f'kind = "smtp"\nhost = "127.0.0.1"\nport = {remote.port}\ntls = "none"',
            more=f'[drop]\naddress = "{DROP}"\nsenders = ["boss@brand.example"]\n',
        )
        place.start()
        yield place
        assert place.stop() == 0, place.log()
        assert remote.taken == []  # of all that came to the drop address nothing went anywhere


def send(place, raw: bytes, sender: str, to: str = MAILBOX) -> int:
    with smtplib.SMTP("127.0.0.1", place.ports["smtp"], timeout=60) as client:
        client.ehlo()
        client.mail(sender)
        client.rcpt(to)
        code, said = client.data(raw.replace(b"\n", b"\r\n"))
    assert code == 250, said
    place.settled(seconds=180)
    return int(said.rpartition(b" ")[2])


def links(place, seq) -> dict[str, tuple[str, str]]:
    (shown,) = place.json("show", seq)
    return {
        one["order"]["value"]: (one["method"], one["confidence"])
        for one in shown["links"]
        if one.get("undone_by") is None
    }


def queue(place) -> dict[int, list[str]]:
    return {one["seq"]: [why["why"] for why in one["why"]] for one in place.json("review")}


def test_what_comes_to_the_drop_address_is_filed_as_its_sender_may(place):
    buyer = "k3jx9v@marketplace.amazon.de"
    send(place, mail(f"Frage zu {ORDER}", "kaputt", from_=buyer, message_id="a"), buyer)
    to = f"order+{ORDER}@brand.example"
    letter = mail("A photograph of the label", "see above", from_=MAILBOX, to=to, message_id="b")
    with smtplib.SMTP("127.0.0.1", place.ports["submission"], timeout=60) as client:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        client.starttls(context=context)
        client.login(AGENT, PASSWORD)
        client.mail(MAILBOX)
        client.rcpt(to)
        code, said = client.data(letter.replace(b"\n", b"\r\n"))
    assert code == 250, said
    place.settled(seconds=180)
    assert links(place, int(said.rpartition(b" ")[2])) == {ORDER: ("drop", "certain")}
    for number, sender in enumerate(("boss@brand.example", "stranger@dock.example")):
        seq = send(place, mail("Label", "here", from_=sender, to=to, message_id=f"c{number}"), sender, to)
        assert links(place, seq) == {ORDER: ("drop", "possible")}  # nobody has checked who they are
        assert queue(place)[seq] == ["possible"]


def test_reports_beside_the_service_tell_the_mail_that_comes_after(place, tmp_path):
    for name, text in REPORTS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        (told,) = place.json("orders", "import", tmp_path / name)
        assert (told["skipped"], told["taken"]) == ([], text.count("\n") - 1)
        (again,) = place.json("orders", "import", tmp_path / name)
        assert again["taken"] == 0
    place.settled(seconds=180)
    buyer = "p0q1r2@marketplace.amazon.de"
    unknown = send(place, mail(f"Frage zu {UNKNOWN}", "wo?", from_=buyer, message_id="d"), buyer)
    assert queue(place)[unknown] == ["unknown"]
    ups = "noreply@ups.example"
    parcel = send(
        place, mail("UPS", f"UPS: your parcel {PARCEL} has arrived", from_=ups, message_id="e"), ups
    )
    assert links(place, parcel) == {KNOWN: ("parcel", "possible")}


def test_a_persons_words_take_effect_one_after_another(place):
    other, stranger = "other@else.example", "someone@else.example"
    send(
        place, mail("The same", f"order {ORDER}", from_=other, message_id="g"), other
    )  # it keeps the order known
    seq = send(place, mail("About it", f"order {ORDER} is mine", from_=stranger, message_id="f"), stranger)
    # A stranger's word waits for a person; where order reports of these days were imported, they do not have it.
    assert queue(place)[seq] in (["possible"], ["unknown"])

    def filed() -> bool:
        place.settled(seconds=180)
        (order,) = place.json("order", ORDER)
        return seq in [one["seq"] for one in order["messages"]]

    assert filed()
    place.json("confirm", seq, ORDER)
    place.settled(seconds=180)
    assert seq not in queue(place)
    place.json("unlink", seq, ORDER)
    assert not filed()
    place.json("link", seq, ORDER)
    assert filed()
    place.json("unlink", seq, ORDER)
    place.json("unlink", seq, "--none")
    assert not filed()
    assert seq not in queue(place)
