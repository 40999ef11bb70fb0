"""The whole check, and that it can be made again from its record alone."""

import time

import pytest

from gateway.mail.authenticity.check import Trust, check
from gateway.mail.authenticity.record import Record, checked_again, draft_of, record_of, wire_of
from gateway.mail.entry import Envelope
from tests import signing

NOBODY = Trust()
OURS = Trust(servers=("mx.brand.example",))
ZONE = signing.zone()


def found(raw, zone=ZONE, *, trust=NOBODY, failing=(), asked=None, **wire):
    return check(raw, signing.wire(**wire), signing.lookup(zone, failing=failing, asked=asked), trust)


def test_a_marketplaces_signature_proves_the_address_below_its_domain():
    one = found(signing.signed(signing.mail()))
    assert (one.result, one.proven, one.by) == ("pass", (signing.AMAZON,), "dkim")
    assert (one.dkim, one.dmarc.result, one.dmarc.found_at, one.dmarc.policy) == (
        "pass",
        "pass",
        "amazon.de",
        "reject",
    )


def test_a_mailing_services_signature_beside_it_changes_nothing():
    zone = {**ZONE, "s1._domainkey.amazonses.com": signing.record(1)}
    raw = signing.signed(signing.signed(signing.mail()), "amazonses.com", number=1)
    assert found(raw, zone).by == "dkim"
    alone = found(signing.signed(signing.mail(), "amazonses.com", number=1), zone)
    assert (alone.result, alone.proven) == ("fail", ())
    assert "neither signed by it nor sent by its servers" in alone.reason


def test_a_server_of_the_domain_proves_it_and_only_it():
    zone = {"amazon.de": "v=spf1 ip4:192.0.2.7 -all"}
    assert found(signing.mail(), zone, mail_from="x@amazon.de").by == "spf"
    assert found(signing.mail("a@amazon.com"), zone, mail_from="x@amazon.de").proven == ()
    assert found(signing.mail(), zone, mail_from="x@amazon.de", ip="198.51.100.1").result == "none"


@pytest.mark.parametrize(
    ("policy", "proven"),
    [("v=DMARC1; p=none; adkim=s; aspf=s", ()), ("v=DMARC1; p=none", (signing.AMAZON,))],
)
def test_strict_alignment_asks_for_the_very_domain(policy, proven):
    zone = {**ZONE, f"_dmarc.{signing.AMAZON}": policy}
    assert found(signing.signed(signing.mail()), zone).proven == proven


def test_a_broken_signature_of_the_claimed_domain_is_told_in_plain_words():
    one = found(signing.signed(signing.mail()).replace(b"order?", b"money?"))
    assert one.result == "fail"
    assert one.reason.startswith("claims to be from marketplace.amazon.de, but its signature does not verify")


def test_an_unsigned_mail_of_a_domain_without_policy_is_neither_proven_nor_refuted():
    one = found(signing.mail("Marie <marie@mail.example>"), {})
    assert (one.result, one.reason) == ("none", "nothing proves who sent it")


@pytest.mark.parametrize(
    "raw",
    [
        signing.mail(f"a@{signing.AMAZON}, b@evil.example"),
        signing.mail(more="From: b@evil.example\r\n"),
    ],
)
def test_a_message_of_two_authors_is_from_nobody(raw):
    one = found(signing.signed(raw))
    assert (one.result, one.proven) == ("permerror", ())


def test_dns_that_does_not_answer_is_no_failure():
    one = found(signing.signed(signing.mail()), failing=["s1._domainkey.amazon.de"])
    assert (one.result, one.proven) == ("temperror", ())
    assert found(signing.mail(), failing=["_dmarc.marketplace.amazon.de"]).result == "temperror"


@pytest.mark.parametrize("record", ["v=DMARC1; p=perhaps", "v=DMARC1; p=none; p=none", "v=DMARC1"])
def test_a_policy_that_cannot_be_read_is_told_and_the_signature_still_proves(record):
    one = found(signing.signed(signing.mail()), {**ZONE, "_dmarc.amazon.de": record})
    assert (one.dmarc.result, one.result) == ("permerror", "pass")


