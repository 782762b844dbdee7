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
    """A message source cannot be used as configured."""


class LakeError(PermanentError):
    """The lake's folder cannot be read or written."""


class LakeBusyError(TransientError):
    """Another process is writing this lake."""


class DatabaseUnavailableError(TransientError):
    """The server did not answer, or dropped the connection."""


class DatabaseRefusedError(PermanentError):
    """The server answered and said no: wrong password, unknown database, or not PostgreSQL at all."""


class TransformError(PermanentError):
    """dbt could not build or test the warehouse."""


class ModelError(PermanentError):
    """The detection model is missing or cannot be used."""


class ModelDownloadError(TransientError):
    """The weights could not be downloaded."""
