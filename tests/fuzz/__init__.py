"""Foreign data as nobody would write it: each parser's own seeds, mutated, and what must hold of any answer.

    seeds/<parser>/* -> mutations -> parser -> an answer, or one of its documented refusals

Belongs here: properties of whole inputs that came from outside. Does not belong here: what a parser makes of good
data, and single cases of bad data (tests/unit). A seed is also a test of its own, so whatever once broke a parser is
kept as a seed.

`make fuzz` runs the same tests for longer.
"""
