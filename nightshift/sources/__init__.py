"""Where raw data comes from: a port with one small Protocol, and adapters chosen by the scheme of a URL.

    open_source("simulate://shop?night=3", settings)
    open_source("file:///exports/zendesk?mapping=/exports/zendesk.yaml", settings)

A source only lists objects and reads their bytes. What the bytes mean is told by its mapping.
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
    """Where raw objects lie."""

    @property
    def url(self) -> str:
        """Safe to show: without credentials."""

    @property
    def key(self) -> str:
        """The same for all nights of one source, and fit for a file name: `source_key(url)`."""

    @property
    def mapping(self) -> DeliveryMapping:
        """How its objects become tables of the lake."""

    def as_of(self) -> datetime | None:
        """The time of this delivery, with a zone; None when the source cannot tell."""

    def objects(self) -> list[SourceObject]:
        """What there is tonight, sorted by name. Raises SourceError."""

    def read(self, name: str) -> bytes:
        """The bytes of one object. Raises SourceError."""


def source_key(url: str) -> str:
    """What identifies a source whatever the night: `simulate-shop-1f0c6a52` for simulate://shop?night=3."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    where = f"{parts.scheme}://{host}{parts.path.rstrip('/')}"
    last = (parts.path.rstrip("/") or host).rpartition("/")[2]
    slug = re.sub(r"[^a-z0-9]+", "-", last.lower()).strip("-")[:40]
    return f"{parts.scheme}-{slug or 'root'}-{hashlib.sha256(where.encode()).hexdigest()[:8]}"


def open_source(url: str, settings: Settings) -> Source:
    """The source at `url`. Raises SettingsError for a scheme nobody speaks, MappingError, SourceError."""
    scheme = urlsplit(url).scheme
    if scheme == "simulate":
        from nightshift.sources.simulated import SimulatedSource  # here: a port does not import its adapters

        simulated: Source = SimulatedSource(url, settings)
        return simulated
    if scheme == "file":
        from nightshift.sources.files import FileSource

        return FileSource(url)
    raise SettingsError(
        f"no source speaks {scheme or url!r}",
        "use simulate://shop?night=1 or file:///folder?mapping=NAME; see docs/bring-your-own-data.md",
    )
