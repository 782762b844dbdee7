"""What somebody typed into the search box, as the database searches for it.

    text -> terms (words, prefixes, parts, phrases) -> words of the vocabulary -> one tsquery, filters included

All text is folded as the warehouse folds it, so a term is made of small letters and digits alone: nothing that was
typed is ever an operator of the query.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from medical_telegram_warehouse.offers.folding import fold_words

_TERM = re.compile(r'(?P<minus>-?)(?:"(?P<phrase>[^"]*)"?|(?P<bare>[^\s"]+))')
_ETHIOPIC = re.compile("[\u1200-\u139f\u2d80-\u2ddf]")
_MOST_TERMS = 20
MOST_WORDS = 30
"""So many words of the vocabulary stand for one that was asked for; more would make each look at a text slow."""
# Shorter beginnings match half of all words.
_SHORTEST_PREFIX = 3
_SHORTEST_PART = 2


class Kind(StrEnum):
    """How a term is matched."""

    WORD = "word"
    EXACT = "exact"
    PART = "part"


class Term(NamedTuple):
    """One thing that was asked for: words that must stand beside each other."""

    words: tuple[str, ...]
    kind: Kind
    """Of the last word; those before are whole."""
    is_excluded: bool


class Known(NamedTuple):
    """What the vocabulary, which has every word of every message but for numbers, says of a word."""

    beginnings: Sequence[str]
    """Words that begin with it; `MOST_WORDS` and one where there are more."""
    parts: Sequence[str] = ()
    """Words that hold it, where these are wanted."""


class Resolved(NamedTuple):
    """What a word stands for in this warehouse."""

    word: str
    is_prefix: bool
    """Whether words that begin with it match."""
    others: tuple[str, ...] = ()
    """Words of the vocabulary that match besides."""

    @property
    def as_query(self) -> str:
        """As tsquery writes it."""
        own = f"'{self.word}':*" if self.is_prefix else f"'{self.word}'"
        ways = [own, *(f"'{other}'" for other in self.others)]
        return f"({' | '.join(ways)})" if self.others else own


def parse(text: str) -> list[Term]:
    """The terms of a query; what holds no letter and no digit is none."""
    terms = []
    for found in _TERM.finditer(text):
        is_excluded = bool(found["minus"])
        if found["phrase"] is not None:
            words, kind = fold_words(found["phrase"]).split(), Kind.EXACT
        else:
            bare = found["bare"]
            words = fold_words(bare).split()
            kind = Kind.PART if bare.startswith("*") else Kind.WORD
        if words:
            terms.append(Term(tuple(words), kind, is_excluded))
    return terms[:_MOST_TERMS]


def wanted_words(terms: Sequence[Term]) -> list[tuple[str, bool]]:
    """Words that must be looked up in the vocabulary, and whether their parts are wanted in any case."""
    return sorted(
        {
            (term.words[-1], term.kind is Kind.PART or bool(_ETHIOPIC.search(term.words[-1])))
            for term in terms
            if term.kind is not Kind.EXACT and not term.words[-1].isdigit() and len(term.words[-1]) >= _SHORTEST_PART
        }
    )


def matching(term: Term, vocabulary: Mapping[str, Known], corrections: Mapping[str, str]) -> list[Resolved]:
    """What each word of a term stands for.

    Words that begin with it are named one by one where they are few: the index finds these far quicker than a
    beginning, for which it gathers whatever begins so.

    Args:
        term: a term.
        vocabulary: of words that were looked up.
        corrections: for misspelt words, what is searched for, too.
    """
    *before, last = term.words
    resolved = [Resolved(word, is_prefix=False) for word in before]
    if term.kind is Kind.EXACT:
        return [*resolved, Resolved(last, is_prefix=False)]
    known = vocabulary.get(last, Known(()))
    others = list(known.parts[:MOST_WORDS])
    is_prefix = len(last) >= _SHORTEST_PREFIX and len(known.beginnings) > MOST_WORDS
    if len(last) >= _SHORTEST_PREFIX and not is_prefix:
        others += known.beginnings
    if last in corrections:
        others.append(corrections[last])
    named = dict.fromkeys(other for other in others if other != last)
    return [*resolved, Resolved(last, is_prefix=is_prefix, others=tuple(named))]


def words_query(terms: Sequence[tuple[Term, Sequence[Resolved]]]) -> str | None:
    """The tsquery of the words; None where there are none."""
    parts = []
    for term, words in terms:
        phrase = " <-> ".join(word.as_query for word in words)
        part = f"({phrase})" if len(words) > 1 else phrase
        parts.append(f"!{part}" if term.is_excluded else part)
    return " & ".join(parts) or None


def with_facets(words: str | None, facets: Sequence[tuple[str, bool]]) -> str | None:
    """The tsquery of words and filters together.

    Args:
        words: as `words_query` makes it.
        facets: lexemes that stand for filters (warehouse/models/marts/search), and whether they must be there or not.
    """
    parts = [f"({words})"] if words is not None else []
    # The quotes of a lexeme are doubled within it; only the mark and what we write ourselves stands there.
    parts += [f"'{lexeme}'" if is_wanted else f"!'{lexeme}'" for lexeme, is_wanted in facets]
    return " & ".join(parts) or None
