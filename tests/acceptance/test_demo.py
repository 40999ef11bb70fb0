"""``docket demo``: what it shows is real, on each search engine, with a private Dovecot and without one."""

import json
import os
import shutil
import signal
import subprocess
from email import message_from_bytes, policy
from urllib.request import urlopen

import pytest
from imapclient import IMAPClient

from gateway.demo.dovecot import find_dovecot
from tests.installation import ENVIRONMENT, command, docket, wait_for

KEYS = {
    "ready",
    "web",
    "smtp",
    "lmtp",
    "submission",
    "submissions",
    "imap",
    "marketplace",
    "mailbox",
    "agent",
    "data",
}
# In a name space of its own there is no Dovecot, whatever the machine has.
HIDDEN = ["unshare", "--mount", "sh", "-c", 'mount --bind /dev/null "$0" && exec "$@"', "/usr/sbin/dovecot"]


def hides_dovecot() -> bool:
    if os.geteuid() != 0 or not shutil.which("dovecot", path="/usr/sbin"):
        return False
    return subprocess.run([*HIDDEN, "true"], capture_output=True).returncode == 0


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(("auto", True), id="dovecot", marks=pytest.mark.needs("dovecot")),
        pytest.param(("whoosh", True), id="whoosh"),
        pytest.param(("auto", False), id="without-dovecot"),
    ],
)
def demo(request, tmp_path_factory):
    """Return what a running demonstration says of itself first."""
    engine, dovecot = request.param
    if not dovecot and not hides_dovecot():
        pytest.skip("needs root and a Dovecot to hide")
    data = tmp_path_factory.mktemp("demo") / "data"
    log = data.with_name("log").open("w+b")
    process = subprocess.Popen(
        [*([] if dovecot else HIDDEN), *command("demo", "--json", "--data", data, "--index", engine)],
        stdout=subprocess.PIPE,
        stderr=log,
        env=ENVIRONMENT,
        cwd="/",
        text=True,
    )
    ready = json.loads(process.stdout.readline())
    yield {**ready, "dovecot": dovecot and find_dovecot() is not None}
    process.send_signal(signal.SIGTERM)
    rest, _ = process.communicate(timeout=90)
    log.seek(0)
    said = log.read()
    log.close()
    assert (process.returncode, rest) == (0, "")
    assert b"Traceback" not in said


def port(address: str) -> int:
    return int(address.rpartition(":")[2])


def of(demo, *arguments):
    done = docket("--data", demo["data"], *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def inbox(demo):
    with IMAPClient("127.0.0.1", port(demo["imap"]), ssl=False, timeout=30) as client:
        client.login(demo["agent"]["name"], demo["agent"]["password"])
        client.select_folder("INBOX", readonly=True)
        found = client.fetch(client.search(), ["BODY.PEEK[]"])
        return [found[uid][b"BODY[]"] for uid in sorted(found)]


def test_the_first_line_says_where_everything_is(demo):
    assert demo.keys() >= KEYS
    assert demo["ready"] is True
    assert demo["agent"].keys() >= {"name", "password"}
    with urlopen(f"http://{demo['web']}/login", timeout=30) as page:
        assert page.status == 200


def test_the_conversation_stands_under_its_order_in_order_with_names_times_and_reasons(demo):
    (order,) = of(demo, "order", demo["order"])
    question, answer, thanks = order["messages"]
    assert [each["direction"] for each in order["messages"]] == ["inbound", "outbound", "inbound"]
    assert question["at"] <= answer["at"] <= thanks["at"]
    assert answer["agent"] == demo["agent"]["name"]
    assert [each["state"] for each in order["messages"]] == ["delivered", "relayed", "delivered"]
    for each in order["messages"]:
        (link,) = each["links"]
        assert link["order"]["value"] == demo["order"]
        # Nobody's word is taken: the marketplace's mail is signed, and its name server has the key.
        assert link["confidence"] == "certain"
        assert each["direction"] == "outbound" or "which is proven: signed by amazon.com" in link["reason"]
        assert link["reason"]
    # the marketplace's acceptance is an act of its own, between the answer and the buyer's second mail
    (accepted,) = [e for e in order["entries"] if e["type"] == "outcome" and e["of"] == answer["seq"]]
    (outcome,) = accepted["summary"]["outcomes"]
    assert outcome["kind"] == "delivered"
    assert outcome["queue_id"] in outcome["reply"]
    assert outcome["remote"] == demo["marketplace"]
    assert question["seq"] < answer["seq"] < accepted["seq"]
    assert answer["seq"] < thanks["seq"]
    (report,) = of(demo, "verify")
    assert report["ok"]


def test_a_mail_client_reads_the_stamped_copy(demo):
    (order,) = of(demo, "order", demo["order"])
    first = order["messages"][0]
    raw = docket("--data", demo["data"], "show", first["seq"], "--raw", text=False).stdout
    (copy,) = [each for each in inbox(demo) if each.endswith(raw)]
    stamped = message_from_bytes(copy, policy=policy.default)
    ours = {name: str(value) for name, value in stamped.items() if name.startswith("X-Docket")}
    assert any(demo["order"] in value for value in ours.values())


def test_a_claim_is_open_with_its_clock_and_its_dossier_is_held(demo):
    (claim,) = of(demo, "claims")
    assert (claim["clock"], claim["orders"][0]["value"]) == ("claim_answer", demo["claim"])
    assert claim["said"] == "the mail says: within 3 calendar days"
    (order,) = of(demo, "order", demo["claim"])
    assert order["dossier"]["held"]
    assert [one["message"] for one in order["clocks"]] == [claim["message"]]


@pytest.mark.needs("swaks")
def test_one_more_mail_from_any_client_is_taken_found_and_delivered(demo):
    sent = subprocess.run(
        [
            "swaks",
            "--server",
            demo["smtp"],
            "--from",
            "new@buyer.example",
            "--to",
            demo["mailbox"],
            "--header",
            f"Subject: again about {demo['order']}",
            "--body",
            "the saucer has a quokkamark",
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "250 2.0.0 Archived " in sent.stdout, sent.stdout
    hits = wait_for(lambda: of(demo, "search", "quokkamark"))
    assert hits[0]["orders"] == [demo["order"]]
    wait_for(lambda: [each for each in inbox(demo) if b"quokkamark" in each])


def test_the_other_engine_is_the_one_asked_for(demo):
    # The last outcome may still be on its way into the index: it is there in a moment, or never.
    status = wait_for(lambda: next((one for one in of(demo, "status") if one["index"]["lag"] == 0), None))
    assert (status["index"]["engine"] == "whoosh") == (
        "whoosh" in docket("--data", demo["data"], "status").stdout
    )


def test_its_mailbox_is_a_dovecot_where_there_is_one(demo):
    assert ("ovecot" in demo["imap_server"]) == demo["dovecot"]
