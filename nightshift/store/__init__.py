"""Content-addressed files behind one URL.

    store = open_store("file:///data/.nightshift/store")
    digest = store.put(b"...")          # the same bytes always get the same name
    store.get(digest)                   # verified against the digest, or CorruptObject
    tree = store.put_tree(Path("model"))  # a folder is a manifest of digests
    store.checkout(tree)                # -> a read-only folder on this machine

A digest is 64 hex digits of SHA-256. Refs are the only things that change: small named pointers.
"""

from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from nightshift.errors import SettingsError


class Store(Protocol):
    """Where bytes lie under their digest."""

    @property
    def identity(self) -> str:
        """A name of this very store: wiped and made anew, it has another one."""

    def put(self, data: bytes) -> str:
        """Keep `data`, once, and return its digest. Raises StoreFull."""

    def put_file(self, path: Path) -> str:
        """Keep a file's bytes and return their digest. Raises StoreFull."""

    def get(self, digest: str) -> bytes:
        """The bytes under `digest`. Raises MissingObject, CorruptObject."""

    def path(self, digest: str) -> Path:
        """A verified, read-only local file with these bytes. Raises MissingObject, CorruptObject."""

    def has(self, digest: str) -> bool:
        """Whether the object is there (its bytes are verified when they are read)."""

    def put_json(self, value: object) -> str:
        """Keep a JSON value in its canonical form and return its digest."""

    def get_json(self, digest: str) -> object:
        """The JSON value under `digest`."""

    def put_tree(self, folder: Path) -> str:
        """Keep a folder: every file under its digest, and a manifest of them, whose digest this returns."""

    def tree(self, digest: str) -> dict[str, str]:
        """The manifest of a folder: relative path -> digest of the file."""

    def checkout(self, digest: str) -> Path:
        """A read-only local folder with a tree's files, verified; made once, then reused."""

    def read_ref(self, name: str) -> str | None:
        """The value a name points to, or None."""

    def write_ref(self, name: str, value: str) -> None:
        """Point a name to a value, atomically."""


def open_store(url: str) -> Store:
    """The store at `url`; SettingsError for a scheme nobody speaks."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        from nightshift.store.local import FileStore  # here: a port does not import its adapters

        return FileStore(Path(parts.netloc + parts.path).absolute())
    raise SettingsError(f"no store speaks {parts.scheme or url!r}", "use file:///folder")
