"""Turns templates into pages: the environment, what every page shows around its content, and the response."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import Any, cast
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from medical_telegram_warehouse.api.answers.masking import mask_phones
from medical_telegram_warehouse.api.dashboard import assets, charts, wording
from medical_telegram_warehouse.api.dashboard.forms import address
from medical_telegram_warehouse.api.database.pool import Row, Snapshot
from medical_telegram_warehouse.api.database.statements import statements
from medical_telegram_warehouse.api.database.version import WarehouseVersion
from medical_telegram_warehouse.api.facts import facts_of
from medical_telegram_warehouse.api.options import ApiOptions

_statement = statements(__package__)
NAVIGATION = (
    ("/", "Overview"),
    ("/products", "Products"),
    ("/channels", "Channels"),
    ("/images", "Images"),
    ("/messages", "Messages"),
    ("/pipeline", "Pipeline"),
)


@dataclass(frozen=True)
class Frame:
    """What a page knows besides its own content."""

    version: WarehouseVersion
    channels: Mapping[str, Row]
    """All channels by their names: title, kind, whether it is a sample."""
    allows_contacts: bool
    timezone: ZoneInfo
    today: date
    dagster_url: str

    def public(self, text: str) -> str:
        """A stranger's text as this caller may see it."""
        return text if self.allows_contacts else mask_phones(text)

    def title_of(self, channel_name: str) -> str:
        """What a channel calls itself."""
        row = self.channels.get(channel_name)
        return self.public(row["title"] if row is not None else channel_name)

    @property
    def titles(self) -> dict[str, str]:
        """What all channels call themselves."""
        return {name: self.title_of(name) for name in self.channels}

    @property
    def sample_count(self) -> int:
        """How many channels are invented."""
        return sum(bool(row["is_sample"]) for row in self.channels.values())

    @property
    def tomorrow(self) -> datetime:
        """Where the reports' day ends; what lies after it was dated by a clock that runs ahead."""
        return datetime.combine(self.today + timedelta(days=1), datetime.min.time(), self.timezone)


async def open_frame(request: Request, snapshot: Snapshot) -> Frame:
    """Read what is shown around a page."""
    options = cast("ApiOptions", request.app.state.options)
    rows = await snapshot.rows(_statement("channels"))
    return Frame(
        version=snapshot.version,
        channels={row["channel_name"]: row for row in rows},
        allows_contacts=facts_of(request).caller.allows_contacts,
        timezone=options.timezone,
        today=datetime.now(options.timezone).date(),
        dagster_url=options.dagster_url.rstrip("/"),
    )


def page(
    request: Request, template: str, frame: Frame | None, *, status: HTTPStatus = HTTPStatus.OK, **content: Any
) -> Response:
    """A page.

    Args:
        request: which navigation is current.
        template: its file.
        frame: None for errors, where nothing may be known.
        status: of the answer.
        content: what the template shows.
    """
    path = request.url.path
    current = next((each for each, _ in NAVIGATION if each != "/" and (path + "/").startswith(each + "/")), path)
    has_charts = any(isinstance(value, charts.Chart) for value in content.values())
    body = _environment.get_template(template).render(
        frame=frame, current=current, path=path, has_charts=has_charts, **content
    )
    return Response(body, status_code=status, media_type="text/html")


@pass_context
def _public(context: Context, text: str | None) -> str:
    frame = context.get("frame")
    if text is None:
        return wording.NOTHING
    return frame.public(text) if frame is not None else mask_phones(text)


@pass_context
def _moment(context: Context, moment: datetime | None) -> str:
    """The exact time; a script says beside it how long ago that is, so that kept pages stay true."""
    if moment is None:
        return wording.NOTHING
    local = _local(context, moment)
    exact = f"{wording.day(local)}, {local:%H:%M} {local:%Z}"
    attributes = Markup('datetime="{}" title="{}"').format(moment.isoformat(timespec="seconds"), exact)
    return Markup("<time {} data-relative>{}</time>").format(attributes, exact)


def _local(context: Context, moment: datetime) -> datetime:
    frame = context.get("frame")
    return moment.astimezone(frame.timezone if frame is not None else UTC)


@pass_context
def _day(context: Context, value: date | None) -> str:
    """A day, or the day of a moment."""
    if value is None:
        return wording.NOTHING
    if isinstance(value, datetime):
        value = _local(context, value).date()
    return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), wording.day(value))


def _make_environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__ or ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "change": wording.change,
        "day": _day,
        "duration": wording.duration,
        "json": htmlsafe_json_dumps,
        "label": wording.label,
        "money": wording.money,
        "moment": _moment,
        "number": wording.number,
        "percent": wording.percent,
        "product": wording.product_label,
        "public": _public,
        "signed": wording.signed,
    }
    environment.globals |= {
        "address": address,
        "asset": assets.address_of,
        "messages_of": charts.messages_of,
        "messages_of_card": charts.messages_of_card,
        "navigation": NAVIGATION,
        "plural": wording.plural,
        "price_range": wording.price_range,
    }
    return environment


_environment = _make_environment()
