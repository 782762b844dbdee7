"""The HTTP service: reports for programs and, on the same port, pages for people; over the marts, read-only.

    request -> edge (limits, key, cache) -> FastAPI -> a noun's endpoint -> its repository -> one snapshot of the marts
                 ^                                                                                    |
                 +----- bytes, kept for as long as the warehouse's version stays <-- answer <---------+

A folder per noun (`products`, `channels`, `messages`, ...) with its endpoints, shapes (schemas), repository and `.sql`
files; `edge` is what every request passes, `database` the pool and the warehouse's version, `answers` what all answers
have in common. No endpoint holds SQL, no repository knows HTTP. Nothing here writes, and nothing here reads settings:
`ApiOptions` are plain values.
"""

from medical_telegram_warehouse.api.app import create_app
from medical_telegram_warehouse.api.options import ApiOptions

__all__ = ["ApiOptions", "create_app"]
