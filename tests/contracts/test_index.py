"""What every search engine must do, asserted once for all of them; the reference in memory is one of them."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from index.backend import Backend
from index.document import Document
from index.errors import IndexBusy, IndexDamaged
from index.query import parse_query
from index.rebuild import rebuild
from index.registry import open_index
from index.terms import FACETS
from index.waiting import Wait

DURABLE = ("tantivy", "whoosh")
START = datetime(2026, 1, 1, tzinfo=UTC)
PHRASES = {
    "en": ["the box arrived damaged", "please refund my order", "returned it last week", "shipping was late", "two items are missing"],
    "de": ["die Größe passt nicht", "bitte um Rückerstattung", "Rücksendungen sind beschädigt", "meine Bestellungen fehlen", "das Paket kam nie an"],
    "fr": ["la commande est arrivée cassée", "remboursé hier à l'été", "les colis endommagés", "une boîte abîmée", "où est ma commande"],
    "ja": ["商品が壊れていました", "返品を希望します", "返金してください", "注文番号はこちらです", "カメラのﾊﾞｯﾃﾘｰ"],
    "zh": ["我要退货", "包裹还没有到", "请退款给我", "订单已取消", "盒子坏了"],
    "ko": ["환불해 주세요", "상품이 파손되었습니다"],
    "ru": ["верните деньги", "посылка не пришла"],
}  # fmt: skip
QUERIES = """
damaged|refund|refunds|refunded|ordering|boxes|item|shipped|ship|late week|damaged OR missing|damaged -refund|-damaged
(refund OR return) damaged|"box arrived"|"arrived box"|"refund my order"|"damaged box"|"refunds"|grosse|GRÖSSE|größe
ruckerstattung|Rueckerstattung|Rückerstattungen|Rücksendung|Bestellung|beschadigt|commande|commandes|arrivee|colis|boite
endommagé|été|l'été|返品|返|希望|返品を希望|"商品が壊れて"|返金 OR 退款|退货|カメラ|バッテリー|品返|환불|посылка|ПОСЫЛКА
112-1234567-0000007|11212345670000007|order:112-1234567-0000007|order:11212345670000007|"112-1234567-0000007"|112-12*|112-9*
１１２－１２３４５６７－００００００７|asin:B08N5WRW00|b08n5wrw03|id:<7.x-y@mail.example>|7.x-y@mail.example|1Z-999-00012
from:buyer3@marketplace.example|from:marketplace.example|from:example|to:support|from:"Buyer 3"|subject:order|subject:"your order"
subject:ref*|tag:claim|tag:"Prio 1"|tag:prio*|-tag:claim|marketplace:amazon|agent:anna|mailbox:support1@brand.example
mailbox:support2|in:inbound|in:outbound damaged|auth:pass|auth:fail -damaged|auth:none|-auth:pass in:inbound|kind:claim_opened|has:attachment|has:order -has:tag|filename:*.pdf|filename:photo
link:likely|link:none in:inbound|-link:certain|link:possible link:likely|is:asked damaged|is:answered|is:unanswered|-is:overdue refund|due:<4h OR 返品
due:>2d|filename:photo*|filename:"photo 12"|filename:*.PDF|damag*|re*|bestell*|refnud~|damagd~|boxx~|parket~|subject:ordr~
before:2026-01-10|after:2026-01-10|after:2026-01-05 before:2026-01-07|on:2026-01-06|after:2026-01-06T12:30 damaged|before:2025-01-01
e-mail|amazon.de|www.amazon.de|damaged tag:claim after:2026-01-03 in:inbound|zzzznothing|-(damaged OR refund) -tag:claim
(tag:claim OR tag:return) (カメラ OR damaged)|"zzzz nothing"|--damaged|NOT damaged AND refund|order:112*
""".replace("\n", "|").split("|")  # fmt: skip


def documents(count: int = 300) -> list[Document]:
    rng = random.Random(7)
    made = []
    for seq in range(count):
        language = rng.choice(list(PHRASES))
        lines = [
            rng.choice(PHRASES[rng.choice([language, language, "en"])]) for _ in range(rng.randint(1, 5))
        ]
        order = f"112-1234567-{seq:07}"
        if seq % 3 == 0:
            lines.insert(
                0, rng.choice([f"Order {order}", f"注文番号{order}です", f"Nr. {order.replace('-', '')}."])
            )
        if seq % 7 == 0:
            lines.append(
                rng.choice(
                    ["see https://www.amazon.de/gp, e-mail me", "B08N5WRW03", "1Z99900012", "1Z-999-00012"]
                )
            )
        made.append(
            Document(
                seq=seq,
                at=START + timedelta(hours=rng.randrange(480)),
                direction=rng.choice(["inbound", "inbound", "outbound", "internal"]),
                mailbox=f"support{seq % 3}@brand.example",
                agent=rng.choice(["", "Anna", "bert"]),
                marketplace=rng.choice(["amazon", "ebay", ""]),
                kind=rng.choice(["message", "claim_opened"]),
                authenticity=("pass", "fail", "none", "unchecked", "")[seq % 5],
                from_=(f"Buyer {seq % 9}", f"buyer{seq % 9}@marketplace.example"),
                to=(f"support{seq % 3}@brand.example",),
                subject=rng.choice(["Your order", "Refund", "Bestellung", "商品について", ""]),
                text="\n".join(lines),
                orders=(order,) if seq % 2 else (),
                confidences=(("certain",), ("likely", "possible"), ("possible",))[seq // 2 % 3]
                if seq % 2
                else (),
                asks=seq % 4 == 0,
                exact=(f"<{seq}.x-y@mail.example>", f"B08N5WRW{seq % 5:02}"),
                tags=tuple(rng.sample(["claim", "Prio 1", "return"], rng.randrange(3))),
                filenames=rng.choice(
                    [(), (), ("Photo 12.JPG",), ("invoice.pdf", "photo.png"), (f"{order}.PDF",)]
                ),
            )
        )
    return made


@pytest.fixture(params=["memory", *DURABLE])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=DURABLE)
def durable(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[str], Backend]]:
    """Return a function that opens an engine's index for writing, in one place per engine."""
    backends: list[Backend] = []

    def writer(engine: str) -> Backend:
        backends.append(open_index(engine, tmp_path / engine, writer=True))
        return backends[-1]

    yield writer
    for backend in backends:
        backend.close()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Backend]]:
    """Return every engine with the same messages, written in several commits and partly replaced."""
    place = tmp_path_factory.mktemp("filled")
    made = documents()
    backends = {engine: open_index(engine, place / engine, writer=True) for engine in ("memory", *DURABLE)}
    for backend in backends.values():
        stale = [replace(document, text="stale words", tags=("stale",)) for document in made[50:120]]
        backend.write(made[:50] + stale, 1)
        backend.write(made[50:200], 2)
        backend.write(made[200:], 3, gone=range(300, 310))
        backend.refresh()
    yield backends
    for backend in backends.values():
        backend.close()


