"""Entry point for programs: `from pipeline import medical_telegram_warehouse_pipeline`."""

from dagster_defs import defs

medical_telegram_warehouse_pipeline = defs.resolve_job_def("medical_telegram_warehouse_pipeline")
daily_pipeline_schedule = defs.resolve_schedule_def("daily_pipeline_schedule")
