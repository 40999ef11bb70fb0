"""The fold into the index: the same documents whoever analysed their texts, in batches whose memory is bounded."""

import pytest

from gateway.analyses import Analyses
from gateway.indexer import Indexer
from index.analyzer import NOTHING, analyze
from index.backends.memory import MemoryBackend
from index.query import parse_query
from tests.small_house import build_house, close, mail


@pytest.fixture
def house(tmp_path):
    made = build_house(tmp_path)
    yield made
    close(made)


def indexer_over(house, analyses=None):
    return Indexer(
        archive=house.archive,
        store=house.store,
        backend=MemoryBackend(),
        analyses=analyses or Analyses(),
    )


def found(indexer, query):
    return [hit.seq for hit in indexer.backend.search(parse_query(query)).hits]


def test_a_text_is_found_by_the_readers_analysis_and_else_by_the_stored_text(house):
    seq = house.take(mail("Question", "the lamp is broken"))
    analyses = Analyses()
    analyses.put(seq, analyze("what a reader said"))
    told, alone = indexer_over(house, analyses), indexer_over(house)
    for indexer in (told, alone):
        while indexer.advance():
            pass
    assert (found(told, "reader"), found(told, "lamp")) == ([seq], [])
    assert (found(alone, "reader"), found(alone, "lamp")) == ([], [seq])
    assert analyses.take(seq) is None


def test_an_empty_text_has_an_analysis_too(house):
    seq = house.take(mail("Nothing", "the lamp is broken"))
    analyses = Analyses()
    analyses.put(seq, NOTHING)
    indexer = indexer_over(house, analyses)
    while indexer.advance():
        pass
    assert (found(indexer, "lamp"), found(indexer, "nothing")) == ([], [seq])


def test_a_batch_holds_so_much_text_at_most_and_the_position_is_where_it_ends(house, monkeypatch):
    for number in range(4):
        house.take(mail(f"Question {number}", "lamp " * 500))
    whole = indexer_over(house)
    assert whole.advance() == house.archive.head()
    monkeypatch.setattr("gateway.indexer._BATCH_BYTES", 6_000)
    bounded = indexer_over(house)
    steps = []
    while moved := bounded.advance():
        steps.append(bounded.backend.position())
        assert bounded.backend.count() <= 2 * len(steps)
    assert len(steps) >= 2
    assert steps[-1] == house.archive.head()
    assert found(bounded, "lamp") == found(whole, "lamp")
    assert moved == 0


@pytest.mark.parametrize("batch", [2, 3, 4])
def test_a_message_whose_decision_lies_in_the_next_batch_is_written_there_and_only_there(
    house, monkeypatch, batch
):
    seqs = [house.take(mail(f"Question {number}", "the lamp is broken")) for number in range(4)]
    monkeypatch.setattr("gateway.indexer._BATCH", batch)  # the store is ahead: all four are decided
    indexer = indexer_over(house)
    written: list[int] = []
    write = indexer.backend.write

    def writing(documents, position):
        written.extend(document.seq for document in documents)
        write(documents, position)

    monkeypatch.setattr(indexer.backend, "write", writing)
    while indexer.advance():
        pass
    assert sorted(written) == seqs == sorted(found(indexer, "lamp"))