UPSTREAM = b"Authentication-Results: mx.brand.example; dkim=pass header.d=amazon.de; dmarc=pass header.from=marketplace.amazon.de\r\n"


def test_a_trusted_servers_word_counts_from_that_server_alone():
    raw = UPSTREAM + signing.mail()
    assert found(raw, {}, trust=OURS, own=True).by == "upstream"
    assert found(raw, {}, trust=OURS, own=False).proven == ()
    assert found(raw, {}, trust=NOBODY, own=True).proven == ()
    other = raw.replace(b"from=marketplace.amazon.de", b"from=evil.example").replace(
        b"d=amazon.de", b"d=evil.example"
    )
    assert found(other, {}, trust=OURS, own=True).proven == ()


def test_a_trusted_servers_refusal_is_a_failure():
    raw = (
        b"Authentication-Results: mx.brand.example; dmarc=fail header.from=marketplace.amazon.de\r\n"
        + signing.mail()
    )
    assert found(raw, {}, trust=OURS, own=True).result == "fail"


def test_a_peer_of_our_own_is_never_asked_about_by_spf():
    one = found(signing.mail(), {"ses.example": "v=spf1 -all"}, own=True)
    assert (one.spf.result, one.result) == ("none", "none")


def test_an_address_in_another_script_is_known_by_its_dns_name():
    zone = signing.zone("xn--bcher-kva.example")
    raw = signing.signed(signing.mail("a@bücher.example"), "xn--bcher-kva.example")
    assert found(raw, zone).proven == ("xn--bcher-kva.example",)


HISTORIES = [
    (signing.signed(signing.mail()), NOBODY, False),
    (signing.signed(signing.mail()).replace(b"order?", b"money?"), NOBODY, False),
    (signing.mail("a@mail.example"), NOBODY, False),
    (UPSTREAM + signing.mail(), OURS, True),
    (b"", NOBODY, False),
    (b"From: \xff@\xfe\r\n\r\n\xff", NOBODY, False),
]


@pytest.mark.parametrize(("raw", "trust", "own"), HISTORIES)
def test_a_record_gives_the_same_findings_years_later(raw, trust, own):
    envelope = Envelope(source="smtp", peer="[2001:db8::1]:25", helo="\udcff.example", mail_from="x@\udcff.example", received_at=signing.AT, trusted=own)  # fmt: skip
    asked: list = []
    results = check(raw, wire_of(envelope), signing.lookup(ZONE, asked=asked), trust)
    record = Record(
        of=3, checked_at=signing.AT, asked=True, trust=trust, answers=tuple(asked), results=results
    )
    again = record_of(draft_of(record).payload)
    assert again == record
    assert checked_again(raw, envelope, again) == results


def test_a_record_without_its_answers_proves_nothing():
    raw = signing.signed(signing.mail())
    envelope = Envelope(source="smtp", received_at=signing.AT)
    record = Record(of=3, checked_at=signing.AT, asked=True, results=found(raw))
    assert found(raw).result == "pass"
    assert checked_again(raw, envelope, record).result == "temperror"


