"""Benchmarks: ratios against a peer in the same run, never absolute promises. ``make bench`` runs the short ones."""
