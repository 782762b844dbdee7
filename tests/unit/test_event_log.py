"""Dagster's history, kept by our storage: the same files as Dagster's own, written with fewer connections."""

import multiprocessing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dagster import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetKey,
    AssetSpec,
    DagsterEventType,
    DagsterInstance,
    Definitions,
    JobDefinition,
    MaterializeResult,
    define_asset_job,
    multi_asset,
)

from medical_telegram_warehouse.orchestration.event_log import KeptConnectionEventLogStorage
from medical_telegram_warehouse.orchestration.instance import open_instance

CHECK = AssetCheckSpec("is_there", asset=AssetKey("table"))


def job() -> JobDefinition:
    @multi_asset(specs=[AssetSpec("table")], check_specs=[CHECK])
    def make() -> Iterator[MaterializeResult[Any] | AssetCheckResult]:
        yield MaterializeResult(asset_key="table", metadata={"rows": 7})
        yield AssetCheckResult(asset_key=CHECK.asset_key, check_name=CHECK.name, passed=True)

    return Definitions(assets=[make], jobs=[define_asset_job("job")]).resolve_job_def("job")


def execute(instance: DagsterInstance) -> str:
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    return str(job().execute_in_process(instance=instance, run_config=quiet).run_id)


def execute_in(home: str) -> None:
    with open_instance(Path(home)) as instance:
        for _ in range(3):
            execute(instance)


def kinds(instance: DagsterInstance, run_id: str) -> list[str]:
    return [entry.dagster_event_type.value for entry in instance.all_logs(run_id) if entry.dagster_event_type]


def test_an_instance_of_ours_uses_it(tmp_path: Path) -> None:
    with open_instance(tmp_path) as instance:
        assert isinstance(instance._event_storage, KeptConnectionEventLogStorage)


def test_dagsters_own_storage_reads_what_it_wrote_and_it_reads_what_that_wrote(tmp_path: Path) -> None:
    with open_instance(tmp_path / "home") as ours:
        first = execute(ours)
        written = kinds(ours, first)
    plain = tmp_path / "plain"
    (tmp_path / "home").rename(plain)
    (plain / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    with DagsterInstance.from_config(str(plain)) as theirs:
        assert kinds(theirs, first) == written
        second = execute(theirs)
    (plain / "dagster.yaml").unlink()
    with open_instance(plain) as ours:
        assert kinds(ours, second) == written
        record = ours.get_latest_materialization_event(AssetKey("table"))
        assert record is not None
        assert record.run_id == second
        summary = ours.event_log_storage.get_asset_check_summary_records([CHECK.key])[CHECK.key]
        assert summary.last_run_id == second


def test_several_processes_write_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    with open_instance(tmp_path):
        pass
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=execute_in, args=(str(tmp_path),)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    with open_instance(tmp_path) as instance:
        runs = instance.get_runs()
        assert len(runs) == 9
        written = {tuple(kinds(instance, run.run_id)) for run in runs}
        events = instance.event_log_storage.fetch_materializations(AssetKey("table"), limit=100).records
    assert len(written) == 1
    assert len(events) == 9


def test_more_runs_than_connections_are_kept_are_read_and_written(tmp_path: Path) -> None:
    with open_instance(tmp_path) as instance:
        runs = [execute(instance) for _ in range(12)]
        assert len({tuple(kinds(instance, run)) for run in [*runs, *reversed(runs)]}) == 1


def test_a_deleted_run_gives_its_file_back(tmp_path: Path) -> None:
    with open_instance(tmp_path) as instance:
        kept, deleted = execute(instance), execute(instance)
        files = tmp_path / "history" / "runs"
        assert (files / f"{deleted}.db").exists()
        instance.delete_run(deleted)
        assert list(files.glob(f"{deleted}*")) == []
        assert DagsterEventType.RUN_SUCCESS.value in kinds(instance, kept)


@pytest.mark.parametrize(
    "before",
    ["", "# Written once by `mtw`; edit as you like. See https://docs.dagster.io for what can stand here.\n"],
)
def test_a_configuration_of_ours_is_renewed_when_a_folder_moves_or_we_change(tmp_path: Path, before: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    if before:
        (home / "dagster.yaml").write_text(before, encoding="utf-8")
    with open_instance(home):
        pass
    home.rename(tmp_path / "moved")
    with open_instance(tmp_path / "moved") as instance:
        execute(instance)
    configuration = (tmp_path / "moved" / "dagster.yaml").read_text(encoding="utf-8")
    assert f'base_dir: "{tmp_path / "moved" / "history" / "runs"}"' in configuration
    assert not home.exists()


def test_a_configuration_that_somebody_else_wrote_is_left_alone(tmp_path: Path) -> None:
    mine = "# mine\ntelemetry:\n  enabled: false\n"
    (tmp_path / "dagster.yaml").write_text(mine, encoding="utf-8")
    with open_instance(tmp_path) as instance:
        execute(instance)
    assert (tmp_path / "dagster.yaml").read_text(encoding="utf-8") == mine
