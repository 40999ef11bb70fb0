"""Benchmarks: ratios against a peer in the same run, never absolute promises. ``make bench`` runs the short ones."""

import os
import tempfile

# Not the user's own; whoever imports a benchmark for its parts may have such a place already, and keeps it.
if not os.environ.get("XDG_STATE_HOME", "").startswith(tempfile.gettempdir()):
    os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="docket-bench-state-")
