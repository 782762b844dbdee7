"""Faults against the real thing: real processes, a real PostgreSQL, real files.

    each fault ──► a place of its own ──inject──► run until it succeeds ──► tables, compared with an undisturbed run's

`make chaos` prints how often each fault was injected, how many rows were lost or doubled, and how long it took until a
run had succeeded again. None may be lost and none doubled.
"""
