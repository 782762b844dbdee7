"""data/processed/yolo_detections.csv -> raw.image_scans and raw.yolo_detections.

The file lists every photo that any lake ever had. A photo's rows replace what is stored of it; photos that the file
does not list stay as they are, so a lost file erases nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import psycopg

from medical_telegram_warehouse.errors import LakeError
from medical_telegram_warehouse.postgres.locks import DETECTIONS_LOCK, writing_raw
from medical_telegram_warehouse.postgres.queries import statement

_CHUNK = 1 << 20
_COPY = "COPY incoming_detections FROM STDIN (FORMAT csv, HEADER match)"


@dataclass(frozen=True)
class DetectionLoadSummary:
    """What one load did. `is_unchanged` means that this very file was loaded before."""

    photos: int = 0
    new_photos: int = 0
    changed_photos: int = 0
    new_detections: int = 0
    is_unchanged: bool = False


def load_detections(connection: psycopg.Connection, csv_path: Path) -> DetectionLoadSummary:
    """Load the scan's result; the same file again changes nothing.

    Args:
        connection: in autocommit mode, to a migrated database.
        csv_path: what the scan wrote.

    Raises:
        LakeError: the file is missing or is not what the scan writes.
        psycopg.Error: the database failed; nothing of the file was kept.
    """
    sha256 = _hash(csv_path)
    try:
        with writing_raw(connection, DETECTIONS_LOCK), connection.transaction():
            row = connection.execute("SELECT sha256 FROM ops.loaded_detections").fetchone()
            if row is not None and bytes(row[0]) == sha256:
                return DetectionLoadSummary(is_unchanged=True)
            connection.execute(statement("create_incoming_detections"))
            with csv_path.open("rb") as file, connection.cursor().copy(_COPY) as copy:
                while chunk := file.read(_CHUNK):
                    copy.write(chunk)
            counts = connection.execute(statement("merge_image_scans")).fetchone()
            connection.execute(statement("delete_replaced_detections"))
            added = connection.execute(statement("add_detections")).rowcount
            connection.execute(statement("save_loaded_detections"), {"sha256": sha256})
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        raise LakeError(
            f"{csv_path} is not a detections file that can be loaded: {str(error).splitlines()[0]}; "
            f"delete it and run `mtw detect` again"
        ) from error
    photos, new_photos, changed_photos = counts or (0, 0, 0)
    return DetectionLoadSummary(photos, new_photos, changed_photos, added)


def _hash(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except FileNotFoundError as error:
        raise LakeError(f"there are no detections to load: {path} does not exist; run `mtw detect` first") from error
    except OSError as error:
        raise LakeError(f"cannot read {path}: {error.strerror}; remove it and run `mtw detect` again") from error
