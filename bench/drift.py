"""Drift, night by night: how often a quiet night raises an alarm, and on which night a planted shift is detected.

    python -m bench.drift      # the simulated company: 4 seeds, and 100 quiet nights
    python -m bench.drift --state /tmp/drift                         # again, with the embeddings of the last time
    python -m bench.drift --source DATA/thunderbird --mapping thunderbird --from 2024-04-01 --until 2025-07-01

The first nights are compared with a release of the night before; the quiet ones and those of --source with one that is
renewed every week. Of a release only what drift reads is made: intent classifier, resolved tickets, reference. Prints
Markdown tables.
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
from scipy import stats

from bench.helpdesk import Encoders, Helpdesk, champion, compare_night, cut, helpdesks
from bench.source import source_url
from nightshift.artifacts import DriftVerdict
from nightshift.drift.detect import Comparison, TicketSample, compare
from nightshift.drift.measures import LABEL_MEASURES, TOPIC_MEASURES, DriftMeasure
from nightshift.drift.reference import MAX_ROWS
from nightshift.simulation.calendar import start_of

SEEDS = (7, 11, 12, 13)
QUIET_FROM, QUIET_NIGHTS = 31, 100  # everything planted has been there for weeks by then
BOTH = DriftVerdict.DRIFT_AND_TAXONOMY
PLANTED = {  # the night, the verdicts that detect it, and the measures that should move
    "a new topic, renting gear": (6, {DriftVerdict.DRIFT, BOTH}, TOPIC_MEASURES),
    "other names for the labels": (9, {DriftVerdict.TAXONOMY, BOTH}, LABEL_MEASURES),
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
    comparisons, serving = {}, None
    for night, helpdesk in enumerate(helpdesks([shop(night, seed) for night in range(1, LAST + 1)]), start=1):
        if serving:
            comparison = comparisons[night] = compare_night(serving, helpdesk, encoders)
            print(f"... seed {seed} night {night}: {comparison.verdict} {comparison.moved}", file=sys.stderr)
        serving = champion(helpdesk, encoders)
    return comparisons


def replayed(
    helpdesk: Helpdesk, first: datetime, last: datetime, step: int, encoders: Encoders
) -> dict[str, Comparison]:
    """A finished history, every `step` days, against a release that is renewed every seven: 1 to 7 days old."""
    comparisons: dict[str, Comparison] = {}
    for number in range(0, (last - first).days + 1, step):
        end = first + timedelta(days=number)
        if number % WEEK == 0:
            serving = champion(cut(helpdesk, end - timedelta(days=step)), encoders)
        name = f"{end - timedelta(days=1):%Y-%m-%d}"
        comparison = comparisons[name] = compare_night(serving, cut(helpdesk, end), encoders)
        print(f"... {name}: {comparison.verdict} {comparison.moved}", file=sys.stderr)
    return comparisons


def planted(seeds: tuple[int, ...], encoders: Encoders) -> str:
    """On which night each planted shift was detected, and the alarms of the nights before."""
    runs = {seed: first_nights(seed, encoders) for seed in seeds}
    lines = ["| planted | night | measures that moved, per seed | detected on that night |", "|---|---|---|---|"]
    for shift, (night, verdicts, measures) in PLANTED.items():
        comparisons = [run[night] for run in runs.values()]
        hits = sum(comparison.verdict in verdicts for comparison in comparisons)
        moved = "; ".join(
            ", ".join(name for name in comparison.moved if name in measures) or "-" for comparison in comparisons
        )
        lines.append(f"| {shift} | {night} | {moved} | {hits} of {len(comparisons)} |")
    first = min(night for night, *_ in PLANTED.values())
    before = [run[night] for run in runs.values() for night in range(2, first)]
    lines.append(f"\nNights 2 to 5, on which words are new and topics are not: {alarms(before)}.")
    return "\n".join(lines)


def quiet(helpdesk: Helpdesk, encoders: Encoders) -> str:
    """How many of the nights on which nothing is planted raise an alarm."""
    first = start_of(QUIET_FROM + 1).replace(tzinfo=None)
    last = first + timedelta(days=QUIET_NIGHTS - 1)
    comparisons = list(replayed(helpdesk, first, last, 1, encoders).values())
    return f"{QUIET_NIGHTS} quiet nights: {alarms(comparisons)}."


def power(helpdesk: Helpdesk, encoders: Encoders) -> str:
    """In how many nights of each size a shift is detected, drawn from three weeks after the release."""
    end = start_of(QUIET_FROM).replace(tzinfo=None)
    known, after = cut(helpdesk, end), cut(helpdesk, end + timedelta(days=3 * WEEK))
    later = after.tickets.filter(pc.greater_equal(after.tickets["created_at"], end))
    rng = np.random.default_rng(0)
    lines = ["| tickets | " + " | ".join(SHIFTS) + " |", "|---" * (len(SHIFTS) + 1) + "|"]
    cells: dict[int, list[str]] = {size: [] for size in SIZES}
    for shift, (intent, share) in SHIFTS.items():
        unknown = shift.startswith("new")
        before = known.tickets.filter(pc.not_equal(known.tickets["intent"], intent)) if unknown else known.tickets
        serving = champion(Helpdesk(before, known.resolved), encoders)
        pool = encoders.sample_tickets(later, after.tickets, serving.classifier)
        is_it = np.array([label == intent for label in pool.labels])
        weight = np.where(is_it, share / is_it.sum(), (1 - share) / (~is_it).sum())
        for size in SIZES:
            moved = [
                set(
                    compare(
                        serving.reference, resample(pool, weight, size, rng), serving.resolved_vectors, SIZES[0]
                    ).moved
                )
                for _ in range(DRAWN)
            ]
            by_topic, by_text = (
                sum(bool(names & measures) for names in moved) / DRAWN
                for measures in (TOPIC_MEASURES, TOPIC_MEASURES - {DriftMeasure.NEW_TOPIC})
            )
            cells[size].append(f"{by_topic:.0%} ({by_text:.0%})")
    lines += [f"| {size:,} | " + " | ".join(shares) + " |" for size, shares in cells.items()]
    return "\n".join(lines)


def resample(pool: TicketSample, weight: NDArray[np.float64], size: int, rng: np.random.Generator) -> TicketSample:
    """A night of `size` tickets out of a pool, with replacement."""
    rows = np.sort(rng.choice(len(weight), size, p=weight / weight.sum()))
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


def alarms(comparisons: list[Comparison]) -> str:
    """`2 of 100 nights raised an alarm (95 % interval 0.6 % to 7.0 %): novelty 1, volume 1`."""
    loud = [comparison for comparison in comparisons if comparison.verdict is not DriftVerdict.QUIET]
    interval = stats.binomtest(len(loud), len(comparisons)).proportion_ci(method="wilson")
    counts = Counter(name for comparison in loud for name in comparison.moved)
    named = ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"
    bounds = f"95 % interval {interval.low:.1%} to {interval.high:.1%}"
    return f"{len(loud)} of {len(comparisons)} nights raised an alarm ({bounds}): {named}"


def history(arguments: argparse.Namespace, encoders: Encoders) -> str:
    """A real history, step by step."""
    (helpdesk,) = helpdesks([source_url(arguments.source, arguments.mapping)])
    first, last = (datetime.fromisoformat(day) for day in (arguments.first, arguments.until))
    lines = ["| until | tickets | verdict | moved | labels new, vanished |", "|---|---|---|---|---|"]
    for day, comparison in replayed(helpdesk, first, last, WEEK, encoders).items():
        labels = f"{len(comparison.new_labels)}, {len(comparison.vanished_labels)}"
        moved = ", ".join(comparison.moved)
        lines.append(f"| {day} | {comparison.rows} | {comparison.verdict} | {moved} | {labels} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--state", type=Path, help="folder that keeps embeddings for the next time")
    parser.add_argument(
        "--source", help="a dated history instead of the simulated company: a folder, or any source URL"
    )
    parser.add_argument("--mapping", help="name or file of the mapping of a folder, e.g. thunderbird")
    parser.add_argument("--from", dest="first", default="2024-04-01", help="first day that is compared")
    parser.add_argument("--until", default="2025-07-01")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        encoders = Encoders.at(arguments.state or Path(name))
        if arguments.source:
            print(history(arguments, encoders))
            return
        print(planted(SEEDS, encoders))
        print()
        (helpdesk,) = helpdesks([shop(QUIET_FROM + QUIET_NIGHTS - 1, SEEDS[0])])
        print(quiet(helpdesk, encoders))
        print()
        print(power(helpdesk, encoders))
    print(
        f"\nSeeds {', '.join(map(str, SEEDS))}; about 200 tickets a night; at most {MAX_ROWS:,} tickets on either side."
    )


if __name__ == "__main__":
    main()
