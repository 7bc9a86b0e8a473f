"""What was bought: 1,000 orders before the first night, a dozen more each night from the second on.

Order(id='LF-10482', customer='K-00042', item='Brookling two-person tent', cents=18900,
      events=((2025-12-29 10:02:11, 'placed'), (2025-12-29 18:40:03, 'packed'), ...))
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from random import Random

from nightshift.simulation import content
from nightshift.simulation.calendar import FIRST, start_of
from nightshift.simulation.people import CUSTOMERS, canary

BEFORE_FIRST_NIGHT = 1_000
A_NIGHT = 12
DAYS_BEFORE = 40  # a ticket asks about an order, so no backlog of tickets may reach back as far


@dataclass(frozen=True)
class Order:
    """An order and everything that happens to it, in order of time; the first event is `placed`."""

    id: str
    customer: str
    item: str
    cents: int
    events: tuple[tuple[datetime, str], ...]

    @property
    def placed(self) -> datetime:
        return self.events[0][0]

    def last_event(self, time: datetime) -> tuple[datetime, str]:
        """The event that counts at `time`, which must not be before the order was placed."""
        return [event for event in self.events if event[0] <= time][-1]


def journey(rng: Random, placed: datetime) -> tuple[tuple[datetime, str], ...]:
    """What happens to an order placed at `placed`: most are delivered after some days, some come back."""
    events = [(placed, "placed")]

    def then(state: str, least_hours: float, most_hours: float) -> None:
        events.append((events[-1][0] + timedelta(seconds=int(rng.uniform(least_hours, most_hours) * 3600)), state))

    if rng.random() < 0.04:
        then("cancelled", 0.1, 1)
        return tuple(events)
    then("packed", 3, 24)
    then("shipped", 2, 20)
    slow = rng.random() < 0.06
    then("delivered", 60, 240 if slow else 120)
    if rng.random() < 0.06:
        then("returned", 72, 480)
    return tuple(events)


def order(rng: Random, number: int, placed: datetime) -> Order:
    """An order with its number, drawn at random."""
    item, cents = rng.choice(list(content.words("products.yaml").items()))
    buyer = f"K-{rng.randrange(1, CUSTOMERS):05d}"  # never the last one: that is the canary
    return Order(f"LF-{number}", buyer, item, cents + 490 * (cents < 6000), journey(rng, placed))


@cache
def placed_on(night: int, seed: int) -> tuple[Order, ...]:
    """The orders placed on `night`; night 0 stands for all the days before the first night."""
    rng = Random(f"{seed}/orders/{night}")
    if night < 1:
        seconds = sorted(rng.randrange(DAYS_BEFORE * 86_400) for _ in range(BEFORE_FIRST_NIGHT - 1))
        first = FIRST - timedelta(days=DAYS_BEFORE)
        found = [order(rng, 10_001 + place, first + timedelta(seconds=at)) for place, at in enumerate(seconds)]
        mark = canary()
        placed = first + timedelta(days=20, hours=9)
        return (*found, Order(mark["order"], mark["id"], "Pebblewick camping lantern", 3980, journey(rng, placed)))
    if night < 2:
        return ()
    base = 10_001 + BEFORE_FIRST_NIGHT + (night - 2) * A_NIGHT
    seconds = sorted(rng.randrange(86_400) for _ in range(A_NIGHT))
    start = start_of(night)
    return tuple(order(rng, base + place, start + timedelta(seconds=at)) for place, at in enumerate(seconds))


@lru_cache(maxsize=64)
def orders_until(night: int, seed: int) -> tuple[Order, ...]:
    """Every order placed up to the end of `night`, by time; `night` may lie in the backlog."""
    end = start_of(night + 1)
    every = (order for day in range(max(night, 0) + 1) for order in placed_on(day, seed) if order.placed < end)
    return tuple(sorted(every, key=lambda order: order.placed))
