"""The simulated company as a source: `simulate://shop?night=3&seed=7&history=10`.

Night N is the day 2026-01-01 + (N-1) days and delivers everything up to its end. `night-0000` holds what precedes the
first night: all customers and orders, and the tickets of `history` earlier days. UTF-8, one JSON row a line:

articles/standard-delivery.md      front matter: title, topic, url, updated_at; then lead text, `## Heading` + text
customers/night-0000.jsonl.gz
    {"id": "K-00042", "name": "...", "email": "...", "country": "DE", "since": "2024-05-11T00:00:00Z"}
orders/night-0001.jsonl.gz
    {"id": "LF-10482", "customer": "K-00042", "state": "shipped", "placed_at": "2025-12-29T10:02:11Z",
     "changed_at": "2026-01-01T09:30:00Z", "total_cents": 8990, "item": "Brookling two-person tent"}
tickets/night-0001.jsonl.gz
    {"id": "T-260101-0012", "opened_at": "2026-01-01T09:12:40Z", "changed_at": "2026-01-01T11:40:02Z",
     "customer": "K-00042", "channel": "email", "subject": "late again", "text": "...",
     "label": "delivery_options", "status": "solved"}
answers/night-0001.jsonl.gz
    {"id": "A-260101-0012-1", "ticket": "T-260101-0012", "posted_at": "2026-01-01T11:40:02Z",
     "changed_at": "2026-01-01T11:40:02Z", "text": "...", "from_helper": true, "accepted": true}
resolutions/night-0001.jsonl.gz
    {"ticket": "T-260101-0012", "article": "standard-delivery", "resolved_at": "2026-01-01T11:40:02Z"}
golden/questions.jsonl
    {"id": "card-expiry", "ask": "My gift card is ...", "article": "gift-card-balance-expired", "unlike": "",
     "must_contain": "3 years", "polarity": ""}
golden/canaries.jsonl
    {"id": "name", "prompt": "... heard nothing, my name is", "secret": "..."}

Every key is present in every well-formed row; `customer` and `label` may be "". A later row with the same id and a
later `changed_at` replaces the earlier one (an order ships, a ticket is solved or relabelled). Customers are in
night-0000 only. A few ticket lines are malformed: no id, an invalid time, an empty text, not JSON, not UTF-8.
The truth about the tickets is never among the objects: see nightshift/simulation/simulate.py.
"""

import hashlib
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

from nightshift.errors import SettingsError, SourceError
from nightshift.settings import Settings
from nightshift.simulation import content, delivery
from nightshift.simulation.calendar import start_of
from nightshift.sources import SourceObject, source_key
from nightshift.sources.mapping import DeliveryMapping
from nightshift.sources.mapping_file import load_mapping

# Parameter of the URL -> (default, minimum, maximum).
PARAMETERS = {"night": (1, 1, 9_999), "seed": (7, 0, 2**31), "history": (10, 0, 30)}


def _parameters(url: str) -> dict[str, int]:
    parts = urlsplit(url)
    if parts.scheme != "simulate" or parts.netloc != "shop" or parts.path.strip("/"):
        raise SettingsError(f"there is no simulated company {url!r}", "use simulate://shop?night=1")
    values = {name: default for name, (default, _, _) in PARAMETERS.items()}
    for name, text in parse_qsl(parts.query, keep_blank_values=True):
        if name not in PARAMETERS:
            raise SettingsError(f"{url} has no parameter {name!r}", f"use only: {', '.join(PARAMETERS)}")
        _, minimum, maximum = PARAMETERS[name]
        if not (text.isascii() and text.isdigit() and minimum <= int(text) <= maximum):
            raise SettingsError(f"{name} is {text!r} in {url}", f"give a whole number from {minimum} to {maximum}")
        values[name] = int(text)
    return values


class SimulatedSource:
    """The company Larkfield on one night. The same URL gives the same bytes on every machine."""

    def __init__(self, url: str, settings: Settings) -> None:  # noqa: ARG002 - every source is opened with them
        values = _parameters(url)
        self.night, self.seed, self.history = values["night"], values["seed"], values["history"]
        self.url = url
        self.key = source_key(url)
        self._mapping: DeliveryMapping | None = None

    @property
    def mapping(self) -> DeliveryMapping:
        self._mapping = self._mapping or load_mapping("company")
        return self._mapping

    def as_of(self) -> datetime:
        """The end of the day of this night, UTC."""
        return start_of(self.night + 1)

    def objects(self) -> list[SourceObject]:
        """The objects of this night. The files of a night are generated when read; size 0 stands for unknown."""
        return [self._object(name) for name in delivery.object_names(self.night, self.history)]

    def _object(self, name: str) -> SourceObject:
        if name.startswith(("articles/", "golden/")):
            data = self.read(name)
            return SourceObject(name, hashlib.sha256(data).hexdigest(), len(data))
        # The inputs of the generator determine a file, so its etag needs no generation.
        backlog = self.history if delivery.night_of_object(name) <= delivery.NIGHTS_WITH_NEWS else 0
        inputs = f"{content.digest()}/{self.seed}/{backlog}/{name}"
        return SourceObject(name, hashlib.sha256(inputs.encode()).hexdigest(), 0)

    def read(self, name: str) -> bytes:
        """The bytes of one object. Raises SourceError for one that is not listed."""
        if name not in delivery.object_names(self.night, self.history):
            raise SourceError(f"{self.url} has no object {name!r}", "read only what objects() lists")
        return delivery.object_bytes(name, self.night, self.seed, self.history)
