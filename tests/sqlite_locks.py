"""What this process has locked, as the system tells. SQLite's files are safe among processes only while these locks stand."""

import os
from pathlib import Path


def is_held(path: Path) -> bool:
    """Say whether this process has a POSIX lock on a file: closing the file anywhere in the process drops all of them."""
    inode, us = path.stat().st_ino, os.getpid()
    locks = [line.split() for line in Path("/proc/locks").read_text().splitlines() if " POSIX " in line]
    return any(int(lock[-4]) == us and int(lock[-3].rsplit(":", 1)[1]) == inode for lock in locks)
