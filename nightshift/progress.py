"""Progress lines on stderr: the stage, how far it is, and how long it takes.

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
    """Print one line to stderr. Never pass customer text."""
    print(line, file=sys.stderr, flush=True)


def track(items: Iterable[T], stage: str, total: int, unit: str = "steps") -> Iterator[T]:
    """Yield `items`, and log every EVERY_SECONDS how many of `total` are done and the estimated seconds left."""
    started = logged = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - logged >= EVERY_SECONDS and done < total:
            logged = now
            left = (now - started) / done * (total - done)
            log(f"    {stage}  {done:,}/{total:,} {unit}  {now - started:.0f} s, about {left:.0f} s left")


def cpu_seconds() -> float:
    """CPU seconds of this process and of the children it has waited for."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system
