"""What mail clients are told comes from the settings, and from where the service really listens."""

import pytest

from gateway.app import App
from gateway.errors import WrongUse
from gateway.introduction import names_of, services_of
from gateway.settings import parse_config

BOX = '[[mailbox]]\naddress = "support@brand.example"\n'
THROUGH = BOX + '[mailbox.imap]\nhost = "imap.brand.example"\nuser = "support"\n'
LISTEN = """[listen]
imaps = ["0.0.0.0:993"]
imap = []
submissions = ["0.0.0.0:465"]
submission = ["0.0.0.0:587"]
"""


def told(text, bound=None):
    return services_of(App(config=parse_config(f'hostname = "mail.brand.example"\n{text}')), bound)


def servers(found):
    return [(one.host, one.port, one.implicit) for one in found]


def test_agents_are_sent_to_dockets_own_ports_tls_from_the_first_byte_first():
    services = told(LISTEN + THROUGH)
    (box,) = services.boxes
    assert box.own
    assert servers(box.imap) == [("mail.brand.example", 993, True)]
    assert servers(services.smtp) == [("mail.brand.example", 465, True), ("mail.brand.example", 587, False)]


def test_what_the_settings_say_of_names_and_ports_goes_first():
    text = LISTEN + '[clients]\nhost = "in.brand.example"\nsmtp = "smtp://out.brand.example"\n' + THROUGH
    services = told(text)
    assert servers(services.boxes[0].imap) == [("in.brand.example", 993, True)]
    assert servers(services.smtp) == [("out.brand.example", 587, False)]
    (box,) = told('[clients]\nimap = "imaps://x.example:1993"\n' + THROUGH).boxes
    assert servers(box.imap) == [("x.example", 1993, True)]


def test_a_mailbox_that_is_not_read_through_docket_is_read_where_its_mail_goes():
    deliver = '[mailbox.deliver]\nkind = "imap"\nhost = "imap.other.example"\nuser = "support"\n'
    (box,) = told(LISTEN + BOX + deliver).boxes
    assert not box.own
    assert servers(box.imap) == [("imap.other.example", 993, True)]
    (starttls,) = told(BOX + deliver + "port = 143\n").boxes
    assert servers(starttls.imap) == [("imap.other.example", 143, False)]
    assert told(LISTEN + BOX).boxes[0].imap == ()


def test_names_are_counted_as_the_accounts_compare_them():
    folded = names_of(App(config=parse_config('hostname = "mail.brand.example"\n' + BOX))).folded
    assert {folded(one) for one in ("jos\u00e9", "JOS\u00c9", " jose\u0301\u00a0")} == {"jos\u00e9"}


def test_a_port_that_nobody_can_know_is_left_out_until_the_service_runs():
    text = (
        '[listen]\nimaps = ["127.0.0.1:0"]\nimap = []\nsubmissions = ["127.0.0.1:0"]\nsubmission = []\n'
        + THROUGH
    )
    services = told(text)
    assert (services.boxes[0].imap, services.smtp) == ((), ())
    bound = {"imaps": ["127.0.0.1:7993"], "submissions": ["127.0.0.1:7465"], "web": ["127.0.0.1:7025"]}
    running = told(text, bound)
    assert servers(running.boxes[0].imap + running.smtp) == [
        ("mail.brand.example", 7993, True),
        ("mail.brand.example", 7465, True),
    ]
    assert running.web == "http://127.0.0.1:7025"


def test_a_server_that_is_none_is_a_fault_of_the_settings():
    with pytest.raises(WrongUse, match=r"clients\.imap: 'mail:993' is no server"):
        parse_config('[clients]\nimap = "mail:993"\n')
