"""Counts from Prometheus: exact ones, from the samples themselves.

`increase()` guesses: it extrapolates to the edges of its range, so that 3 errors become 3.4, and it misses whatever a
counter had when it appeared, which is where the first errors are. A rule that weighs single errors can't use that. So
the samples are fetched, and counted here.
"""
