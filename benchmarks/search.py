"""The time a search takes: ``python -m benchmarks.search --documents 20000 --engine tantivy`` prints it.

Builds an index from the seeded corpus, then asks each kind of query many times and prints p50 and p95 of the wall time a
caller sees: parsing the query, finding, exact total, the page sorted newest first; and p95 of the CPU time of its
thread, which neighbours on the same cores do not lengthen.
"""

import argparse
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from benchmarks.corpus import SEED, Corpus
from index.analyzer import analyze
from index.backend import Backend, Sort
from index.document import Document
from index.query import parse_query
from index.rebuild import rebuild
from index.registry import open_index
from index.snippet import snippets
from index.terms import FACETS

TARGET_MS = 20.0


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--documents", type=int, default=20_000)
    arguments.add_argument("--engine", default="tantivy", choices=("tantivy", "whoosh"))
    arguments.add_argument("--queries", type=int, default=200, help="how many of each kind")
    arguments.add_argument("--index", type=Path, help="keep the index here, or ask one kept before")
    given = arguments.parse_args()
    corpus = Corpus()
    _measure_analyzer(corpus)
    with tempfile.TemporaryDirectory() as folder:
        place = given.index or Path(folder) / "index"
        if not place.exists():
            _build(corpus, place, given.engine, given.documents)
        backend = open_index(given.engine, place, writer=True)
        for name, ask in _kinds(backend, corpus, given.documents).items():
            _report(name, ask, given.queries)
        _measure_writes(backend, corpus, given.documents)
        backend.close()


def _measure_analyzer(corpus: Corpus) -> None:
    texts = [document.text for document in corpus.documents(1_000, words=600)]
    size = sum(len(text.encode()) for text in texts) / len(texts)
    for label in ("cold", "warm"):
        start = time.process_time()
        for text in texts:
            analyze(text)
        print(f"analyzer {label}: {len(texts) / (time.process_time() - start):,.0f} texts/s of {size:,.0f} B")


def _build(corpus: Corpus, place: Path, engine: str, count: int) -> None:
    made = 0.0

    def documents() -> Iterator[Document]:
        nonlocal made
        source = corpus.documents(count)
        while True:
            start = time.perf_counter()
            document = next(source, None)
            made += time.perf_counter() - start
            if document is None:
                return
            yield document

    start = time.perf_counter()
    rebuild(place, engine, documents(), count)
    took = time.perf_counter() - start - made
    size = sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{engine}: {count:,} documents built in {took:.1f} s, {count / took:,.0f}/s; ", end="")
    print(f"{size / 1e6:,.1f} MB on disk; {memory:,.0f} MB peak memory")


def _kinds(backend: Backend, corpus: Corpus, count: int) -> dict[str, Callable[[random.Random], object]]:
    english, german = corpus.words["en"], corpus.words["de"]
    texts = {document.seq: document for document in Corpus().documents(min(count, 2_000))}
    some = [document for document in texts.values() if len(document.text.split()) > 20]
    day = next(iter(texts.values())).at + timedelta(seconds=count * 60)

    def search(text: str, sort: Sort = "newest") -> object:
        return backend.search(parse_query(text), limit=20, sort=sort)

    def phrase(rng: random.Random) -> object:
        words = rng.choice(some).text.split()
        at = rng.randrange(len(words) - 3)
        return search(f'"{" ".join(words[at : at + 3])}"')

    def page_with_snippets(rng: random.Random) -> object:
        query = parse_query(rng.choice(english[:50]))
        page = backend.search(query, limit=20)
        return [snippets(query, rng.choice(some).text) for _ in page.hits]

    def deep_page(rng: random.Random) -> object:
        query = parse_query(rng.choice(english[:50]))
        page = backend.search(query, limit=20)
        return backend.search(query, limit=20, after=page.after)

    def facets(rng: random.Random) -> object:
        return backend.facets(parse_query(rng.choice(english[:50])), FACETS)

    return {
        "order id": lambda rng: search(f"order:{corpus.order(rng.randrange(count))}"),
        "order id, no field, no dashes": lambda rng: search(
            corpus.order(rng.randrange(count)).replace("-", "")
        ),
        "address": lambda rng: search(f"from:buyer{rng.randrange(50_000)}@marketplace.example"),
        "everything": lambda _: search(""),
        "common word": lambda rng: search(rng.choice(english[:20])),
        "common word by relevance": lambda rng: search(rng.choice(english[:20]), "relevance"),
        "3 words AND": lambda rng: search(" ".join(rng.sample(english[:300], 3))),
        "3 words OR": lambda rng: search(" OR ".join(rng.sample(english[:300], 3))),
        "common word, not another": lambda rng: search(f"{rng.choice(english[:20])} -{english[0]}"),
        "phrase": phrase,
        "phrase of common words": lambda rng: search(f'"{" ".join(rng.sample(english[:10], 2))}"'),
        "Chinese, 2 and 4 letters": lambda rng: search("".join(rng.sample(corpus.words["zh"][:200], 2))),
        "prefix, 4 letters": lambda rng: search(f"{_long(rng, english)[:4]}*"),
        "prefix, 2 letters": lambda rng: search(f"{_long(rng, english)[:2]}*"),
        "fuzzy": lambda rng: search(f"{_long(rng, german)[:-1]}~"),
        "word, tag, 30 days": lambda rng: search(
            f"{rng.choice(english[:50])} tag:claim after:{day:%Y-%m-%d} before:{day + timedelta(days=30):%Y-%m-%d}"
        ),
        "last half of all time": lambda _: search(f"after:{day:%Y-%m-%d}"),
        "second page of a common word": deep_page,
        "top 20 with snippets": page_with_snippets,
        "facets of a common word": facets,
        "facets of everything": lambda _: backend.facets(parse_query(""), FACETS),
    }


def _long(rng: random.Random, words: list[str]) -> str:
    return next(word for word in iter(lambda: rng.choice(words[:5_000]), "") if len(word) > 5)


def _report(name: str, ask: Callable[[random.Random], object], times: int) -> None:
    rng = random.Random(SEED)
    for _ in range(5):
        ask(rng)
    wall, cpu = [], []
    for _ in range(times):
        start, spent = time.perf_counter(), time.thread_time()
        ask(rng)
        cpu.append((time.thread_time() - spent) * 1000)
        wall.append((time.perf_counter() - start) * 1000)
    cuts, busy = statistics.quantiles(wall, n=20), statistics.quantiles(cpu, n=20)
    verdict = "" if cuts[18] < TARGET_MS else "   over the target"
    print(
        f"{name:32} p50 {cuts[9]:8.2f} ms   p95 {cuts[18]:8.2f} ms   CPU p95 {busy[18]:8.2f} ms{verdict}",
        flush=True,
    )


def _measure_writes(backend: Backend, corpus: Corpus, count: int) -> None:
    """Print how long mail takes to be found: written, committed and visible to a search."""
    source = corpus.documents(count)
    fresh = count
    for label in ("new", "replaced"):
        for size, times in ((1, 20), (100, 5)):
            taken = []
            for turn in range(times):
                batch = [next(source) for _ in range(size)]
                if label == "new":
                    batch = [replace(one, seq=fresh + place) for place, one in enumerate(batch)]
                    fresh += size
                start = time.perf_counter()
                backend.write(batch, count + turn)
                backend.refresh()
                taken.append((time.perf_counter() - start) * 1000)
            name = f"write {size} {label}, then found"
            print(f"{name:32} p50 {statistics.median(taken):8.2f} ms   max {max(taken):8.2f} ms")


if __name__ == "__main__":
    main()
