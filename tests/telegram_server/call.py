"""One request on its way to its handler, with all that the handler may look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from telegram_server.world import Login, World


@dataclass(frozen=True)
class Call:
    """A request, who sends it, and the address where the server can be reached."""

    world: World
    login: Login
    request: Any
    host: str
    port: int
