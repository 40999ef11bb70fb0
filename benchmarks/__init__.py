"""Benchmarks: ratios against a peer in the same run, never absolute promises. ``make bench`` runs the short ones."""

import os
import tempfile

os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="docket-bench-state-")  # not the user's own
