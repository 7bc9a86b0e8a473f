"""The orders: 1,000 before the first night, twelve more each night from the second on.

Order(id='LF-10482', customer='K-00042', item='Brookling two-person tent', cents=18900,
      events=((2025-12-29 10:02:11, 'placed'), (2025-12-29 18:40:03, 'packed'), ...))
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from random import Random

from nightshift.simulation import content
from nightshift.simulation.calendar import FIRST_DAY, start_of
from nightshift.simulation.people import CUSTOMERS, canary

INITIAL_ORDERS = 1_000
ORDERS_PER_NIGHT = 12
DAYS_BEFORE = 40  # every ticket asks about an earlier order, so the backlog of tickets must be shorter


@dataclass(frozen=True)
class Order:
    """An order and its events by time; the first one is `placed`."""

    id: str
    customer: str
    item: str
    cents: int
    events: tuple[tuple[datetime, str], ...]

    @property
    def placed(self) -> datetime:
        return self.events[0][0]

    def last_event(self, time: datetime) -> tuple[datetime, str]:
        """The latest event at `time`, which must not be before the order was placed."""
        return [event for event in self.events if event[0] <= time][-1]


def draw_events(rng: Random, placed: datetime) -> tuple[tuple[datetime, str], ...]:
    """The events of an order placed at `placed`: most are delivered after some days, some are returned."""
    events = [(placed, "placed")]

    def add(state: str, least_hours: float, most_hours: float) -> None:
        events.append((events[-1][0] + timedelta(seconds=int(rng.uniform(least_hours, most_hours) * 3600)), state))

    if rng.random() < 0.04:
        add("cancelled", 0.1, 1)
        return tuple(events)
    add("packed", 3, 24)
    add("shipped", 2, 20)
    is_late = rng.random() < 0.06
    add("delivered", 60, 240 if is_late else 120)
    if rng.random() < 0.06:
        add("returned", 72, 480)
    return tuple(events)


def draw_order(rng: Random, number: int, placed: datetime) -> Order:
    """A random order with this number."""
    item, cents = rng.choice(list(content.load_yaml("products.yaml").items()))
    customer = f"K-{rng.randrange(1, CUSTOMERS):05d}"  # never the last one, which is the canary
    return Order(f"LF-{number}", customer, item, cents + 490 * (cents < 6000), draw_events(rng, placed))


@cache
def placed_on(night: int, seed: int) -> tuple[Order, ...]:
    """The orders placed on `night`; night 0 holds those of all earlier days."""
    rng = Random(f"{seed}/orders/{night}")
    if night < 1:
        seconds = sorted(rng.randrange(DAYS_BEFORE * 86_400) for _ in range(INITIAL_ORDERS - 1))
        first = FIRST_DAY - timedelta(days=DAYS_BEFORE)
        orders = [
            draw_order(rng, 10_001 + place, first + timedelta(seconds=second)) for place, second in enumerate(seconds)
        ]
        row = canary()
        placed = first + timedelta(days=20, hours=9)
        return (*orders, Order(row["order"], row["id"], "Pebblewick camping lantern", 3980, draw_events(rng, placed)))
    if night < 2:
        return ()
    base = 10_001 + INITIAL_ORDERS + (night - 2) * ORDERS_PER_NIGHT
    seconds = sorted(rng.randrange(86_400) for _ in range(ORDERS_PER_NIGHT))
    start = start_of(night)
    return tuple(
        draw_order(rng, base + place, start + timedelta(seconds=second)) for place, second in enumerate(seconds)
    )


@lru_cache(maxsize=64)
def orders_until(night: int, seed: int) -> tuple[Order, ...]:
    """Every order placed up to the end of `night`, by time; `night` may lie in the backlog."""
    end = start_of(night + 1)
    placed = (order for day in range(max(night, 0) + 1) for order in placed_on(day, seed) if order.placed < end)
    return tuple(sorted(placed, key=lambda order: order.placed))
