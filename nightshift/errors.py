"""Every failure a person can cause or cure, as a type that says what happened and what to do.

MissingColumn: tickets.csv has no column 'opened_on' (wanted by tickets.created_at)
  cure: name the right column in the mapping; the file has: id, opened, subject
"""


class NightshiftError(Exception):
    """A failure that a person can cure.

    `what` names what failed, `cure` the next step. Both are shown; neither may hold personal data.
    """

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(what, cure)  # both, so that the error survives pickling between processes
        self.what = what
        self.cure = cure

    def __str__(self) -> str:
        return f"{self.what}\n  cure: {self.cure}"


class SettingsError(NightshiftError):
    """A setting, a URL or an environment variable cannot be used."""


class MappingError(NightshiftError):
    """A mapping file is not understood: unknown key, unknown table, wrong type."""


class SourceError(NightshiftError):
    """A source cannot be read at all: absent, unreachable, refused."""


class UnreadableFile(SourceError):
    """One file of a source is truncated, wrongly encoded or not what its name says."""


class MissingColumn(SourceError):
    """A file lacks a column that the mapping names."""


class EmptyDelivery(SourceError):
    """A source that held objects holds none now, or none of its rows is usable."""


class TooManyBadRows(NightshiftError):
    """More rows of a delivery were quarantined than the limit allows."""


class NightOutOfOrder(NightshiftError):
    """The delivery is older than what the lake already holds."""


class NightAlreadyRunning(NightshiftError):
    """Another night holds the lease on this state."""


class StoreError(NightshiftError):
    """The store refuses a request."""


class MissingObject(StoreError):
    """The store has no object under this digest."""


class CorruptObject(StoreError):
    """The bytes under a digest do not hash to it."""


class StoreFull(StoreError):
    """No space is left where the store writes."""


class WarehouseError(NightshiftError):
    """The warehouse cannot be opened, or SQL in it failed."""


class DataTestsFailed(WarehouseError):
    """dbt tests failed; the message counts the rows that failed, test by test."""


class BaseModelMissing(NightshiftError):
    """A base model is not on this machine."""


class NotEnoughData(NightshiftError):
    """A stage has too few rows to do anything meaningful."""


class TrainingFailed(NightshiftError):
    """Training diverged or broke off."""


class ModelUnreadable(NightshiftError):
    """An exported model is damaged, or made for another runtime."""


class ExportFailed(NightshiftError):
    """A trained model could not be converted for serving."""


class ParityExceeded(NightshiftError):
    """An exported model does not agree with the model it came from."""


class RegistryError(NightshiftError):
    """The registry cannot be reached or does not know a release."""


class NoChampion(RegistryError):
    """Nothing has been promoted yet."""


class PackagingError(NightshiftError):
    """The Bento could not be built."""


class IndexUnavailable(NightshiftError):
    """An index version is absent or damaged."""
