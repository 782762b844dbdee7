"""dbt's manifest, which Dagster reads when it loads the definitions. Needs no database."""

from __future__ import annotations

import hashlib
import tempfile
from importlib import metadata
from pathlib import Path

from medical_telegram_warehouse.transform.invocation import PROJECT_FILE, invoke, require_project


def parse_manifest(project_dir: Path) -> Path:
    """Return target/manifest.json, made anew when the dbt project or dbt itself has changed since.

    Raises:
        TransformError: there is no dbt project in `project_dir`, or it has an error.
    """
    target = project_dir / "target"
    manifest, stamp = target / "manifest.json", target / "manifest.fingerprint"
    fingerprint = _fingerprint(project_dir)
    if manifest.is_file() and stamp.is_file() and stamp.read_text(encoding="ascii") == fingerprint:
        return manifest
    require_project(project_dir)
    target.mkdir(exist_ok=True)
    # Several processes load the definitions at once: each parses aside, and none reads a half-written file.
    with tempfile.TemporaryDirectory(dir=target, prefix="parse-") as folder:
        aside = Path(folder)
        invoke(["parse"], project_dir=project_dir, target_dir=aside)
        (aside / stamp.name).write_text(fingerprint, encoding="ascii")
        (aside / manifest.name).replace(manifest)
        (aside / stamp.name).replace(stamp)
    return manifest


def _fingerprint(project_dir: Path) -> str:
    digest = hashlib.sha256()
    for package in ("dbt-core", "dbt-postgres"):
        digest.update(f"{package} {metadata.version(package)}\n".encode())
    files = [project_dir / PROJECT_FILE, project_dir / "profiles.yml", *sorted((project_dir / "warehouse").rglob("*"))]
    for file in files:
        if file.is_file():
            content = file.read_bytes()
            digest.update(f"{file.relative_to(project_dir).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()
