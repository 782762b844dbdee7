"""The five steps that are not dbt's, each a multi-asset whose op bears the step's name.

Dagster reads the annotations of these functions, so they cannot be postponed here.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from dagster import (
    AssetCheckResult,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    Config,
    MaterializeResult,
    MetadataValue,
    ResourceParam,
    RetryPolicy,
    TableRecord,
    multi_asset,
)
from pydantic import Field

from medical_telegram_warehouse import steps
from medical_telegram_warehouse.errors import SettingsError
from medical_telegram_warehouse.orchestration import checks, samples
from medical_telegram_warehouse.orchestration.execution import run_step
from medical_telegram_warehouse.orchestration.keys import (
    CHANNEL_LIST,
    CORES_POOL,
    DETECTIONS_FILE,
    LAKE_IMAGES,
    LAKE_MESSAGES,
    LAKE_POOL,
    RAW_MESSAGES,
    STEP_TAG,
    WAREHOUSE_POOL,
)
from medical_telegram_warehouse.orchestration.samples import Metadata
from medical_telegram_warehouse.settings import Settings

Results = Iterator[MaterializeResult[Any] | AssetCheckResult]


def _raw_tables(step: str, made_of: AssetKey, descriptions: dict[str, str], schema: str = "raw") -> list[AssetSpec]:
    return [
        AssetSpec(
            AssetKey([schema, name]),
            deps=[made_of],
            group_name="raw",
            description=description,
            kinds={"postgres"},
            tags={STEP_TAG: step},
        )
        for name, description in descriptions.items()
    ]


CHANNEL_LIST_SPEC = AssetSpec(
    CHANNEL_LIST, group_name="sources", description="The channels of TELEGRAM_CHANNELS, or of another source."
)
_LAKE_SPECS = [
    AssetSpec(
        LAKE_MESSAGES,
        deps=[CHANNEL_LIST],
        group_name="lake",
        description="Lines of messages as they were scraped, by day.",
        kinds={"json"},
        tags={STEP_TAG: steps.SCRAPE},
    ),
    AssetSpec(
        LAKE_IMAGES,
        deps=[CHANNEL_LIST],
        group_name="lake",
        description="Photos of messages, by channel.",
        tags={STEP_TAG: steps.SCRAPE},
    ),
]
_RAW_SPECS = _raw_tables(
    steps.LOAD,
    LAKE_MESSAGES,
    {
        "telegram_messages": "The newest state of each message.",
        "telegram_message_observations": "Every distinct observation of a message.",
        "telegram_message_texts": "Every text of messages that were edited.",
        "telegram_channels": "What was known of each channel at each scrape.",
        "rejected_records": "Records that could not be used, with the reason.",
    },
) + _raw_tables(steps.LOAD, LAKE_MESSAGES, {"moved_messages": "Messages whose date was corrected."}, "ops")
_OFFER_SPECS = _raw_tables(
    steps.EXTRACT,
    RAW_MESSAGES,
    {
        "message_genres": "What kind of post each message is.",
        "message_offers": "Every product that a message says is for sale, with its price.",
    },
)
_DETECTION_SPECS = [
    AssetSpec(
        DETECTIONS_FILE,
        deps=[LAKE_IMAGES],
        group_name="processed",
        description="What each photo shows.",
        kinds={"csv"},
        tags={STEP_TAG: steps.DETECT},
    )
]
_RAW_DETECTION_SPECS = _raw_tables(
    steps.LOAD_DETECTIONS,
    DETECTIONS_FILE,
    {
        "image_scans": "Every photo file ever seen in a lake.",
        "yolo_detections": "Detected objects on photos.",
    },
)


class ScrapeConfig(Config):
    """What one run may choose differently from the settings."""

    source: str | None = Field(default=None, description="auto, telegram, web, sample or lake; else TELEGRAM_SOURCE.")
    lake: str | None = Field(default=None, description="For the source lake: the folder with telegram_messages/.")
    sample_messages: int | None = Field(default=None, description="For the source sample: how many messages.")
    backfill_from: str | None = Field(
        default=None, description="A day, such as 2026-01-31: read the messages from then on once more."
    )
    backfill_to: str | None = Field(default=None, description="The last day of the backfill; else today.")
    backfill_channels: list[str] = Field(default=[], description="The channels to backfill; else all.")

    @property
    def backfill(self) -> steps.BackfillDays | None:
        """What is to be read once more, if that was asked for.

        Raises:
            SettingsError: a day is no day, or there is a range of channels or an end without a beginning.
        """
        if self.backfill_from is None:
            if self.backfill_to is not None or self.backfill_channels:
                raise SettingsError("a backfill needs its first day: set backfill_from, such as 2026-01-31")
            return None
        first = _day(self.backfill_from)
        last = _day(self.backfill_to) if self.backfill_to else datetime.now(UTC).date()
        return steps.BackfillDays(tuple(self.backfill_channels), first, last)

    def applied_to(self, settings: Settings) -> Settings:
        """The settings of this run."""
        chosen: dict[str, Any] = {
            "telegram_source": self.source,
            "source_lake": Path(self.lake).expanduser().resolve() if self.lake else None,
            "sample_messages": self.sample_messages,
        }
        return settings.model_copy(update={name: value for name, value in chosen.items() if value is not None})


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise SettingsError(f"{text!r} is not a day, such as 2026-01-31") from error


def build_step_assets(retry_policy: RetryPolicy) -> list[AssetsDefinition]:
    """The assets of scraping, loading, extracting offers, detecting and loading detections."""

    @multi_asset(
        name=steps.SCRAPE, specs=_LAKE_SPECS, check_specs=[checks.CHANNELS], retry_policy=retry_policy, pool=LAKE_POOL
    )
    def scrape(context: AssetExecutionContext, config: ScrapeConfig, settings: ResourceParam[Settings]) -> Results:
        def work(settings: Settings) -> steps.StepOutcome:
            wanted = config.backfill
            return steps.backfill_step(settings, wanted) if wanted else steps.scrape_step(settings)

        outcome = run_step(context, config.applied_to(settings), work)
        yield from _materialized(outcome, _LAKE_SPECS)
        yield checks.channels_checked(outcome.details.get("channels", []))

    @multi_asset(
        name=steps.LOAD,
        specs=_RAW_SPECS,
        check_specs=[checks.LAKE_FILES, checks.LAKE_GAPS],
        retry_policy=retry_policy,
        pool=WAREHOUSE_POOL,
    )
    def load(context: AssetExecutionContext, settings: ResourceParam[Settings]) -> Results:
        yield from _tables_written(context, settings, _RAW_SPECS)
        yield from checks.lake_checked(settings)

    @multi_asset(name=steps.EXTRACT, specs=_OFFER_SPECS, retry_policy=retry_policy, pool=CORES_POOL)
    def extract(context: AssetExecutionContext, settings: ResourceParam[Settings]) -> Results:
        yield from _tables_written(context, settings, _OFFER_SPECS)

    @multi_asset(
        name=steps.DETECT,
        specs=_DETECTION_SPECS,
        check_specs=[checks.MODEL_VERSION, checks.WEIGHTS],
        retry_policy=retry_policy,
        pool=CORES_POOL,
    )
    def detect(context: AssetExecutionContext, settings: ResourceParam[Settings]) -> Results:
        outcome = run_step(context, settings)
        yield from _materialized(outcome, _DETECTION_SPECS)
        yield from checks.model_checked(settings, outcome)

    @multi_asset(
        name=steps.LOAD_DETECTIONS,
        specs=_RAW_DETECTION_SPECS,
        check_specs=[checks.PHOTOS],
        retry_policy=retry_policy,
    )
    def load_detections(context: AssetExecutionContext, settings: ResourceParam[Settings]) -> Results:
        yield from _tables_written(context, settings, _RAW_DETECTION_SPECS)
        yield from checks.photos_checked(settings)

    return [scrape, load, extract, detect, load_detections]


def _tables_written(
    context: AssetExecutionContext, settings: Settings, specs: list[AssetSpec]
) -> Iterator[MaterializeResult[Any]]:
    outcome = run_step(context, settings)
    yield from _materialized(outcome, specs, samples.of_tables(settings, [spec.key for spec in specs]))


def _materialized(
    outcome: steps.StepOutcome, specs: list[AssetSpec], more: Mapping[AssetKey, Metadata] | None = None
) -> Iterator[MaterializeResult[Any]]:
    metadata = {
        "summary": MetadataValue.text(outcome.headline),
        "new_rows": MetadataValue.int(outcome.new_rows),
        "seconds": MetadataValue.float(round(outcome.seconds, 3)),
        **{name: _metadata(value) for name, value in outcome.details.items()},
    }
    for spec in specs:
        yield MaterializeResult(asset_key=spec.key, metadata={**metadata, **(more or {}).get(spec.key, {})})


def _metadata(value: Any) -> MetadataValue[Any]:
    if isinstance(value, bool):
        return MetadataValue.bool(value)
    if isinstance(value, int):
        return MetadataValue.int(value)
    if isinstance(value, float):
        return MetadataValue.float(value)
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        return MetadataValue.table([TableRecord(row) for row in value])
    return MetadataValue.text(value) if isinstance(value, str) else MetadataValue.json(value)
