"""The 500 customers and how each of them writes.

Customer(id='K-00042', name='Amrei Oakeshott', email='amrei.oakeshott71@example.net', country='DE', ...)
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Any

from nightshift.simulation import content, identifiers

CUSTOMERS = 500
TONES = {"casual": 40, "polite": 32, "formal": 13, "angry": 15}


@dataclass(frozen=True)
class Persona:
    """How a customer writes. Numbers are rates from 0 to 1; `wordiness` scales those of extra sentences."""

    tone: str
    typos: float
    lower_case: bool
    greets: float
    signs: float
    quotes: float
    wordiness: float


@dataclass(frozen=True)
class Customer:
    """A customer of Larkfield."""

    id: str
    name: str
    email: str
    country: str
    since: datetime
    persona: Persona

    @property
    def first_name(self) -> str:
        return self.name.split()[0]


def draw_persona(rng: Random) -> Persona:
    """A random writing style."""
    tone = rng.choices(list(TONES), list(TONES.values()))[0]
    careful = tone in {"polite", "formal"}
    return Persona(
        tone=tone,
        typos=rng.choice((0.0, 0.0, 0.01) if careful else (0.0, 0.015, 0.03, 0.06)),
        lower_case=not careful and rng.random() < 0.5,
        greets=rng.uniform(0.6, 1.0) if careful else rng.uniform(0.05, 0.6),
        signs=rng.uniform(0.5, 1.0) if careful else rng.uniform(0.0, 0.4),
        quotes=rng.choice((0.0, 0.0, 0.05, 0.2)),
        wordiness=rng.uniform(0.2, 1.0) if careful else rng.uniform(0.0, 0.65),
    )


def canary() -> dict[str, Any]:
    """The customer whose traces tests search for: id, name, email, order, phrase, nights, asks, prompts."""
    row: dict[str, Any] = content.load_yaml("people.yaml")["canary"]
    return row


@lru_cache(maxsize=8)
def customers(seed: int) -> dict[str, Customer]:
    """All customers by id; the canary is the last."""
    people = content.load_yaml("people.yaml")
    rng = Random(f"{seed}/customers")
    by_id: dict[str, Customer] = {}
    for number in range(1, CUSTOMERS + 1):
        customer_id = f"K-{number:05d}"
        name = f"{rng.choice(people['first_names'])} {rng.choice(people['last_names'])}"
        address = identifiers.email(rng, name, people["mail_domains"])
        country = rng.choices(list(people["countries"]), list(people["countries"].values()))[0]
        since = datetime(2020, 3, 1, tzinfo=UTC) + timedelta(days=rng.randrange(2000))
        by_id[customer_id] = Customer(customer_id, name, address, country, since, draw_persona(rng))
    row = canary()
    plain = Persona("polite", typos=0.0, lower_case=False, greets=1.0, signs=1.0, quotes=0.0, wordiness=0.5)
    since = datetime(2024, 5, 11, tzinfo=UTC)
    by_id[row["id"]] = Customer(row["id"], row["name"], row["email"], "NL", since, plain)
    return by_id
