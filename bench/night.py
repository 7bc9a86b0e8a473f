"""What a night costs: the first, the same again, the next one without LoRA, and the start of `pyflyte run`.

    python -m bench.night                                   # on the simulated company, in a state of its own
    python -m bench.night --thunderbird ../shared/data/thunderbird

Prints a Markdown table; ratios are against the first night of the same run.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from bench.process import Cost, cost_of

PYFLYTE = str(Path(sys.executable).with_name("pyflyte"))
NIGHTLY = [PYFLYTE, "run", "workflows/nightly.py", "nightly"]


def nights(state: Path) -> dict[str, Cost]:
    """Three runs in one state, in the order a team would see them."""
    env = {"NIGHTSHIFT_HOME": str(state / "state"), "HOME": str(state / "home")}
    first, second = "simulate://shop?night=1", "simulate://shop?night=2"
    runs = {
        "first night": ["--source", first],
        "the same night again": ["--source", first],
        "the next night, adapters reused": ["--source", second, "--lora", "never"],
    }
    costs = {}
    for number, (name, arguments) in enumerate(runs.items()):
        print(f"... {name}", file=sys.stderr, flush=True)
        costs[name] = cost_of([*NIGHTLY, "--profile", "tiny", *arguments], env, state / f"{number}.log")
    return costs


def thunderbird(state: Path, folder: Path) -> dict[str, Cost]:
    """One night on the public Thunderbird set."""
    env = {"NIGHTSHIFT_HOME": str(state / "thunderbird"), "HOME": str(state / "home")}
    source = f"file://{folder.absolute()}?mapping=thunderbird"
    print("... thunderbird", file=sys.stderr, flush=True)
    command = [*NIGHTLY, "--profile", "tiny", "--source", source, "--split_at", "2025-01-01"]
    return {"Thunderbird, first night": cost_of(command, env, state / "thunderbird.log")}


def starts() -> dict[str, Cost]:
    """How long a person waits for `--help`: the best of three each."""
    commands = {
        "pyflyte --help": [PYFLYTE, "--help"],
        "pyflyte run workflows/nightly.py nightly --help": [*NIGHTLY, "--help"],
    }
    return {name: min((cost_of(c, {}) for _ in range(3)), key=lambda cost: cost.wall) for name, c in commands.items()}


def table(costs: dict[str, Cost]) -> str:
    """A Markdown table with the ratio of CPU to the first row."""
    base = next(iter(costs.values()))
    lines = [
        "| run | wall s | CPU s | CPU against the first row | peak MiB of the largest process |",
        "|---|---|---|---|---|",
    ]
    for name, cost in costs.items():
        lines.append(
            f"| {name} | {cost.wall:.0f} | {cost.cpu:.0f} | {cost.cpu / base.cpu:.2f} | {cost.peak_mib:,.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--thunderbird", type=Path, help="folder with tickets.parquet and its siblings")
    arguments = parser.parse_args()
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    with tempfile.TemporaryDirectory() as name:
        print(table(starts()))
        print()
        print(table(nights(Path(name))))
        if arguments.thunderbird:
            print()
            print(table(thunderbird(Path(name), arguments.thunderbird)))


if __name__ == "__main__":
    main()
