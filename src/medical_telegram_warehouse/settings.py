"""The one reader of the environment and of `.env`.

Read once at the top (command line, Dagster definitions) and passed down as plain values. The process's environment
wins over `.env`. Every setting stands in `.env.example`; a test compares the two. Relative paths start at the
project's folder, wherever a command is run from.
"""

from __future__ import annotations

import logging
import os
import re
from datetime import date, datetime, time
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from medical_telegram_warehouse.errors import SettingsError
from medical_telegram_warehouse.logs import LogFormat
from medical_telegram_warehouse.records import ApiKey, DatabaseAddress, DataCenter, RuntimeName, TelegramAccess

_DATA_CENTER = re.compile(r"(?P<number>\d{1,5}):(?P<host>\[[0-9a-fA-F:.]+\]|[^:\s]+):(?P<port>\d{1,5})")
_BETWEEN_URLS = re.compile(r"[\s,]+(?=[A-Za-z0-9+.-]+://)")
_PLACEHOLDER = re.compile(r"your[_ -]|<.*>|changeme", re.IGNORECASE)


class SourceName(StrEnum):
    """Where messages come from."""

    AUTO = "auto"
    TELEGRAM = "telegram"
    WEB = "web"
    SAMPLE = "sample"
    LAKE = "lake"


def project_folder() -> Path:
    """The folder that holds dbt_project.yml: PROJECT_DIR, else the checkout that this package is installed from."""
    configured = os.environ.get("PROJECT_DIR")
    return Path(configured).resolve() if configured else Path(__file__).resolve().parents[2]


