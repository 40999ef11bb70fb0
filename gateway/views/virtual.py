"""Views of a Dovecot of one's own: a file for each says which messages of a folder it shows. Nothing is copied.

A ``virtual`` namespace of Dovecot reads them (https://doc.dovecot.org, virtual plugin): one folder on disk for each view, in it
``dovecot-virtual``, whose first line names the real folder and whose second, indented, is an IMAP SEARCH.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path as FilePath

from gateway.views.source import Source
from gateway.views.wanted import Path

_FILE = "dovecot-virtual"
_UNSAFE = dict.fromkeys(map(ord, "/\\.~%*\0"), "-")


def write_views(place: FilePath, source: Source, folders: Mapping[Path, frozenset[int]]) -> None:
    """Write a file for each view, and take away those of views that are no more. Raises OSError where that cannot be done."""
    wanted: dict[FilePath, str] = {}
    for path, seqs in folders.items():
        folder = place.joinpath(*(part.translate(_UNSAFE).strip()[:80] or "-" for part in path))
        uids = sorted(source.uids[seq] for seq in seqs if seq in source.uids)
        what = f"UID {','.join(map(str, uids))}" if uids else "NOT ALL"
        wanted[folder / _FILE] = f"{source.folder}\n  {what}\n"
    for file, text in wanted.items():
        if not file.exists() or file.read_text() != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            new = file.with_name(f"{_FILE}.new")
            new.write_text(text)
            new.replace(file)
    for file in list(place.rglob(_FILE)):
        if file not in wanted:
            shutil.rmtree(file.parent)
