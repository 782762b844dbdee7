"""What a request's parts tell each other: the edge makes one of these per request, endpoints fill it in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from starlette.requests import HTTPConnection

from medical_telegram_warehouse.api.database.version import WarehouseVersion

FACTS = "mtw.facts"
"""The key in the ASGI scope."""


class Caller(NamedTuple):
    """Who asks, as far as it is known."""

    name: str
    """The key's name, or the address: whose requests are counted together."""
    allows_contacts: bool


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
