"""Finds the result.json of an export from what the user names, and says what was looked for when there is none."""

from __future__ import annotations

from pathlib import Path

from medical_telegram_warehouse.errors import SourceError

RESULT_FILE = "result.json"
HOW_TO_EXPORT = (
    "in Telegram Desktop open the channel, choose ⋮ > Export chat history, set the format to Machine-readable JSON, "
    f"and name the folder that it writes or the {RESULT_FILE} in it"
)
_FOLDERS = ("ChatExport_*", "DataExport_*")


def find_result(path: Path) -> Path:
    """The export's file: `path` itself, or in that folder, or in the one export folder inside that folder.

    Raises:
        SourceError: there is none, or more than one.
    """
    try:
        if path.is_file():
            return path
        if not path.is_dir():
            raise SourceError(f"there is no Telegram Desktop export at {path}: nothing has that name; {HOW_TO_EXPORT}")
        if (path / RESULT_FILE).is_file():
            return path / RESULT_FILE
        found = sorted(file for pattern in _FOLDERS for file in path.glob(f"{pattern}/{RESULT_FILE}"))
        if len(found) == 1:
            return found[0]
        has_html = any(path.glob("messages*.html")) or any(path.glob("*Export_*/messages*.html"))
    except OSError as error:
        raise SourceError(f"cannot look for an export at {path}: {error}; check that this user may read it") from error
    if found:
        names = ", ".join(file.parent.name for file in found)
        raise SourceError(f"{path} holds several exports ({names}); name the folder of one of them")
    if has_html:
        raise SourceError(f"{path} holds an export as HTML, and only JSON can be read; {HOW_TO_EXPORT}")
    raise SourceError(
        f"there is no Telegram Desktop export at {path}: looked for {RESULT_FILE} there and in its folders "
        f"{' and '.join(_FOLDERS)}; {HOW_TO_EXPORT}"
    )
