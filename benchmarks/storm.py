"""The whole conversation in a storm: connections cut, servers restarted, Docket killed, at random, all the way; then everything is counted.

``python -m benchmarks.storm --messages 2000 --mail DIR``. A Dovecot holds the mailbox that is captured and the one that agents read; a Postfix takes
the answers for the buyer. Mail comes by capture and by SMTP, answers go by submission, and an agent marks mail as read through
Docket. Whoever is not acknowledged comes again, as mail servers and mail clients do. At the end, with the weather calm again:
each message is in the archive as it was sent, with its agents and with the buyer; each mark that was acknowledged is in the log; the folder that is captured
compares clean; the log verifies. Doubles are counted: SMTP cannot exclude them. Needs root, Dovecot and Postfix.
"""

import argparse
import contextlib
import random
import re
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from imapclient import IMAPClient

from benchmarks.cable import Cable
from benchmarks.weather import BUYER, INSIDE, OUTSIDE, WORD, Storm
from gateway.demo.dovecot import Dovecot
from tests.installation import AGENT, MAILBOX, PASSWORD, Installation, free_ports, wait_for
from tests.postfix import postfix

_SENT = re.compile(
    rb"(?i)Message-ID: <(\w+)@storm\.example>\r\n"
)  # fields of nobody's kind do not leave the house
_MARK = re.compile(rb"X-Storm: (\w+)\r\n")


def mails_of(folder: Path | None, count: int, kind: str) -> dict[str, bytes]:
    """Return so many messages under marks of their own: real ones with a mark before them, or made-up ones."""
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder else []
    random.Random(kind).shuffle(files)
    found = {}
    for number in range(count):
        mark = f"{kind}{number}"
        raw = files[number % len(files)].read_bytes() if files and kind != "answer" else b""
        raw = raw.replace(b"\0", b"").replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
        head = b"" if raw else (
            b"From: %s\r\nTo: x@x.example\r\nSubject: Order 302-%07d-1234567\r\nMessage-ID: <%s@storm.example>\r\n\r\nWhere is it?\r\n"
            % (MAILBOX.encode() if kind == "answer" else BUYER.encode(), number, mark.encode())
        )  # fmt: skip
        found[mark] = b"X-Storm: %s\r\n" % mark.encode() + (raw or head)
    return found


def marks_in(raws: list[bytes], mark: re.Pattern[bytes] = _MARK) -> Counter[str]:
    return Counter(found[1].decode() for raw in raws if (found := mark.search(raw)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=400)
    parser.add_argument("--mail", type=Path, help="A folder of real mail.")
    parser.add_argument("--every", type=float, default=1.5, help="Seconds between two strikes, about.")
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="docket-storm-")))
        folder.chmod(0o755)
        ports = list(free_ports().values())
        (folder / "dovecot").mkdir()
        server = Dovecot(
            folder / "dovecot", {OUTSIDE: WORD, INSIDE: WORD}, imap_port=ports[0], lmtp_port=ports[1]
        )
        server.start()
        stack.callback(server.stop)
        market = stack.enter_context(postfix(ports[2]))
        cables = {"mailbox": Cable(server.imap_port), "market": Cable(market.port)}
        return judge(
            _set_up(folder, server, cables, asked.seed, asked.every),
            market.folder,
            asked.messages,
            asked.mail,
        )


def _set_up(folder: Path, server: Dovecot, cables: dict[str, Cable], seed: int, every_s: float) -> Storm:
    secret = folder / "imap.password"
    secret.write_text(WORD)
    account = (
        f'host = "127.0.0.1"\nport = {cables["mailbox"].port}\ntls = "none"\npassword_file = "{secret}"\n'
    )
    place = Installation(folder / "data")
    place.ports |= {"imaps": free_ports()["smtp"]}
    place.create(
        deliver=f'kind = "imap"\nuser = "{INSIDE}"\n{account}',
        relay=f'kind = "smtp"\nhost = "127.0.0.1"\nport = {cables["market"].port}\ntls = "none"\n',
        more=f'[sending]\nagent_per_hour = 0\nconversation_per_hour = 0\nanswered_minutes = 0\n[work]\nretry_minutes = [0.02]\ngive_up_hours = 2\n[mailbox.imap]\nuser = "{INSIDE}"\n{account}'
        f'[[mailbox.capture]]\nuser = "{OUTSIDE}"\npoll_s = 1.0\n{account}',
    )
    place.run("agent", "add", AGENT, "--password-stdin", input=f"{PASSWORD}\n")
    place.start()
    with (
        place.archive() as archive
    ):  # what lies there before its capture begins is history, and nobody is sent it
        wait_for(lambda: any(one.type == "capture" for one in archive.entries(0)))
    return Storm(place, server, cables, seed, every_s)


