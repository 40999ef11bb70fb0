"""Every cap of the ways in, each a setting: strangers connect, and none of them may take more than its share."""

from msgspec import Struct

_MIB = 1024 * 1024


class Limits(Struct, frozen=True, forbid_unknown_fields=True):
    """What one client, one connection and one message may ask for. Set in ``[limits]`` of the settings."""

    # One message. Refused for good (5xx): trying again unchanged cannot help.
    message_bytes: int = 50 * _MIB  # announced as SIZE (RFC 1870); more is refused with 552 5.3.4
    line_bytes: int = (
        64 * 1024
    )  # without CRLF; RFC 5321 says 998, but shops send whole HTML mails in one line
    hops: int = (
        100  # Received fields before a message counts as going round in circles (RFC 5321 section 6.3)
    )

    # One message. Refused for now (4xx): the client sends the rest in another transaction.
    recipients: int = 100  # RFC 5321 section 4.5.3.1.8 asks for at least 100

    # One connection; beyond any of these it is closed with 421.
    command_bytes: int = 4096  # one command line with its CRLF; extensions need more than RFC 5321's 512
    commands: int = 50_000
    messages: int = 10_000
    errors: int = 20  # replies that begin with 5
    logins: int = 3  # failed AUTH attempts
    connection_s: float = 3600.0

    # Waiting for the client.
    command_s: float = 300.0  # RFC 5321 section 4.5.3.2.7 asks for 5 minutes
    data_s: float = 180.0  # without one byte of a message
    data_bytes_per_s: int = 256  # the slowest sender that is waited for, once ``data_s`` has passed
    handshake_s: float = 30.0

    # Waiting for ourselves: a client is told 451 and comes again.
    archive_s: float = 60.0

    # All connections of one process.
    connections: int = 1000
    connections_per_peer: int = 100  # one IPv4 address or one IPv6 /64

    # Guessing of passwords, over all connections: failures within ``login_window_s``.
    login_failures_per_peer: int = 20
    login_failures_per_name: int = 20
    login_window_s: float = 900.0
    password_checks: int = 2  # at the same time; each takes tens of megabytes and a core

    # Files to import.
    import_message_bytes: int = 200 * _MIB
