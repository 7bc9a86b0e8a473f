"""Content-addressed files behind one URL.

    store = open_store("file:///data/.nightshift/store")
    digest = store.put(b"...")          # the same bytes always get the same name
    store.get(digest)                   # verified against the digest, or CorruptObject
    tree = store.put_tree(Path("model"))  # a folder is a manifest of digests
    store.checkout(tree)                # -> a read-only folder on this machine

A digest is 64 hex digits of SHA-256. Refs, small named pointers, are the only mutable part.
"""

from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from nightshift.errors import SettingsError


class Store(Protocol):
    """Bytes under their digest, and refs."""

    @property
    def identity(self) -> str:
        """A random name of this store: deleted and created again, it gets another."""

    def put(self, data: bytes) -> str:
        """Store `data` if it is new, and return its digest. Raises StoreFull."""

    def put_file(self, path: Path) -> str:
        """Store the bytes of a file and return their digest. Raises StoreFull."""

    def get(self, digest: str) -> bytes:
        """The bytes under `digest`. Raises MissingObject, CorruptObject."""

    def path(self, digest: str) -> Path:
        """A verified, read-only local file with these bytes. Raises MissingObject, CorruptObject."""

    def has(self, digest: str) -> bool:
        """Whether the object exists; its bytes are verified only when they are read."""

    def put_json(self, value: object) -> str:
        """Store a JSON value in its canonical form and return its digest."""

    def get_json(self, digest: str) -> object:
        """The JSON value under `digest`."""

    def put_tree(self, folder: Path) -> str:
        """Store every file of a folder and a manifest of them, and return the digest of the manifest."""

    def tree(self, digest: str) -> dict[str, str]:
        """The manifest of a folder: relative path -> digest of the file."""

    def checkout(self, digest: str) -> Path:
        """A read-only local folder with the verified files of a tree; created once, then reused."""

    def read_ref(self, name: str) -> str | None:
        """The value a name points to, or None."""

    def write_ref(self, name: str, value: str) -> None:
        """Point a name to a value, atomically."""


def open_store(url: str) -> Store:
    """The store at `url`. Raises SettingsError for an unknown scheme."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        from nightshift.store.local import FileStore  # here: a port does not import its adapters

        return FileStore(Path(parts.netloc + parts.path).absolute())
    raise SettingsError(f"{url!r} is not the URL of a store", "use file:///folder")
