"""Asking DNS who may send: an effect after the acknowledgement, whose answers are recorded and never asked for again."""
