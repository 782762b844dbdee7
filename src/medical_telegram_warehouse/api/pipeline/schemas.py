"""Shapes of answers about the pipeline."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from medical_telegram_warehouse.api.answers.answer import Envelope, PageEnvelope


class Health(Envelope):
    """That the service and its database work."""

    status: str = Field(description="`healthy`; else the answer is an error with status 503.", examples=["healthy"])
    database: str = Field(description="`connected`.", examples=["connected"])


class StepRun(BaseModel):
    """One attempt of a step."""

    step: str = Field(description="The step.", examples=["load_raw_to_postgres"])
    attempt: int = Field(description="1 for the first.")
    status: str = Field(description="`success` or `failed`.")
    started_at: datetime = Field(description="When it began.")
    seconds: float = Field(description="How long it took.")
    new_rows: int | None = Field(description="What is there now and was not before; null where it does not count.")
    headline: str | None = Field(description="What it did, in one line; null where it failed.")
    error: str | None = Field(description="The first line of what went wrong; null where it did not.")


class Run(BaseModel):
    """One run of the pipeline, or of some of its steps."""

    run_id: str = Field(description="Dagster's number of the run, or of the command that ran a step.")
    job: str | None = Field(
        description="The job; null where only steps are known.", examples=["medical_telegram_warehouse_pipeline"]
    )
    launched_by: str | None = Field(
        description="Who asked for it: `command`, `schedule`, `sensor`, `backfill`, `ui`; null or `unknown` where that "
        "was not written down.",
        examples=["schedule"],
    )
    status: str = Field(
        description="`running` until it ends; a run that was killed is so until somebody finds it dead. Then `success` "
        "when all steps succeeded, `partial` when all that were asked for did, `failed` when one failed at last, "
        "`canceled` or `killed`."
    )
    started_at: datetime = Field(description="When it began.")
    finished_at: datetime | None = Field(description="When it ended; null while it is running.")
    seconds: float = Field(description="How long it took, or has taken so far.")
    error: str | None = Field(description="The first line of why it did not succeed; null where it did.")
    steps: list[StepRun] = Field(description="Its steps as far as they have ended, in order.")
    url: str = Field(description="The run in Dagster's UI.")


class RunList(PageEnvelope):
    """A part of the runs."""

    runs: list[Run] = Field(description="Newest first.")


class Freshness(Envelope):
    """How old what the warehouse tells is."""

    newest_message_at: datetime | None = Field(description="When the newest message was posted; null without any.")
    last_success_at: datetime | None = Field(description="When the last run ended in which every step succeeded.")
    last_run_at: datetime | None = Field(description="When the last run ended, however it did.")
    message_count: int = Field(description="Messages in the marts.")
    channel_count: int = Field(description="Channels in the marts.")
    sample_channel_count: int = Field(description="Those of them that are invented.")


class QualityCheck(BaseModel):
    """Something that the data lacks."""

    check_name: str = Field(description="What was counted.", examples=["rejected_records"])
    detail: str = Field(description="The reason of rejected records; `all` for other checks.")
    severity: str = Field(description="`info`: as it should be told; `warn`: a person should look at it.")
    issue_count: int = Field(description="How many there are.")
    meaning: str | None = Field(description="What it means and where to look.")


class QualityReport(Envelope):
    """What the data lacks."""

    checks: list[QualityCheck] = Field(description="Checks that found something first.")


class RejectedRecord(BaseModel):
    """A record that could not be used."""

    rejected_id: int = Field(description="Its number.")
    lake: str = Field(description="The lake whose file it is in.")
    file_path: str = Field(description="The file.")
    file_position: int | None = Field(description="Its byte (JSON Lines) or number (array); null for a whole file.")
    reason: str = Field(description="Why it could not be used.")
    rejected_at: datetime = Field(description="When it was met.")


class RejectedRecordList(PageEnvelope):
    """A part of the rejected records."""

    rejected_records: list[RejectedRecord] = Field(description="Newest first.")
