"""What the DNS says of an approved sender: whether receivers may believe mail in its name (SPF, DKIM, DMARC)."""

from collections.abc import Collection, Iterator

from gateway.checkup.finding import Finding
from gateway.mail.authenticity.answers import Lookup
from gateway.mail.authenticity.dmarc import dmarc_of
from gateway.mail.authenticity.keys import NoKey, key_at
from gateway.mail.authenticity.spf import spf_of
from gateway.mail.authenticity.verdicts import Spf

# Where the large providers and the usual servers publish their keys; others are named by the setting dkim_selectors.
_USUAL = ("default", "dkim", "mail", "google", "selector1", "selector2", "s1", "s2", "k1", "fm1", "protonmail", "zoho", "smtp")  # fmt: skip
_NOBODY = "192.0.2.1"  # TEST-NET-1: whoever lets this pass lets everybody


def sender_records(
    address: str, relay_host: str, selectors: Collection[str], lookup: Lookup
) -> Iterator[Finding]:
    """Look at a sender's domain. ``relay_host`` is the server that takes the mail first, "" where each goes direct."""
    domain = address.rpartition("@")[2].lower()
    yield _returns(domain, lookup)
    yield _spf(address, domain, relay_host, lookup)
    yield _dkim(domain, selectors, lookup)
    yield _dmarc(domain, lookup)


def _returns(domain: str, lookup: Lookup) -> Finding:
    what = f"{domain}: mail comes back"
    answer = lookup(domain, "MX")
    if answer.failed:
        return _silent(what, answer.rcode)
    if answer.records:
        null = any(record.split()[-1] == "." for record in answer.records)  # RFC 7505
        mend = (
            f"its MX record says that it takes no mail; bounces and answers to {domain} are lost"
            if null
            else ""
        )
        return Finding(what=what, ok=not null, mend=mend or ", ".join(answer.records)[:200])
    if any(lookup(domain, kind).records for kind in ("A", "AAAA")):
        return Finding(what=what, mend="no MX record; its own address is used")
    return Finding(
        what=what,
        ok=False,
        mend=f"{domain} has no MX record and no address: bounces are lost; publish an MX record",
    )


def _spf(address: str, domain: str, relay_host: str, lookup: Lookup) -> Finding:
    what = f"{domain}: SPF"
    anybody = spf_of(_NOBODY, "docket.invalid", address, lookup)
    match anybody.result:
        case "none":
            mend = "no record; publish v=spf1 with your provider's include and ~all"
            return Finding(what=what, ok=False, mend=mend)
        case "temperror":
            return _silent(what, anybody.reason)
        case "permerror":
            return Finding(what=what, ok=False, mend=f"the record does not hold: {anybody.reason}")
        case "pass":
            return Finding(
                what=what,
                ok=False,
                mend="the record lets every server of the world send; end it with ~all or -all",
            )
    ips = [ip for kind in ("A", "AAAA") for ip in lookup(relay_host, kind).records] if relay_host else []
    if any(spf_of(ip, relay_host, address, lookup).result == "pass" for ip in ips):
        return Finding(what=what, mend=f"allows {relay_host}")
    return Finding(
        what=what,
        mend="there, and others may not send; that it names the servers by which your mail leaves is your provider's to say",
    )


def _dkim(domain: str, selectors: Collection[str], lookup: Lookup) -> Finding:
    what = f"{domain}: DKIM"
    troubles, found = [], []
    for selector in selectors or _USUAL:
        said = _key(selector, domain, lookup)
        if not said:
            found.append(selector)
        elif selectors or "publishes no key" not in said:
            troubles.append(f"{selector}: {said}")
    if found and not (selectors and troubles):
        return Finding(what=what, mend=f"key {', '.join(found)}")
    if troubles:
        return Finding(what=what, ok=False, mend="; ".join(troubles))
    return Finding(
        what=what,
        mend="no key under the usual names; let your provider sign, and name its selector: dkim_selectors = [...] in the mailbox",
    )


def _key(selector: str, domain: str, lookup: Lookup) -> str:
    """Return what is wrong with a key, or an empty string."""
    said = ""
    for algorithm in ("rsa-sha256", "ed25519-sha256"):
        try:
            key = key_at(selector, domain, algorithm, lookup)
        except NoKey as none:
            said = said or none.reason
            continue
        return "the key says that it is under test (t=y)" if key.testing else ""
    return said


def _dmarc(domain: str, lookup: Lookup) -> Finding:
    what = f"{domain}: DMARC"
    found, _ = dmarc_of((domain,), (), Spf(), lookup)
    if found.policy:
        return Finding(what=what, mend=f"policy {found.policy}, of {found.found_at}")
    if found.result == "temperror":
        return _silent(what, "no answer")
    if found.result == "permerror":
        return Finding(
            what=what, ok=False, mend=f"the record _dmarc.{domain} cannot be read; write v=DMARC1; p=none"
        )
    return Finding(
        what=what,
        ok=False,
        mend=f"no policy; large receivers want one: publish _dmarc.{domain} TXT v=DMARC1; p=none",
    )


def _silent(what: str, why: str) -> Finding:
    return Finding(
        what=what, ok=False, mend=f"the name servers give no answer ({why}); see dns under [authenticity]"
    )
