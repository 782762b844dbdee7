"""The steps as plain functions of the settings: what the command line and Dagster both run.

    scrape_telegram_data -> load_raw_to_postgres -> extract_message_offers -> run_dbt_transformations --+
              +-> run_yolo_enrichment -> load_yolo_to_postgres --> run_dbt_yolo_model <-----------------+

Here settings become the plain values that the rooms take. A step returns what it did, and says so when that was
nothing. Every step may be run again at any time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import psycopg

from medical_telegram_warehouse.errors import LakeError, SettingsError, SourceError
from medical_telegram_warehouse.lake.photos import list_photos
from medical_telegram_warehouse.lake.registry import Lake, registered_lakes
from medical_telegram_warehouse.load.detections import load_detections
from medical_telegram_warehouse.load.messages import LoadSummary, load_messages
from medical_telegram_warehouse.offers.step import ExtractionSummary, extract_message_offers
from medical_telegram_warehouse.postgres.connection import connect
from medical_telegram_warehouse.postgres.embedded import EmbeddedServer
from medical_telegram_warehouse.postgres.migrate import migrate
from medical_telegram_warehouse.scrape import Backfill, ScrapeObserver, ScrapeSummary, connect_existing_lake, scrape
from medical_telegram_warehouse.settings import Settings, SourceName
from medical_telegram_warehouse.sources.base import MessageSource
from medical_telegram_warehouse.sources.select import ExistingLake, SourceOptions, choose_source, resolve_name
from medical_telegram_warehouse.transform import TransformStep, TransformSummary, build
from medical_telegram_warehouse.vision.detections_read import read_detections
from medical_telegram_warehouse.vision.drawn.preview_folder import PREVIEWS_FOLDER
from medical_telegram_warehouse.vision.drawn.previews import make_previews
from medical_telegram_warehouse.vision.models.weights import KNOWN_MODELS, ModelFile, fetch_model, resolve_model
from medical_telegram_warehouse.vision.rules import load_categories
from medical_telegram_warehouse.vision.scan import ScanOptions, ScanSummary, scan_photos

SCRAPE = "scrape_telegram_data"
LOAD = "load_raw_to_postgres"
EXTRACT = "extract_message_offers"
TRANSFORM = "run_dbt_transformations"
DETECT = "run_yolo_enrichment"
LOAD_DETECTIONS = "load_yolo_to_postgres"
TRANSFORM_PHOTOS = "run_dbt_yolo_model"
STEPS = (SCRAPE, LOAD, EXTRACT, TRANSFORM, DETECT, LOAD_DETECTIONS, TRANSFORM_PHOTOS)
PIPELINE_JOB = "medical_telegram_warehouse_pipeline"
"""The job of all steps, as Dagster, ops.runs and users know it."""
DETECTIONS_FILE = "yolo_detections.csv"


@dataclass(frozen=True)
class StepOutcome:
    """What a step did.

    `new_rows` counts what is there now and was not before; `headline` says it to a person in one line; `details` are
    figures for tables and for Dagster's metadata.
    """

    step: str
    new_rows: int
    headline: str
    details: dict[str, Any] = field(default_factory=dict)
    transform: TransformSummary | None = None
    seconds: float = 0.0


@contextmanager
def open_database(settings: Settings) -> Iterator[psycopg.Connection]:
    """Start the embedded server where one is wanted, migrate, and connect.

    Raises:
        DatabaseUnavailableError: no server answers.
        DatabaseRefusedError: the server says no.
    """
    EmbeddedServer(settings.data_dir, settings.database).ensure()
    with connect(settings.database) as connection:
        migrate(connection)
        yield connection


def lakes_of(settings: Settings) -> list[Lake]:
    """Our own lake, and those that were connected."""
    return registered_lakes(settings.data_dir, settings.lake_root)


def source_options(settings: Settings) -> SourceOptions:
    """What the settings say of where messages come from."""
    return SourceOptions(
        name=settings.telegram_source,
        channels=settings.telegram_channels,
        access=settings.telegram_access,
        since=settings.first_scrape_since,
        max_messages=settings.max_messages_per_channel or None,
        channels_at_once=settings.scrape_channels_at_once,
        max_wait_seconds=settings.max_wait_seconds,
        preview_url=settings.web_preview_url,
        preview_delay_seconds=settings.web_preview_delay_seconds,
        lake_path=settings.source_lake,
        sample_date=settings.sample_date or datetime.now(UTC).date(),
        sample_seed=settings.sample_seed,
        sample_messages=settings.sample_messages,
    )


class BackfillDays(NamedTuple):
    """Channels of which a range of days is read once more; no channels mean all that the settings name."""

    channels: tuple[str, ...]
    first_day: date
    last_day: date

    def within(self, zone: ZoneInfo) -> Backfill:
        """The moments from the first day's begin to the last day's end.

        Raises:
            SettingsError: the last day is before the first.
        """
        if self.last_day < self.first_day:
            raise SettingsError(f"the last day, {self.last_day}, is before the first, {self.first_day}")
        begin = datetime.combine(self.first_day, time.min, zone)
        return Backfill(begin, datetime.combine(self.last_day + timedelta(days=1), time.min, zone), self.channels)


def backfill_step(settings: Settings, wanted: BackfillDays, observer: ScrapeObserver | None = None) -> StepOutcome:
    """Source -> lake, of some days of some channels, whatever was read before.

    Raises:
        SourceError: the source is a lake, which is not scraped, or it has none of these channels.
    """
    # What `auto` means is decided without them: naming a channel of the sample must not look for it in the web.
    if wanted.channels and (name := resolve_name(source_options(settings))) != SourceName.SAMPLE:
        settings = settings.model_copy(update={"telegram_source": name, "telegram_channels": wanted.channels})
    source = choose_source(source_options(settings))
    if isinstance(source, ExistingLake):
        raise SourceError(
            "the source is `lake`, which somebody else scrapes: there is nothing to backfill from; choose another with "
            "--source"
        )
    return scrape_source(settings, source, observer, wanted)


def scrape_step(settings: Settings, observer: ScrapeObserver | None = None) -> StepOutcome:
    """Source -> lake. With the source `lake`, remember someone else's lake instead."""
    source = choose_source(source_options(settings))
    if isinstance(source, ExistingLake):
        lake, is_new = connect_existing_lake(source.path, data_dir=settings.data_dir, lake_root=settings.lake_root)
        headline = f"lake {lake.name!r} at {lake.root} is {'connected now' if is_new else 'connected already'}"
        return StepOutcome(SCRAPE, int(is_new), headline, {"source": "lake", "lake": lake.name})
    return scrape_source(settings, source, observer)


