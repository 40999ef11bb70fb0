"""Every cap of the ways in, each a setting: strangers connect, and none of them may take more than its share."""

from msgspec import Struct

from gateway.ranges import Bytes, Count, Seconds

_MIB = 1024 * 1024


class Limits(Struct, frozen=True, forbid_unknown_fields=True):
    """What one client, one connection and one message may ask for. Set in ``[limits]`` of the settings."""

    # One message. Refused for good (5xx): trying again unchanged cannot help.
    message_bytes: Bytes = 50 * _MIB  # announced as SIZE (RFC 1870); more is refused with 552 5.3.4
    line_bytes: Bytes = (
        64 * 1024
    )  # without CRLF; RFC 5321 says 998, but shops send whole HTML mails in one line
    hops: Count = (
        100  # Received fields before a message counts as going round in circles (RFC 5321 section 6.3)
    )

    # One message. Refused for now (4xx): the client sends the rest in another transaction.
    recipients: Count = 100  # RFC 5321 section 4.5.3.1.8 asks for at least 100

    # One connection; beyond any of these it is closed with 421.
    command_bytes: Bytes = 4096  # one command line with its CRLF; extensions need more than RFC 5321's 512
    commands: Count = 50_000
    messages: Count = 10_000
    errors: Count = 20  # replies that begin with 5
    logins: Count = 3  # failed AUTH attempts
    connection_s: Seconds = 3600.0

    # Waiting for the client.
    command_s: Seconds = 300.0  # RFC 5321 section 4.5.3.2.7 asks for 5 minutes
    data_s: Seconds = 180.0  # without one byte of a message
    data_bytes_per_s: Bytes = 256  # the slowest sender that is waited for, once ``data_s`` has passed
    handshake_s: Seconds = 30.0

    # Waiting for ourselves: a client is told 451 and comes again.
    archive_s: Seconds = 60.0

    # All connections of one process.
    connections: Count = 1000
    connections_per_peer: Count = 100  # one IPv4 address or one IPv6 /64

    # Mail clients at IMAP.
    login_s: Seconds = 120.0  # from the greeting to the login
    imap_idle_s: Seconds = 1860.0  # without a word from either side; RFC 9051 section 5.4 asks for 30 minutes
    imap_connections: Count = 2000  # a mail client holds up to five
    imap_connections_per_peer: Count = 500  # a whole office may come from one address

    # Guessing of passwords, over all connections: failures within ``login_window_s``.
    login_failures_per_peer: Count = 20
    login_failures_per_name: Count = 20
    login_window_s: Seconds = 900.0
    password_checks: Count = 2  # at the same time; each takes tens of megabytes and a core

    # Files to import.
    import_message_bytes: Bytes = 200 * _MIB
