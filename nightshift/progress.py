"""What a person watching the night sees: which stage, how far, how long.

query tower  32/94 steps  12 s, about 23 s left
"""

import os
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
EVERY_SECONDS = 5.0


def log(line: str) -> None:
    """One line to the person watching. Never pass customer text."""
    print(line, file=sys.stderr, flush=True)


def track(items: Iterable[T], what: str, total: int, unit: str = "steps") -> Iterator[T]:
    """Yield `items`, telling every few seconds how far `what` has come and how long is left."""
    started = told = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - told >= EVERY_SECONDS and done < total:
            told = now
            left = (now - started) / done * (total - done)
            log(f"    {what}  {done:,}/{total:,} {unit}  {now - started:.0f} s, about {left:.0f} s left")


def cpu_seconds() -> float:
    """CPU seconds of this process and of the children it has waited for."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system
