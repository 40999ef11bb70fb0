"""One mail transaction over an open dialog: MAIL, RCPT, DATA, the bytes, the dot; and what became of each recipient."""

import re
from collections.abc import Sequence

from gateway.relay.dialog import Dialog, Lost
from gateway.relay.reply import Reply, own_words, queue_id
from gateway.relay.transport import Deferred, Delivered, Outcome, Refused, Unknown

_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_UNSAFE = re.compile(r"[\x00-\x20\x7f<>]")
_END_OF_HEADER = re.compile(rb"\r\n\r\n")
_LOCKED_OUT = frozenset({530, 534, 535, 538})  # our settings are wrong, not the message (RFC 4954 section 6)


def transact(
    dialog: Dialog,
    raw: bytes,
    mail_from: str,
    recipients: Sequence[str],
    *,
    final_timeout_s: float,
    answers_each: bool = False,
) -> tuple[Outcome, ...]:
    """Hand over one message and return what became of it, every recipient in exactly one outcome.

    The bytes sent are ``raw`` with dots doubled at line starts, and nothing else (a last line end is added where it is
    missing: RFC 5321 section 4.1.1.4 knows no other way). With ``answers_each`` the server answers the dot once for
    each accepted recipient (RFC 2033 section 4.2).
    """
    return _Transaction(dialog, tuple(dict.fromkeys(recipients))).run(
        raw, mail_from, final_timeout_s, answers_each
    )


def stuffed(raw: bytes) -> bytes:
    r"""Return the message as it travels after DATA, without the final dot (RFC 5321 section 4.5.2).

    >>> stuffed(b".one\r\n..two\r\n")
    b'..one\r\n...two\r\n'
    """
    lines = raw.replace(b"\r\n.", b"\r\n..")
    first = b"." if raw.startswith(b".") else b""
    last = b"" if raw.endswith(b"\r\n") else b"\r\n"
    return first + lines + last