def scrape_source(
    settings: Settings,
    source: MessageSource,
    observer: ScrapeObserver | None = None,
    backfill: BackfillDays | None = None,
) -> StepOutcome:
    """The same for any source, such as an export that is imported once."""
    summary = scrape(
        source,
        lake_root=settings.lake_root,
        relative_to=settings.data_dir.parent,
        refresh=timedelta(days=settings.refresh_days),
        photos_at_once=settings.scrape_photos_at_once,
        observer=observer,
        backfill=backfill.within(ZoneInfo(settings.report_timezone)) if backfill else None,
    )
    counts = ("messages", "observed_again", "deleted", "photos", "photos_missing")
    details: dict[str, Any] = {"source": summary.source, **{name: summary.total(name) for name in counts}}
    # Dagster's history takes plain values alone.
    details["channels"] = [asdict(channel) | {"status": channel.status.value} for channel in summary.channels]
    details["channels_not_read"] = len(summary.not_read)
    return StepOutcome(SCRAPE, summary.lines, _scrape_headline(summary), details)


def _scrape_headline(summary: ScrapeSummary) -> str:
    kind = "invented sample" if summary.source == "sample" else summary.source
    if summary.lines or summary.total("photos"):
        headline = (
            f"{summary.total('messages'):,} new messages, {summary.total('observed_again'):,} seen again with changes, "
            f"{summary.total('photos'):,} photos ({kind})"
        )
    else:
        headline = f"nothing new since the last scrape ({kind})"
    if deleted := summary.total("deleted"):
        headline += f"; {deleted:,} found deleted"
    if missing := summary.total("photos_missing"):
        headline += f"; {missing:,} photos could not be had"
    if summary.not_read:
        names = ", ".join(f"{channel.name} ({channel.status})" for channel in summary.not_read)
        headline += f"; not read to the end: {names}"
    return headline