def judge(storm: Storm, market: Path, messages: int, mail: Path | None) -> int:
    """Let it storm, wait until it is calm, and count."""
    began = time.monotonic()
    works = (
        (storm.arrive, mails_of(mail, messages // 2, "capture")),
        (storm.write, mails_of(mail, messages // 4, "smtp")),
        (storm.answer, mails_of(None, messages - messages // 2 - messages // 4, "answer")),
    )
    threads = [threading.Thread(target=work, args=(mails,)) for work, mails in works]
    weather = [threading.Thread(target=one) for one in (storm.strike, storm.read)]
    for one in (*threads, *weather):
        one.start()
    for one in threads:
        one.join()
    storm.calm.set()
    for one in weather:
        one.join()
    print(
        f"stormed {time.monotonic() - began:.0f} s: {dict(storm.struck)}, tried again: {dict(storm.again)}",
        flush=True,
    )

    def captured() -> bool:
        with storm.place.archive() as archive:
            return len(marks_in([one.payload for one in archive.entries(0) if one.type == "mail.in"])) >= sum(
                len(storm.sent[kind]) for kind in ("capture", "smtp")
            )

    wait_for(captured, seconds=600, why=storm.place.log)
    status = storm.place.settled(seconds=900)
    bad = count(storm, market)
    reconciled = storm.place.json("mailbox", "reconcile", MAILBOX)
    report = storm.place.is_clean()
    print(f"reconciliation: {reconciled}")
    print(
        f"log: {report['size']} entries, clean; queue {status['queue']}; {time.monotonic() - began:.0f} s in all"
    )
    ended = storm.place.stop()
    print("GOOD" if not bad and not ended else f"BAD: {bad} {ended}")
    return 1 if bad or ended else 0


def count(storm: Storm, market: Path) -> list[str]:
    """Compare what was sent with what is where; return what is wrong."""
    bad = []
    with storm.place.archive() as archive:
        entries = list(archive.entries(0))
    by_mark: dict[str, list[bytes]] = {}
    for entry in entries:
        if entry.type.startswith("mail.") and (found := _MARK.search(entry.payload)):
            by_mark.setdefault(found[1].decode(), []).append(entry.payload)
    for kind, sent in storm.sent.items():
        missing = [mark for mark in sent if mark not in by_mark]
        differing = [mark for mark, raw in sent.items() if any(one != raw for one in by_mark.get(mark, ()))]
        doubles = sum(len(by_mark.get(mark, ())) - 1 for mark in sent if mark in by_mark)
        print(
            f"{kind}: {len(sent)} sent, {len(missing)} missing, {len(differing)} differing, {doubles} archived more than once"
        )
        bad += [f"{kind} missing {missing[:3]}"] * bool(missing) + [
            f"{kind} differing {differing[:3]}"
        ] * bool(differing)
        bad += [f"captured twice: {doubles}"] * bool(kind == "capture" and doubles)
    with IMAPClient("127.0.0.1", storm.server.imap_port, ssl=False) as client:
        client.login(INSIDE, WORD)
        client.select_folder("INBOX", readonly=True)
        held = client.fetch(client.search("ALL"), ["BODY.PEEK[]", "FLAGS"])
    inside = marks_in([one[b"BODY[]"] for one in held.values()])
    boxes = [path.read_bytes() for path in (market / "mailboxes").rglob("*") if path.is_file()]
    outside = marks_in([raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for raw in boxes], _SENT)
    for name, wanted, got in (
        ("agents", {**storm.sent["capture"], **storm.sent["smtp"]}, inside),
        ("buyer", storm.sent["answer"], outside),
    ):
        missing = [mark for mark in wanted if mark not in got]
        print(
            f"{name}: {len(wanted) - len(missing)} of {len(wanted)} have arrived, {sum(got.values()) - len(got)} more than once"
        )
        bad += [f"not with the {name}: {missing[:3]}"] * bool(missing)
        for entry in entries:
            found = _MARK.search(entry.payload) if entry.type.startswith("mail.") else None
            if found is not None and found[1].decode() in missing[:5]:
                print(f"  entry {entry.seq} of {entry.at}: {entry.meta}")
    told = b"\n".join(one.payload for one in entries if one.type == "imap" and b'"flagged"' in one.payload)
    lost = [uid for uid in storm.marked if f'"uids":"{uid}"'.encode() not in told]
    unread = [uid for uid in storm.marked if uid in held and b"\\Seen" not in held[uid][b"FLAGS"]]
    print(
        f"marked as read: {len(storm.marked)} acknowledged, {len(lost)} not in the log, {len(unread)} not on the server"
    )
    return bad + [f"marks not recorded {lost[:3]}"] * bool(lost) + [f"marks lost {unread[:3]}"] * bool(unread)


if __name__ == "__main__":
    sys.exit(main())
