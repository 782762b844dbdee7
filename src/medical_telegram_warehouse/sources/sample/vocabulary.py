"""The phrases of shops and notices, as data: what stands in `data/*.json`."""

from __future__ import annotations

import msgspec

from medical_telegram_warehouse.sources.sample.chance import Roll, pick
from medical_telegram_warehouse.sources.sample.channels import DATA, Profile
from medical_telegram_warehouse.sources.sample.markup import Piece, parse_once


class ShopTalk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands around offers. `{name}` marks what the channel fills in."""

    footers: tuple[str, ...]
    list_headers: tuple[str, ...]
    sections: dict[str, str]
    list_footers: tuple[str, ...]
    flags: tuple[str, ...]
    arrivals: tuple[str, ...]


class Notices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Posts that offer no product, and the words that fill their blanks."""

    training_ad: tuple[str, ...]
    job_ad: tuple[str, ...]
    service_promo: tuple[str, ...]
    news_other: tuple[str, ...]
    health_education: tuple[str, ...]
    business_sale: tuple[str, ...]
    reply: tuple[str, ...]
    outside: tuple[str, ...]
    topics: tuple[str, ...]
    jobs: tuple[str, ...]
    jobs_am: tuple[str, ...]
    cities: tuple[str, ...]
    areas: tuple[str, ...]
    holidays: tuple[str, ...]
    holidays_am: tuple[str, ...]
    edits: tuple[str, ...]


SHOP_TALK = msgspec.json.decode((DATA / "shop_talk.json").read_bytes(), type=ShopTalk)
NOTICES = msgspec.json.decode((DATA / "notices.json").read_bytes(), type=Notices)


def signature(profile: Profile, roll: Roll, footers: tuple[str, ...]) -> Piece:
    """The lines under a shop's post: how to reach it, and amounts that are never a price."""
    phones = profile.phones
    first = int(roll() * len(phones))
    return parse_once(
        pick(roll, footers).format(
            channel=profile.name, place=profile.place, phone=phones[first], phone2=phones[first - 1]
        )
    )