def load_step(settings: Settings) -> StepOutcome:
    """Lakes -> raw schema."""
    with open_database(settings) as connection:
        summary = load_messages(connection, lakes_of(settings))
    rejected = sum(summary.rejected.values())
    # A file may have been touched, or appended to with what was known, and bring nothing.
    is_new = summary.new_observations or summary.updated_messages or summary.deleted_messages or rejected
    headline = (
        f"{summary.new_messages:,} new messages, {summary.updated_messages:,} updated, "
        f"{summary.new_observations:,} observations from {summary.files_read:,} files"
        if is_new
        else f"nothing new in {summary.files_read + summary.files_unchanged:,} files"
    )
    if summary.deleted_messages:
        headline += f"; {summary.deleted_messages:,} marked as deleted"
    if rejected:
        headline += f"; {rejected:,} records rejected"
    if summary.unreachable_lakes:
        headline += f"; not reachable: {', '.join(summary.unreachable_lakes)}"
    return StepOutcome(LOAD, summary.new_observations, headline, _details(summary))


def _details(summary: LoadSummary | ExtractionSummary) -> dict[str, Any]:
    """A summary's figures as plain values; `asdict` would count the pairs of a Counter instead of copying it."""
    return {
        each.name: dict(value) if isinstance(value := getattr(summary, each.name), Counter) else value
        for each in fields(summary)
    }


def extract_step(settings: Settings) -> StepOutcome:
    """Texts of messages -> genres and offers in the raw schema."""
    with open_database(settings) as writer, connect(settings.database, application="mtw offers") as reader:
        summary = extract_message_offers(writer, reader, workers=settings.offer_workers)
    headline = (
        f"{summary.offers:,} offers, {summary.priced_offers:,} of them with a price, in {summary.messages:,} messages"
        if summary.messages
        else "nothing new to read"
    )
    if summary.is_new_version and summary.messages:
        headline += "; all read anew, because the rules or the dictionary changed"
    return StepOutcome(EXTRACT, summary.messages, headline, _details(summary))


def transform_step(settings: Settings, *, is_whole: bool = False) -> StepOutcome:
    """Raw schema -> staging and marts, with their tests."""
    return _transform(settings, TRANSFORM, TransformStep.MESSAGES, is_whole=is_whole)


def transform_photos_step(settings: Settings, *, is_whole: bool = False) -> StepOutcome:
    """Detections joined to messages, channels and dates, with their tests."""
    return _transform(settings, TRANSFORM_PHOTOS, TransformStep.PHOTOS, is_whole=is_whole)


def _transform(settings: Settings, name: str, step: TransformStep, *, is_whole: bool) -> StepOutcome:
    with open_database(settings):
        pass  # started and migrated; dbt connects by itself
    summary = build(
        step,
        project_dir=settings.project_dir,
        address=settings.database,
        report_timezone=settings.report_timezone,
        is_whole=is_whole,
    )
    rows = summary.rows
    verdict = f"run, {len(summary.warnings)} of them warn" if summary.warnings else "passed"
    headline = f"{summary.models} models built, {sum(rows.values()):,} rows written, {summary.tests} tests {verdict}"
    if summary.is_whole:
        headline += "; all built whole"
    details = {"models": summary.models, "tests": summary.tests, "warnings": len(summary.warnings), "rows": rows}
    return StepOutcome(name, 0, headline, details, summary)


