"""The analysts' file (ALERT_RULES): of which products and channels somebody wants to hear.

    [[price_jump]]
    product = "amoxicillin*"
    percent = 20

Each rule is a table of one of four kinds; docs/alerts.md explains them. Names are compared as shells compare file
names, whatever their case.
"""

from __future__ import annotations

import tomllib
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from medical_telegram_warehouse.errors import SettingsError

_Name = Annotated[str, msgspec.Meta(min_length=1)]


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    channel: _Name = "*"

    @property
    def source(self) -> str:
        """The rule as a name: one that is changed is another, whose present events are known already."""
        return f"rule:{type(self).__name__}:{sha256(msgspec.json.encode(self)).hexdigest()[:16]}"

    @property
    def channel_pattern(self) -> str:
        """For ILIKE."""
        return like(self.channel)


class _ProductRule(_Rule, frozen=True, forbid_unknown_fields=True, kw_only=True):
    product: _Name = "*"

    @property
    def product_pattern(self) -> str:
        """For ILIKE."""
        return like(self.product)


class PriceJump(_ProductRule, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A channel asks another price than the time before."""

    percent: Annotated[float, msgspec.Meta(gt=0)] = 20
    direction: Literal["up", "down", "both"] = "both"


class NewProduct(_ProductRule, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A product that no channel offered before."""


class ProductGone(_ProductRule, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A product that no channel has offered for so many days."""

    days: Annotated[int, msgspec.Meta(ge=1, le=3650)] = 30


class SilentChannel(_Rule, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A channel without a message for so many hours; holds instead of the channel's habit."""

    hours: Annotated[float, msgspec.Meta(gt=0)] = 72


class AlertRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    price_jump: tuple[PriceJump, ...] = ()
    new_product: tuple[NewProduct, ...] = ()
    product_gone: tuple[ProductGone, ...] = ()
    silent_channel: tuple[SilentChannel, ...] = ()


def load_rules(path: Path | None) -> AlertRules:
    """Read the file; no file is no rule.

    Raises:
        SettingsError: it is not there, is no TOML, or holds something else than rules; says which and where.
    """
    if path is None:
        return AlertRules()
    try:
        return msgspec.toml.decode(path.read_bytes(), type=AlertRules)
    except OSError as error:
        raise SettingsError(f"ALERT_RULES is {path}, which cannot be read: {error.strerror}") from error
    except (msgspec.ValidationError, tomllib.TOMLDecodeError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"ALERT_RULES is {path}: {error}; docs/alerts.md shows what can stand there") from error


def like(pattern: str) -> str:
    r"""A shell's pattern as one of SQL's LIKE.

    >>> like("amox*_50%")
    'amox%\\_50\\%'
    """
    escaped = pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%").replace("?", "_")
