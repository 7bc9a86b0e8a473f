"""Run the benchmarks and write their output, the machine and the versions to docs/RESULTS.md.

python -m bench.all                                        # those that need no public sets; about an hour on two cores
python -m bench.all --data DATA                            # and those on the public sets in that folder
python -m bench.all --only search embedding                # these sections; the others keep their measurements

A section is one command and its output.
"""

import argparse
import os
import platform
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "RESULTS.md"
PACKAGES = (
    "flytekit",
    "torch",
    "onnxruntime",
    "onnxruntime-genai",
    "openvino",
    "faiss-cpu",
    "dbt-core",
    "duckdb",
    "mlflow",
    "bentoml",
)
HEAD = """# Results

`make bench` runs the commands below and rewrites this file; `python -m bench.all --only NAME` rewrites one section.
Each was run once, on a shared machine whose speed changes from minute to minute: compare the ratios within a section,
not the seconds.
`DATA` stands for a folder with the public sets.
"""


@dataclass(frozen=True)
class Section:
    """A benchmark in docs/RESULTS.md; `needs` is a part of the data folder without which it cannot run."""

    name: str
    title: str
    command_line: tuple[str, ...]
    needs: str = ""

    def command(self, data: Path | None) -> list[str]:
        return ["-m", *(word.replace("DATA", str(data)) for word in self.command_line)]


THUNDERBIRD = ("--source", "DATA/thunderbird", "--mapping", "thunderbird")
SPANS = (
    "--documents",
    "DATA/doc2dial/documents.parquet",
    "--questions",
    "DATA/doc2dial/questions.parquet",
    "--domain",
    "ssa",
    "--turns",
    "all",
    "--limit",
    "300",
)
SECTIONS = (
    Section("night", "Nights", ("bench.night",)),
    Section(
        "thunderbird",
        "A night on a real support forum",
        ("bench.night", *THUNDERBIRD, "--split-at", "2025-01-01"),
        "thunderbird",
    ),
    Section("change", "What a night costs when something changed", ("bench.change",)),
    Section(
        "retrieval",
        "Finding the article: a real support forum",
        ("bench.retrieval", *THUNDERBIRD, "--train-until", "2025-01-01"),
        "thunderbird",
    ),
    Section(
        "retrieval-simulated",
        "Finding the article: the simulated company",
        ("bench.retrieval", "--source", "simulate://shop?night=1"),
    ),
    Section("intents", "Intents", ("bench.intents", "--train", "DATA/banking77/train.parquet"), "banking77"),
    Section(
        "novelty",
        "Questions of an unknown intent",
        ("bench.studies.novelty", "--train", "DATA/clinc150/train_val.parquet", "--label-column", "intent"),
        "clinc150",
    ),
    Section(
        "injection",
        "Prompt injection",
        ("bench.injection", "--prompts", "DATA/guard/injection_dev.parquet"),
        "guard",
    ),
    Section(
        "abstention",
        "Abstention",
        (
            "bench.abstention",
            "--source",
            "simulate://shop?night=12&seed=11",
            "--train-until",
            "2026-01-09",
            "--tower",
            "never",
        ),
    ),
    Section(
        "abstention-long",
        "Abstention: with a month of past",
        (
            "bench.abstention",
            "--source",
            "simulate://shop?night=12&seed=11&history=30",
            "--train-until",
            "2026-01-09",
            "--tower",
            "never",
        ),
    ),
    Section(
        "abstention-thunderbird",
        "Abstention: a real support forum",
        ("bench.abstention", *THUNDERBIRD, "--train-until", "2025-01-01", "--tower", "never"),
        "thunderbird",
    ),
    Section("grounding", "Detecting counterfactuals", ("bench.grounding",)),
    Section("answers", "Answers: the simulated company", ("bench.answers", "--source", "simulate://shop?night=1")),
    Section("answers-spans", "Answers: public help pages", ("bench.answers", *SPANS), "doc2dial"),
    Section(
        "answers-gold-document",
        "Answers: public help pages, in the page that answers",
        ("bench.answers", *SPANS, "--gold-document"),
        "doc2dial",
    ),
    Section(
        "answers-thunderbird",
        "Answers: a real support forum",
        ("bench.answers", *THUNDERBIRD, "--test-from", "2025-01-01", "--generate", "--limit", "200"),
        "thunderbird",
    ),
    Section("drift", "Drift", ("bench.drift",)),
    Section("embedding", "Embedding in bulk", ("bench.embedding", "--rounds", "3")),
    Section("search", "Searching", ("bench.search",)),
    Section("generator", "Generating", ("bench.generator", "--rounds", "3")),
)


def machine() -> str:
    """Processor, cores, memory and versions, in two lines."""
    cpuinfo = Path("/proc/cpuinfo")
    names = [line for line in cpuinfo.read_text().splitlines() if "model name" in line] if cpuinfo.exists() else []
    model = names[0].partition(":")[2].strip() if names else platform.processor()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB; Python {platform.python_version()}; {versions}"


def run_section(section: Section, data: Path | None) -> str:
    """One benchmark as a section: its command, its output, the date and the machine."""
    print(f"== {section.name}", file=sys.stderr, flush=True)
    result = subprocess.run(
        [sys.executable, *section.command(data)], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    command = f"    python -m {shlex.join(section.command_line)}"
    output = result.stdout.strip()
    if data:
        output = output.replace(str(data.absolute()), "DATA").replace(str(data), "DATA")
    return f"## {section.title}\n\n{command}\n\n{output}\n\nMeasured {day} on {machine()}.\n"


def read_sections(text: str) -> dict[str, str]:
    """The sections of a results file by title."""
    parts = re.split(r"^(?=## )", text, flags=re.MULTILINE)[1:]
    return {part.splitlines()[0].removeprefix("## "): f"{part.strip()}\n" for part in parts}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of the public sets, e.g. with thunderbird/ in it")
    parser.add_argument(
        "--only", nargs="+", choices=[section.name for section in SECTIONS], metavar="NAME", help="sections to run"
    )
    arguments = parser.parse_args()
    for section in SECTIONS:
        if arguments.only and section.name not in arguments.only:
            continue
        if section.needs and not (arguments.data and (arguments.data / section.needs).exists()):
            print(f"... {section.name}: left out, --data names no folder with {section.needs}", file=sys.stderr)
            continue
        text = run_section(section, arguments.data)
        known = read_sections(RESULTS.read_text()) | {section.title: text}
        ordered = [known[section.title] for section in SECTIONS if section.title in known]
        RESULTS.write_text(
            "\n".join([HEAD, *ordered])
        )  # after each section, so that an interrupted run keeps its results
    print(RESULTS)


if __name__ == "__main__":
    main()