class _Transaction:
    def __init__(self, dialog: Dialog, recipients: tuple[str, ...]) -> None:
        self._dialog = dialog
        self._waiting = list(recipients)
        self._outcomes: list[Outcome] = []

    def run(
        self, raw: bytes, mail_from: str, final_timeout_s: float, answers_each: bool
    ) -> tuple[Outcome, ...]:
        try:
            if self._is_sendable(raw, mail_from) and self._opened(raw, mail_from) and self._addressed():
                self._sent(raw, final_timeout_s, answers_each)
        except Lost as lost:  # before the final dot: nothing was taken
            self._defer(self._waiting, lost.reply)
        return tuple(self._outcomes)

    def _is_sendable(self, raw: bytes, mail_from: str) -> bool:
        """Refuse what this server cannot take unchanged: Docket never re-encodes what it has archived."""
        extensions = self._dialog.extensions
        limit = extensions.get("SIZE", "")
        why = ""
        if _UNSAFE.search(mail_from):
            why = own_words("5.1.7", "the sender's address holds characters that no address may hold")
        elif _BARE.search(raw):
            # RFC 5321 section 2.3.8; sent as it is, another server may see a second message in it.
            why = own_words(
                "5.6.0", "the message holds a bare CR or LF, which SMTP cannot carry; send it again"
            )
        elif limit.isdigit() and 0 < int(limit) < len(raw):
            why = own_words(
                "5.3.4", f"the message has {len(raw)} bytes; {self._dialog.remote} takes {limit} at most"
            )
        elif not raw.isascii() and "8BITMIME" not in extensions:
            why = own_words(  # RFC 6152 section 3: convert or return; converting would break signatures
                "5.6.3",
                f"the message is 8-bit and {self._dialog.remote} takes only 7-bit mail (no 8BITMIME);"
                " send it again in quoted-printable, or use another server",
            )
        elif not mail_from.isascii() and "SMTPUTF8" not in extensions:
            why = own_words("5.6.7", f"{self._dialog.remote} takes no sender address outside ASCII")
        if why:
            self._refuse(self._waiting, why)
        return not why

    def _opened(self, raw: bytes, mail_from: str) -> bool:
        extensions = self._dialog.extensions
        line = f"MAIL FROM:<{mail_from}>"
        if "SIZE" in extensions:
            line += f" SIZE={len(raw)}"
        if not raw.isascii():
            line += " BODY=8BITMIME"
        if "SMTPUTF8" in extensions and not self._is_plain(raw, mail_from):
            line += " SMTPUTF8"
        return self._goes_on(self._dialog.command(line))

    def _is_plain(self, raw: bytes, mail_from: str) -> bool:
        """Tell whether envelope and header block are all ASCII (RFC 6531 section 3.4)."""
        end = _END_OF_HEADER.search(raw)
        header = raw[: end.start()] if end else raw
        return header.isascii() and all(address.isascii() for address in (mail_from, *self._waiting))

    def _addressed(self) -> bool:
        """Offer every recipient; those the server does not take leave ``_waiting``."""
        for address in tuple(self._waiting):
            if _UNSAFE.search(address) or not address:
                self._refuse(
                    [address], own_words("5.1.3", "the recipient's address holds characters no address may")
                )
                continue
            if not address.isascii() and "SMTPUTF8" not in self._dialog.extensions:
                self._refuse(
                    [address], own_words("5.6.7", f"{self._dialog.remote} takes no address outside ASCII")
                )
                continue
            answer = self._dialog.command(f"RCPT TO:<{address}>")
            if answer.code == 421:  # RFC 5321 section 3.8: it is closing, for everyone still waiting
                raise Lost(answer.whole)
            if not answer.accepts:
                self._settle([address], answer)
        return bool(self._waiting)

    def _sent(self, raw: bytes, final_timeout_s: float, answers_each: bool) -> None:
        start = self._dialog.command("DATA")
        if start.code != 354:
            self._goes_on(start, wanted=354)
            return
        try:
            self._dialog.write(stuffed(raw))
            early = self._dialog.has_spoken()
        except Lost as lost:
            early, gone = True, lost
        else:
            gone = Lost(own_words("4.4.2", f"{self._dialog.remote} hung up before the end of the message"))
        if early:  # it has answered or hung up without a final dot, so it cannot have taken the message
            self._settle_early(gone)
            return
        self._finish(final_timeout_s, answers_each)

    def _settle_early(self, gone: Lost) -> None:
        try:
            answer = self._dialog.reply()
        except Lost:
            raise gone from None
        if answer.refuses:
            self._settle(self._waiting, answer)
        else:
            self._defer(self._waiting, answer.whole)

    def _finish(self, final_timeout_s: float, answers_each: bool) -> None:
        """From the final dot on, a lost connection no longer means that nothing was taken (RFC 1047)."""
        groups = [[address] for address in self._waiting] if answers_each else [list(self._waiting)]
        try:
            self._dialog.write(b".\r\n")
            for group in groups:
                self._settle(group, self._dialog.reply(final_timeout_s), after_dot=True)
        except Lost as lost:
            self._record(Unknown, self._waiting, lost.reply)

    def _goes_on(self, answer: Reply, *, wanted: int = 250) -> bool:
        """Tell whether an answer lets the transaction go on; else every waiting recipient shares its fate."""
        if answer.code == wanted or (wanted == 250 and answer.accepts):
            return True
        self._settle(self._waiting, answer)
        return False

    def _settle(self, recipients: Sequence[str], answer: Reply, *, after_dot: bool = False) -> None:
        if after_dot and answer.accepts:
            outcome = Delivered(
                recipients=tuple(recipients),
                reply=answer.final,
                queue_id=queue_id(answer.final),
                remote=self._dialog.remote,
                tls=self._dialog.tls,
            )
            self._outcomes.append(outcome)
            self._waiting = [one for one in self._waiting if one not in recipients]
        elif answer.refuses and answer.code not in _LOCKED_OUT:
            self._refuse(recipients, answer.whole)
        elif after_dot and answer.code < 400:
            self._record(Unknown, recipients, answer.whole)
        else:
            self._defer(recipients, answer.whole)

    def _refuse(self, recipients: Sequence[str], reply: str) -> None:
        self._record(Refused, recipients, reply)

    def _defer(self, recipients: Sequence[str], reply: str) -> None:
        self._record(Deferred, recipients, reply)

    def _record(
        self, kind: type[Deferred | Refused | Unknown], recipients: Sequence[str], reply: str
    ) -> None:
        gone = tuple(recipients)
        if gone:
            self._outcomes.append(
                kind(recipients=gone, reply=reply, remote=self._dialog.remote, tls=self._dialog.tls)
            )
            self._waiting = [one for one in self._waiting if one not in gone]