class Settings(BaseSettings):
    """Every setting, its default and its limits. `docs/settings.md` explains them."""

    model_config = SettingsConfigDict(env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True)

    project_dir: Path = Field(default_factory=project_folder)
    data_dir: Path = Path("data")
    lake_dir: Path | None = None
    models_dir: Path = Path("models")
    dagster_home: Path = Path(".dagster")

    telegram_source: SourceName = SourceName.AUTO
    telegram_api_id: int | None = None
    telegram_api_hash: SecretStr | None = None
    telegram_session: SecretStr | None = None
    telegram_phone: SecretStr | None = None
    telegram_code: SecretStr | None = None
    telegram_password: SecretStr | None = None
    telegram_dc: Annotated[DataCenter | None, NoDecode] = None
    telegram_dc_public_key: Path | None = None
    telegram_channels: Annotated[tuple[str, ...], NoDecode] = ()
    scrape_since: date | None = None
    max_messages_per_channel: int = Field(default=10_000, ge=0)
    refresh_days: int = Field(default=7, ge=0, le=3650)
    max_wait_seconds: int = Field(default=300, ge=0)
    scrape_channels_at_once: int = Field(default=3, ge=1, le=20)
    scrape_photos_at_once: int = Field(default=8, ge=1, le=64)
    web_preview_url: str = "https://t.me"
    web_preview_delay_seconds: float = Field(default=1.0, ge=0, le=3600)
    source_lake: Path | None = None
    sample_messages: int = Field(default=1500, ge=1, le=100_000_000)
    sample_seed: int = 20260101
    sample_date: date | None = None

    postgres_host: str = "localhost"
    postgres_port: int = Field(default=5433, ge=1, le=65535)
    postgres_db: str = "medical_warehouse"
    postgres_user: str = "medical_user"
    postgres_password: SecretStr = SecretStr("medical_pass")

    yolo_model: str = "yolov7-tiny"
    yolo_confidence_threshold: float = Field(default=0.25, gt=0, lt=1)
    yolo_runtime: RuntimeName = RuntimeName.ONNXRUNTIME
    yolo_categories: Path | None = None
    yolo_workers: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, le=64)
    yolo_previews: bool = False

    offer_workers: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, le=64)

    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8000, ge=1, le=65535)
    api_keys: Annotated[tuple[ApiKey, ...], NoDecode] = ()
    api_require_key: bool = False
    api_allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    api_cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    api_requests_per_minute: int = Field(default=1200, ge=0)
    api_request_seconds: float = Field(default=10, gt=0, le=300)
    api_statement_seconds: float = Field(default=5, gt=0, le=300)
    api_connections: int = Field(default=8, ge=1, le=100)
    api_cache_megabytes: int = Field(default=64, ge=0)
    api_database_user: str | None = None
    api_database_password: SecretStr | None = None
    dagster_url: str = "http://127.0.0.1:3000"

    schedule_cron: str = "0 2 * * *"
    schedule_timezone: str = "UTC"
    stale_after_hours: float = Field(default=26, ge=1, le=24 * 366)
    alert_urls: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    alert_repeat_hours: float = Field(default=24, gt=0)
    alert_rules: Path | None = None
    raw_history_days: int = Field(default=0, ge=0)
    preview_days: int = Field(default=0, ge=0)
    run_history_days: int = Field(default=180, ge=1)
    steps_at_once: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, le=64)

    report_timezone: str = "Africa/Addis_Ababa"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: LogFormat = LogFormat.TEXT

    @field_validator("telegram_api_id", "telegram_api_hash", "telegram_session", "telegram_phone", mode="before")
    @classmethod
    def _refuse_placeholder(cls, value: Any) -> Any:
        if isinstance(value, str) and _PLACEHOLDER.search(value):
            message = "still holds the example's placeholder; leave it empty, or set yours from my.telegram.org"
            raise ValueError(message)
        return value

    @field_validator("telegram_dc", mode="before")
    @classmethod
    def _parse_data_center(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        found = _DATA_CENTER.fullmatch(value.strip())
        if found is None or not 0 < int(found["port"]) < 1 << 16:
            message = "write it as number:host:port, such as 2:149.154.167.40:443 for Telegram's test servers"
            raise ValueError(message)
        return DataCenter(int(found["number"]), found["host"].strip("[]"), int(found["port"]))

    @field_validator("api_keys", mode="before")
    @classmethod
    def _parse_api_keys(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        keys = [ApiKey.parse(part.strip()) for part in value.split(",") if part.strip()]
        if len({key.name for key in keys}) < len(keys):
            message = "two keys have one name; each needs its own, so that logs and limits can tell them apart"
            raise ValueError(message)
        return tuple(keys)

    @field_validator("telegram_channels", "api_allowed_hosts", "api_cors_origins", mode="before")
    @classmethod
    def _split_list(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("alert_urls", mode="before")
    @classmethod
    def _split_urls(cls, value: Any) -> Any:
        # Some hold commas of their own.
        return tuple(_BETWEEN_URLS.split(value.strip())) if isinstance(value, str) and value.strip() else value or ()

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper_case(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    @field_validator("report_timezone", "schedule_timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            message = "not a time zone's name, such as Africa/Addis_Ababa"
            raise ValueError(message) from error
        return value

    @model_validator(mode="after")
    def _history_outlasts_refreshing(self) -> Self:
        if 0 < self.raw_history_days <= self.refresh_days:
            message = (
                f"RAW_HISTORY_DAYS is {self.raw_history_days}, but messages are seen again for REFRESH_DAYS = "
                f"{self.refresh_days}; keep their history for longer"
            )
            raise ValueError(message)
        return self

    def model_post_init(self, _context: Any) -> None:
        """Make every path absolute."""
        for name in (
            "data_dir", "models_dir", "dagster_home", "source_lake", "telegram_dc_public_key", "yolo_categories",
            "alert_rules",
        ):  # fmt: skip
            value = getattr(self, name)
            if value is not None:
                setattr(self, name, (self.project_dir / value.expanduser()).resolve())
        self.lake_dir = (self.project_dir / (self.lake_dir or self.data_dir / "raw").expanduser()).resolve()

    @cached_property
    def lake_root(self) -> Path:
        """The folder that holds our own telegram_messages/ and images/."""
        assert self.lake_dir is not None, "set by model_post_init"  # noqa: S101
        return self.lake_dir

    @property
    def processed_dir(self) -> Path:
        """Files made from the lake."""
        return self.data_dir / "processed"

    @property
    def database(self) -> DatabaseAddress:
        """Where PostgreSQL is."""
        return DatabaseAddress(
            self.postgres_host,
            self.postgres_port,
            self.postgres_db,
            self.postgres_user,
            self.postgres_password,
        )

    @property
    def api_database(self) -> DatabaseAddress:
        """The same for the HTTP API: as a login of its own, if one is set."""
        if self.api_database_user is None:
            return self.database
        password = self.api_database_password or SecretStr("")
        return self.database._replace(user=self.api_database_user, password=password)

    @property
    def has_telegram_credentials(self) -> bool:
        """Whether both halves of the Telegram API credentials are set."""
        return self.telegram_api_id is not None and self.telegram_api_hash is not None

    @property
    def telegram_access(self) -> TelegramAccess | None:
        """What connecting to Telegram needs; None without credentials."""
        if self.telegram_api_id is None or self.telegram_api_hash is None:
            return None
        return TelegramAccess(
            self.telegram_api_id,
            self.telegram_api_hash,
            self.telegram_session,
            self.data_dir / "telegram" / "session",
            self.telegram_dc,
            self.telegram_dc_public_key,
            self.max_wait_seconds,
        )

    @property
    def first_scrape_since(self) -> datetime | None:
        """The beginning of the day that a channel's first scrape goes back to."""
        if self.scrape_since is None:
            return None
        return datetime.combine(self.scrape_since, time.min, ZoneInfo(self.report_timezone))

    @property
    def secrets(self) -> list[str]:
        """Every value of a secret type: what no log line may show."""
        found = []
        for name in type(self).model_fields:
            value = getattr(self, name)
            parts = value if isinstance(value, tuple) else (value,)
            found += [part.get_secret_value() for part in parts if isinstance(part, SecretStr)]
        return found

    @property
    def log_level_number(self) -> int:
        """The level as the logging module counts it."""
        return logging.getLevelNamesMapping()[self.log_level]


def load_settings(**overrides: Any) -> Settings:
    """Read the environment and `.env`.

    Args:
        overrides: settings given on the command line; they win over both.

    Raises:
        SettingsError: naming each bad variable, its value (unless secret) and what it may be.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    env_file = project_folder() / ".env"
    try:
        return Settings(_env_file=env_file, **given)
    except ValidationError as error:
        raise SettingsError(_explain(error)) from None  # pydantic's own text would repeat secret input
    except (UnicodeDecodeError, OSError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text; save it as UTF-8"
        raise SettingsError(f"{env_file} cannot be read: {reason}") from None  # the error holds the file's bytes


def _explain(error: ValidationError) -> str:
    lines = ["these settings cannot be used (from the environment or .env):"]
    for problem in error.errors(include_url=False):
        name = str(problem["loc"][0]) if problem["loc"] else "settings"
        field = Settings.model_fields.get(name)
        # A key's hash is no secret, but a key that was put there by mistake is one.
        secret = field is None or any(kind in str(field.annotation) for kind in ("SecretStr", "ApiKey"))
        shown = "" if secret else f" is {str(problem['input'])[:80]!r}"
        lines.append(f"  {name.upper()}{shown}: {problem['msg'].removeprefix('Value error, ')}")
    return "\n".join(lines)
