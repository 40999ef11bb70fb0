import ssl
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from gateway.errors import WrongUse
from gateway.ingest.tls import make_certificate
from gateway.relay.lmtp import LmtpTransport
from gateway.relay.smtp import SmtpTransport
from gateway.relay.transport import Deferred, Delivered, Refused, Unknown
from tests.scripted import DROP, HANG, scripted

MAIL = b"From: shop@brand.example\r\nTo: a@x.example\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\n\r\nHello\r\n.dot\r\n..two\r\n"
ONE = ("a@x.example",)
THREE = ("a@x.example", "b@x.example", "c@x.example")


def plain(port, **settings):
    settings = {
        "tls": "none",
        "timeout_s": 0.4,
        "final_timeout_s": 0.4,
        "hostname": "docket.example",
    } | settings
    return SmtpTransport("127.0.0.1", port, **settings)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(
        tmp_path_factory.mktemp("tls"), names=("localhost", "127.0.0.1"), now=datetime.now(UTC)
    )


@pytest.fixture
def context(certificate):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(*certificate)
    return made


FAULTS = [
    # script, outcome for everyone, what its reply says
    ({"connect": "421 4.3.2 busy"}, Deferred, "421 4.3.2 busy"),
    ({"connect": "554 5.7.1 not you"}, Deferred, "554 5.7.1 not you"),
    ({"connect": DROP}, Deferred, "closed the connection"),
    ({"connect": HANG}, Deferred, "did not answer in time"),
    ({"connect": "SSH-2.0-OpenSSH_9.2"}, Deferred, "no SMTP reply"),
    ({"ehlo": "421 4.3.0 later"}, Deferred, "421 4.3.0 later"),
    ({"ehlo": "550 5.7.1 who are you"}, Deferred, "550 5.7.1 who are you"),
    ({"ehlo": DROP}, Deferred, "closed the connection"),
    ({"mail": "451 4.7.1 greylisted"}, Deferred, "451 4.7.1 greylisted"),
    ({"mail": "550 5.7.1 sender not approved"}, Refused, "550 5.7.1 sender not approved"),
    ({"mail": "530 5.7.0 log in first"}, Deferred, "530 5.7.0 log in first"),
    ({"mail": HANG}, Deferred, "did not answer in time"),
    ({"rcpt": "450 4.2.1 later"}, Deferred, "450 4.2.1 later"),
    ({"rcpt": "550 5.1.1 nobody"}, Refused, "550 5.1.1 nobody"),
    ({"rcpt": DROP}, Deferred, "closed the connection"),
    ({"data": "451 4.3.0 full"}, Deferred, "451 4.3.0 full"),
    ({"data": "554 5.5.1 no valid recipients"}, Refused, "554 5.5.1 no valid recipients"),
    ({"data": "250 2.0.0 what?"}, Deferred, "250 2.0.0 what?"),
    ({"data": DROP}, Deferred, "closed the connection"),
    ({"dot": "451 4.3.0 disk full"}, Deferred, "451 4.3.0 disk full"),
    ({"dot": "552-5.3.4 too big\r\n552 5.3.4 by far"}, Refused, "552 5.3.4 too big 5.3.4 by far"),
    ({"dot": DROP}, Unknown, "closed the connection"),
    ({"dot": HANG}, Unknown, "did not answer in time"),
    ({"dot": "who knows"}, Unknown, "no SMTP reply"),
    ({"dot": "354 go on"}, Unknown, "354 go on"),
]


@pytest.mark.parametrize("script, kind, words", FAULTS, ids=lambda v: str(v)[:50])
def test_each_fault_at_each_step_is_an_outcome_of_its_own(script, kind, words):
    with scripted(script=script) as server:
        outcomes = plain(server.port).send(MAIL, "shop@brand.example", THREE)
    assert {type(one) for one in outcomes} == {kind}
    assert sorted(to for one in outcomes for to in one.recipients) == list(THREE)
    assert all(words in one.reply for one in outcomes), outcomes
    assert all(one.remote == f"127.0.0.1:{server.port}" for one in outcomes)


def test_a_server_that_is_not_there_defers(free_port):
    (one,) = plain(free_port()).send(MAIL, "shop@brand.example", ONE)
    assert isinstance(one, Deferred)
    assert "no connection" in one.reply


