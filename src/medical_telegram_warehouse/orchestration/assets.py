"""The five steps that are not dbt's, each a multi-asset whose op bears the step's name.

Dagster reads the annotations of these functions, so they cannot be postponed here.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
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
from medical_telegram_warehouse.orchestration.execution import run_step
from medical_telegram_warehouse.scrape import ChannelStatus
from medical_telegram_warehouse.settings import Settings

LAKE_MESSAGES = AssetKey(["lake", "telegram_messages"])
LAKE_IMAGES = AssetKey(["lake", "images"])
RAW_MESSAGES = AssetKey(["raw", "telegram_messages"])
DETECTIONS_FILE = AssetKey(["processed", "yolo_detections"])


def _raw_tables(made_of: AssetKey, descriptions: dict[str, str], schema: str = "raw") -> list[AssetSpec]:
    return [
        AssetSpec(
            AssetKey([schema, name]), deps=[made_of], group_name="raw", description=description, kinds={"postgres"}
        )
        for name, description in descriptions.items()
    ]


_LAKE_SPECS = [
    AssetSpec(
        LAKE_MESSAGES, group_name="lake", description="Lines of messages as they were scraped, by day.", kinds={"json"}
    ),
    AssetSpec(LAKE_IMAGES, group_name="lake", description="Photos of messages, by channel."),
]
_RAW_SPECS = _raw_tables(
    LAKE_MESSAGES,
    {
        "telegram_messages": "The newest state of each message.",
        "telegram_message_observations": "Every distinct observation of a message.",
        "telegram_message_texts": "Every text of messages that were edited.",
        "telegram_channels": "What was known of each channel at each scrape.",
        "rejected_records": "Records that could not be used, with the reason.",
    },
) + _raw_tables(LAKE_MESSAGES, {"moved_messages": "Messages whose date was corrected."}, "ops")
_OFFER_SPECS = _raw_tables(
    RAW_MESSAGES,
    {
        "message_genres": "What kind of post each message is.",
        "message_offers": "Every product that a message says is for sale, with its price.",
    },
)
_DETECTION_SPECS = [
    AssetSpec(
        DETECTIONS_FILE, deps=[LAKE_IMAGES], group_name="processed", description="What each photo shows.", kinds={"csv"}
    )
]
_RAW_DETECTION_SPECS = _raw_tables(
    DETECTIONS_FILE,
    {
        "image_scans": "Every photo file ever seen in a lake.",
        "yolo_detections": "Detected objects on photos.",
    },
)


_CHANNELS_CHECK = AssetCheckSpec(
    "every_channel_was_read",
    asset=LAKE_MESSAGES,
    description="Each channel was read to its end; one that was not does not fail the step, so it fails this check.",
)


class ScrapeConfig(Config):
    """What one run may choose differently from the settings."""

    source: str | None = Field(default=None, description="auto, telegram, web, sample or lake; else TELEGRAM_SOURCE.")
    lake: str | None = Field(default=None, description="For the source lake: the folder with telegram_messages/.")
    sample_messages: int | None = Field(default=None, description="For the source sample: how many messages.")

    def applied_to(self, settings: Settings) -> Settings:
        """The settings of this run."""
        chosen: dict[str, Any] = {
            "telegram_source": self.source,
            "source_lake": Path(self.lake).expanduser().resolve() if self.lake else None,
            "sample_messages": self.sample_messages,
        }
        return settings.model_copy(update={name: value for name, value in chosen.items() if value is not None})


def build_step_assets(retry_policy: RetryPolicy) -> list[AssetsDefinition]:
    """The assets of scraping, loading, extracting offers, detecting and loading detections."""

    @multi_asset(name=steps.SCRAPE, specs=_LAKE_SPECS, check_specs=[_CHANNELS_CHECK], retry_policy=retry_policy)
    def scrape(
        context: AssetExecutionContext, config: ScrapeConfig, settings: ResourceParam[Settings]
    ) -> Iterator[MaterializeResult[Any] | AssetCheckResult]:
        outcome = run_step(context, config.applied_to(settings))
        yield from _materialized(outcome, _LAKE_SPECS)
        yield _channels_checked(outcome.details.get("channels", []))

    @multi_asset(name=steps.LOAD, specs=_RAW_SPECS, retry_policy=retry_policy)
    def load(context: AssetExecutionContext, settings: ResourceParam[Settings]) -> Iterator[MaterializeResult[Any]]:
        yield from _materialized(run_step(context, settings), _RAW_SPECS)

    @multi_asset(name=steps.EXTRACT, specs=_OFFER_SPECS, retry_policy=retry_policy)
    def extract(context: AssetExecutionContext, settings: ResourceParam[Settings]) -> Iterator[MaterializeResult[Any]]:
        yield from _materialized(run_step(context, settings), _OFFER_SPECS)

    @multi_asset(name=steps.DETECT, specs=_DETECTION_SPECS, retry_policy=retry_policy)
    def detect(context: AssetExecutionContext, settings: ResourceParam[Settings]) -> Iterator[MaterializeResult[Any]]:
        yield from _materialized(run_step(context, settings), _DETECTION_SPECS)

    @multi_asset(name=steps.LOAD_DETECTIONS, specs=_RAW_DETECTION_SPECS, retry_policy=retry_policy)
    def load_detections(
        context: AssetExecutionContext, settings: ResourceParam[Settings]
    ) -> Iterator[MaterializeResult[Any]]:
        yield from _materialized(run_step(context, settings), _RAW_DETECTION_SPECS)

    return [scrape, load, extract, detect, load_detections]


def _materialized(outcome: steps.StepOutcome, specs: list[AssetSpec]) -> Iterator[MaterializeResult[Any]]:
    metadata = {
        "summary": MetadataValue.text(outcome.headline),
        "new_rows": MetadataValue.int(outcome.new_rows),
        **{name: _metadata(value) for name, value in outcome.details.items()},
    }
    for spec in specs:
        yield MaterializeResult(asset_key=spec.key, metadata=metadata)


def _channels_checked(channels: list[dict[str, Any]]) -> AssetCheckResult:
    not_read = {
        channel["reference"]: channel["reason"]
        for channel in channels
        if not ChannelStatus(channel["status"]).is_complete
    }
    return AssetCheckResult(
        check_name=_CHANNELS_CHECK.name,
        asset_key=LAKE_MESSAGES,
        passed=not not_read,
        severity=AssetCheckSeverity.WARN,
        metadata={"channels": len(channels), "not_read": MetadataValue.json(not_read)},
    )


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
