"""What Dagster is told: the names, edges, keys and schedule that users and their tools rely on."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dagster import (
    DagsterInstance,
    DagsterRunStatus,
    DefaultScheduleStatus,
    Definitions,
    JobDefinition,
    RunRequest,
    SkipReason,
    build_schedule_context,
)
from dagster._core.definitions.freshness import TimeWindowFreshnessPolicy
from dagster._core.remote_representation.external_data import RepositorySnap
from dagster._serdes import serialize_value
from pydantic import SecretStr

from medical_telegram_warehouse.api.pipeline.repository import PIPELINE_STEPS
from medical_telegram_warehouse.errors import SettingsError, TransformError
from medical_telegram_warehouse.orchestration.definitions import build_definitions, pipeline_job
from medical_telegram_warehouse.orchestration.instance import open_instance
from medical_telegram_warehouse.settings import Settings
from medical_telegram_warehouse.steps import STEPS

PROJECT = Path(__file__).resolve().parents[2]
JOB = "medical_telegram_warehouse_pipeline"
SCHEDULE = "daily_pipeline_schedule"
NIGHT = datetime(2026, 10, 1, 2, tzinfo=UTC)
SEEDS = ("channel_types", "product_answers", "product_terms", "topic_terms")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(_env_file=None, project_dir=PROJECT, data_dir=tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def definitions(settings: Settings) -> Definitions:
    return build_definitions(settings)


@pytest.fixture(scope="module")
def job(definitions: Definitions) -> JobDefinition:
    return pipeline_job(definitions)


@pytest.fixture(scope="module")
def one_instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DagsterInstance]:
    with open_instance(tmp_path_factory.mktemp("dagster")) as instance:
        yield instance


@pytest.fixture
def instance(one_instance: DagsterInstance) -> Iterator[DagsterInstance]:
    """An instance without runs; making a new one takes a second."""
    yield one_instance
    for run in one_instance.get_runs():
        one_instance.delete_run(run.run_id)


def test_the_definitions_can_be_loaded(definitions: Definitions) -> None:
    Definitions.validate_loadable(definitions)


def test_the_job_is_named_as_users_know_it_and_its_nodes_are_the_steps(job: JobDefinition) -> None:
    assert job.name == JOB
    assert sorted(job.graph.node_names()) == sorted(STEPS)
    assert STEPS == (
        "scrape_telegram_data",
        "load_raw_to_postgres",
        "extract_message_offers",
        "run_dbt_transformations",
        "run_yolo_enrichment",
        "load_yolo_to_postgres",
        "run_dbt_yolo_model",
    )


def test_each_step_waits_for_exactly_what_it_needs(job: JobDefinition) -> None:
    """Photos run beside the messages' dbt step: neither may wait for the other, or fail with it."""
    waits_for = {
        node.name: {upstream.node for dependency in inputs.values() for upstream in dependency.get_node_dependencies()}
        for node, inputs in job.graph.dependencies.items()
    }
    assert waits_for == {
        "scrape_telegram_data": set(),
        "load_raw_to_postgres": {"scrape_telegram_data"},
        "extract_message_offers": {"load_raw_to_postgres"},
        "run_dbt_transformations": {"load_raw_to_postgres", "extract_message_offers"},
        "run_yolo_enrichment": {"scrape_telegram_data"},
        "load_yolo_to_postgres": {"run_yolo_enrichment"},
        "run_dbt_yolo_model": {"run_dbt_transformations", "load_yolo_to_postgres"},
    }


