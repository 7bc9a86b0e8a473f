"""What a night costs when little, much or nothing has changed: the bill should follow the change, not the data.

    python -m bench.change                    # the simulated company, grown by 0, 0.1, 1, 10 and 100 %
    python -m bench.change --history 30       # a company with three times the past

One state folder lives through six nights, as a team's would: the first, then one with nothing new, then ever more new
tickets with their answers and resolutions, taken from the company's own next nights. Adapters are learned on the first
night only. Prints a Markdown table; shares are of the first night's CPU seconds.
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
            continue  # some lines are planted broken


def company(folder: Path, history: int, ahead: int) -> None:
    write_night(folder / "now", 1, SEED, history)
    write_night(folder / "later", 1 + ahead, SEED, history)


def deliver(folder: Path, number: int, share: float) -> int:
    """Add the next tickets of the company's future, `share` of those it began with; returns how many."""
    now, later = folder / "now", folder / "later"
    old = {row.get("id") for path in sorted(now.glob("tickets/*")) for row, _ in rows(path)}
    begun = sum(1 for path in sorted(now.glob("tickets/night-000[01]*")) for _ in rows(path))
    wanted = round(share * begun)
    coming = [row["id"] for path in sorted(later.glob("tickets/*")) for row, _ in rows(path) if row.get("id")]
    chosen = set([one for one in dict.fromkeys(coming) if one not in old][:wanted])
    if len(chosen) < wanted:
        raise SystemExit(f"the company's next nights hold only {len(chosen)} of {wanted} tickets")
    for part, key in PARTS.items():
        lines = [
            line for path in sorted((later / part).iterdir()) for row, line in rows(path) if row.get(key) in chosen
        ]
        if lines:
            (now / part / f"night-9{number:03d}.jsonl.gz").write_bytes(gzip.compress(b"\n".join(lines), mtime=0))
    return len(chosen)


def night(state: Path, source: Path, lora: str, log: Path) -> tuple[Cost, str]:
    """One night, and its own bill."""
    env = {"NIGHTSHIFT_HOME": str(state / "state"), "HOME": str(state / "home")}
    url = f"file://{source.absolute()}?mapping=company"
    cost = cost_of([*NIGHTLY, "--profile", "tiny", "--source", url, "--lora", lora], env, log)
    run_log = RunLog(state / "state")
    return cost, run_log.cost_summary(run_log.night)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--history", type=int, default=10, help="days of past before the first night")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        state = Path(name)
        print("... simulating the company", file=sys.stderr, flush=True)
        company(state / "company", arguments.history, arguments.history + 5)  # enough to double it
        print("| night | new tickets | wall s | CPU s | share of the first | what it did |\n|---|---|---|---|---|---|")
        print("... first night", file=sys.stderr, flush=True)
        first, bill = night(state, state / "company" / "now", "auto", state / "first.log")
        print(f"| first | all | {first.wall:.0f} | {first.cpu:.0f} | 1 | {bill} |", flush=True)
        for number, share in enumerate(SHARES):
            print(f"... +{share:.1%}", file=sys.stderr, flush=True)
            added = deliver(state / "company", number, share)
            cost, bill = night(state, state / "company" / "now", "never", state / f"{number}.log")
            ratio = cost.cpu / first.cpu
            print(f"| +{share:.1%} | {added:,} | {cost.wall:.0f} | {cost.cpu:.0f} | {ratio:.3f} | {bill} |", flush=True)
    print(f"\nSeed {SEED}, {arguments.history} days of past.")


if __name__ == "__main__":
    main()