def model_of(settings: Settings) -> ModelFile:
    """The detection model; a known one is fetched when it is not there yet.

    Raises:
        ModelError: the file is missing or cannot be used.
        ModelDownloadError: a known model could not be fetched.
    """
    if settings.yolo_model in KNOWN_MODELS:
        return fetch_model(settings.yolo_model, settings.models_dir)
    return resolve_model(settings.yolo_model, settings.models_dir, settings.project_dir)


def detect_step(settings: Settings, *, rescan: bool = False) -> StepOutcome:
    """Photos -> data/processed/yolo_detections.csv.

    Args:
        settings: of which the model, its runtime, the threshold and the categories matter here.
        rescan: whether photos that were scanned with other settings are scanned again.
    """
    lakes = lakes_of(settings)
    options = ScanOptions(
        model_of(settings),
        load_categories(settings.yolo_categories),
        settings.yolo_confidence_threshold,
        settings.yolo_runtime,
        settings.yolo_workers,
        rescan,
    )
    summary = scan_photos(
        list_photos(lakes, settings.data_dir.parent),
        options,
        cache_path=settings.processed_dir / "scans.sqlite",
        csv_path=settings.processed_dir / DETECTIONS_FILE,
        reachable_lakes={lake.name for lake in lakes if lake.is_reachable},
    )
    details = asdict(summary) | {"model": options.model.name, "runtime": options.runtime.value}
    headline = _detect_headline(summary)
    if settings.yolo_previews:
        made = make_previews(
            read_detections(settings.processed_dir / DETECTIONS_FILE),
            settings.processed_dir / PREVIEWS_FOLDER,
            relative_to=settings.data_dir.parent,
            categories=options.categories,
            workers=settings.yolo_workers,
        )
        details["previews"] = asdict(made)
        headline += f"; {made.headline}"
    return StepOutcome(DETECT, summary.scanned, headline, details)


def _detect_headline(summary: ScanSummary) -> str:
    headline = (
        f"{summary.scanned:,} contents scanned of {summary.photos:,} photos ({summary.photos_per_second:,.1f}/s), "
        f"{summary.detections:,} objects on all"
        if summary.scanned
        else f"nothing new in {summary.photos:,} photos"
    )
    if summary.stale:
        headline += (
            f"; {summary.stale:,} were scanned with another model, runtime or threshold (`mtw detect --rescan` renews)"
        )
    if summary.unreadable:
        headline += f"; {summary.unreadable:,} unreadable"
    if summary.missing:
        headline += f"; {summary.missing:,} gone"
    return headline


def load_detections_step(settings: Settings) -> StepOutcome:
    """data/processed/yolo_detections.csv -> raw schema."""
    with open_database(settings) as connection:
        summary = load_detections(connection, settings.processed_dir / DETECTIONS_FILE)
    headline = (
        "nothing new: this file was loaded before"
        if summary.is_unchanged
        else f"{summary.new_photos:,} new photos, {summary.changed_photos:,} changed, "
        f"{summary.new_detections:,} new detection rows"
    )
    return StepOutcome(LOAD_DETECTIONS, summary.new_photos + summary.changed_photos, headline, asdict(summary))


STEP_FUNCTIONS: dict[str, Callable[[Settings], StepOutcome]] = {
    SCRAPE: scrape_step,
    LOAD: load_step,
    EXTRACT: extract_step,
    TRANSFORM: transform_step,
    DETECT: detect_step,
    LOAD_DETECTIONS: load_detections_step,
    TRANSFORM_PHOTOS: transform_photos_step,
}


def ensure_data_folder(settings: Settings) -> None:
    """Fail early, and clearly, where nothing can be written.

    Raises:
        LakeError: the data folder cannot be written.
    """
    probe = settings.data_dir / ".writable"
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"x")
        probe.unlink(missing_ok=True)  # another step's process looks as well
    except OSError as error:
        raise LakeError(
            f"the data folder {settings.data_dir} cannot be written: {error.strerror}; "
            f"free some space or mend its permissions, or set DATA_DIR to another folder"
        ) from error
