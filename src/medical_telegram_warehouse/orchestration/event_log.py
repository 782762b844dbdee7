"""Dagster's event log in SQLite, with connections that are kept.

Dagster's own storage makes an engine and a connection for each event and forces each commit to the disk; a run of ours
has over a thousand events, a third of them to say that a dbt test passed. `make bench ARGS=orchestration` prints what
both cost. The files are the same, so that either storage reads what the other wrote.
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage
from dagster._core.storage.sqlite import create_db_conn_string
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, inspect
from sqlalchemy.pool import StaticPool

# A step writes one run's file and the index; a UI looks at a few runs at a time.
_KEPT = 8
_BUSY_SECONDS = 60


class KeptConnectionEventLogStorage(SqliteEventLogStorage):
    """The same storage; the newest files' connections stay open.

    `synchronous=NORMAL`: in write-ahead mode a killed process loses nothing, and a power cut the last moments of the
    history, which is no data of the warehouse.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._kept: OrderedDict[str, Engine] = OrderedDict()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Any
    ) -> KeptConnectionEventLogStorage:
        """Made by Dagster, as dagster.yaml says."""
        return cls(inst_data=inst_data, **config_value)

    @contextlib.contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._kept.get(shard) or self._opened(shard)
            self._kept.move_to_end(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def _opened(self, shard: str) -> Engine:
        is_new = not Path(self.path_for_shard(shard)).exists()
        engine = create_engine(
            create_db_conn_string(self._base_dir, shard),
            poolclass=StaticPool,
            connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
        )
        # Asking alembic whether a finished file is finished takes longer than a step that has nothing to do.
        if is_new or not inspect(engine).has_table("alembic_version"):
            self._initdb(engine, for_index_shard=shard == INDEX_SHARD_NAME)
        self._initialized_dbs.add(shard)
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA synchronous=NORMAL")
        self._kept[shard] = engine
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)[1].dispose()
        return engine

    def _close(self) -> None:
        with self._db_lock:
            for engine in self._kept.values():
                engine.dispose()
            self._kept.clear()

    def delete_events(self, run_id: str) -> None:
        """Delete a run's events, and its file: a deleted row gives nothing back to the disk."""
        super().delete_events(run_id)
        with self._db_lock:
            engine = self._kept.pop(run_id, None)
            if engine is not None:
                engine.dispose()
            self._initialized_dbs.discard(run_id)
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self.path_for_shard(run_id)}{suffix}").unlink(missing_ok=True)

    def wipe(self) -> None:
        """Delete the whole history."""
        self._close()
        super().wipe()

    def dispose(self) -> None:
        """Close everything."""
        self._close()
        super().dispose()
