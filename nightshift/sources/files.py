"""A folder of files as a source.

    file:///exports/zendesk?mapping=/exports/zendesk.yaml

Files that the mapping names are objects, except hidden and unfinished ones (.part, .tmp). A link to a file is followed
if it stays inside the folder.
"""

import hashlib
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from nightshift.errors import SettingsError, SourceError
from nightshift.sources import SourceObject, source_key
from nightshift.sources.mapping_file import load_mapping

UNFINISHED = (".part", ".tmp", ".crdownload")
HASHED_BELOW = 64 * 2**20  # larger files have size and time as etag: hashing them every night is slow


class FileSource:
    """A Source over a folder. Its objects are named by their path in it, with slashes."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        query = parse_qs(parts.query, keep_blank_values=True)
        if set(query) != {"mapping"} or not query["mapping"][0]:
            raise SettingsError(
                f"a file source wants exactly one parameter, mapping; it got: {', '.join(query) or 'none'}",
                "file:///folder?mapping=thunderbird, or the path of your own .yaml; see docs/bring-your-own-data.md",
            )
        self.folder = Path(unquote(parts.netloc + parts.path)).absolute()
        if not self.folder.is_dir():
            raise SourceError(
                f"there is no folder {self.folder}", "correct the path in the URL: file:///folder?mapping=..."
            )
        self.url = url
        self.key = source_key(f"file://{self.folder.resolve()}")
        self.mapping = load_mapping(query["mapping"][0])

    def as_of(self) -> datetime | None:
        """None: a folder has no time of delivery, and file times change with every copy."""
        return None

    def objects(self) -> list[SourceObject]:
        """The files that the mapping names, sorted by name."""
        objects = []
        for path in self._files():
            name = path.relative_to(self.folder).as_posix()
            if self.mapping.tables_of(name):
                objects.append(SourceObject(name, *_etag_and_size(path)))
        return sorted(objects, key=lambda item: item.name)

    def read(self, name: str) -> bytes:
        """The bytes of one file. Raises SourceError."""
        path = self.folder / name
        if not path.resolve().is_relative_to(self.folder.resolve()):
            raise SourceError(f"{name} lies outside {self.folder}", "copy the file into the folder")
        try:
            return path.read_bytes()
        except OSError as error:
            raise _unreadable(path, error) from error

    def _files(self) -> Iterator[Path]:
        root = self.folder.resolve()
        for folder, subfolders, names in os.walk(self.folder, onerror=_refuse_folder):
            subfolders[:] = [name for name in subfolders if not name.startswith(".")]
            for name in names:
                path = Path(folder, name)
                if name.startswith(".") or name.endswith(UNFINISHED):
                    continue
                if path.is_file() and path.resolve().is_relative_to(root):
                    yield path


def _etag_and_size(path: Path) -> tuple[str, int]:
    try:
        status = path.stat()
        if status.st_size >= HASHED_BELOW:
            return f"{status.st_size}-{status.st_mtime_ns}", status.st_size
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), status.st_size
    except OSError as error:
        raise _unreadable(path, error) from error


def _refuse_folder(error: OSError) -> None:
    raise _unreadable(Path(str(error.filename)), error) from error


def _unreadable(path: Path, error: OSError) -> SourceError:
    return SourceError(
        f"{path} cannot be read: {error.strerror}", "check that the file is there and that you may read it"
    )
