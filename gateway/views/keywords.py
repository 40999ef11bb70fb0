"""Keywords on the messages themselves, kept in step with their tags and clocks: a small closed set, and nobody else's are touched."""

from collections.abc import Mapping

from imapclient import IMAPClient

from gateway.capture.session import asking
from gateway.relay.imap import KEYWORDS
from gateway.views.source import Source, chunks

_OURS = {word.casefold().encode(): word for word in KEYWORDS}


def keep_keywords(client: IMAPClient, source: Source, wanted: Mapping[int, frozenset[str]]) -> int:
    """Add and take away what has changed; return how many messages did. A server that keeps no keywords is left alone."""
    if not source.open(client, readonly=False):
        return 0
    with asking(client, f"the keywords in {source.folder} cannot be read"):
        permanent = client.select_folder(source.folder).get(b"PERMANENTFLAGS", ())
    if b"\\*" not in permanent:
        return 0
    added: dict[str, list[int]] = {}
    taken: dict[str, list[int]] = {}
    changed = set()
    for seq, flags in source.flags(client, wanted).items():
        has = {_OURS[flag.lower()] for flag in flags if flag.lower() in _OURS}
        for words, changes in ((wanted[seq] - has, added), (has - wanted[seq], taken)):
            for word in words:
                changes.setdefault(word, []).append(source.uids[seq])
                changed.add(seq)
    with asking(client, f"the keywords in {source.folder} cannot be set"):
        for changes, set_ in ((added, client.add_flags), (taken, client.remove_flags)):
            for word, uids in changes.items():
                for chunk in chunks(uids):
                    set_(chunk, [word.encode()], silent=True)
    return len(changed)