BIG = MAIL + b"x" * 998 + b"\r\n"


@pytest.mark.parametrize(
    "answer, kind, words",
    [
        ("552 5.3.4 too big", Refused, "552 5.3.4"),
        ("421 4.3.2 shutting down", Deferred, "421 4.3.2"),
        (DROP, Deferred, ""),
    ],
)
def test_what_a_server_says_before_the_final_dot_never_counts_as_unknown(answer, kind, words):
    with scripted(script={"body": answer}) as server:
        (one,) = plain(server.port, timeout_s=2).send(BIG * 20_000, "shop@brand.example", ONE)
    assert isinstance(one, kind)
    assert words in one.reply
    assert server.bodies == []


def test_refused_recipients_do_not_keep_the_message_from_the_others():
    answers = ["250 2.1.5 ok", "550 5.1.1 no such user", "450 4.2.1 busy", "250 2.1.5 ok"]
    to = (*THREE, "d@x.example")
    with scripted(script={"rcpt": answers}) as server:
        outcomes = plain(server.port).send(MAIL, "shop@brand.example", (*to, "a@x.example"))
    assert {type(one): one.recipients for one in outcomes} == {
        Delivered: ("a@x.example", "d@x.example"),
        Refused: ("b@x.example",),
        Deferred: ("c@x.example",),
    }


def test_a_421_at_one_recipient_defers_it_and_all_after_it():
    with scripted(script={"rcpt": ["250 ok", "421 4.3.2 closing"]}) as server:
        (one,) = plain(server.port).send(MAIL, "shop@brand.example", THREE)
    assert isinstance(one, Deferred)
    assert one.recipients == THREE


@pytest.mark.parametrize(
    "raw",
    [
        MAIL,
        b".\r\n..\r\n...\r\n",
        b"Subject: x\r\n\r\n" + b"y" * 5000 + b"\r\n",
        "Subject: x\r\n\r\nGrüße, 返金\r\n".encode(),
        b"Subject: x\r\n\r\n\x00\xff\xfe trailing space \r\n\r\n\r\n",
        b"Subject: x\r\n\r\nquit\r\n.\r\nMAIL FROM:<a@b>\r\n",
    ],
    ids=["dots", "only dots", "long line", "utf-8", "octets", "smuggling"],
)
def test_what_arrives_after_unstuffing_is_what_was_given(raw):
    with scripted() as server:
        (one,) = plain(server.port).send(raw, "shop@brand.example", ONE)
    assert isinstance(one, Delivered)
    (travelled,) = server.bodies
    lines = [line[1:] if line.startswith(b".") else line for line in travelled.split(b"\r\n")]
    assert b"\r\n".join(lines) == raw


def test_a_missing_last_line_end_is_the_only_thing_ever_added():
    with scripted() as server:
        plain(server.port).send(b"Subject: x\r\n\r\nend", "shop@brand.example", ONE)
    assert server.bodies == [b"Subject: x\r\n\r\nend\r\n"]


UNSENDABLE = [
    (("SIZE 100000",), "Subject: é\r\n\r\n".encode(), "shop@brand.example", ONE, "no 8BITMIME"),
    (("SIZE 10",), MAIL, "shop@brand.example", ONE, "takes 10 at most"),
    (("8BITMIME",), b"Subject: x\r\n\r\none\ntwo\r\n", "shop@brand.example", ONE, "bare CR or LF"),
    (("8BITMIME",), b"Subject: x\r\n\r\n.\r.\r\n", "shop@brand.example", ONE, "bare CR or LF"),
    (("8BITMIME",), MAIL, "größe@brand.example", ONE, "outside ASCII"),
    (("8BITMIME",), MAIL, "shop@brand.example", ("größe@x.example",), "outside ASCII"),
    (("8BITMIME",), MAIL, "shop@brand.example", ("a@x>\r\nRCPT TO:<b@x",), "no address may"),
    (("8BITMIME",), MAIL, "shop@brand.example> SIZE=1", ONE, "no address may"),
]


@pytest.mark.parametrize("extensions, raw, mail_from, to, words", UNSENDABLE)
def test_what_cannot_travel_unchanged_is_refused_with_words(extensions, raw, mail_from, to, words):
    with scripted(extensions=extensions) as server:
        (one,) = plain(server.port).send(raw, mail_from, to)
    assert isinstance(one, Refused)
    assert words in one.reply
    assert one.reply.startswith("554 5.")
    assert server.bodies == []


