"""The errors that users meet, by what can be done about them.

A transient error may go away by itself, so a step that meets one is tried again. A permanent error needs a
person: trying again would only delay the message. Each message says what was tried, what came back and what to do.
"""


class WarehouseError(Exception):
    """Base of every error that this product raises on purpose."""


class TransientError(WarehouseError):
    """May succeed when tried again: a lost connection, a lock held too long, a mirror that timed out."""


class PermanentError(WarehouseError):
    """Will fail again until a person changes something: a setting, a file, a password."""


class SettingsError(PermanentError):
    """A setting is missing, malformed, or contradicts another."""


class SourceError(PermanentError):
    """A message source cannot be used as configured, or its account is not usable: no channel can be read."""


class SourceUnavailableError(TransientError):
    """A message source does not answer, or the connection to it was lost."""


class WaitOrderedError(TransientError):
    """The source ordered a wait that is too long for this run; what was read so far is kept."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class ChannelError(PermanentError):
    """One channel cannot be read: unknown, private, banned, gone. Others can."""


class PhotoError(TransientError):
    """One photo cannot be had, or arrived incomplete. The next scrape tries again."""


class LakeError(PermanentError):
    """The lake's folder cannot be read or written."""


class LakeBusyError(TransientError):
    """Another process is writing this lake."""


class DatabaseUnavailableError(TransientError):
    """The server did not answer, or dropped the connection."""


class DatabaseRefusedError(PermanentError):
    """The server answered and said no: wrong password, unknown database, or not PostgreSQL at all."""


class DatabasePermissionError(DatabaseRefusedError):
    """The user is not allowed to do what was tried; `answer` is what the server said."""

    def __init__(self, message: str, answer: str = "") -> None:
        """Keep the server's own words."""
        super().__init__(message)
        self.answer = answer


class TransformError(PermanentError):
    """dbt could not build or test the warehouse."""


class ModelError(PermanentError):
    """The detection model is missing or cannot be used."""


class ModelDownloadError(TransientError):
    """The weights could not be downloaded."""


class LabelsError(PermanentError):
    """A file of labelled or predicted messages cannot be read, or is malformed."""
