"""dbt's manifest, which Dagster reads when it loads the definitions. Needs no database."""

from __future__ import annotations

import hashlib
import tempfile
from importlib import metadata
from pathlib import Path

from medical_telegram_warehouse.transform.invocation import PROJECT_FILE, invoke, require_project

_MANIFEST = "manifest.json"
_STAMP = "manifest.fingerprint"


def parse_manifest(project_dir: Path) -> Path:
    """Return target/pipeline/manifest.json, made anew when the dbt project or dbt itself has changed since.

    In a folder of its own: each `dbt test` by hand overwrites target/manifest.json in place, and a run that started
    meanwhile read half of it.

    Raises:
        TransformError: there is no dbt project in `project_dir`, or it has an error.
    """
    target = project_dir / "target" / "pipeline"
    manifest, stamp = target / _MANIFEST, target / _STAMP
    fingerprint = project_fingerprint(project_dir)
    if _is_of(target, fingerprint):
        return manifest
    require_project(project_dir)
    target.mkdir(parents=True, exist_ok=True)
    # Several processes load the definitions at once: each parses aside, and none reads a half-written file.
    with tempfile.TemporaryDirectory(dir=target, prefix="parse-") as folder:
        aside = Path(folder)
        invoke(["parse"], project_dir=project_dir, target_dir=aside)
        (aside / stamp.name).write_text(fingerprint, encoding="ascii")
        (aside / manifest.name).replace(manifest)
        (aside / stamp.name).replace(stamp)
    return manifest


def is_manifest_current(project_dir: Path) -> bool:
    """Whether `parse_manifest` has nothing to do."""
    return _is_of(project_dir / "target" / "pipeline", project_fingerprint(project_dir))


def _is_of(target: Path, fingerprint: str) -> bool:
    stamp = target / _STAMP
    return (target / _MANIFEST).is_file() and stamp.is_file() and stamp.read_text(encoding="ascii") == fingerprint


def project_fingerprint(project_dir: Path) -> str:
    """A hash of dbt's version and of every file of the project, seeds among them."""
    digest = hashlib.sha256()
    for package in ("dbt-core", "dbt-postgres"):
        digest.update(f"{package} {metadata.version(package)}\n".encode())
    files = [project_dir / PROJECT_FILE, project_dir / "profiles.yml", *sorted((project_dir / "warehouse").rglob("*"))]
    for file in files:
        if file.is_file():
            content = file.read_bytes()
            digest.update(f"{file.relative_to(project_dir).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()
