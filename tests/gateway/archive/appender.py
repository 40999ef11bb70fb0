"""A process that appends until it is told or killed to stop: the tests start it, several at once.

    appender.py ARCHIVE_URL KEYS_URL SECRETS NAME COUNT

It prints "ready", waits for a line, then prints "SEQ NUMBER" for every acknowledgement, or "ERROR KIND REPLY".
"""

import sys
from pathlib import Path

from gateway.archive.archive import Archive
from gateway.clock import SystemClock
from gateway.errors import DocketError
from gateway.mail.entry import Draft


def main() -> None:
    archive_url, keys_url, secrets, name, count = sys.argv[1:]
    archive = Archive(archive_url, keys_url, Path(secrets), clock=SystemClock())
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(int(count)):
        draft = Draft(type="mail.in", payload=f"{name} {number}".encode(), meta={"shared": False})
        shared = Draft(type="mail.in", payload=f"shared {number}".encode(), meta={"shared": True}, once=True)
        try:
            for one in (draft, shared):
                print(archive.append(one).seq, one.payload.decode(), flush=True)
        except DocketError as wrong:
            print("ERROR", type(wrong).__name__, wrong.reply, flush=True)


if __name__ == "__main__":
    main()
