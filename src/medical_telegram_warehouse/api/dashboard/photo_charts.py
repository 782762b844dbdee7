"""What photos show by channel, and what that earns, as charts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from urllib.parse import quote

from medical_telegram_warehouse.api.dashboard import wording
from medical_telegram_warehouse.api.dashboard.charts import Cell, Chart, Point, Series
from medical_telegram_warehouse.api.dashboard.forms import address, choices
from medical_telegram_warehouse.api.dashboard.rendering import Frame
from medical_telegram_warehouse.api.database.pool import Row
from medical_telegram_warehouse.records import ImageCategory

# More bars than these have no room for their names.
_MOST_BARS = 12


def by_channel(rows: Sequence[Row], frame: Frame) -> Chart:
    """What the photos of each channel show.

    Args:
        rows: of content_by_channel.sql, channels with most photos first.
        frame: what channels are called.
    """
    counts = {(row["channel_name"], row["content_category"]): row["photo_count"] for row in rows}
    totals: dict[str, int] = {row["channel_name"]: row["channel_photo_count"] for row in rows}
    names = list(totals)
    titles = Counter(frame.title_of(name) for name in names)
    # Bars of one name would be one bar.
    bars = {name: title if titles[title := frame.title_of(name)] == 1 else f"{title} ({name})" for name in names}
    categories = choices(ImageCategory)

    def link(name: str, category: str | None) -> str:
        return address("/images", channel_name=name, content_category=category)

    series = [
        Series(
            wording.label(category),
            [Point(bars[name], counts.get((name, category), 0), link(name, category)) for name in names[:_MOST_BARS]],
        )
        for category in categories
    ]
    return Chart(
        key="by-channel",
        title="What photos show, by channel",
        kind="stacked",
        is_horizontal=True,
        unit="photos",
        series=series if names else [],
        columns=["Channel", *(each.name for each in series), "All"],
        rows=[
            [
                Cell(bars[name], f"/channels/{quote(name)}", is_number=False),
                *(Cell(wording.number(counts.get((name, each), 0)), link(name, each)) for each in categories),
                Cell(wording.number(totals[name]), link(name, None)),
            ]
            for name in names
        ],
        summary=f"Stacked bars of {sum(totals.values()):,} photos in {wording.plural(len(names), 'channel')}.",
        note="Readable photos of all times, judged by their objects and their posts."
        + (f" The {_MOST_BARS} channels with most photos; the table has all." if len(names) > _MOST_BARS else ""),
    )


def engagement(rows: Sequence[Row], frame: Frame, channel_name: str | None) -> Chart:
    """What posts with photos of each kind earn; beside each bar stands of how many posts it is the mean.

    Args:
        rows: of reports/visual_categories.sql, by content.
        frame: what channels are called.
        channel_name: whose posts; None for all.
    """
    found = {row["category"]: row for row in rows}
    ordered = [found[each] for each in choices(ImageCategory) if each in found]

    def link(row: Row) -> str:
        return address("/images", channel_name=channel_name, content_category=row["category"])

    bars = [
        Point(
            f"{wording.label(row['category'])}\n{wording.plural(row['original_post_count'], 'post')}",
            row["avg_views"],
            link(row),
        )
        for row in ordered
    ]
    posts = sum(row["original_post_count"] for row in ordered)
    whose = "all channels" if channel_name is None else frame.title_of(channel_name)
    return Chart(
        key="engagement",
        title="Mean views of posts, by what their photos show",
        kind="bar",
        is_horizontal=True,
        unit="views",
        series=[Series("Mean views", bars)],
        columns=["Category", "Original posts", "Mean views", "All views", "Photos"],
        rows=[
            [
                Cell(wording.label(row["category"]), is_number=False),
                Cell(wording.number(row["original_post_count"])),
                Cell(wording.number(row["avg_views"])),
                Cell(wording.number(row["total_views"])),
                Cell(wording.number(row["photo_count"]), link(row)),
            ]
            for row in ordered
        ],
        summary=f"Bars of the mean views of {posts:,} original posts by category.",
        note=f"Original posts of {whose}, of all times: forwarded copies are left out, an album counts once in each "
        f"category that it shows.",
    )
