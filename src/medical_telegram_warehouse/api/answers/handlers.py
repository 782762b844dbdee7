"""Turns what FastAPI, Starlette and our own rooms raise into the one shape of errors."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from medical_telegram_warehouse.api.errors import ApiError, ErrorCode, InvalidField

logger = logging.getLogger(__name__)
ErrorRenderer = Callable[[Request, ApiError], Response]
_CODES = {
    HTTPStatus.NOT_FOUND: ErrorCode.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED: ErrorCode.METHOD_NOT_ALLOWED,
}
_INTERNAL = "this request met a fault of the service; it was logged there with the time and the path"


def render_json(_request: Request, error: ApiError) -> Response:
    """The error for a program."""
    return Response(
        error.answer.model_dump_json(), status_code=error.status, headers=error.headers, media_type="application/json"
    )


def add_handlers(app: FastAPI, render: ErrorRenderer = render_json) -> None:
    """Let every error of `app` be answered in the one shape."""

    async def handle(request: Request, error: Exception) -> Response:
        return render(request, as_api_error(error, request.url.path))

    handler: Callable[[Request, Exception], Awaitable[Response]] = handle
    for kind in (ApiError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, handler)


def as_api_error(error: Exception, path: str) -> ApiError:
    """What is answered for an error of any kind; one that nobody expected is logged with its traceback."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, RequestValidationError):
        return _validation_error(error)
    if isinstance(error, HTTPException):
        return _http_error(error, path)
    logger.error("a request for %s failed", path, exc_info=error)
    return ApiError(HTTPStatus.INTERNAL_SERVER_ERROR, ErrorCode.INTERNAL, _INTERNAL)


def _validation_error(error: RequestValidationError) -> ApiError:
    fields = [
        InvalidField(
            field=".".join(str(part) for part in problem["loc"][1:]) or str(problem["loc"][0]),
            problem="there is no such parameter here"
            if problem["type"] == "extra_forbidden"
            else problem["msg"].removeprefix("Value error, "),
        )
        for problem in error.errors()
    ]
    message = "; ".join(f"{each.field}: {each.problem}" for each in fields)
    return ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, ErrorCode.INVALID_INPUT, message, fields=fields)


def _http_error(error: HTTPException, path: str) -> ApiError:
    status = HTTPStatus(error.status_code)
    if status is HTTPStatus.NOT_FOUND:
        message = f"there is nothing at {path}; /docs lists what there is"
    elif status is HTTPStatus.METHOD_NOT_ALLOWED:
        message = "this service only reads: ask with GET or HEAD"
    else:
        message = str(error.detail)
    return ApiError(status, _CODES.get(status, ErrorCode.BAD_REQUEST), message, headers=error.headers)
