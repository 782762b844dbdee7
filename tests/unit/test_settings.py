"""Settings are read once, mean one thing, and never print a secret."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from medical_telegram_warehouse.errors import SettingsError, SourceError
from medical_telegram_warehouse.records import DataCenter
from medical_telegram_warehouse.settings import Settings, SourceName, load_settings
from medical_telegram_warehouse.sources.select import ExistingLake, SourceOptions, choose_source, resolve_name
from medical_telegram_warehouse.steps import source_options

PROJECT = Path(__file__).resolve().parents[2]
SECRET = "q7-unguessable"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with an environment that sets nothing else."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("PROJECT_DIR", str(tmp_path))
    return tmp_path


def refusal(**overrides: object) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(**overrides)
    assert caught.value.__cause__ is None, "pydantic's own text would repeat secrets in the traceback"
    return str(caught.value)


def test_everything_has_a_default(project: Path) -> None:
    settings = load_settings()
    assert str(settings.database) == "medical_user@localhost:5433/medical_warehouse"
    assert settings.telegram_source is SourceName.AUTO
    assert settings.data_dir == project / "data"
    assert settings.lake_root == project / "data" / "raw"
    assert settings.processed_dir == project / "data" / "processed"
    assert settings.dagster_home == project / ".dagster"
    assert settings.yolo_confidence_threshold == 0.25
    assert settings.report_timezone == "Africa/Addis_Ababa"
    assert not settings.has_telegram_credentials
    assert settings.log_level_number == 20


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / ".env").write_text("POSTGRES_PORT=6001\nPOSTGRES_DB=from_file\nPOSTGRES_USER=from_file\n")
    monkeypatch.setenv("POSTGRES_DB", "from_environment")
    monkeypatch.setenv("POSTGRES_USER", "from_environment")
    settings = load_settings(postgres_user="given", log_level=None)
    assert (settings.postgres_port, settings.postgres_db, settings.postgres_user) == (6001, "from_environment", "given")


def test_an_empty_value_is_the_default_as_in_the_example_file(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / ".env").write_text((PROJECT / ".env.example").read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setenv("POSTGRES_PORT", "")
    assert load_settings().model_dump(exclude={"yolo_workers"}) == Settings(_env_file=None).model_dump(
        exclude={"yolo_workers"}
    )


def test_every_setting_stands_in_the_example_file_and_in_the_documentation() -> None:
    named = {name.upper() for name in Settings.model_fields}
    example = (PROJECT / ".env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)) == named
    documented = (PROJECT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert {name for name in named if f"`{name}`" not in documented} == set()


def test_relative_paths_start_at_the_project_wherever_a_command_runs(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    monkeypatch.setenv("DATA_DIR", "my data/of May")
    monkeypatch.setenv("SOURCE_LAKE", "../lake-a")
    settings = load_settings()
    assert settings.data_dir == project / "my data" / "of May"
    assert settings.lake_root == project / "my data" / "of May" / "raw"
    assert settings.source_lake == project.parent / "lake-a"


def test_a_lake_of_its_own_and_the_home_folder_are_understood(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(project / "home"))
    monkeypatch.setenv("DATA_DIR", "~/data")
    assert load_settings().lake_root == project / "home" / "data" / "raw"
    monkeypatch.setenv("LAKE_DIR", "shared lake")
    assert load_settings().lake_root == project / "shared lake"


def test_channels_are_split_at_commas_and_may_hold_spaces(project: Path) -> None:
    (project / ".env").write_text("TELEGRAM_CHANNELS=lobelia4cosmetics, @shop ,https://t.me/x, Some Display Title ,,\n")
    assert load_settings().telegram_channels == ("lobelia4cosmetics", "@shop", "https://t.me/x", "Some Display Title")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("POSTGRES_PORT", "abc", "integer"),
        ("POSTGRES_PORT", "70000", "65535"),
        ("TELEGRAM_SOURCE", "facebook", "'auto', 'telegram', 'web', 'sample' or 'lake'"),
        ("LOG_LEVEL", "LOUD", "'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ("YOLO_CONFIDENCE_THRESHOLD", "1.5", "less than 1"),
        ("YOLO_WORKERS", "0", "greater than or equal to 1"),
        ("SAMPLE_MESSAGES", "-3", "greater than or equal to 1"),
        ("SAMPLE_DATE", "tomorrow", "date"),
        ("REPORT_TIMEZONE", "Mars/Olympus", "such as Africa/Addis_Ababa"),
        ("REPORT_TIMEZONE", "../../etc/passwd", "such as Africa/Addis_Ababa"),
        ("TELEGRAM_API_ID", "12x", "integer"),
        ("TELEGRAM_DC", "2:localhost", "number:host:port"),
        ("TELEGRAM_DC", "2:localhost:99999", "number:host:port"),
        ("SCRAPE_SINCE", "last year", "date"),
        ("MAX_MESSAGES_PER_CHANNEL", "-1", "greater than or equal to 0"),
        ("SCRAPE_PHOTOS_AT_ONCE", "0", "greater than or equal to 1"),
    ],
)
def test_a_bad_value_is_named_with_what_it_may_be(
    name: str, value: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    message = refusal()
    assert f"{name} is {value!r}" in message
    assert says in message


def test_all_bad_values_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_PORT", "x")
    monkeypatch.setenv("LOG_LEVEL", "x")
    message = refusal()
    assert "POSTGRES_PORT" in message
    assert "LOG_LEVEL" in message


@pytest.mark.parametrize("value", ["your_api_hash", "YOUR API HASH", "<hash>", "changeme"])
def test_a_placeholder_is_refused_by_name(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copied from an example, it would only fail much later, at Telegram."""
    monkeypatch.setenv("TELEGRAM_API_HASH", value)
    message = refusal()
    assert "TELEGRAM_API_HASH: still holds the example's placeholder" in message
    assert value not in message


