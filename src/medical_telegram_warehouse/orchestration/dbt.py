"""The two dbt steps: models as assets with lineage, dbt's tests as asset checks.

dbt runs in this process through `transform`: a `dbt build` by command line spends most of its time on starting.
Dagster reads the annotations of the step functions, so they cannot be postponed here.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetExecutionContext,
    AssetsDefinition,
    AssetSpec,
    Config,
    Failure,
    FreshnessPolicy,
    MaterializeResult,
    ResourceParam,
    RetryPolicy,
)
from dagster_dbt import DagsterDbtTranslator, DbtProject, dbt_assets
from dagster_dbt.asset_utils import get_asset_check_key_for_test
from pydantic import Field

from medical_telegram_warehouse import steps
from medical_telegram_warehouse.orchestration import samples
from medical_telegram_warehouse.orchestration.execution import run_step
from medical_telegram_warehouse.orchestration.keys import STEP_TAG, WAREHOUSE_POOL
from medical_telegram_warehouse.settings import Settings
from medical_telegram_warehouse.transform import (
    PHOTO_MODELS,
    PHOTO_STAGING,
    FailedNodesError,
    NodeResult,
    parse_manifest,
)

Result = MaterializeResult[Any] | AssetCheckResult


class WarehouseTranslator(DagsterDbtTranslator):
    """How dbt's nodes look in Dagster.

    Args:
        stale_after: how old a table of the marts may grow before Dagster marks it as stale.
    """

    def __init__(self, stale_after: timedelta) -> None:
        super().__init__()
        self._freshness = FreshnessPolicy.time_window(fail_window=stale_after)

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Models are grouped by layer: staging, marts; sources belong to the steps that fill them."""
        return str(dbt_resource_props["fqn"][1]) if dbt_resource_props["resource_type"] == "model" else "seeds"

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The model's description; its SQL is one click away in dbt's own documentation."""
        return str(dbt_resource_props.get("description", ""))

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> AssetSpec:
        """The asset, without its use of scanned photos where the first step makes it.

        That step takes what is known of photos from earlier runs, and the second one adds the rest: it must neither
        wait for the photos nor fail with them.
        """
        spec = super().get_asset_spec(manifest, unique_id, project)
        node = self.get_resource_props(manifest, unique_id)
        is_photos = "photos" in node["tags"] or node["name"] in PHOTO_STAGING
        step = steps.TRANSFORM_PHOTOS if is_photos else steps.TRANSFORM
        if node["resource_type"] in ("model", "seed"):
            spec = spec.replace_attributes(tags={**spec.tags, STEP_TAG: step})
        if node["resource_type"] == "model" and node["fqn"][1] == "marts":
            spec = spec.replace_attributes(freshness_policy=self._freshness)
        if node["resource_type"] != "model" or is_photos:
            return spec
        return spec.replace_attributes(deps=[dep for dep in spec.deps if dep.asset_key.path[-1] not in PHOTO_STAGING])


class TransformConfig(Config):
    """What one run may choose."""

    full_refresh: bool = Field(default=False, description="Build every table anew, whatever changed.")


def build_dbt_steps(settings: Settings, retry_policy: RetryPolicy) -> list[AssetsDefinition]:
    """The assets of both dbt steps; prepares dbt's manifest where it is missing or out of date.

    Raises:
        TransformError: there is no dbt project at `project_dir`, or it does not parse.
    """
    manifest = msgspec.json.decode(parse_manifest(settings.project_dir).read_bytes(), type=dict[str, Any])
    translator = WarehouseTranslator(timedelta(hours=settings.stale_after_hours))
    photo_models = " ".join(PHOTO_MODELS)

    @dbt_assets(
        manifest=manifest,
        select="resource_type:model resource_type:seed",
        exclude=photo_models,
        name=steps.TRANSFORM,
        dagster_dbt_translator=translator,
        retry_policy=retry_policy,
        pool=WAREHOUSE_POOL,
    )
    def transform(
        context: AssetExecutionContext, config: TransformConfig, settings: ResourceParam[Settings]
    ) -> Iterator[Result]:
        work = partial(steps.transform_step, is_whole=config.full_refresh)
        yield from _run(context, settings, work, manifest, translator)

    @dbt_assets(
        manifest=manifest,
        select=photo_models,
        name=steps.TRANSFORM_PHOTOS,
        dagster_dbt_translator=translator,
        retry_policy=retry_policy,
        pool=WAREHOUSE_POOL,
    )
    def transform_photos(
        context: AssetExecutionContext, config: TransformConfig, settings: ResourceParam[Settings]
    ) -> Iterator[Result]:
        work = partial(steps.transform_photos_step, is_whole=config.full_refresh)
        yield from _run(context, settings, work, manifest, translator)

    return [transform, transform_photos]


def _run(
    context: AssetExecutionContext,
    settings: Settings,
    work: Callable[[Settings], steps.StepOutcome],
    manifest: Mapping[str, Any],
    translator: WarehouseTranslator,
) -> Iterator[Result]:
    """Run the step and report each node that belongs to it; the other step reports its own."""
    try:
        outcome = run_step(context, settings, work)
    except Failure as failure:
        # A test that failed is a check that failed, and tables that were built were built, whatever else went wrong.
        if isinstance(failure.__cause__, FailedNodesError):
            yield from _results(context, settings, failure.__cause__.nodes, manifest, translator)
        raise
    assert outcome.transform is not None, outcome.step  # noqa: S101 - both steps of this module have one
    yield from _results(context, settings, outcome.transform.nodes, manifest, translator)


def _results(
    context: AssetExecutionContext,
    settings: Settings,
    nodes: Iterable[NodeResult],
    manifest: Mapping[str, Any],
    translator: WarehouseTranslator,
) -> Iterator[Result]:
    own_assets = context.assets_def.keys
    own_checks = context.assets_def.check_keys
    tables = samples.of_tables(settings, [key for key in own_assets if key.path[0] == "marts"])
    for node in nodes:
        if node.resource_type == "test":
            check = get_asset_check_key_for_test(manifest, translator, node.unique_id, None)
            if check is not None and check in own_checks and node.status != "skipped":
                yield AssetCheckResult(
                    asset_key=check.asset_key,
                    check_name=check.name,
                    passed=node.status == "pass",
                    severity=AssetCheckSeverity.WARN if node.status == "warn" else AssetCheckSeverity.ERROR,
                    metadata={"failing_rows": node.failures or 0, "seconds": node.seconds, "message": node.message},
                )
        elif node.status == "success":
            key = translator.get_asset_key(manifest["nodes"][node.unique_id])
            if key in own_assets:
                counted = "dagster/row_count" if node.is_whole else "rows_written"
                rows = {} if node.rows is None else {counted: node.rows}
                yield MaterializeResult(
                    asset_key=key, metadata={"seconds": node.seconds, **rows, **tables.get(key, {})}
                )
