"""Which pictures are the same one, uploaded again after somebody or something re-encoded it.

Belongs here: groups of contents by their perceptual hashes. Does not belong here: the hash (`fingerprint`).

    (content, hash), in order of preference -> pairs that share a piece of the hash -> few differing bits -> groups

Two hashes that differ in at most 10 bits agree in at least one of 11 pieces, so only contents that share a piece are
compared, and the time grows with the number of contents instead of that of pairs. Groups follow from the contents
alone, whatever order they came in; each is named after its first member.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

MAX_BITS = 10
_PIECE = 3  # bytes; 32 of them make 11 pieces, one more than bits may differ
GROUP_DIGITS = 16


def image_groups(contents: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    """The group of each content.

    Args:
        contents: checksum and perceptual hash of each content, once; the first of a group gives the group its name.
    """
    hashes = dict(contents)
    first_of_hash: dict[bytes, str] = {}
    leader = {}
    for sha256, hashed in hashes.items():
        leader[sha256] = sha256 if hashed is None else first_of_hash.setdefault(hashed, sha256)
    order = {sha256: number for number, sha256 in enumerate(hashes)}
    for one, other in _alike(first_of_hash):
        low, high = sorted((_find(leader, one), _find(leader, other)), key=order.__getitem__)
        leader[high] = low
    return {sha256: _find(leader, sha256)[:GROUP_DIGITS] for sha256 in hashes}


def _alike(first_of_hash: dict[bytes, str]) -> Iterator[tuple[str, str]]:
    numbers = {hashed: int.from_bytes(hashed) for hashed in first_of_hash}
    for start in range(0, 32, _PIECE):
        sharing = defaultdict(list)
        for hashed in first_of_hash:
            sharing[hashed[start : start + _PIECE]].append(hashed)
        for members in sharing.values():
            for index, one in enumerate(members):
                for other in members[index + 1 :]:
                    if (numbers[one] ^ numbers[other]).bit_count() <= MAX_BITS:
                        yield first_of_hash[one], first_of_hash[other]


def _find(leader: dict[str, str], sha256: str) -> str:
    while leader[sha256] != sha256:
        leader[sha256] = leader[leader[sha256]]
        sha256 = leader[sha256]
    return sha256