def test_a_refused_secret_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_API_HASH", f"<{SECRET}>")
    assert SECRET not in refusal()
    assert SECRET not in refusal(postgres_password=[SECRET])


def test_secrets_show_in_no_text_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_PASSWORD", SECRET)
    monkeypatch.setenv("TELEGRAM_API_HASH", SECRET)
    settings = load_settings(telegram_api_id=5)
    assert settings.has_telegram_credentials
    for shown in (settings, settings.database, [settings.database], settings.model_dump()):
        assert SECRET not in f"{shown} {shown!r}"
    assert settings.database.password.get_secret_value() == SECRET


def test_a_file_that_is_no_text_is_named(project: Path) -> None:
    (project / ".env").write_bytes(b"POSTGRES_DB=\xff\xfe\n")
    assert re.search(r"\.env cannot be read: .* save it as UTF-8", refusal())


def test_a_log_level_is_understood_in_small_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "debug")
    assert load_settings().log_level == "DEBUG"


def test_keys_of_the_api_are_read_as_they_are_printed() -> None:
    digest = "0a" * 32
    keys = load_settings(api_keys=f"a:{digest}, b.2:{digest}:contacts").api_keys
    assert [(key.name, key.allows_contacts) for key in keys] == [("a", False), ("b.2", True)]
    assert [str(key) for key in keys] == [f"a:{digest}", f"b.2:{digest}:contacts"]


@pytest.mark.parametrize("value", [f"mtw_{SECRET}", f"a:{SECRET}", f"a b:{'0' * 64}", f"a:{'0' * 64}:everything"])
def test_a_key_that_is_no_hash_is_refused_and_not_shown(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEYS", value)
    message = refusal()
    assert "mtw api-key" in message
    assert SECRET not in message


def test_two_keys_of_one_name_are_refused() -> None:
    assert "two keys have one name" in refusal(api_keys=f"a:{'0' * 64},a:{'1' * 64}")


def test_the_api_may_have_a_login_of_its_own() -> None:
    settings = load_settings(api_database_user="reader", api_database_password="secret")
    assert str(settings.api_database) == "reader@localhost:5433/medical_warehouse"
    assert load_settings().api_database == load_settings().database


@pytest.mark.parametrize(
    ("text", "center"),
    [
        ("2:127.0.0.1:443", DataCenter(2, "127.0.0.1", 443)),
        ("10002:telegram.example:5222", DataCenter(10002, "telegram.example", 5222)),
        ("1:[2001:db8::1]:443", DataCenter(1, "2001:db8::1", 443)),
    ],
)
def test_a_data_center_is_a_number_a_host_and_a_port(text: str, center: DataCenter) -> None:
    assert load_settings(telegram_dc=text).telegram_dc == center


def test_a_first_scrape_begins_with_a_day_of_the_reports_zone() -> None:
    settings = load_settings(scrape_since="2026-03-01")
    assert settings.first_scrape_since == datetime(2026, 2, 28, 21, tzinfo=UTC)
    assert load_settings().first_scrape_since is None


def test_a_session_is_kept_in_the_data_folder_and_shown_nowhere(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HASH", "SESSION", "PHONE", "CODE", "PASSWORD"):
        monkeypatch.setenv(f"TELEGRAM_{'API_' if name == 'HASH' else ''}{name}", SECRET)
    settings = load_settings(telegram_api_id=5)
    access = settings.telegram_access
    assert access is not None
    assert access.session_file == project / "data" / "telegram" / "session"
    assert SECRET not in f"{settings!r} {access!r} {access} {source_options(settings)!r}"


def options(name: str, *, credentials: bool = False, channels: str = "", lake: Path | None = None) -> SourceOptions:
    given = {"telegram_api_id": 5, "telegram_api_hash": "abc"} if credentials else {}
    settings = load_settings(telegram_channels=channels, source_lake=lake, **given)
    return source_options(settings)._replace(name=name)


class TestSource:
    @pytest.mark.parametrize(
        ("name", "credentials", "channels", "chosen"),
        [
            ("auto", False, "", "sample"),
            ("auto", False, "shop", "web"),
            ("auto", True, "shop", "telegram"),
            ("auto", True, "", "telegram"),
            ("sample", True, "shop", "sample"),
            ("web", True, "shop", "web"),
        ],
    )
    def test_who_names_channels_or_has_credentials_never_gets_invented_messages(
        self, name: str, chosen: str, channels: str, *, credentials: bool
    ) -> None:
        given = options(name, credentials=credentials, channels=channels)
        assert resolve_name(given) == chosen
        source = choose_source(given)
        assert not isinstance(source, ExistingLake)
        assert source.name == chosen

    def test_telegram_without_credentials_says_where_to_get_them(self) -> None:
        with pytest.raises(SourceError, match=r"my\.telegram\.org.*mtw login.*--source web"):
            choose_source(options("telegram", channels="shop"))

    def test_the_preview_needs_channels(self) -> None:
        with pytest.raises(SourceError, match="set TELEGRAM_CHANNELS"):
            choose_source(options("web"))

    def test_a_lake_must_be_named(self, tmp_path: Path) -> None:
        assert choose_source(options("lake", lake=tmp_path)) == ExistingLake(tmp_path)
        with pytest.raises(SourceError, match="--lake PATH or set SOURCE_LAKE"):
            choose_source(options("lake"))

    def test_an_unknown_source_lists_the_known_ones(self) -> None:
        with pytest.raises(SourceError, match="no source 'x'; choose auto, telegram, web, sample or lake"):
            choose_source(options("x"))
