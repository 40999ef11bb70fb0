"""What does this mail mean, and what should happen? Pure functions over plain values: no I/O, no clock, no async."""
