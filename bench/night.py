"""The cost of a night: the first, the same again, the next without LoRA training, and the start of `pyflyte run`.

    python -m bench.night                                   # on the simulated company, in a temporary state folder
    python -m bench.night --source DIR --mapping thunderbird --split-at 2025-01-01     # the first night on a real set

Prints Markdown tables; ratios are against the first row of the same table.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from bench.process import Cost, cost_of
from bench.source import source_url
from nightshift.evaluate.evaluation import read_evaluation
from nightshift.registry import mlflow as registry
from nightshift.settings import Settings
from nightshift.store import open_store

PYFLYTE = str(Path(sys.executable).with_name("pyflyte"))
NIGHTLY = [PYFLYTE, "run", "workflows/nightly.py", "nightly"]


def nights(state: Path) -> dict[str, Cost]:
    """Three runs in one state folder, in the order of a first week."""
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


def real_night(state: Path, source: str, split_at: str) -> tuple[dict[str, Cost], str]:
    """The first night on a source, and the retrieval metrics of its release."""
    env = {"NIGHTSHIFT_HOME": str(state / "state"), "HOME": str(state / "home")}
    command = [*NIGHTLY, "--profile", "tiny", "--source", source, "--split_at", split_at]
    cost = cost_of(command, env, state / "night.log")
    settings = Settings.from_env(env)
    serving = registry.serving(settings)
    evaluation = read_evaluation(serving.evaluation, open_store(settings.store))
    names = ("hit@1", "hit@5", "hit@10", "mrr")
    values = " | ".join(f"{evaluation.metrics[name]:.3f}" for name in names)
    return {"first night": cost}, f"| {' | '.join(names)} |\n|---|---|---|---|\n| {values} |"


def starts() -> dict[str, Cost]:
    """The time until `--help` is printed: the best of three each, alternating."""
    commands = {
        "pyflyte --help": [PYFLYTE, "--help"],
        "pyflyte run workflows/nightly.py nightly --help": [*NIGHTLY, "--help"],
    }
    rounds = [{name: cost_of(command, {}) for name, command in commands.items()} for _ in range(3)]
    return {name: min((costs[name] for costs in rounds), key=lambda cost: cost.cpu) for name in commands}


def table(costs: dict[str, Cost]) -> str:
    """A Markdown table with the ratio of CPU to the first row."""
    base = next(iter(costs.values()))
    lines = [
        "| run | wall s | CPU s | CPU against the first row | peak MiB of the largest process |",
        "|---|---|---|---|---|",
    ]
    for name, cost in costs.items():
        lines.append(
            f"| {name} | {cost.wall:.1f} | {cost.cpu:.1f} | {cost.cpu / base.cpu:.2f} | {cost.peak_mib:,.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", help="folder of a support team's export, or any source URL")
    parser.add_argument("--mapping", help="name or file of the mapping of a folder, e.g. thunderbird")
    parser.add_argument("--split-at", default="", help="questions from this day on are for evaluation")
    arguments = parser.parse_args()
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    with tempfile.TemporaryDirectory() as name:
        if arguments.source:
            url = source_url(arguments.source, arguments.mapping)
            costs, metrics = real_night(Path(name), url, arguments.split_at)
            print(f"{table(costs)}\n\n{metrics}")
        else:
            print(f"{table(starts())}\n\n{table(nights(Path(name)))}")


if __name__ == "__main__":
    main()
