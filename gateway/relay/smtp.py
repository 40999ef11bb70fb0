"""Mail to a smart host by SMTP: connections that carry one message after the other, every fault an outcome."""

import logging
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.relay.dialog import Dialog, Lost, dial
from gateway.relay.kept import Kept
from gateway.relay.reply import Reply, own_words
from gateway.relay.tls import TlsPolicy, check_password_is_safe, tls_context
from gateway.relay.transaction import transact
from gateway.relay.transport import Deferred, Outcome, Unknown

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a server says of itself up to the login; ``fault`` is what went wrong before, empty where nothing did."""

    fault: str = ""
    greeting: str = ""
    extensions: dict[str, str] = field(default_factory=dict)
    tls: str = ""


class SmtpTransport:
    """Hands messages to one server. Safe to use from several threads at once.

    ``timeout_s`` holds for each step; ``final_timeout_s`` for the answer to the final dot, where patience avoids
    doubles (RFC 5321 section 4.5.3.2.6 asks for ten minutes); a connection waits ``idle_s`` for another message, with 0 for
    none. Raises WrongUse for settings that cannot work.
    """

    _verb = "EHLO"
    _answers_each = False

    def __init__(
        self,
        host: str,
        port: int = 25,
        *,
        tls: TlsPolicy = "required",
        user: str = "",
        password: str = "",
        hostname: str = "localhost",
        timeout_s: float = 60.0,
        final_timeout_s: float = 600.0,
        ca_file: str = "",
        idle_s: float = 0.0,
    ) -> None:
        check_password_is_safe(tls, host, user)
        self._host, self._port = host, port
        self._policy = tls
        self._context = tls_context(tls, ca_file)
        self._user, self._password = user, password
        self._hostname = hostname
        self._timeout_s, self._final_timeout_s = timeout_s, final_timeout_s
        self._kept = Kept(idle_s)

    def send(self, raw: bytes, mail_from: str, recipients: tuple[str, ...]) -> tuple[Outcome, ...]:
        """Hand over one message; nothing is raised for a remote's fault."""
        try:
            dialog = self._kept.take() or self._open()
        except Lost as lost:
            outcomes = self._not_begun(recipients, lost.reply)
        else:
            outcomes = self._transact(dialog, raw, mail_from, recipients)
        for one in outcomes:
            kind = type(one).__name__.lower()
            log.info("sent outcome=%s recipients=%d remote=%s", kind, len(one.recipients), one.remote)
        return outcomes

    def close(self) -> None:
        """Say goodbye on the connections that wait for another message."""
        self._kept.close()

    def survey(self) -> Survey:
        """Do all that a message needs but the message; nothing is raised for a server's fault."""
        try:
            with self._open() as dialog:
                seen = Survey(greeting=dialog.greeting, extensions=dict(dialog.extensions), tls=dialog.tls)
                dialog.quit()
                return seen
        except Lost as lost:
            return Survey(fault=lost.reply)

    def _transact(
        self, dialog: Dialog, raw: bytes, mail_from: str, recipients: tuple[str, ...]
    ) -> tuple[Outcome, ...]:
        try:
            outcomes = transact(
                dialog,
                raw,
                mail_from,
                recipients,
                final_timeout_s=self._final_timeout_s,
                answers_each=self._answers_each,
            )
        except BaseException:
            dialog.close()
            raise
        dialog.ended |= any(isinstance(one, Unknown) for one in outcomes)
        self._kept.give(dialog)
        return outcomes

    def _open(self) -> Dialog:
        """Connect, greet, protect and log in. Raises Lost when mail cannot be offered on this connection."""
        if self._policy != "opportunistic" or self._context is None:
            return self._introduce(self._context)
        try:
            return self._introduce(self._context)
        except _TlsFailed:
            return self._introduce(None)  # RFC 7435 section 3: better in the clear than not at all

    def _introduce(self, context: ssl.SSLContext | None) -> Dialog:
        dialog = dial(self._host, self._port, policy=self._policy, context=context, timeout_s=self._timeout_s)
        try:
            _insist(dialog.greeted(), "greeting")
            _insist(dialog.hello(self._verb, self._hostname), self._verb)
            if context is not None and not dialog.is_protected:
                self._start_tls(dialog, context)
            if self._user:
                _insist(dialog.log_in(self._user, self._password), "AUTH")
        except BaseException:
            with dialog:
                raise
        return dialog

    def _start_tls(self, dialog: Dialog, context: ssl.SSLContext) -> None:
        if "STARTTLS" not in dialog.extensions:
            if self._policy == "opportunistic":
                return
            words = f"{dialog.remote} offers no STARTTLS and the setting is tls = {self._policy!r}; nothing was sent"
            raise Lost(own_words("4.7.10", words))
        answer = dialog.command("STARTTLS")
        if not answer.accepts:
            raise _TlsFailed(answer.whole)
        try:
            dialog.protect(context)
        except Lost as lost:
            raise _TlsFailed(lost.reply) from lost
        _insist(dialog.hello(self._verb, self._hostname), self._verb)

    def _not_begun(self, recipients: Sequence[str], reply: str) -> tuple[Outcome, ...]:
        """A server that will not talk to us says nothing about the message: it waits, whatever the code."""
        everyone = tuple(dict.fromkeys(recipients))
        remote = self._host if self._host.startswith("unix:") else f"{self._host}:{self._port}"
        return (Deferred(recipients=everyone, reply=reply, remote=remote),)


class _TlsFailed(Lost):
    """STARTTLS was offered and came to nothing."""


def _insist(answer: Reply, step: str) -> None:
    if not answer.accepts:
        log.warning("server-unwilling step=%s code=%d", step, answer.code)
        raise Lost(answer.whole)
