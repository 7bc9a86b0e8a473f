"""Drift, night by night: how often a quiet night is called one, and on which night a planted shift is found.

    python -m bench.drift                                            # the simulated company: 4 seeds, and 100 quiet nights
    python -m bench.drift --state /tmp/drift                         # again, with the embeddings of the last time
    python -m bench.drift --source ../shared/data/thunderbird --mapping thunderbird --from 2024-04-01 --until 2025-07-01

The first nights are judged against a release of the night before; the quiet ones and those of --source against one that
is renewed every week. Of a release only what has a say in drift is made: intent head, memory, reference. Prints Markdown
tables.
"""

import argparse
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from bench.helpdesk import Desk, Encoders, champion, cut, desks, judged
from bench.source import source_url
from nightshift.drift.detect import ABOUT, Comparison, TicketSample, compare
from nightshift.drift.reference import MOST
from nightshift.simulation.calendar import start_of

SEEDS = (7, 11, 12, 13)
QUIET_FROM, QUIET_NIGHTS = 31, 100  # everything planted has been there for weeks by then
PLANTED = {
    "a new topic, renting gear": (6, "drift", ABOUT),
    "other names for the labels": (9, "taxonomy", {"labels", "vanished", "new labels"}),
}
LAST, WEEK = 12, 7
SIZES, DRAWN = (50, 100, 200, 500), 20
SHIFTS = {  # an intent, and the share of the night that it comes to
    "one topic comes to 20 %": ("product/bikes", 0.2),
    "new topic, 9 %": ("service/rental", 0.09),
    "new topic, 20 %": ("service/rental", 0.2),
}


def shop(night: int, seed: int) -> str:
    return f"simulate://shop?night={night}&seed={seed}"


def first_nights(seed: int, encoders: Encoders) -> dict[int, Comparison]:
    """Each of the first nights of a company, as they were delivered, against a release of the night before."""
    found, serving = {}, None
    for night, desk in enumerate(desks([shop(night, seed) for night in range(1, LAST + 1)]), start=1):
        if serving:
            found[night] = judged(serving, desk, encoders)
            print(f"... seed {seed} night {night}: {found[night].verdict} {found[night].moved}", file=sys.stderr)
        serving = champion(desk, encoders)
    return found


def replayed(desk: Desk, first: datetime, last: datetime, step: int, encoders: Encoders) -> dict[str, Comparison]:
    """A finished history, every `step` days, against a release that is renewed every seven: 1 to 7 days old."""
    found: dict[str, Comparison] = {}
    for number in range(0, (last - first).days + 1, step):
        end = first + timedelta(days=number)
        if number % WEEK == 0:
            serving = champion(cut(desk, end - timedelta(days=step)), encoders)
        name = f"{end - timedelta(days=1):%Y-%m-%d}"
        found[name] = judged(serving, cut(desk, end), encoders)
        print(f"... {name}: {found[name].verdict} {found[name].moved}", file=sys.stderr)
    return found


def planted(seeds: tuple[int, ...], encoders: Encoders) -> str:
    """On which night each planted shift was found, and what was said on the nights before."""
    runs = {seed: first_nights(seed, encoders) for seed in seeds}
    lines = ["| planted | night | found by the measures, per seed | found on that night |", "|---|---|---|---|"]
    for what, (night, verdict, measures) in PLANTED.items():
        told = [run[night] for run in runs.values()]
        hits = sum(verdict in one.verdict for one in told)
        by = "; ".join(", ".join(one for one in found.moved if one in measures) or "-" for found in told)
        lines.append(f"| {what} | {night} | {by} | {hits} of {len(told)} |")
    before = [run[night] for run in runs.values() for night in range(2, min(night for night, *_ in PLANTED.values()))]
    loud = [one for one in before if one.verdict != "quiet"]
    lines.append(f"\nNights 2 to 5, on which words are new and topics are not: {alarms(loud, len(before))}.")
    return "\n".join(lines)


def quiet(desk: Desk, encoders: Encoders) -> str:
    """How many of the nights on which nothing is planted raise an alarm."""
    first = start_of(QUIET_FROM + 1).replace(tzinfo=None)
    last = first + timedelta(days=QUIET_NIGHTS - 1)
    found = list(replayed(desk, first, last, 1, encoders).values())
    loud = [one for one in found if one.verdict != "quiet"]
    return f"{QUIET_NIGHTS} quiet nights: {alarms(loud, len(found))}."


