"""Run every benchmark and rewrite docs/RESULTS.md with what they printed, the machine and the versions.

python -m bench.all                                        # about 15 minutes on two cores
python -m bench.all --thunderbird ../shared/data/thunderbird
"""

import argparse
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "RESULTS.md"
PACKAGES = ("flytekit", "torch", "onnxruntime", "onnxruntime-genai", "dbt-core", "duckdb", "mlflow", "bentoml")


def machine() -> str:
    """Processor, cores, memory and versions, in two lines."""
    cpuinfo = Path("/proc/cpuinfo")
    names = [line for line in cpuinfo.read_text().splitlines() if "model name" in line] if cpuinfo.exists() else []
    model = names[0].partition(":")[2].strip() if names else platform.processor()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB; Python {platform.python_version()}\n{versions}"


def section(title: str, words: list[str]) -> str:
    """One benchmark as a section: its command, and what it printed."""
    print(f"... {title}", file=sys.stderr, flush=True)
    done = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return f"## {title}\n\n    python -m {' '.join(words)}\n\n{done.stdout.strip()}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--thunderbird", type=Path, help="folder of the public support forum")
    arguments = parser.parse_args()
    real = ["--thunderbird", str(arguments.thunderbird)] if arguments.thunderbird else []
    sections = [section("Nights", ["bench.night", *real])]
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    head = f"# Results\n\nWritten by `make bench` on {day}. One run each on a shared machine: ratios say more than seconds.\n\n{machine()}\n"
    RESULTS.write_text("\n".join([head, *sections]))
    print(RESULTS)


if __name__ == "__main__":
    main()