def test_eight_bit_and_international_mail_is_declared():
    with scripted(extensions=("8BITMIME", "SMTPUTF8")) as server:
        (one,) = plain(server.port).send("Subject: é\r\n\r\n".encode(), "", ("größe@x.example",))
    assert isinstance(one, Delivered)
    assert "MAIL FROM:<> BODY=8BITMIME SMTPUTF8" in server.commands
    assert "RCPT TO:<größe@x.example>" in server.commands


def test_a_server_without_ehlo_is_greeted_the_old_way():
    with scripted(script={"ehlo": "502 5.5.1 unknown"}) as server:
        (one,) = plain(server.port).send(MAIL, "shop@brand.example", ONE)
    assert isinstance(one, Delivered)
    assert server.commands[:2] == ["EHLO docket.example", "HELO docket.example"]


def test_delivered_keeps_the_final_line_and_the_queue_id_as_written():
    with scripted() as server:
        (one,) = plain(server.port).send(MAIL, "shop@brand.example", ONE)
    assert one.reply == "250 2.0.0 Ok: queued as 4Rb1x23Kz9z1c"
    assert (one.queue_id, one.tls) == ("4Rb1x23Kz9z1c", "")


@pytest.mark.parametrize("lines", [10_000, 1], ids=["no last line", "no line end"])
def test_an_endless_answer_is_cut_off(lines):
    endless = "\r\n".join(["250-and so on" * 10] * lines) if lines > 1 else "250-" + "x" * 100_000
    with scripted(script={"ehlo": endless}) as server:
        (one,) = plain(server.port).send(MAIL, "shop@brand.example", ONE)
    assert isinstance(one, Deferred)
    assert "without end" in one.reply


def test_an_answer_that_nobody_asked_for_is_not_taken_for_the_next():
    with scripted(script={"rcpt": "250 ok\r\n250 2.0.0 Ok: queued as FORGED\r\n250 again"}) as server:
        (one,) = plain(server.port).send(MAIL, "shop@brand.example", ONE)
    assert isinstance(one, Deferred)


