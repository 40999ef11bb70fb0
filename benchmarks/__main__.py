"""``make bench``: every benchmark at a size that takes a minute or two; docs/performance.md has the long runs."""

import subprocess
import sys

RUNS = (
    ("benchmarks.accept", "--pairs", "3", "--messages", "2000"),
    ("benchmarks.importing", "--pairs", "1", "--limit", "1000"),
    ("benchmarks.fetching", "--count", "2000", "--rounds", "1"),
    ("benchmarks.freshness", "--seconds", "10"),
    ("benchmarks.rules", "--messages", "2000"),
    ("benchmarks.search", "--documents", "20000", "--engine", "tantivy"),
)

for name, *arguments in RUNS:
    print(f"== python -m {name} {' '.join(arguments)}", flush=True)
    subprocess.run([sys.executable, "-m", name, *arguments], check=True)