def power(desk: Desk, encoders: Encoders) -> str:
    """In how many nights of each size a shift is found: nights drawn from three weeks of tickets after the release."""
    end = start_of(QUIET_FROM).replace(tzinfo=None)
    known, after = cut(desk, end), cut(desk, end + timedelta(days=3 * WEEK))
    later = after.tickets.filter(pc.greater_equal(after.tickets["created_at"], end))
    draws = np.random.default_rng(0)
    lines = ["| tickets | " + " | ".join(SHIFTS) + " |", "|---" * (len(SHIFTS) + 1) + "|"]
    cells: dict[int, list[str]] = {size: [] for size in SIZES}
    for what, (intent, share) in SHIFTS.items():
        unknown = what.startswith("new")
        before = known.tickets.filter(pc.not_equal(known.tickets["intent"], intent)) if unknown else known.tickets
        serving = champion(Desk(before, known.resolved), encoders)
        pool = encoders.sample_tickets(later, after.tickets, serving.head)
        is_it = np.array([label == intent for label in pool.labels])
        weight = np.where(is_it, share / is_it.sum(), (1 - share) / (~is_it).sum())
        for size in SIZES:
            found = [
                set(compare(serving.reference, drawn(pool, weight, size, draws), serving.memory, SIZES[0]).moved)
                for _ in range(DRAWN)
            ]
            told, text = (sum(bool(one & by) for one in found) / DRAWN for by in (ABOUT, ABOUT - {"new topic"}))
            cells[size].append(f"{told:.0%} ({text:.0%})")
    lines += [f"| {size:,} | " + " | ".join(found) + " |" for size, found in cells.items()]
    return "\n".join(lines)


def drawn(pool: TicketSample, weight: NDArray[np.float64], size: int, draws: np.random.Generator) -> TicketSample:
    """A night of `size` tickets out of a pool, with replacement."""
    rows = np.sort(draws.choice(len(weight), size, p=weight / weight.sum()))
    return replace(
        pool,
        times=[pool.times[row] for row in rows],
        n_words=[pool.n_words[row] for row in rows],
        intents=[pool.intents[row] for row in rows],
        labels=[pool.labels[row] for row in rows],
        repeated=[pool.repeated[row] for row in rows],
        vectors=pool.vectors[rows],
        nights=1,
    )


def alarms(loud: list[Comparison], of: int) -> str:
    """`2 of 100 nights raised an alarm (95 % interval 0.2 % to 7.0 %): volume 1, unfamiliar 1`."""
    low, high = wilson(len(loud), of)
    by = Counter(name for one in loud for name in one.moved)
    named = ", ".join(f"{name} {count}" for name, count in sorted(by.items())) or "none"
    return f"{len(loud)} of {of} nights raised an alarm (95 % interval {low:.1%} to {high:.1%}): {named}"


def wilson(count: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927)."""
    z = 1.96
    middle, share = (count + z * z / 2) / (of + z * z), count / of
    half = z / (1 + z * z / of) * (share * (1 - share) / of + z * z / (4 * of * of)) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)


def history(arguments: argparse.Namespace, encoders: Encoders) -> str:
    """A real history, step by step."""
    (desk,) = desks([source_url(arguments.source, arguments.mapping)])
    first, last = (datetime.fromisoformat(day) for day in (arguments.first, arguments.until))
    found = replayed(desk, first, last, WEEK, encoders)
    lines = ["| until | tickets | verdict | moved | labels new, gone |", "|---|---|---|---|---|"]
    for day, one in found.items():
        lines.append(
            f"| {day} | {one.rows} | {one.verdict} | {', '.join(one.moved)} | {len(one.new)}, {len(one.gone)} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--state", type=Path, help="folder that keeps embeddings for the next time")
    parser.add_argument(
        "--source", help="a dated history instead of the simulated company: a folder, or any source URL"
    )
    parser.add_argument("--mapping", help="name or file of the mapping of a folder, e.g. thunderbird")
    parser.add_argument("--from", dest="first", default="2024-04-01", help="first day that is judged")
    parser.add_argument("--until", default="2025-07-01")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        encoders = Encoders.at(arguments.state or Path(name))
        if arguments.source:
            print(history(arguments, encoders))
            return
        print(planted(SEEDS, encoders))
        print()
        (desk,) = desks([shop(QUIET_FROM + QUIET_NIGHTS - 1, SEEDS[0])])
        print(quiet(desk, encoders))
        print()
        print(power(desk, encoders))
    print(f"\nSeeds {', '.join(map(str, SEEDS))}; about 200 tickets a night; at most {MOST:,} tickets on either side.")


if __name__ == "__main__":
    main()
