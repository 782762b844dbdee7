"""What endpoints may answer besides their own shape, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from medical_telegram_warehouse.api.errors import ErrorAnswer

Responses = dict[int | str, dict[str, Any]]
_ERROR: dict[str, Any] = {"model": ErrorAnswer}
EVERYWHERE: Responses = {
    400: _ERROR | {"description": "The service is not known under the name that was asked."},
    401: _ERROR | {"description": "A key is needed, or this one is not known."},
    413: _ERROR | {"description": "The request has a body."},
    414: _ERROR | {"description": "The address is too long."},
    422: _ERROR | {"description": "A parameter cannot be used; `fields` names it."},
    429: _ERROR | {"description": "Too many requests; the header Retry-After says when to ask again."},
    503: _ERROR | {"description": "The database is away, not built yet, or too slow; ask again later."},
}
"""Of every endpoint under /api."""
NOT_FOUND: Responses = {404: _ERROR | {"description": "There is no such thing; `did_you_mean` names what is near."}}
FILES: Responses = {
    200: {
        "description": "The rows; with `format=csv` or `format=parquet` as a file. The headers X-Warehouse-Version and "
        "X-Warehouse-Built-At say which state of the warehouse they are of.",
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}},
        },
    },
    409: _ERROR | {"description": "The cursor is of an older version of the warehouse; begin without one."},
}
"""Of lists."""
