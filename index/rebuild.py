"""A new index from all documents, put in the place of the old one in one step."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from index.document import Document
from index.engines import engine_of, make_generation
from index.generations import building, publish


def rebuild(path: Path, engine: str, documents: Iterable[Document], position: int) -> None:
    """Build an index beside the one that stands in ``path``, then let it take its place.

    Readers and a writer go on with the old one meanwhile and follow at their next ``refresh`` or ``write``. When building
    fails, the old one stays. An index in memory has nothing to rebuild: it is filled anew wherever it is opened.
    """
    name = engine_of(engine)
    if name == "memory":
        return
    with building(path):
        before = set(path.iterdir())
        try:
            generation = make_generation(name, path, lambda backend: backend.write(documents, position))
        except BaseException:
            for half in set(path.iterdir()) - before:
                shutil.rmtree(half, ignore_errors=True)
            raise
        publish(path, generation)
