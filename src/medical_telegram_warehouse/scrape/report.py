"""What a scrape wrote, channel by channel."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class ChannelStatus(StrEnum):
    """How a channel's turn ended."""

    READ = "read"
    """To its end."""
    PAUSED = "paused"
    """By a long wait that was ordered; the next run continues there."""
    INTERRUPTED = "interrupted"
    """By a lost connection or the like; the next run continues there."""
    UNREADABLE = "unreadable"
    """Unknown, private, banned, gone."""
    REPEATED = "repeated"
    """Named twice; it is read once."""

    @property
    def is_complete(self) -> bool:
        """Whether nothing of the channel was left for the next run."""
        return self in (ChannelStatus.READ, ChannelStatus.REPEATED)


@dataclass
class ChannelReport:
    """What became of one channel. It grows while the channel is read."""

    reference: str
    """As the user names it."""
    channel_name: str = ""
    """As the lake names it; empty until the channel is found."""
    status: ChannelStatus = ChannelStatus.INTERRUPTED
    messages: int = 0
    observed_again: int = 0
    """Lines of messages that were known: counters that moved, edits."""
    deleted: int = 0
    photos: int = 0
    photos_missing: int = 0
    """That could not be had in this run."""
    pages: int = 0
    seconds_waited: float = 0.0
    reason: str = ""
    """Why the turn did not end as it should."""

    @property
    def name(self) -> str:
        """What a person knows the channel by."""
        return self.channel_name or self.reference

    @property
    def was_read(self) -> bool:
        """Whether anything was brought, or nothing was to be brought."""
        return self.status.is_complete or self.pages > 0

    @property
    def counts(self) -> str:
        """What was brought so far."""
        parts = [f"{self.messages:,} new messages"]
        if self.observed_again:
            parts.append(f"{self.observed_again:,} seen again with changes")
        if self.deleted:
            parts.append(f"{self.deleted:,} deleted")
        parts.append(f"{self.photos:,} photos")
        if self.photos_missing:
            parts.append(f"{self.photos_missing:,} photos could not be had")
        if self.seconds_waited:
            parts.append(f"{self.seconds_waited:,.0f} s of ordered waits")
        return ", ".join(parts)

    @property
    def headline(self) -> str:
        """What became of the channel, in one line."""
        if self.status is ChannelStatus.READ:
            return self.counts
        return f"{self.status}: {self.reason}{f' ({self.counts})' if self.pages else ''}"


@dataclass
class ScrapeSummary:
    """What one scrape wrote."""

    source: str
    channels: list[ChannelReport] = field(default_factory=list)

    def total(self, name: str) -> int:
        """The sum of one of the counts over all channels."""
        return sum(int(getattr(channel, name)) for channel in self.channels)

    @property
    def lines(self) -> int:
        """Lines of messages that were written."""
        return self.total("messages") + self.total("observed_again") + self.total("deleted")

    @property
    def not_read(self) -> list[ChannelReport]:
        """The channels that were not read to their end."""
        return [channel for channel in self.channels if not channel.status.is_complete]