def test_the_assets_and_their_groups_are_pinned(definitions: Definitions) -> None:
    """A renamed asset loses its history in Dagster, and breaks whoever watches it: change this on purpose."""
    graph = definitions.resolve_asset_graph()
    groups: dict[str, set[str]] = {}
    for key in graph.get_all_asset_keys():
        groups.setdefault(graph.get(key).group_name, set()).add(key.to_user_string())
    assert groups == {
        "sources": {"telegram/channels"},
        "lake": {"lake/telegram_messages", "lake/images"},
        "processed": {"processed/yolo_detections"},
        "raw": {
            "raw/telegram_messages",
            "raw/telegram_message_observations",
            "raw/telegram_message_texts",
            "ops/moved_messages",
            "raw/telegram_channels",
            "raw/rejected_records",
            "raw/image_scans",
            "raw/message_genres",
            "raw/message_offers",
            "raw/yolo_detections",
        },
        "seeds": {f"seeds/{name}" for name in SEEDS},
        "staging": {
            "staging/stg_offers__message_genres",
            "staging/stg_offers__message_offers",
            "staging/stg_telegram__channels",
            "staging/stg_telegram__message_texts",
            "staging/stg_telegram__messages",
            "staging/stg_telegram__moved_messages",
            "staging/stg_telegram__observations",
            "staging/stg_telegram__rejected_records",
            "staging/stg_yolo__detections",
            "staging/stg_yolo__image_scans",
        },
        "intermediate": {
            "intermediate/int_channel_hours",
            "intermediate/int_class_months",
            "intermediate/int_content_months",
            "intermediate/int_mention_months",
            "intermediate/int_message_terms",
            "intermediate/int_offer_name_months",
            "intermediate/int_offer_price_months",
            "intermediate/int_offer_prices",
            "intermediate/int_offers",
            "intermediate/int_product_view_months",
            "intermediate/int_usual_prices",
            "intermediate/int_visual_months",
        },
        "marts": {
            "marts/dim_channels",
            "marts/dim_dates",
            "marts/dim_products",
            "marts/fct_message_engagement",
            "marts/fct_message_topics",
            "marts/fct_message_versions",
            "marts/fct_messages",
            "marts/fct_images",
            "marts/fct_image_detections",
            "marts/fct_offers",
            "marts/fct_product_availability",
            "marts/fct_product_prices",
            "marts/rpt_channel_activity_daily",
            "marts/rpt_channel_activity_weekly",
            "marts/rpt_channel_scorecard",
            "marts/rpt_channel_subscribers",
            "marts/rpt_content_categories",
            "marts/rpt_data_quality",
            "marts/rpt_detected_classes",
            "marts/rpt_message_search",
            "marts/rpt_posting_heatmap",
            "marts/rpt_price_changes",
            "marts/rpt_price_outliers",
            "marts/rpt_product_activity_monthly",
            "marts/rpt_product_mentions",
            "marts/rpt_product_names",
            "marts/rpt_product_review",
            "marts/rpt_rejected_records",
            "marts/rpt_search_words",
            "marts/rpt_top_products",
            "marts/rpt_topic_activity_daily",
            "marts/rpt_topic_activity_weekly",
            "marts/rpt_visual_content",
            "marts/rpt_volume_anomalies",
        },
    }


def test_every_asset_can_be_traced_back_to_the_channels_or_to_a_seed(definitions: Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    roots = {key.to_user_string() for key in graph.get_all_asset_keys() if not graph.get(key).parent_keys}
    assert roots == {"telegram/channels"} | {f"seeds/{name}" for name in SEEDS}
    assert {key.to_user_string() for key in graph.get_all_asset_keys() if not graph.get(key).is_executable} == roots - {
        f"seeds/{name}" for name in SEEDS
    }


def test_every_mart_is_described_and_has_checks(definitions: Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    checked = {check.asset_key for check in graph.asset_check_keys}
    marts = [key for key in graph.get_all_asset_keys() if key.path[0] == "marts"]
    assert [key for key in marts if key not in checked] == []
    assert [key for key in graph.get_all_asset_keys() if not graph.get(key).description] == []


def test_every_step_is_tried_three_times_half_a_minute_to_a_minute_apart(job: JobDefinition) -> None:
    for step in STEPS:
        policy = job.graph.node_named(step).definition.retry_policy  # type: ignore[attr-defined]
        assert policy is not None, step
        assert policy.max_retries == 2
        assert [policy.calculate_delay(attempt) for attempt in (1, 2)] == [30, 60]


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("scrape_only", {"scrape_telegram_data"}),
        ("after_scraping", set(STEPS) - {"scrape_telegram_data"}),
        ("transform_only", {"extract_message_offers", "run_dbt_transformations", "run_dbt_yolo_model"}),
        ("detection_only", {"run_yolo_enrichment", "load_yolo_to_postgres", "run_dbt_yolo_model"}),
        ("full_refresh", {"run_dbt_transformations", "run_dbt_yolo_model"}),
        ("backfill", set(STEPS)),
        (
            "maintenance",
            {"delete_old_raw_history", "delete_old_previews", "delete_old_run_history", "vacuum_database"},
        ),
    ],
)
def test_each_other_job_runs_its_part_of_the_steps(definitions: Definitions, name: str, steps: set[str]) -> None:
    assert set(definitions.resolve_job_def(name).graph.node_names()) == steps


