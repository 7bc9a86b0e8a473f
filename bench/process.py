"""One command as a whole process: wall and CPU seconds with all its children, and the peak memory of the largest."""

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Cost:
    """What one run cost. `peak_mib` is the largest resident size of any single process in it."""

    wall: float
    cpu: float
    peak_mib: float


def cost_of(command: list[str], env: dict[str, str], log: Path | None = None) -> Cost:
    """Run `command` in the project folder; RuntimeError with its last lines when it fails."""
    started = time.monotonic()
    output = (log or Path(os.devnull)).open("wb")
    child = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **env}, stdout=output, stderr=output)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    output.close()
    if child.returncode:
        tail = log.read_text(errors="replace")[-3000:] if log else ""
        raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}\n{tail}")
    return Cost(time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
