"""The roles that logins are given, and how long names may be.

What each role may do stands in `migrations/0005_roles.sql`. Apart from `roles`, so that the command line can name the
roles without importing what makes them.
"""

from __future__ import annotations

from enum import StrEnum

MAX_NAME_BYTES = 63
"""Of a role or a database: PostgreSQL would cut a longer name in silence, and it would not be found again."""


class Role(StrEnum):
    """What a login is for."""

    READER = "reader"
    LOADER = "loader"
    OWNER = "owner"

    @property
    def group(self) -> str:
        """The group role that has its rights."""
        return f"mtw_{self.value}"

    @property
    def rights(self) -> str:
        """What a login of this role does."""
        return {
            Role.READER: "reads the schemas marts, seeds and ops",
            Role.LOADER: "reads and fills the schemas raw and ops",
            Role.OWNER: "does everything in the schemas of this database",
        }[self]
