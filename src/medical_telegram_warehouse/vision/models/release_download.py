"""Downloads a `.pt` file from Ultralytics' release page, when a user asks for it by name.

Belongs here: that download. Does not belong here: what is in the file (`ultralytics_checkpoint`), the default weights
(`weights`), which come from the package index and are pinned.

Nothing else here downloads from that page, and nothing does so by itself: the files are AGPL-3.0, and releases
replace them, so that no checksum of theirs can be pinned. What comes is not trusted: see `ultralytics_checkpoint`.
"""

from __future__ import annotations

import logging
from pathlib import Path

import httpx

from medical_telegram_warehouse.errors import ModelDownloadError, ModelError
from medical_telegram_warehouse.vision.models.ultralytics_checkpoint import ARCHIVE, MAX_BYTES
from medical_telegram_warehouse.vision.whole_file import write_whole

logger = logging.getLogger(__name__)

RELEASE = "https://github.com/ultralytics/assets/releases/download/v8.4.0"
TIMEOUT_SECONDS = 30.0


def download_checkpoint(name: str, models_dir: Path, *, release: str = RELEASE) -> Path:
    """The checkpoint `name` in `models_dir`, downloaded unless a file of that name is there.

    Raises:
        ModelDownloadError: The page cannot be reached, or has no such file.
        ModelError: It cannot be saved, or something else came.
    """
    target = models_dir / name
    if target.is_file():
        return target
    url = f"{release}/{name}"
    logger.info("Downloading %s (AGPL-3.0), once", url)
    try:
        content = _download(url)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = str(error) or type(error).__name__
        raise ModelDownloadError(
            f"{url} could not be downloaded: {reason}. Get the file where the page can be reached, and lay it into "
            f"{models_dir}."
        ) from error
    if not content.startswith(ARCHIVE):
        raise ModelError(f"{url} is no checkpoint: what came is not an archive, so it is not kept.")
    try:
        write_whole(target, content)
    except OSError as error:
        raise ModelError(f"{target} cannot be written: {error.strerror or error}.") from error
    return target


def _download(url: str) -> bytes:
    parts: list[bytes] = []
    total = 0
    with httpx.stream("GET", url, follow_redirects=True, timeout=TIMEOUT_SECONDS) as response:
        response.raise_for_status()
        for part in response.iter_bytes():
            total += len(part)
            if total > MAX_BYTES:
                raise ModelError(f"{url} is no checkpoint: it is larger than any detector, so it is not kept.")
            parts.append(part)
    return b"".join(parts)
