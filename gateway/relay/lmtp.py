"""Mail to a mailbox server by LMTP (RFC 2033): one answer for each recipient."""

from gateway.relay.smtp import SmtpTransport
from gateway.relay.tls import TlsPolicy


class LmtpTransport(SmtpTransport):
    """Hands messages to a delivery agent such as Dovecot's; ``host`` may be ``unix:/path/of/socket``.

    LMTP knows no passwords and seldom TLS: it is for the same machine or a network of one's own.
    """

    _verb = "LHLO"
    _answers_each = True

    def __init__(
        self,
        host: str,
        port: int = 24,
        *,
        tls: TlsPolicy = "none",
        hostname: str = "localhost",
        timeout_s: float = 60.0,
        final_timeout_s: float = 600.0,
        ca_file: str = "",
        idle_s: float = 0.0,
    ) -> None:
        super().__init__(
            host,
            port,
            tls=tls,
            hostname=hostname,
            timeout_s=timeout_s,
            final_timeout_s=final_timeout_s,
            ca_file=ca_file,
            idle_s=idle_s,
        )