def big(size):
    return b"\r\n".join([b"x" * 70] * (size // 72)) + b"\r\n"


HOSTILE = {
    "a run of blanks": signing.mail().decode().encode() + b" \t" * 2_000_000 + b"x",
    "empty lines": signing.mail() + b"\r\n" * 2_000_000,
    "a hundred thousand fields": b"X: y\r\n" * 100_000 + signing.mail(),
    "a thousand From fields": b"From: a@a.example\r\n" * 1_000 + signing.mail(),
    "a field of a megabyte": b"DKIM-Signature: v=1; b=" + b" \r\n " * 250_000 + b"\r\n" + signing.mail(),
    "names by the thousand": b"DKIM-Signature: v=1; h=" + b"from:" * 100_000 + b"\r\n" + signing.mail(),
    "tags by the thousand": b"DKIM-Signature: " + b"a=b; " * 3_000 + b"\r\n" + signing.mail(),
    "hops by the hundred": b"".join(
        b"ARC-Seal: i=%d; a=rsa-sha256; cv=pass; d=a.example; s=s; b=aaaa\r\n" % n for n in range(1, 1_000)
    ) + signing.mail(),
    "an address list without end": signing.mail("<a@a.example>, " * 60_000 + "b@b.example"),
    "a comment without end": signing.mail("(" * 400_000 + "a@b.example"),
    "one name of a megabyte": signing.mail("a@" + "b" * 400_000 + ".example"),
}  # fmt: skip


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_hostile_mail_costs_little_and_proves_nothing(raw):
    asked: list = []
    raw = b"".join(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=amazon.de; s=s1; h=from; bh=%b; b=aaaa\r\n" % bh for bh in (b"aaaa", b"bbbb")) + raw  # fmt: skip
    started = time.perf_counter()
    one = found(raw, asked=asked)
    assert time.perf_counter() - started < 2.0
    assert one.proven == ()
    assert len(asked) < 60


def passed_on():
    """Return a mail that a list sealed as it came, rewrote, and sealed again."""
    once = signing.sealed(signing.signed(signing.mail()), "dmarc=pass header.from=marketplace.amazon.de")
    rewritten = once.replace(
        b"From: Marie <k3jx9v@marketplace.amazon.de>", b"From: Marie via <list@sealer.example>"
    )
    return signing.sealed(
        rewritten + b"-- \r\nThe list\r\n", "arc=pass; dmarc=fail header.from=sealer.example"
    )


SEALER = {**ZONE, "s1._domainkey.sealer.example": signing.record(3)}


@pytest.mark.parametrize(
    ("sealers", "proven"),
    [(("Sealer.example",), (signing.AMAZON,)), ((), ()), (("other.example",), ())],
)
def test_a_chain_of_trusted_servers_proves_who_the_first_of_them_had_proven(sealers, proven):
    one = found(passed_on(), SEALER, trust=Trust(sealers=sealers))
    assert (one.arc.result, one.arc.sealers) == ("pass", ("sealer.example",) * 2)
    assert (one.proven, one.by) == (proven, "arc" if proven else "")


def test_a_chain_that_was_broken_on_its_way_proves_nothing():
    raw = passed_on().replace(b"The list", b"The thief")
    one = found(raw, SEALER, trust=Trust(sealers=("sealer.example",)))
    assert (one.arc.result, one.proven) == ("fail", ())


def listed(*, results=b"dmarc=pass header.from=marketplace.amazon.de", cover=True, more=b""):
    """Return a mail as a mailing list passes it on in its own name."""
    raw = more + b"X-Original-Sender: k3jx9v@marketplace.amazon.de\r\n"
    raw += b"X-Original-Authentication-Results: mx.google.com; " + results + b"\r\n"
    raw += signing.mail("'Marie' via Support <support@brand.example>")
    names = [
        b"from",
        b"to",
        b"subject",
        *([b"x-original-sender", b"x-original-authentication-results"] * cover),
    ]
    return signing.signed(raw, "brand.example", number=2, include_headers=names)


LIST = signing.zone("brand.example", number=2)


@pytest.mark.parametrize(
    ("raw", "lists", "by"),
    [
        (listed(), ("Brand.example",), "list"),
        (listed(results=b"dkim=pass header.i=@amazon.de"), ("brand.example",), "list"),
        (listed(), (), "dkim"),
        (listed(), ("other.example",), "dkim"),
        (listed(cover=False), ("brand.example",), "dkim"),
        (b"X-Original-Sender: eve@ebay.com\r\n" + listed(), ("brand.example",), "dkim"),
        (listed(results=b"dmarc=fail header.from=marketplace.amazon.de"), ("brand.example",), "dkim"),
        (listed(results=b"dkim=pass header.d=evil.example"), ("brand.example",), "dkim"),
        (listed().replace(b"order?", b"money?"), ("brand.example",), ""),
    ],
)
def test_a_mailing_lists_word_counts_where_it_is_trusted_signed_and_says_pass(raw, lists, by):
    one = found(raw, LIST, trust=Trust(lists=lists))
    expected = {"list": ("brand.example", signing.AMAZON), "dkim": ("brand.example",), "": ()}
    assert (one.by, one.proven) == (by, expected[by])