def waits(wait: Wait) -> set[int]:
    return set() if wait.over_s else {*range(0, 300, 20), 7, 4000}


def found(backend: Backend, text: str) -> set[int]:
    page = backend.search(parse_query(text, waits=waits), limit=1000)
    assert page.total == len(page.hits) == len({hit.seq for hit in page.hits})
    assert page.after is None
    return {hit.seq for hit in page.hits}


@pytest.mark.parametrize("text", ["", *filter(None, QUERIES)])
def test_every_engine_finds_the_same_messages(filled: dict[str, Backend], text: str) -> None:
    reference = found(filled["memory"], text)
    for engine in DURABLE:
        assert found(filled[engine], text) == reference, engine


@pytest.mark.parametrize(
    "text", ["", "damaged", "refund OR 返品", "-tag:claim", "zzzznothing", "in:inbound damag*"]
)
def test_every_engine_counts_the_same_facets(filled: dict[str, Backend], text: str) -> None:
    reference = filled["memory"].facets(parse_query(text), FACETS)
    for engine in DURABLE:
        assert filled[engine].facets(parse_query(text), FACETS) == reference, engine


@pytest.mark.parametrize("text", ["", "damaged", "-tag:claim", "zzzznothing"])
def test_every_engine_counts_the_same_spans_of_time(filled: dict[str, Backend], text: str) -> None:
    bounds = [int(START.timestamp()) + hour * 3600 for hour in (-9, 0, 1, 100, 101, 480, 900)]
    for name, backend in filled.items():
        counts = backend.spans(parse_query(text), bounds)
        assert sum(counts) == backend.search(parse_query(text), limit=1).total, name
        for (since, until), count in zip(pairwise(bounds), counts, strict=True):
            both = f"({text or 'in:inbound OR -in:inbound'}) after:{stamp(since)} before:{stamp(until)}"
            assert backend.search(parse_query(both), limit=1).total == count, (name, since)
        assert backend.spans(parse_query(text), bounds[:1]) == ()