def test_every_job_says_on_which_data_folder_it_works(definitions: Definitions, settings: Settings) -> None:
    """Runs over one folder wait for each other by this tag."""
    jobs = definitions.resolve_all_job_defs()
    ours = [job for job in jobs if not job.name.startswith("__")]
    assert len(ours) == 8
    assert {job.run_tags["data_folder"] for job in ours} == {str(settings.data_dir)}


def test_steps_that_use_every_core_and_steps_that_write_tables_in_bulk_wait_for_each_other(job: JobDefinition) -> None:
    pools: dict[str, set[str]] = {}
    for step in STEPS:
        for pool in job.graph.node_named(step).definition.pools:
            pools.setdefault(pool, set()).add(step)
    assert pools == {
        "lake_writes": {"scrape_telegram_data"},
        "every_core": {"extract_message_offers", "run_yolo_enrichment"},
        "warehouse_writes": {"load_raw_to_postgres", "run_dbt_transformations", "run_dbt_yolo_model"},
    }


def test_tables_of_the_marts_are_stale_after_the_hours_of_the_setting(definitions: Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        policy = graph.get(key).freshness_policy
        assert isinstance(policy, TimeWindowFreshnessPolicy) == (key.path[0] == "marts"), key
        if isinstance(policy, TimeWindowFreshnessPolicy):
            assert policy.fail_window.to_timedelta() == timedelta(hours=26)


@pytest.mark.parametrize(("cron", "zone"), [("30 22 * * 1-5", "Africa/Addis_Ababa"), ("@daily", "UTC")])
def test_cron_and_zone_of_the_daily_schedule_are_settings(settings: Settings, cron: str, zone: str) -> None:
    changed = settings.model_copy(update={"schedule_cron": cron, "schedule_timezone": zone})
    schedule = build_definitions(changed).resolve_schedule_def(SCHEDULE)
    assert (schedule.cron_schedule, schedule.execution_timezone) == (cron, zone)


def test_what_is_no_schedule_is_said_by_its_setting(settings: Settings) -> None:
    with pytest.raises(SettingsError, match=r"SCHEDULE_CRON is 'every night'"):
        build_definitions(settings.model_copy(update={"schedule_cron": "every night"}))


def test_the_schedule_runs_the_job_at_two_at_night_and_is_on_by_default(definitions: Definitions) -> None:
    schedule = definitions.resolve_schedule_def(SCHEDULE)
    assert schedule.job_name == JOB
    assert schedule.cron_schedule == "0 2 * * *"
    assert schedule.execution_timezone == "UTC"
    assert schedule.default_status is DefaultScheduleStatus.RUNNING


def test_a_tick_asks_for_one_run_that_names_its_time(definitions: Definitions, instance: DagsterInstance) -> None:
    """The run key holds the scheduled time, so that a tick which is evaluated twice starts one run."""
    request = evaluate(definitions, instance)
    assert isinstance(request, RunRequest)
    assert NIGHT.isoformat() in str(request.run_key)
    assert request.tags["scheduled"] == "true"
    assert request.tags["schedule_type"] == "daily"
    assert request.tags["execution_time"] == NIGHT.isoformat()


@pytest.mark.parametrize("status", [DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING])
def test_a_tick_is_skipped_with_a_reason_while_a_run_waits_for_its_start(
    definitions: Definitions, job: JobDefinition, instance: DagsterInstance, status: DagsterRunStatus
) -> None:
    """Two runs on one database would do the same work twice, and the second would fail."""
    run = instance.create_run_for_job(job_def=job, status=status, tags=job.run_tags)
    result = evaluate(definitions, instance)
    assert isinstance(result, SkipReason)
    assert run.run_id in str(result.skip_message)
    assert "active" in str(result.skip_message)


def test_a_tick_is_skipped_while_another_process_works_on_the_data_folder(
    definitions: Definitions, job: JobDefinition, instance: DagsterInstance, settings: Settings
) -> None:
    run = instance.create_run_for_job(job_def=job, status=DagsterRunStatus.STARTED, tags=job.run_tags)
    with (settings.data_dir / ".run.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = evaluate(definitions, instance)
    assert isinstance(result, SkipReason)
    assert run.run_id in str(result.skip_message)


def test_a_killed_run_does_not_stop_the_schedule_for_ever(
    definitions: Definitions, job: JobDefinition, instance: DagsterInstance
) -> None:
    """A machine that loses its power at night leaves a run that counts as started; the next night must work."""
    run = instance.create_run_for_job(job_def=job, status=DagsterRunStatus.STARTED, tags=job.run_tags)
    assert isinstance(evaluate(definitions, instance), RunRequest)
    after = instance.get_run_by_id(run.run_id)
    assert after is not None
    assert after.status is DagsterRunStatus.FAILURE


def test_a_run_over_another_data_folder_is_none_of_this_schedules_business(
    definitions: Definitions, job: JobDefinition, instance: DagsterInstance
) -> None:
    """Two data folders may share an instance; a run of the other is neither waited for nor called killed."""
    other = instance.create_run_for_job(
        job_def=job, status=DagsterRunStatus.STARTED, tags={"data_folder": "/somewhere/else"}
    )
    assert isinstance(evaluate(definitions, instance), RunRequest)
    after = instance.get_run_by_id(other.run_id)
    assert after is not None
    assert after.status is DagsterRunStatus.STARTED


def test_a_finished_run_does_not_keep_the_schedule_from_starting_another(
    definitions: Definitions, job: JobDefinition, instance: DagsterInstance
) -> None:
    for status in (DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED):
        instance.create_run_for_job(job_def=job, status=status, tags=job.run_tags)
    assert isinstance(evaluate(definitions, instance), RunRequest)


def evaluate(definitions: Definitions, instance: DagsterInstance) -> RunRequest | SkipReason:
    context = build_schedule_context(instance=instance, scheduled_execution_time=NIGHT)
    data = definitions.resolve_schedule_def(SCHEDULE).evaluate_tick(context)
    if data.run_requests:
        return data.run_requests[0]
    assert data.skip_message is not None
    return SkipReason(data.skip_message)


@pytest.mark.filterwarnings(
    "ignore:Property `ScheduleDefinition.environment_vars`:DeprecationWarning"
)  # read by Dagster
def test_the_password_is_no_part_of_what_dagster_keeps_of_the_definitions() -> None:
    """Dagster stores and shows a snapshot of the repository, with the configuration of its resources."""
    secret = "a-secret-that-nobody-else-uses"
    settings = Settings(_env_file=None, project_dir=PROJECT, postgres_password=SecretStr(secret))
    definitions = build_definitions(settings)
    snapshot = serialize_value(RepositorySnap.from_def(definitions.get_repository_def()))
    assert JOB in snapshot
    assert secret not in snapshot
    assert secret not in repr(definitions)


def test_a_missing_dbt_project_says_which_file_and_which_setting(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, project_dir=tmp_path)
    with pytest.raises(TransformError, match=r"dbt_project\.yml in .*PROJECT_DIR"):
        build_definitions(settings)


def test_the_entry_points_give_the_job_and_the_schedule_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """`from pipeline import …` is what the documentation tells people to write."""
    monkeypatch.syspath_prepend(PROJECT)
    import pipeline

    assert isinstance(pipeline.medical_telegram_warehouse_pipeline, JobDefinition)
    assert pipeline.medical_telegram_warehouse_pipeline.name == JOB
    assert pipeline.daily_pipeline_schedule.name == SCHEDULE


def test_the_api_knows_how_many_steps_a_whole_run_has() -> None:
    """It cannot import them without loading what they load."""
    assert len(STEPS) == PIPELINE_STEPS
