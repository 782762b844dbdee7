"""Fails when a tracked file holds what looks like a secret, and `HARMLESS` does not say that it is none.

    git's list of files -> those at which any detector stops -> detect-secrets with its filters -> less HARMLESS

`make lint` runs it; it prints where a secret stands, and never the secret. detect-secrets' own hook takes several times
as long, keeps what is harmless as hashes that nobody can review, and wants them renewed whenever a line moves.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from multiprocessing import Pool
from pathlib import Path

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.core.potential_secret import PotentialSecret
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.plugins.base import BasePlugin, RegexBasedDetector
from detect_secrets.settings import get_plugins, get_settings

# What others wrote, locked versions, and damaged files: their long names and numbers are all that would be found.
NOT_OURS = ("src/*/static/vendor/*", "requirements*.txt", "tests/fuzz/seeds/*")
# Files, and whole values that are no secrets there. A value that tests make up best says so.
HARMLESS = (
    ("tests/*", r".*(wrong|secret|unguessable|hidden).*"),
    ("tests/*", r"pw-8c1f0d5e77|two-step-5512|(alert|reader)-pw-\d+|app-password|hunter2-long"),
    # Names that stand where a detector expects a password, and one that begins with a quote.
    ("tests/*", r"alerts|test_user|it\\"),
    # The default, which .env.example says to change; and what examples leave to their reader.
    ("*", r"medical_pass|password|PASSWORD|123456789:AAF.*"),
    # Sentences about keys and passwords.
    ("src/*/cli/serve.py", r"mtw api-key NAME"),
    ("src/*/sources/telegram/login.py", r"too many passwords were tried; .*"),
    # Hashes: of downloads, of migrations, and of names as keys in the models' unit tests. The prime is Telegram's own.
    ("src/*/vision/models/weights.py", r"[0-9a-f]{64}"),
    ("tests/integration/test_postgres_migrate.py", r"[0-9a-f]{16}"),
    ("warehouse/models/*.yml", r"[0-9a-f]{32}"),
    ("tests/telegram_server/handshake.py", r"[0-9a-f]{64,}"),
)
# Addresses are no secrets. The others know keys of services that nobody here uses, and take a fifth of the time.
NOT_ASKED = {
    "IPPublicDetector",
    *("ArtifactoryDetector", "CloudantDetector", "IbmCloudIamDetector", "IbmCosHmacDetector", "SoftlayerDetector"),
}
# Of settings, such as YAML and .env, detect-secrets reads keys and values: their raw lines decide nothing.
READ_AS_THEY_ARE = {".py", ".sql", ".md", ".csv", ".html", ".js", ".css", ".json"}
ADVICE = """\
A secret that was committed is known to everybody: make another one, and keep that in .env, which git ignores.
What only looks like one: say so in HARMLESS, in tests/committed_secrets.py."""


def main() -> int:
    """Look through the checkout in the current folder."""
    try:
        names = tracked_files()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"no secrets were looked for: {getattr(error, 'stderr', None) or error}")  # noqa: T201
        # A copy without history has no tracked files. Where git only refuses to tell, nobody looked.
        return int(Path(".git").exists())
    with Pool(initializer=configure) as pool:
        found = [secret for secrets in pool.imap_unordered(secrets_in, names, chunksize=8) for secret in secrets]
    problems = {f"{each.filename}:{each.line_number}: {each.type}" for each in found if not is_harmless(each)}
    if problems:
        print(*sorted(problems), ADVICE, sep="\n")  # noqa: T201
    return bool(problems)


def tracked_files() -> list[str]:
    """What git tracks, or is about to, and this project wrote."""
    command = ["git", "ls-files", "-z"]
    listing = subprocess.run(command, capture_output=True, check=True, text=True, errors="surrogateescape")
    return [name for name in listing.stdout.split("\0") if Path(name).is_file() and not fits(name, NOT_OURS)]


def configure() -> None:
    """Nearly all detectors. None asks its vendor whether a secret is valid, as detect-secrets would: that leaks it."""
    plugins: Mapping[str, type[BasePlugin]] = get_mapping_from_secret_type_to_class()
    names = {plugin.__name__ for plugin in plugins.values()} - NOT_ASKED
    get_settings().configure_plugins([{"name": name} for name in sorted(names)])
    # HARMLESS is the one list of exceptions: a comment at a line's end would hide what stands before it.
    get_settings().disable_filters("detect_secrets.filters.allowlist.is_line_allowlisted")


def secrets_in(name: str) -> list[PotentialSecret]:
    """What looks like a secret in a file."""
    found = SecretsCollection()
    if is_suspicious(Path(name), get_plugins()):
        found.scan_file(name)
    return [secret for _, secret in found]


def is_suspicious(path: Path, plugins: list[BasePlugin]) -> bool:
    """Whether any detector stops at a file. Most need one look at a text, where scanning looks at each line."""
    if path.suffix not in READ_AS_THEY_ARE:
        return True
    text = path.read_text("utf-8", errors="replace")
    lines = list(enumerate(text.splitlines(), 1))
    for plugin in plugins:
        if isinstance(plugin, RegexBasedDetector):
            if any(True for _ in plugin.analyze_string(text)):
                return True
        elif any(plugin.analyze_line(filename=str(path), line=line, line_number=number) for number, line in lines):
            return True
    return False


def is_harmless(secret: PotentialSecret) -> bool:
    """Whether `HARMLESS` has the value for that file."""
    value = secret.secret_value or ""
    return any(fits(secret.filename, [files]) and re.fullmatch(values, value) for files, values in HARMLESS)


def fits(name: str, patterns: Iterable[str]) -> bool:
    """Whether a file's name fits any of the patterns."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


if __name__ == "__main__":
    sys.exit(main())
