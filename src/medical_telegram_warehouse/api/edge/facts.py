"""What a request's parts tell each other: the edge makes one of these per request, endpoints fill it in."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

from medical_telegram_warehouse.api.database.version import WarehouseVersion
from medical_telegram_warehouse.api.edge.keys import Caller

FACTS = "mtw.facts"
"""The key in the ASGI scope."""


@dataclass
class RequestFacts:
    """One request."""

    caller: Caller = field(default_factory=lambda: Caller("", allows_contacts=False))
    version: WarehouseVersion | None = None
    """What the answer was computed on; None where it does not come from the marts alone, so that it is never kept."""


def facts_of(connection: HTTPConnection) -> RequestFacts:
    """Those of a request."""
    facts = connection.scope[FACTS]
    assert isinstance(facts, RequestFacts)  # noqa: S101 - the edge put it there
    return facts
