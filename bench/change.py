"""The cost of a night by the share of new tickets: it should follow the change, not the size of the data.

    python -m bench.change                    # the simulated company, grown by 0, 0.1, 1, 10 and 100 %
    python -m bench.change --history 30       # a company with three times the backlog

One state folder goes through six nights: the first, one with nothing new, then nights with more and more new tickets,
their answers and resolutions, taken from the next nights of the company. Adapters are trained on the first night only.
Prints a Markdown table; shares are of the CPU seconds of the first night.
"""

import argparse
import gzip
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.night import NIGHTLY
from bench.process import Cost, cost_of
from nightshift.reports.run_log import RunLog
from nightshift.simulation.simulate import write_night

SHARES = (0.0, 0.001, 0.01, 0.1, 1.0)
PARTS = {"tickets": "id", "answers": "ticket", "resolutions": "ticket"}
SEED = 7


def rows(path: Path) -> Iterator[tuple[dict, bytes]]:
    """The well-formed rows of a delivery file, with their lines."""
    for line in gzip.decompress(path.read_bytes()).splitlines():
        try:
            yield json.loads(line), line
        except ValueError:
            continue  # some lines are malformed


def write_company(folder: Path, history: int, ahead: int) -> None:
    write_night(folder / "current", 1, SEED, history)
    write_night(folder / "future", 1 + ahead, SEED, history)


def deliver(folder: Path, number: int, share: float) -> int:
    """Add the next tickets of the company, `share` of those of the first night; returns how many."""
    current, future = folder / "current", folder / "future"
    delivered = {row.get("id") for path in sorted(current.glob("tickets/*")) for row, _ in rows(path)}
    initial = sum(1 for path in sorted(current.glob("tickets/night-000[01]*")) for _ in rows(path))
    count = round(share * initial)
    upcoming = [row["id"] for path in sorted(future.glob("tickets/*")) for row, _ in rows(path) if row.get("id")]
    chosen = set([ticket for ticket in dict.fromkeys(upcoming) if ticket not in delivered][:count])
    if len(chosen) < count:
        raise SystemExit(f"the company's next nights hold only {len(chosen)} of {count} tickets")
    for part, key in PARTS.items():
        lines = [
            line for path in sorted((future / part).iterdir()) for row, line in rows(path) if row.get(key) in chosen
        ]
        if lines:
            (current / part / f"night-9{number:03d}.jsonl.gz").write_bytes(gzip.compress(b"\n".join(lines), mtime=0))
    return len(chosen)


def run_night(state: Path, source: Path, lora: str, log: Path) -> tuple[Cost, str]:
    """The cost of one night, and the cost summary of its run log."""
    env = {"NIGHTSHIFT_HOME": str(state / "state"), "HOME": str(state / "home")}
    url = f"file://{source.absolute()}?mapping=company"
    cost = cost_of([*NIGHTLY, "--profile", "tiny", "--source", url, "--lora", lora], env, log)
    run_log = RunLog(state / "state")
    return cost, run_log.cost_summary(run_log.night)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--history", type=int, default=10, help="days of backlog before the first night")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        state = Path(name)
        print("... simulating the company", file=sys.stderr, flush=True)
        write_company(state / "company", arguments.history, arguments.history + 5)  # enough to double it
        print("| night | new tickets | wall s | CPU s | share of the first | what it did |\n|---|---|---|---|---|---|")
        print("... first night", file=sys.stderr, flush=True)
        first, summary = run_night(state, state / "company" / "current", "auto", state / "first.log")
        print(f"| first | all | {first.wall:.0f} | {first.cpu:.0f} | 1 | {summary} |", flush=True)
        for number, share in enumerate(SHARES):
            print(f"... +{share:.1%}", file=sys.stderr, flush=True)
            added = deliver(state / "company", number, share)
            cost, summary = run_night(state, state / "company" / "current", "never", state / f"{number}.log")
            ratio = cost.cpu / first.cpu
            print(
                f"| +{share:.1%} | {added:,} | {cost.wall:.0f} | {cost.cpu:.0f} | {ratio:.3f} | {summary} |", flush=True
            )
    print(f"\nSeed {SEED}, {arguments.history} days of backlog.")


if __name__ == "__main__":
    main()
