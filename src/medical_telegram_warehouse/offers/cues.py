"""Words that tell what a post is about, in English and Amharic, by what they point to.

A cue is counted once per post however often it stands there, so a repeated hashtag does not outweigh everything else.
"""

from __future__ import annotations

from enum import StrEnum

from medical_telegram_warehouse.offers.vocabulary import pattern


class Topic(StrEnum):
    """What cues point to."""

    JOB = "job"
    TRAINING = "training"
    BUSINESS = "business"
    SPAM = "spam"
    GREETING = "greeting"
    HEALTH = "health"
    SERVICE = "service"
    NEWS = "news"
    OFFER = "offer"


_CUES = {topic: pattern("topics", topic.value) for topic in Topic}
_LONGEST_READ = 6_000
"""Characters. A post says in its first lines what it is."""


class Cues:
    """How many different cues of each topic a text holds; counted when asked, because most posts need few topics."""

    def __init__(self, lower: str) -> None:
        self._read = lower[:_LONGEST_READ]
        self._counts: dict[Topic, int] = {}

    def __getitem__(self, topic: Topic) -> int:
        count = self._counts.get(topic)
        if count is None:
            count = self._counts[topic] = len({found[:12] for found in _CUES[topic].findall(self._read)})
        return count
