"""The one shape of errors, and what is turned into it.

Whatever goes wrong is answered with `ErrorAnswer`: `error` says to a person what was asked, what came back and what to
do; `code` says it to a program. Nothing of SQL, of a traceback or of the database's words is ever part of it: those
stand in the log, with the request's path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from http import HTTPStatus

from pydantic import BaseModel, ConfigDict, Field


class ErrorCode(StrEnum):
    """What went wrong, for programs."""

    BAD_REQUEST = "bad_request"
    KEY_MISSING = "key_missing"
    KEY_UNKNOWN = "key_unknown"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    STALE_CURSOR = "stale_cursor"
    TOO_LARGE = "too_large"
    INVALID_INPUT = "invalid_input"
    TOO_MANY_REQUESTS = "too_many_requests"
    INTERNAL = "internal_error"
    DATABASE_AWAY = "database_away"
    NOT_BUILT = "not_built"
    TOO_SLOW = "too_slow"


class InvalidField(BaseModel):
    """One part of a request that cannot be used."""

    field: str = Field(description="The parameter's name.", examples=["limit"])
    problem: str = Field(description="What is wrong with it.", examples=["Input should be less than or equal to 1000"])


class ErrorAnswer(BaseModel):
    """What every answer with a status from 400 on holds."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "error": "there is no channel 'chemed'; the nearest names are CheMed",
                    "status_code": 404,
                    "code": "not_found",
                    "did_you_mean": ["CheMed"],
                    "fields": [],
                }
            ]
        }
    )

    error: str = Field(description="What was asked, what came back, and what to do, for a person.")
    status_code: int = Field(description="The HTTP status, repeated.")
    code: ErrorCode = Field(description="What went wrong, for a program.")
    did_you_mean: list[str] = Field(description="Near matches for a name that does not exist; empty otherwise.")
    fields: list[InvalidField] = Field(description="Parameters that cannot be used; empty otherwise.")


class ApiError(Exception):
    """An answer that is an error. Raise it anywhere below an endpoint."""

    def __init__(
        self,
        status: HTTPStatus,
        code: ErrorCode,
        message: str,
        *,
        did_you_mean: Sequence[str] = (),
        fields: Sequence[InvalidField] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.answer = ErrorAnswer(
            error=message, status_code=int(status), code=code, did_you_mean=list(did_you_mean), fields=list(fields)
        )


def not_found(message: str, did_you_mean: Sequence[str] = ()) -> ApiError:
    """What was asked for does not exist."""
    if did_you_mean:
        message += f"; the nearest names are {', '.join(did_you_mean)}"
    return ApiError(HTTPStatus.NOT_FOUND, ErrorCode.NOT_FOUND, message, did_you_mean=did_you_mean)


def invalid(field: str, problem: str) -> ApiError:
    """A parameter that is well-formed, but makes no sense here."""
    return ApiError(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        ErrorCode.INVALID_INPUT,
        f"{field}: {problem}",
        fields=[InvalidField(field=field, problem=problem)],
    )
