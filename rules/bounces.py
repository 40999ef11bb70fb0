"""Reports that mail of ours did not arrive: the standard's (RFC 3464, RFC 6533), and those of servers that keep to none.

Whoever gets a message can also write a report about it, so no report is believed for its words: it counts for the message
whose id it returns, and what it says without one is weighed like any other stranger's word (``docs/decisions/bounces.md``).
"""

import re
from dataclasses import dataclass
from itertools import islice

from rules.facts import Facts, Reading

_READ = 128 * 1024  # characters
_MOST = 20
_SAID = 300
_ADDRESS = re.compile(r"[\w.+=-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_MESSAGE_ID = re.compile(r"^(?:>\s?)?message-id:\s*<([^<>\s]{3,250})>", re.IGNORECASE | re.MULTILINE)
_TRACE = re.compile(r"^(?:>\s?)?x-trace:\s*([0-9A-HJKMNP-TV-Z]{26})\s*$", re.IGNORECASE | re.MULTILINE)
# How Docket's own notices and reports are called: of these nobody waits for an answer.
_NOTICE = re.compile(r"(?:[0-9A-HJKMNP-TV-Z]{26}(?:-\d+)?|\d{20})-[a-z]+(?:-[0-9a-f]{16})?@")
_STATUS = re.compile(r"(?<![\w.])([245]\.\d{1,3}\.\d{1,3})(?![\w.])")
_REPLY = re.compile(r"(?<![\w.-])(5\d\d)(?=[ :-])")
_FIELD = re.compile(
    r"(final-recipient|original-recipient|action|status|diagnostic-code)[ \t]*:(.*)", re.IGNORECASE
)
# What is returned begins here; addresses behind it are those of the message, not of the failure.
_RETURNED = re.compile(
    r"^.{0,20}(?:below this line is a copy|this is a copy of|included is a copy|original message|message header|returned message|"
    r"ursprüngliche nachricht|message d.origine|received:|return-path:|message-id:|from:)",
    re.IGNORECASE | re.MULTILINE,
)
_PROGRAMS = ("mailer-daemon", "postmaster", "mail-daemon", "maildaemon", "mailerdaemon", "microsoftexchange")
_FAILED = re.compile(
    r"undeliver|not (?:be )?(?:delivered|reached)|wasn.t delivered|couldn.t be delivered|did not reach|delivery (?:to .{0,60})?(?:has )?failed|"
    r"delivery (?:failure|status notification \(fail)|failure notice|permanent(?:ly)? (?:fatal )?(?:error|fail)|returned mail|mail delivery failed|"
    r"unable to deliver|cannot be reached|unzustellbar|nicht zugestellt|non (?:remis|distribué|délivré|recapita)|n.a pas pu être|"
    r"no se (?:ha podido|pudo) entregar|no entregado|impossibile recapitare|não (?:foi )?entregue|niet (?:bezorgd|afgeleverd)|nie dostarczon",
    re.IGNORECASE,
)
_DELAYED = re.compile(
    r"\(delay\)|has been delayed|delivery (?:is )?delayed|warning message only|will (?:keep|continue) (?:trying|to try)|still being (?:tried|attempted|retried)|"
    r"not yet been delivered|do not need to (?:resend|re-send)|(?:will be|we.ll) (?:retried|retry)|delivered so far|temporar(?:y|ily)|"
    r"wird weiterhin versucht|weitere (?:zustell)?versuche|erneut versucht|noch nicht zugestellt|verzögert|a été retardé|pour le moment|"
    r"nouvelles tentatives|nouvel essai|todavía|se seguirá|ancora (?:tentativi|riprovat)",
    re.IGNORECASE,
)
# A person who is away, or a program that says so: mail servers do not call their reports so.
_AWAY = re.compile(
    r"out of (?:the )?office|automatic reply|auto(?:matic)?[- ]?(?:reply|response|answer)|away|vacation|on leave|abwesen|automatische antwort|urlaub|"
    r"absen[ct]|réponse automatique|congés?|fuera de la oficina|respuesta automática|assente|risposta automatica|afwezig",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """What a report returns and whom it did not reach; ``said`` is the other side's own words for why, on one line."""

    ids: tuple[str, ...] = ()  # Message-IDs, and entries' ids by which our copies are marked
    addresses: tuple[str, ...] = ()
    status: str = ""  # RFC 3463, "" where none is given
    said: str = ""


def bounce_of(facts: Facts, reading: Reading) -> Bounce | None:
    """Return what a bounce tells; None for what is none, reports of delay, of reading and of abuse among them."""
    if facts.direction == "outbound":
        return None
    kind, program = _report_type(_field(facts, "content-type")), _is_program(facts)
    report = kind == "delivery-status"
    refused = reading.kind == "not_delivered"
    if not (report or program or refused) or kind in {"feedback-report", "disposition-notification"}:
        return None
    said = "\n".join([facts.text, *(one.text for one in facts.attachments)])[:_READ]
    ids, groups = _ids(facts, said), _groups(said)
    if any(map(_NOTICE.match, ids)):
        return None
    begun = f"{facts.subject}\n{_RETURNED.split(said, maxsplit=1)[0]}"
    if (report or program) and groups:
        failed = [one for one in groups if one["action"].startswith("fail")]
        return _told(ids, failed[:_MOST]) if failed else None
    if refused:
        found = tuple(dict.fromkeys(islice(map(str.lower, _ADDRESS.findall(said)), _MOST)))
        return Bounce(ids=ids, addresses=found, status=_status(said), said=_line(said))
    if failed_to := _field(facts, "x-failed-recipients"):
        found = tuple(dict.fromkeys(map(str.lower, _ADDRESS.findall(failed_to)[:_MOST])))
        return Bounce(ids=ids, addresses=found, status=_status(said), said=_line(said))
    if not _FAILED.search(begun) or _DELAYED.search(begun) or _AWAY.search(facts.subject):
        return None
    found_loose = _loose(ids, said)
    # People say such things, too, and some of them write as postmaster: a report says whom it did not reach, or a server's reply.
    return (
        found_loose if report or found_loose.addresses or found_loose.status or _REPLY.search(begun) else None
    )


def _ids(facts: Facts, said: str) -> tuple[str, ...]:
    named = (*facts.attached_ids, *facts.in_reply_to, *facts.references, *_MESSAGE_ID.findall(said))
    traces = (one.upper() for one in _TRACE.findall(said)[:_MOST])
    return tuple(dict.fromkeys((*named[:_MOST], *traces)))


def _groups(said: str) -> list[dict[str, str]]:
    """Return the groups of fields about one recipient each (RFC 3464 section 2.3), names in lower case."""
    groups: list[dict[str, str]] = []
    group: dict[str, str] = {}
    name = ""
    for line in (*said.split("\n"), ""):
        found = _FIELD.match(line)
        if found and found[1].lower() == "final-recipient" and "final-recipient" in group:
            groups.append(_acted(group))  # the blank line between them has been lost
            group = {}
        if found:
            name = found[1].lower()
            if name in {"action", "status"} and name in group:
                name = ""
                continue
            group.setdefault(name, "")
            group[name] = f"{group[name]} {found[2].strip()}".strip()[:_SAID]
        elif line[:1] in {" ", "\t"} and line.strip():
            if name:
                group[name] = f"{group[name]} {line.strip()}"[:_SAID]
        elif not line.strip():
            if "final-recipient" in group or "original-recipient" in group:
                groups.append(_acted(group))
            group, name = {}, ""
        else:
            name = ""
    return groups


def _acted(group: dict[str, str]) -> dict[str, str]:
    return {**group, "action": group.get("action", "failed").lower()}


def _told(ids: tuple[str, ...], failed: list[dict[str, str]]) -> Bounce:
    addresses = (one.lower() for group in failed if (one := _recipient(group)))
    first = failed[0]
    why = first.get("diagnostic-code", "")
    status = _STATUS.search(first.get("status", "")) or _STATUS.search(why)
    return Bounce(
        ids=ids,
        addresses=tuple(dict.fromkeys(addresses)),
        status=status[1] if status else "",
        said=" ".join(why.partition(";")[2].split() or why.split())[:_SAID],
    )


def _recipient(group: dict[str, str]) -> str:
    """Return whom a group is about: as we wrote it, else as the last server did."""
    for name in ("original-recipient", "final-recipient"):
        if found := _ADDRESS.search(_unescaped(group.get(name, ""))):
            return found[0]
    return ""


def _loose(ids: tuple[str, ...], said: str) -> Bounce:
    """Return what can be read of a report in no standard's shape: addresses that stand before what it returns."""
    begun = _RETURNED.split(said, maxsplit=1)[0]
    found = (one.lower() for one in _ADDRESS.findall(begun))
    addresses = (one for one in found if not one.startswith(_PROGRAMS))
    return Bounce(
        ids=ids,
        addresses=tuple(dict.fromkeys(islice(addresses, _MOST))),
        status=_status(begun),
        said=_line(begun),
    )


def _status(said: str) -> str:
    found = _STATUS.search(said)
    return found[1] if found else ""


def _line(said: str) -> str:
    """Return the line that says why: the one with a server's reply in it, else the first that is a sentence."""
    lines = [" ".join(line.split()) for line in said.split("\n")[:200]]
    for fits in (_REPLY.search, _STATUS.search, lambda line: len(line) > 30):
        if found := next((line for line in lines if fits(line)), ""):
            return found[:_SAID]
    return next((line for line in lines if line), "")[:_SAID]


def _unescaped(address: str) -> str:
    """Return an address of RFC 6533 section 3 as it is written elsewhere."""
    return re.sub(r"\\x\{([0-9A-Fa-f]{2,6})\}", lambda one: chr(min(int(one[1], 16), 0x10FFFF)), address)


def _is_program(facts: Facts) -> bool:
    """Tell whether a mail server wrote it: by its name, or by the sender that reports have (RFC 5321 section 4.5.5)."""
    names = (one.partition("@")[0] for one in facts.from_)
    named = any(name.startswith(_PROGRAMS) for name in names)
    return named or facts.null_sender or _field(facts, "return-path").strip() == "<>"


def _report_type(content_type: str) -> str:
    kind, _, rest = content_type.lower().partition(";")
    if kind.strip() == "message/delivery-status":
        return "delivery-status"
    found = re.search(r"report-type\s*=\s*\"?([a-z-]{1,40})", rest)
    return found[1] if found and kind.strip() == "multipart/report" else ""


def _field(facts: Facts, name: str) -> str:
    return next((value for key, value in facts.headers if key.lower() == name), "")
