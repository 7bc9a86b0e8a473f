"""Sources of raw data: a port with one Protocol, and adapters chosen by the scheme of a URL.

    open_source("simulate://shop?night=3", settings)
    open_source("file:///exports/zendesk?mapping=/exports/zendesk.yaml", settings)

A source lists objects and reads their bytes. Its mapping defines how these become tables.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from nightshift.errors import SettingsError
from nightshift.settings import Settings
from nightshift.sources.mapping import DeliveryMapping


@dataclass(frozen=True)
class SourceObject:
    """One object of a delivery. Its `etag` changes when, and only when, its content may have changed."""

    name: str
    etag: str
    size: int


class Source(Protocol):
    """A place of raw objects."""

    @property
    def url(self) -> str:
        """The URL without credentials, fit for messages."""

    @property
    def key(self) -> str:
        """`source_key(url)`: equal for all nights of one source, and fit for a file name."""

    @property
    def mapping(self) -> DeliveryMapping:
        """How its objects become tables of the lake."""

    def as_of(self) -> datetime | None:
        """The time of this delivery, with a zone; None for a source without one."""

    def objects(self) -> list[SourceObject]:
        """The objects of this delivery, sorted by name. Raises SourceError."""

    def read(self, name: str) -> bytes:
        """The bytes of one object. Raises SourceError."""


def source_key(url: str) -> str:
    """The identity of a source, without parameters: `simulate-shop-1f0c6a52` for simulate://shop?night=3."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    place = f"{parts.scheme}://{host}{parts.path.rstrip('/')}"
    last = (parts.path.rstrip("/") or host).rpartition("/")[2]
    slug = re.sub(r"[^a-z0-9]+", "-", last.lower()).strip("-")[:40]
    return f"{parts.scheme}-{slug or 'root'}-{hashlib.sha256(place.encode()).hexdigest()[:8]}"


def open_source(url: str, settings: Settings) -> Source:
    """The source at `url`. Raises SettingsError for an unknown scheme, MappingError, SourceError."""
    scheme = urlsplit(url).scheme
    if scheme == "simulate":
        from nightshift.sources.simulated import SimulatedSource  # a port does not import its adapters

        simulated: Source = SimulatedSource(url, settings)
        return simulated
    if scheme == "file":
        from nightshift.sources.files import FileSource

        return FileSource(url)
    raise SettingsError(
        f"no source speaks {scheme or url!r}",
        "use simulate://shop?night=1 or file:///folder?mapping=NAME; see docs/bring-your-own-data.md",
    )
