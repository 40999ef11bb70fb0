"""What can be wrong with an index, in words for the person who runs it."""


class IndexFault(Exception):
    """The index cannot be used; the text says why and what to do."""


class IndexDamaged(IndexFault):
    """The index directory is broken, incomplete or of another engine or version. Nothing is lost: rebuild it."""


class IndexBusy(IndexFault):
    """Another process writes this index."""


class UnknownEngine(IndexFault):
    """A setting names an engine that does not exist or is not installed."""
