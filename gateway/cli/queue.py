"""``docket queue``: what is on its way, and a person's word on it. Each act is an entry; ``serve`` takes it up at once."""

import click

from gateway.archive.archive import Archive
from gateway.cli.act import agent_option
from gateway.cli.frame import Place, json_option, pass_place, print_json, when
from gateway.errors import DocketError, WrongUse
from gateway.precedence import append_first
from gateway.queueing import Do, queue_draft
from gateway.store import fold, jobs, messages
from gateway.store.records import JobRow, MessageRow

_STATES = {"ready": "waits", "leased": "is being sent", "held": "held", "dead": "failed"}


@click.group()
def queue() -> None:
    """Show what is on its way out or to the agents; try it now, hold it back or give it up."""


@queue.command(name="list")
@click.option("--limit", default=1000, show_default=True, help="So many at most.")
@json_option
@pass_place
def list_(place: Place, limit: int, as_json: bool) -> None:
    """List what has not arrived: what waits for a second look or its next try, what is held, what failed."""
    app = place.app()
    with app.store.read() as conn:
        looks = messages.held(conn, limit)
        found = jobs.outstanding(conn, limit)
        rows = messages.messages(conn, [one.message for one in found])
    for look in looks:
        _tell_held(look, _found_in(app.archive, look.seq), as_json)
    for one in found:
        row = rows.get(one.message)
        if as_json:
            print_json(
                {
                    "seq": one.message,
                    "job": one.number,
                    "kind": one.kind,
                    "state": one.state,
                    "mailbox": one.task.get("mailbox", ""),
                    "recipients": one.task.get("recipients", []),
                    "attempts": one.attempts,
                    "next_at": when(one.next_at) if one.state == "ready" and one.next_at else None,
                    "last": one.last,
                    "subject": row.subject if row else "",
                    "agent": row.agent if row else "",
                }
            )
        else:
            next_ = (
                f" next try {when(one.next_at)}"
                if one.state == "ready" and one.attempts and one.next_at
                else ""
            )
            to = ", ".join(one.task.get("recipients", []))
            click.echo(
                f"{one.message}\t{one.kind}\t{_STATES[one.state]}\t{to}\ttries {one.attempts}{next_}\t{one.last}"
            )


def _found_in(archive: Archive, seq: int) -> str:
    """Return what the policy found in a message that it holds."""
    try:
        findings = archive.entry(seq).meta["verdict"]["findings"]
    except (DocketError, KeyError):
        return ""
    return "; ".join(one["message"] for one in findings if one["action"] == "hold")


def _tell_held(row: MessageRow, why: str, as_json: bool) -> None:
    to = [address for _, address in (*row.to, *row.cc)]
    if as_json:
        print_json(
            {
                "seq": row.seq,
                "job": None,
                "kind": "relay",
                "state": "second look",
                "mailbox": row.mailbox,
                "recipients": to,
                "attempts": 0,
                "next_at": None,
                "last": why,
                "subject": row.subject,
                "agent": row.agent,
            }
        )
    else:
        told = f"{row.seq}\trelay\twaits for a second look\t{', '.join(to)}\tdocket release {row.seq}\t{why}"
        click.echo(told)


def _act(do: Do, help_: str) -> click.Command:
    @click.argument("seq", type=int)
    @click.option("--job", "number", type=int, help="Which of a message's jobs, where it has several.")
    @click.option("--reason", default="", help="Why; it stands in the record.")
    @agent_option
    @json_option
    @pass_place
    def act(place: Place, seq: int, number: int | None, reason: str, agent: str, as_json: bool) -> None:
        app = place.app()
        with app.store.read() as conn:
            read_to = fold.position(conn)
            row = messages.message(conn, seq)
            found = jobs.jobs_of(conn, seq)
        if row is None:
            raise WrongUse(f"entry {seq} is no message")
        if row.state == "held" and all(one.kind != "relay" for one in found):
            raise WrongUse(
                f"message {seq} waits for a second look: docket release {seq}, with or without --drop"
            )
        draft = queue_draft(
            _chosen(seq, found, number), row, do, agent=agent, reason=reason, source="command"
        )
        appended = append_first(app.archive, draft, read_to)
        if as_json:
            print_json({"seq": appended.seq})
        else:
            click.echo(f"Entry {appended.seq}.")

    return click.command(name=do, help=help_)(act)


def _chosen(seq: int, found: list[JobRow], number: int | None) -> JobRow:
    """Return the job that is meant: the one named, else the only one that has not arrived."""
    if number is not None:
        wanted = [one for one in found if one.number == number]
    else:
        wanted = [one for one in found if one.state not in {"done", "dropped"}] or found[:1]
    if not wanted:
        raise WrongUse(
            f"message {seq} has no job" + ("" if number is None else f" {number}") + "; see docket queue list"
        )
    if len(wanted) > 1:
        told = ", ".join(f"{one.number} ({one.kind}, {one.state})" for one in wanted)
        raise WrongUse(f"message {seq} has several jobs: {told}; say which: --job N")
    return wanted[0]


_HELP: dict[Do, str] = {
    "retry": "Try message SEQ now, whatever came of it before; only those who have not got it are sent it.",
    "hold": "Keep message SEQ back until it is released.",
    "release": "Let the held message SEQ go on.",
    "drop": "Give message SEQ up. Whoever wrote it is told.",
}
for _do, _help in _HELP.items():
    queue.add_command(_act(_do, _help))

COMMANDS = (queue,)
