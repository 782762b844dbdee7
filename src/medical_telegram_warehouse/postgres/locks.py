"""Advisory locks that more than one room takes."""

LOAD_LOCK = 7_240_115_003
"""Held while messages are loaded. Whoever holds it knows that no message is half-way into the database."""
