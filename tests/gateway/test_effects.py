from datetime import UTC, datetime

import msgspec
import pytest

from gateway.effects import jobs_for
from gateway.mail.entry import Entry, Envelope
from gateway.release import release_draft
from rules.drop import DropAddress
from rules.facts import Context, Decision, Reading

AT = datetime(2026, 11, 23, 18, tzinfo=UTC)
BOXES = {
    "support@brand.example": "support@brand.example",
    "help@brand.example": "support@brand.example",
    "b@x.example": "b@x.example",
}


def envelope(**changes):
    return Envelope(**{"source": "smtp", "received_at": AT, "rcpt_to": ("support@brand.example",), **changes})


def decision(**changes):
    return Decision(reading=Reading(), **changes)


@pytest.mark.parametrize(
    ("type_", "envelope", "decision", "expected"),
    [
        (
            "mail.in",
            envelope(),
            decision(),
            [("deliver", "support@brand.example", ["support@brand.example"])],
        ),
        (
            "mail.in",
            envelope(rcpt_to=("Help@brand.example", "support@brand.example", "b@x.example")),
            decision(),
            [
                ("deliver", "support@brand.example", ["Help@brand.example", "support@brand.example"]),
                ("deliver", "b@x.example", ["b@x.example"]),
            ],
        ),
        ("mail.in", envelope(source="import"), decision(), []),
        ("mail.in", envelope(source="fetch"), decision(), []),
        ("mail.in", envelope(), decision(context=Context(retry_of=3)), []),
        (
            "mail.out",
            envelope(
                source="submission", mailbox="support@brand.example", rcpt_to=("x@m.example", "y@m.example")
            ),
            decision(),
            [("relay", "support@brand.example", ["x@m.example", "y@m.example"])],
        ),
        ("mail.out", envelope(source="submission"), decision(actions=({"do": "hold"},)), []),
        ("mail.out", envelope(source="import", sent=True), decision(), []),
        ("mail.held", envelope(source="submission"), decision(), []),
        ("mail.refused", envelope(source="submission"), decision(), []),
    ],
    ids=[
        "inbound mail is delivered",
        "one job a mailbox, whichever of its addresses were named",
        "history brings no jobs",
        "nor does what lay in the mailbox already",
        "a retry is not delivered again",
        "an answer is relayed to all its recipients",
        "a rule may hold an answer",
        "an imported answer is never sent",
        "a held answer waits for its release",
        "a refused answer can never become a job",
    ],
)
def test_each_kind_of_message_brings_its_jobs(type_, envelope, decision, expected):
    jobs = jobs_for(type_, envelope, decision, BOXES)
    assert [(job.kind, job.task["mailbox"], job.task["recipients"]) for job in jobs] == expected
    assert [job.number for job in jobs] == list(range(len(jobs)))


DROP = DropAddress(address="order@brand.example")


@pytest.mark.parametrize(
    ("type_", "to", "expected"),
    [
        ("mail.in", ("order+1@brand.example",), []),
        ("mail.in", ("order+1@brand.example", "support@brand.example"), [["support@brand.example"]]),
        ("mail.out", ("order+1@brand.example", "x@m.example"), [["x@m.example"]]),
    ],
    ids=["it is filed", "the mailbox gets its own", "an answer leaves without it"],
)
def test_nothing_is_carried_to_a_drop_address(type_, to, expected):
    forward = decision(actions=({"do": "forward", "to": "tax@brand.example"},))
    ruling = forward if len(to) == 1 else decision()
    jobs = jobs_for(type_, envelope(rcpt_to=to, mailbox="support@brand.example"), ruling, BOXES, DROP)
    assert [job.task["recipients"] for job in jobs] == expected


def test_a_released_answer_leaves_without_its_drop_address():
    held = Entry(
        log=0,
        seq=4,
        id="x",
        type="mail.held",
        at=AT,
        leaf=b"",
        payload=b"",
        meta=msgspec.to_builtins(envelope(rcpt_to=("order+1@brand.example", "x@m.example"))),
    )
    released = msgspec.json.decode(release_draft(held, agent="anna", drop=False, filing=DROP).payload)
    assert released["jobs"][0]["task"]["recipients"] == ["x@m.example"]


def test_a_rule_forwards_beside_the_delivery():
    jobs = jobs_for(
        "mail.in", envelope(), decision(actions=({"do": "forward", "to": "tax@brand.example"},)), BOXES
    )
    assert [(job.task["recipients"], job.task.get("forward", False)) for job in jobs] == [
        (["support@brand.example"], False),
        (["tax@brand.example"], True),
    ]


NOTIFY = {"do": "notify", "to": "boss@brand.example", "text": "a claim"}


@pytest.mark.parametrize(
    ("type_", "envelope", "actions", "silent", "expected"),
    [
        ("mail.in", envelope(), (NOTIFY, {**NOTIFY, "text": "again"}), False, ["deliver", "notify"]),
        (
            "mail.in",
            envelope(),
            (NOTIFY, {**NOTIFY, "to": "b@x.example"}),
            False,
            ["deliver", "notify", "notify"],
        ),
        ("mail.in", envelope(mail_from=""), (NOTIFY,), True, ["deliver"]),
        ("mail.in", envelope(source="import"), (NOTIFY,), False, []),
        ("mail.in", envelope(source="fetch"), (NOTIFY,), False, []),
        ("mail.in", envelope(source="fetch", live=True, rcpt_to=()), (NOTIFY,), False, ["notify"]),
        ("mail.out", envelope(source="submission"), (NOTIFY,), False, ["relay", "notify"]),
        ("mail.out", envelope(source="submission"), (NOTIFY, {"do": "hold"}), False, ["notify"]),
        ("mail.held", envelope(source="submission"), (NOTIFY,), False, ["notify"]),
        ("mail.refused", envelope(source="submission"), (NOTIFY,), False, []),
    ],
    ids=[
        "an address is told once",
        "and so is every other",
        "a bounce is delivered and nobody told",
        "history tells nobody",
        "a fetched backlog tells nobody",
        "what came while the folder was watched is told of",
        "an answer is told of and relayed",
        "an answer that a rule holds is told of",
        "an answer that the policy holds is told of",
        "a refused answer is its writer's matter",
    ],
)
def test_a_rule_has_somebody_told(type_, envelope, actions, silent, expected):
    jobs = jobs_for(type_, envelope, decision(actions=actions), BOXES, silent=silent)
    assert [job.kind for job in jobs] == expected
    assert len({job.number for job in jobs}) == len(jobs)
    told = [job for job in jobs if job.kind == "notify"]
    assert all(job.task["recipients"] and job.task["text"] == "a claim" for job in told)
