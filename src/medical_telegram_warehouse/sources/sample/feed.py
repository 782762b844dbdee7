"""What a channel posts on a day: new posts, reposts, forwards, albums, replies, edits.

A day depends on (seed, channel, day) only. What it takes from elsewhere can be made without the rest: a repost from
the fortnight's standing posts, a forward from the first post of another channel's day.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

from medical_telegram_warehouse.sources.sample.chance import Roll, stream
from medical_telegram_warehouse.sources.sample.channels import PROFILES, Profile
from medical_telegram_warehouse.sources.sample.composer import WORLD_BEGINS, Composer
from medical_telegram_warehouse.sources.sample.draft import Draft, PhotoKey
from medical_telegram_warehouse.sources.sample.edits import edited
from medical_telegram_warehouse.sources.sample.markup import parse_once
from medical_telegram_warehouse.sources.sample.rhythm import Rhythm, first_time, times
from medical_telegram_warehouse.sources.sample.vocabulary import NOTICES

MIDNIGHT = datetime(WORLD_BEGINS.year, WORLD_BEGINS.month, WORLD_BEGINS.day, tzinfo=UTC)
_FORTNIGHT = 14
_STANDING = 0.055  # of a fortnight's messages are standing posts that return
_STANDING_AT_MOST = 2_000  # bounds memory at any size of the sample
_KEPT_DAYS = 200
_BROKEN_EVERY = 60
"""Days between files that are named as photos and are none. One channel has them."""
_BROKEN_IN = "sample_corner_pharmacy"

_REPOST, _FORWARD, _ADVERT, _REPLY, _ALBUM = 0.3, 0.04, 0.012, 0.02, 0.025
_EDITED = 0.05
_ALBUM_NUMBERS = 13_000_000_000_000
"""Albums are numbered apart from messages."""
_ADVERT_VIEWS = (25_200.0, 41_870.0, 18_340.0)


class Posted(NamedTuple):
    """A message as it was posted, before anybody saw it."""

    message_id: int
    date: datetime
    draft: Draft
    peak_views: float
    """What its counter approaches with age."""
    mood: float
    """In [0, 1): how readily it is forwarded, liked, answered."""
    counted_from: datetime
    """Since when views count: of a forwarded copy, since the original was posted."""
    forwarded_from: str | None = None
    grouped_id: int | None = None
    reply_to: int | None = None
    edit: tuple[datetime, Draft] | None = None


class Feed:
    """The posts of one channel."""

    def __init__(self, profile: Profile, seed: int, per_day: float, feeds: dict[str, Feed]) -> None:
        self._profile = profile
        self._name = (seed, profile.name)
        self.rhythm = Rhythm(seed, profile.name, per_day * profile.share)
        self._composer = Composer(profile, seed)
        self._feeds = feeds
        self._firsts: dict[int, Posted | None] = {}
        self._standing: dict[tuple[int, int], Draft] = {}
        self._standing_count = min(_STANDING_AT_MOST, max(2, round(per_day * profile.share * _FORTNIGHT * _STANDING)))

    def day(self, day: int) -> Iterator[Posted]:
        """The messages of a day (counted from the first day of the sample's world), in order."""
        first = self.first_of(day)
        if first is None:
            return
        yield first
        others = self.rhythm.ids_before(day + 1) - first.message_id
        chance = stream(*self._name, "day", day)
        roll = chance.random
        midnight = MIDNIGHT + timedelta(days=day)
        moments = times(roll, others)
        # The first post of a day is always an ordinary one, so the others take its part of the special ones.
        scale = (others + 1) / others if others else 1.0
        done = 0
        while done < others:
            message_id = first.message_id + 1 + done
            date = midnight + timedelta(seconds=moments[done])
            special = roll() / scale
            if special < _ALBUM and others - done >= 2:
                album = self._album(chance, day, message_id, date, room=others - done)
                done += len(album)
                yield from album
                continue
            posted = self._special(special - _ALBUM, chance, day, message_id, date)
            yield posted or self._ordinary(chance, day, message_id, date)
            done += 1

    def first_of(self, day: int) -> Posted | None:
        """The first message of a day, which others may forward; None on a day without messages."""
        if day in self._firsts:
            return self._firsts[day]
        before = self.rhythm.ids_before(day)
        first = None
        if self.rhythm.ids_before(day + 1) > before:
            chance = stream(*self._name, "first", day)
            date = MIDNIGHT + timedelta(days=day, seconds=first_time(chance.random))
            first = self._ordinary(chance, day, before + 1, date)
            if day % _BROKEN_EVERY == 0 and self._profile.name == _BROKEN_IN:
                broken = first.draft._replace(photo=PhotoKey("broken", 0), media_type="photo")
                first = first._replace(draft=broken, edit=None)
        if len(self._firsts) > _KEPT_DAYS:
            self._firsts.clear()
        self._firsts[day] = first
        return first

    def _ordinary(self, chance: Random, day: int, message_id: int, date: datetime) -> Posted:
        roll = chance.random
        edit = None
        if roll() < _REPOST:
            draft = self._returning(roll, day)
        else:
            draft = self._composer.compose(roll, day)
            if draft.text.text and roll() < _EDITED:
                edit = (date + timedelta(hours=4, seconds=int(roll() * 200_000)), edited(draft, roll))
        return Posted(message_id, date, draft, self._peak(chance, day), roll(), date, edit=edit)

    def _special(self, special: float, chance: Random, day: int, message_id: int, date: datetime) -> Posted | None:
        roll = chance.random
        if special < 0:
            return None
        if special < _FORWARD:
            return self._forward(roll, day, message_id, date)
        if special < _FORWARD + _ADVERT:
            return self._advert(roll, day, message_id, date)
        if special < _FORWARD + _ADVERT + _REPLY:
            draft = self._composer.reply(roll, day)
            reply_to = max(1, message_id - 1 - int(roll() * 6))
            return Posted(message_id, date, draft, self._peak(chance, day), roll(), date, reply_to=reply_to)
        return None

    def _returning(self, roll: Roll, day: int) -> Draft:
        """One of the fortnight's standing posts: the same words and the same photo each time."""
        fortnight = day // _FORTNIGHT
        key = (fortnight, int(roll() * self._standing_count))
        draft = self._standing.get(key)
        if draft is None:
            if len(self._standing) > 2 * _STANDING_AT_MOST:
                self._standing.clear()
            chance = stream(*self._name, "standing", *key)
            draft = self._composer.compose(chance.random, fortnight * _FORTNIGHT, with_text=True)
            self._standing[key] = draft
        return draft

    def _forward(self, roll: Roll, day: int, message_id: int, date: datetime) -> Posted | None:
        names = self._profile.forwards_from
        name = names[int(roll() * len(names))]
        original = self._feeds[name].first_of(day - 1 - int(roll() * 3))
        if original is None or original.draft.photo == ("broken", 0):
            return None
        return original._replace(message_id=message_id, date=date, forwarded_from=name, edit=None)

    def _advert(self, roll: Roll, day: int, message_id: int, date: datetime) -> Posted:
        """An advertisement from outside: every channel shows the same huge counter."""
        which = int(roll() * len(NOTICES.outside))
        draft = Draft("news_other", parse_once(NOTICES.outside[which]))
        begun = MIDNIGHT + timedelta(days=day - day % 30 - 10)
        views = _ADVERT_VIEWS[which]
        return Posted(message_id, date, draft, views, 0.2, begun, forwarded_from="sample_outside_adverts")

    def _album(self, chance: Random, day: int, message_id: int, date: datetime, *, room: int) -> list[Posted]:
        """Two to four messages of one album: each a photo, the words on any one of them."""
        roll = chance.random
        size = min(room, 2 + int(roll() * 3))
        spoken = int(roll() * size)
        peak, mood = self._peak(chance, day), roll()
        words = self._composer.compose(roll, day, with_text=True)
        grouped_id = _ALBUM_NUMBERS + message_id
        album = []
        for place in range(size):
            draft = self._composer.media_only(roll, photo=True)
            if place == spoken:
                draft = words._replace(photo=draft.photo, media_type="photo")
            # Telegram shows one counter on all messages of an album.
            album.append(Posted(message_id + place, date, draft, peak, mood, date, grouped_id=grouped_id))
        return album

    def _peak(self, chance: Random, day: int) -> float:
        profile = self._profile
        return profile.subscribers_on(day) * profile.reach * chance.lognormvariate(0, profile.spread)


def feeds_of(seed: int, per_day: float) -> dict[str, Feed]:
    """A feed for each channel, knowing the others, which it forwards from."""
    feeds: dict[str, Feed] = {}
    for name, profile in PROFILES.items():
        feeds[name] = Feed(profile, seed, per_day, feeds)
    return feeds
