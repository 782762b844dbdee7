"""The invented channels: who they are, what they sell and how much their followers care."""

from __future__ import annotations

from importlib import resources

import msgspec

DATA = resources.files("medical_telegram_warehouse.sources.sample") / "data"


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one channel is like."""

    name: str
    title: str
    type: str
    description: str
    share: float
    """Its part of all messages."""
    subscribers: int
    """On the first day of the sample's world."""
    growth: float
    """New subscribers a day."""
    reach: float
    """The part of its subscribers that sees an ordinary post."""
    spread: float
    """How unequal its posts are: sigma of the log-normal of views. 1.75 gives a fifth of the posts most views."""
    kinds: tuple[str, ...]
    upper_case: bool
    reacts: bool
    comments: bool
    phones: tuple[str, ...]
    place: str
    forwards_from: tuple[str, ...]
    genres: dict[str, int]
    """Percent of its posts."""

    def subscribers_on(self, day: int) -> int:
        """Followers on a day, counted from the first day of the sample's world."""
        return self.subscribers + int(self.growth * day)


PROFILES = {
    profile.name: profile
    for profile in msgspec.json.decode((DATA / "channels.json").read_bytes(), type=tuple[Profile, ...])
}
SAMPLE_CHANNEL_TYPES = {profile.name: profile.type for profile in PROFILES.values()}
"""The type of each sample channel, as an analyst would enter it in the seed of channel types."""