class TestTls:
    def send(self, server, certificate, policy, **settings):
        ca_file = str(certificate[0]) if policy != "opportunistic" else ""
        made = SmtpTransport(
            settings.pop("host", "127.0.0.1"),
            server.port,
            tls=policy,
            ca_file=ca_file,
            timeout_s=2,
            **settings,
        )
        return made.send(MAIL, "shop@brand.example", ONE)[0]

    @pytest.mark.parametrize("policy", ["required", "starttls", "opportunistic"])
    def test_starttls_is_used_and_described(self, certificate, context, policy):
        with scripted(context=context) as server:
            one = self.send(server, certificate, policy)
        assert isinstance(one, Delivered)
        assert one.tls.startswith("TLSv1.3 TLS_")
        assert "sha256:" in one.tls
        assert [word.split(" ")[0] for word in server.commands[:3]] == ["EHLO", "STARTTLS", "EHLO"]

    def test_implicit_tls_begins_with_the_first_byte(self, certificate, context):
        with scripted(context=context, implicit=True) as server:
            one = self.send(server, certificate, "implicit")
        assert isinstance(one, Delivered)
        assert one.tls

    @pytest.mark.parametrize("policy", ["required", "starttls"])
    def test_without_an_offer_nothing_is_sent(self, certificate, policy):
        with scripted() as server:
            one = self.send(server, certificate, policy)
        assert isinstance(one, Deferred)
        assert "offers no STARTTLS" in one.reply
        assert not any(command.startswith("MAIL") for command in server.commands)

    @pytest.mark.parametrize(
        "policy, implicit", [("required", False), ("starttls", False), ("implicit", True)]
    )
    def test_a_certificate_of_someone_else_is_not_trusted(self, certificate, context, policy, implicit):
        with scripted(context=context, implicit=implicit) as server:
            made = SmtpTransport(
                "127.0.0.1", server.port, tls=policy, timeout_s=2
            )  # the system's authorities
            (one,) = made.send(MAIL, "shop@brand.example", ONE)
        assert isinstance(one, Deferred)
        assert "not trusted" in one.reply
        assert "ca_file" in one.reply

    def test_a_refused_starttls_defers_and_opportunistic_goes_on_without(self, certificate, context):
        script = {"starttls": "454 4.7.0 not now"}
        with scripted(context=context, script=script) as server:
            assert isinstance(self.send(server, certificate, "required"), Deferred)
            one = self.send(server, certificate, "opportunistic")
        assert isinstance(one, Delivered)
        assert one.tls == ""

    def test_answers_smuggled_in_before_tls_end_the_connection(self, certificate, context):
        with scripted(context=context, script={"starttls": "220 go\r\n250 2.0.0 injected"}) as server:
            one = self.send(server, certificate, "required")
        assert isinstance(one, Deferred)
        assert "before TLS" in one.reply

    def test_the_password_goes_by_plain_or_by_login(self, certificate, context):
        for offer, sent in (
            ("AUTH PLAIN LOGIN", ["AUTH PLAIN AHNob3AAZ2Vow6RpbQ=="]),
            ("AUTH=LOGIN", ["AUTH LOGIN", "c2hvcA==", "Z2Vow6RpbQ=="]),
        ):
            with scripted(context=context, extensions=(offer, "8BITMIME")) as server:
                one = self.send(server, certificate, "required", user="shop", password="gehäim")
            assert isinstance(one, Delivered), one
            assert [c for c in server.commands if c in sent] == sent

    def test_a_wrong_password_defers_because_the_settings_are_at_fault(self, certificate, context):
        with scripted(context=context, script={"auth": "535 5.7.8 no"}) as server:
            one = self.send(server, certificate, "required", user="shop", password="x")
        assert isinstance(one, Deferred)
        assert one.reply == "535 5.7.8 no"

    @pytest.mark.parametrize("policy", ["none", "opportunistic"])
    def test_a_password_without_tls_is_refused_as_a_setting(self, policy):
        with pytest.raises(WrongUse, match="unprotected"):
            SmtpTransport("smtp.example", 587, tls=policy, user="shop", password="x")

    def test_an_unreadable_ca_file_is_refused_as_a_setting(self, tmp_path):
        with pytest.raises(WrongUse, match="ca_file"):
            SmtpTransport("smtp.example", 587, ca_file=str(tmp_path / "none.pem"))


class TestLmtp:
    def send(self, server, to=THREE):
        made = LmtpTransport("127.0.0.1", server.port, timeout_s=0.4, final_timeout_s=0.4)
        return made.send(MAIL, "shop@brand.example", to)

    def test_each_recipient_has_an_answer_of_its_own(self):
        answers = ["250 2.0.0 <a> aGVs Saved", "452 4.2.2 full", "550 5.1.1 gone"]
        with scripted(lmtp=True, script={"dot": answers}) as server:
            outcomes = self.send(server)
        assert [(type(one), one.recipients) for one in outcomes] == [
            (Delivered, ("a@x.example",)),
            (Deferred, ("b@x.example",)),
            (Refused, ("c@x.example",)),
        ]
        assert outcomes[0].queue_id == "aGVs"
        assert server.commands[0] == "LHLO localhost"

    def test_only_accepted_recipients_are_answered_after_the_dot(self):
        with scripted(lmtp=True, script={"rcpt": ["550 no", "250 ok", "250 ok"]}) as server:
            outcomes = self.send(server)
        assert [(type(one), one.recipients) for one in outcomes] == [
            (Refused, ("a@x.example",)),
            (Delivered, ("b@x.example",)),
            (Delivered, ("c@x.example",)),
        ]

    def test_a_connection_lost_between_the_answers_leaves_only_the_rest_unknown(self):
        with scripted(lmtp=True, script={"dot": ["250 2.0.0 Saved", DROP]}) as server:
            outcomes = self.send(server)
        assert [(type(one), one.recipients) for one in outcomes] == [
            (Delivered, ("a@x.example",)),
            (Unknown, ("b@x.example", "c@x.example")),
        ]


def test_a_message_built_by_the_standard_library_arrives_unchanged():
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "shop@brand.example", "a@x.example", "Ihr Päckchen"
    mail.set_content("Grüße\n.\n..\n")
    raw = mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))
    with scripted() as server:
        (one,) = plain(server.port).send(raw, "shop@brand.example", ONE)
    assert isinstance(one, Delivered)
    assert server.bodies[0].replace(b"\r\n..", b"\r\n.") == raw