def stamp(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize("sort", ["newest", "oldest"])
@pytest.mark.parametrize("text", ["", "damaged", "-damaged"])
def test_every_engine_lists_in_the_same_order(filled: dict[str, Backend], text: str, sort) -> None:
    orders = {
        engine: [hit.seq for hit in backend.search(parse_query(text), limit=1000, sort=sort).hits]
        for engine, backend in filled.items()
    }
    assert orders["tantivy"] == orders["whoosh"] == orders["memory"]


def test_what_a_person_expects_is_found(engine: str, opened: Callable[[str], Backend]) -> None:
    backend = opened(engine)
    texts = {
        1: "Ihre Bestellung 112-1234567-1234567 ist da",
        2: "Zwei Bestellungen, Rückgabe der Größe 42",
        3: "La commande est arrivée, les colis endommagés",
        4: "商品を返品希望します",
        5: "The damaged box was refunded",
        6: "A box, damaged by refunding",
    }
    backend.write([document(seq, text) for seq, text in texts.items()], 1)
    expected = {
        "11212345671234567": {1}, "112-1234567-1234567": {1}, "bestellung": {1, 2}, '"bestellung"': {1},
        "Rueckgabe": {2}, "GROSSE": {2}, "commandes endommagé": {3}, "返品": {4}, "返品希望": {4}, "返": {4},
        "商希": set(), "refund": {5, 6}, '"damaged box"': {5}, "box damaged": {5, 6}, "dmaaged~": {5, 6},
        "refund* -refunding": set(), '-"refunding" refund*': {5},
    }  # fmt: skip
    assert {text: found(backend, text) for text in expected} == expected


def document(seq: int, text: str = "", **values) -> Document:
    return Document(
        **{"seq": seq, "at": START + timedelta(seconds=seq), "direction": "inbound", "text": text} | values
    )


@pytest.mark.parametrize("sort", ["newest", "oldest", "relevance"])
def test_pages_together_are_the_whole_listing(engine: str, opened: Callable[[str], Backend], sort) -> None:
    backend = opened(engine)
    backend.write(documents(), 1)
    query = parse_query("damaged OR refund")
    whole = [hit.seq for hit in backend.search(query, limit=1000, sort=sort).hits]
    pages, after = [], None
    while True:
        page = backend.search(query, limit=7, sort=sort, after=after)
        assert page.total == len(whole)
        pages += [hit.seq for hit in page.hits]
        after = page.after
        if after is None:
            break
    assert pages == whole
    assert len(set(whole)) == len(whole)


def test_a_listing_by_date_is_not_shifted_by_mail_that_comes_or_goes(
    engine: str, opened: Callable[[str], Backend]
) -> None:
    backend = opened(engine)
    backend.write([document(seq, "refund") for seq in range(20)], 1)
    first = backend.search(parse_query("refund"), limit=5)
    backend.write([document(seq, "refund") for seq in range(20, 25)], 2, gone=[16])
    second = backend.search(parse_query("refund"), limit=5, after=first.after)
    assert [hit.seq for hit in first.hits] == [19, 18, 17, 16, 15]
    assert [hit.seq for hit in second.hits] == [14, 13, 12, 11, 10]
    assert second.total == 24


def test_a_listing_by_relevance_is_not_shifted_by_mail_that_comes(
    engine: str, opened: Callable[[str], Backend]
) -> None:
    backend = opened(engine)

    def says(times: int) -> str:
        return "refund " * times + "parcel " * (40 - times)  # equally long, so that scores keep their order

    backend.write([document(seq, says(seq + 1)) for seq in range(20)], 1)
    query = parse_query("refund")
    whole = [hit.seq for hit in backend.search(query, limit=100, sort="relevance").hits]
    first = backend.search(query, limit=5, sort="relevance")
    backend.write([document(seq, says(40)) for seq in range(20, 25)], 2)
    rest, after = [], first.after
    while after is not None:
        page = backend.search(query, limit=5, sort="relevance", after=after)
        rest += [hit.seq for hit in page.hits]
        after = page.after
    assert [hit.seq for hit in first.hits] + rest == whole
    assert len(backend.search(query, limit=100, sort="relevance").hits) == 25


def test_messages_of_one_second_are_sorted_by_seq(engine: str, opened: Callable[[str], Backend]) -> None:
    backend = opened(engine)
    backend.write([document(seq, at=START) for seq in (3, 1, 2)], 1)
    backend.write([document(0, at=START)], 2)
    assert [hit.seq for hit in backend.search(parse_query("")).hits] == [3, 2, 1, 0]
    assert [hit.seq for hit in backend.search(parse_query(""), sort="oldest").hits] == [0, 1, 2, 3]


def test_the_message_that_says_it_more_often_is_more_relevant(
    engine: str, opened: Callable[[str], Backend]
) -> None:
    backend = opened(engine)
    backend.write(
        [document(1, "refund please and thanks"), document(2, "refund refund refund"), document(3, "no")], 1
    )
    page = backend.search(parse_query("refund"), sort="relevance")
    assert [hit.seq for hit in page.hits] == [2, 1]
    assert page.hits[0].score > page.hits[1].score > 0


def test_a_token_of_another_listing_is_refused(engine: str, opened: Callable[[str], Backend]) -> None:
    backend = opened(engine)
    for token in ("o1", "", "n", "nx", "n-1", "n" + "9" * 30, "r1.1", "\x00"):
        with pytest.raises(ValueError, match="continue"):
            backend.search(parse_query(""), after=token)
    for token in ("n1", "r1", "r1.", "r.1", "r1.x", "r" + "9" * 30 + ".1", "r1." + "9" * 30):
        with pytest.raises(ValueError, match="continue"):
            backend.search(parse_query(""), sort="relevance", after=token)


def test_no_hits_are_asked_for_when_only_the_total_is_wanted(
    engine: str, opened: Callable[[str], Backend]
) -> None:
    backend = opened(engine)
    backend.write([document(1, "refund")], 1)
    for sort in ("newest", "oldest", "relevance"):
        page = backend.search(parse_query("refund"), limit=0, sort=sort)
        assert (page.hits, page.total) == ((), 1)


def test_a_document_is_replaced_by_its_seq_and_gone_when_it_is_gone(
    engine: str, opened: Callable[[str], Backend]
) -> None:
    backend = opened(engine)
    backend.write([document(1, "first"), document(2, "other")], 5)
    backend.write([document(1, "second", tags=("late",))], 6)
    assert (found(backend, "first"), found(backend, "second tag:late"), backend.count()) == (set(), {1}, 2)
    backend.write([], 7, gone=[1, 99])
    assert (found(backend, "second"), found(backend, ""), backend.position()) == (set(), {2}, 7)
    assert backend.facets(parse_query(""), ("tag",)).values == {"tag": ()}


def test_a_clear_index_is_empty_and_takes_documents_again(
    engine: str, opened: Callable[[str], Backend]
) -> None:
    backend = opened(engine)
    backend.write([document(1)], 5)
    backend.clear()
    assert (backend.count(), backend.position(), found(backend, "")) == (0, 0, set())
    backend.write([document(1)], 2)
    assert (backend.count(), backend.position()) == (1, 2)


def test_one_write_gives_each_seq_once_and_a_failed_one_leaves_nothing(
    engine: str, opened: Callable[[str], Backend]
) -> None:
    backend = opened(engine)
    backend.write([document(1, "first")], 1)
    with pytest.raises(ValueError, match="twice"):
        backend.write([document(1, "second"), document(2), document(2)], 2)
    backend.write([document(3)], 3)
    assert (found(backend, ""), found(backend, "first"), backend.position()) == ({1, 3}, {1}, 3)


def test_a_hostile_document_is_indexed_like_any_other(engine: str, opened: Callable[[str], Backend]) -> None:
    backend = opened(engine)
    values = {
        "text": "x" * 100_000 + " \x00\ud800 ¶ \x1f refund \u202e" + "a@" * 5000,
        "subject": "\ud800" * 50 + "ok",
        "tags": ("a\x1fb", "\ud800", " ", "x" * 5000),
        "filenames": ("\x00.p\x00df", "../../x.pdf", "." * 999),
        "exact": ("\ud800", "y" * 70_000),
        "orders": ("", "---"),
        "at": datetime(9999, 12, 31, tzinfo=UTC),
    }
    backend.write([document(1, **values), document(2, at=datetime(1, 1, 2, tzinfo=UTC))], 1)
    assert found(backend, "refund subject:ok filename:*.pdf") == {1}
    assert [hit.seq for hit in backend.search(parse_query("")).hits] == [1, 2]


def test_position_and_content_are_there_after_opening_again(durable: str, tmp_path: Path) -> None:
    first = open_index(durable, tmp_path / "index", writer=True)
    first.write(documents(), 4711)
    first.close()
    again = open_index(durable, tmp_path / "index")
    assert (again.position(), again.count(), len(found(again, "tag:claim"))) == (
        4711,
        300,
        len(found(first_of(documents()), "tag:claim")),
    )
    again.close()


def first_of(made: list[Document]) -> Backend:
    reference = open_index("memory", Path())
    reference.write(made, 1)
    return reference


def test_a_reader_sees_a_commit_after_it_refreshes(durable: str, tmp_path: Path) -> None:
    reader = open_index(durable, tmp_path / "index")
    writer = open_index(durable, tmp_path / "index", writer=True)
    writer.write([document(1)], 9)
    assert (reader.count(), reader.position()) == (0, 0)
    reader.refresh()
    assert (reader.count(), reader.position()) == (1, 9)
    writer.close()
    reader.close()


def test_a_second_writer_is_told_that_there_is_one(durable: str, tmp_path: Path) -> None:
    writer = open_index(durable, tmp_path / "index", writer=True)
    with pytest.raises(IndexBusy, match="writes"):
        open_index(durable, tmp_path / "index", writer=True)
    writer.close()
    open_index(durable, tmp_path / "index", writer=True).close()


def test_a_rebuild_takes_the_place_of_the_index_while_others_use_it(durable: str, tmp_path: Path) -> None:
    place = tmp_path / "index"
    writer = open_index(durable, place, writer=True)
    writer.write([document(1, "old")], 3)
    reader = open_index(durable, place)
    rebuild(place, durable, [document(seq, "new") for seq in range(10)], 2)
    assert found(reader, "old") == {1}
    reader.refresh()
    assert (found(reader, "old"), reader.count(), reader.position()) == (set(), 10, 2)
    assert writer.position() == 2
    writer.write([document(10, "new")], 3)
    reader.refresh()
    assert (reader.count(), reader.position()) == (11, 3)
    assert [child.name for child in place.iterdir() if child.name.isdecimal()] == ["000002"]
    writer.close()
    reader.close()


def test_a_rebuild_that_fails_leaves_the_index_as_it_was(durable: str, tmp_path: Path) -> None:
    def broken() -> Iterator[Document]:
        yield document(1, "new")
        raise OSError("disk full")

    place = tmp_path / "index"
    writer = open_index(durable, place, writer=True)
    writer.write([document(1, "old")], 3)
    with pytest.raises(OSError, match="disk full"):
        rebuild(place, durable, broken(), 2)
    writer.refresh()
    assert (found(writer, "old"), writer.position()) == ({1}, 3)
    assert [child.name for child in place.iterdir() if child.name.isdecimal()] == ["000001"]
    writer.close()


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # Whoosh leaves a cut file open
@pytest.mark.parametrize("damage", ["no files", "cut files", "no directory", "odd pointer"])
def test_a_damaged_index_says_how_to_mend_it_and_can_be_rebuilt(
    durable: str, tmp_path: Path, damage: str
) -> None:
    place = tmp_path / "index"
    writer = open_index(durable, place, writer=True)
    writer.write(documents(50), 1)
    writer.close()
    files = [file for file in (place / "000001").iterdir() if file.is_file()]
    if damage == "odd pointer":
        (place / "current").write_bytes(b"\xff\x00")
    for file in files:
        if damage == "cut files":
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        elif damage != "odd pointer":
            file.unlink()
    if damage == "no directory":
        (place / "000001").rmdir()
    with pytest.raises(IndexDamaged, match="docket rebuild"):
        open_index(durable, place, writer=True)
    rebuild(place, durable, documents(50), 1)
    mended = open_index(durable, place, writer=True)
    assert mended.count() == 50
    mended.close()


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from index.document import Document
from index.registry import open_index
backend = open_index(sys.argv[1], Path(sys.argv[2]), writer=True)
at = datetime(2026, 1, 1, tzinfo=UTC)
start = backend.position()
for turn in range(start, start + 1000):
    new = [Document(seq=2 * turn + half, at=at, direction="inbound", text=f"turn {turn}") for half in (0, 1)]
    old = [Document(seq=0, at=at, direction="inbound", text=f"turn {turn}")] if turn else []
    backend.write([*new, *old], turn + 1)
    print(turn + 1, flush=True)
"""


def test_a_killed_writer_leaves_position_and_content_in_step(durable: str, tmp_path: Path) -> None:
    place = tmp_path / "index"
    for kills in range(1, 4):
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", WRITER, durable, str(place)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        assert process.stdout is not None
        told = [int(process.stdout.readline()) for _ in range(5 * kills)][-1]
        os.kill(process.pid, signal.SIGKILL)
        process.stdout.read()
        process.stdout.close()
        process.wait()
        backend = open_index(durable, place, writer=True)
        position = backend.position()
        assert position >= told
        assert found(backend, "") == set(range(2 * position))
        assert found(backend, f'"turn {position - 1}"') == {0, 2 * position - 2, 2 * position - 1}
        backend.close()
