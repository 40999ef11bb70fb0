import importlib.util
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from index.document import Document
from index.engines import engine_of
from index.errors import IndexDamaged, UnknownEngine
from index.registry import open_index
from index.terms import rank, seq_of, terms_of


def test_an_unknown_engine_names_the_choices() -> None:
    with pytest.raises(UnknownEngine, match="auto, tantivy, whoosh, memory"):
        open_index("lucene", Path("nowhere"))


def test_auto_is_tantivy_and_whoosh_where_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert engine_of("auto") == "tantivy"
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert engine_of("auto") == "whoosh"


def test_an_index_of_another_engine_or_version_asks_for_a_rebuild(tmp_path: Path) -> None:
    open_index("whoosh", tmp_path / "index").close()
    with pytest.raises(IndexDamaged, match=r"made by whoosh.*docket rebuild"):
        open_index("tantivy", tmp_path / "index")
    (tmp_path / "index" / "current").write_text("whoosh 0 000001\n")
    with pytest.raises(IndexDamaged, match=r"version 0.*docket rebuild"):
        open_index("whoosh", tmp_path / "index")


def test_importing_whoosh_tells_no_warning_and_hides_none_of_ours() -> None:
    code = "import warnings, index.backends.whoosh; warnings.warn('ours', DeprecationWarning)"
    done = subprocess.run(
        [sys.executable, "-B", "-X", "pycache_prefix=/nonexistent", "-W", "always", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stderr.count("Warning") == 1
    assert "ours" in done.stderr


def test_a_rank_sorts_by_second_and_then_by_seq() -> None:
    assert rank(5, 9) < rank(6, 0) < rank(6, 1)
    assert seq_of(rank(1_800_000_000, 123)) == 123
    assert rank(-5, 1) == rank(0, 1)
    assert rank(1 << 60, (1 << 30) - 1) < 1 << 63
    with pytest.raises(ValueError, match="seqs below"):
        rank(0, 1 << 30)


def test_no_phrase_runs_from_one_part_of_a_message_into_the_next() -> None:
    made = terms_of(
        Document(
            seq=1, at=datetime(2026, 1, 1, tzinfo=UTC), direction="inbound", subject="my box", text="is here"
        )
    )
    assert made.texts["all"] == "my box ¶ is here"
    assert made.keys["direction"] == ("inbound",)
