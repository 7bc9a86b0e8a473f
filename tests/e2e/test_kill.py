"""A night that is killed at every stage, and run again each time, ends with the digests of one that was not."""

import os
import signal
import subprocess
import time

import pytest

from nightshift.registry import mlflow as registry
from nightshift.reports.run_log import STAGES

pytestmark = pytest.mark.slow

SOURCE = "simulate://shop?night=1&history=4"
NIGHTLY = ("workflows/nightly.py", "nightly", "--profile", "smoke", "--source", SOURCE)
BRIEF = {"drift", "retraining-plan", "promote", "package"}  # may be over in half a second
PATIENCE = 900  # seconds one stage may take before the test gives up


def killed_in(state, stage: str) -> bool:
    """Run a night and kill it, whole, half a second into `stage`; False when that stage was not reached."""
    log = state.folder / f"{stage}.log"
    words = ("pyflyte", "run", str(state.project / NIGHTLY[0]), *NIGHTLY[1:])
    with log.open("wb") as output:
        child = subprocess.Popen(
            state.command(*words), env=state.env, cwd=state.folder, stdout=output, stderr=output, start_new_session=True
        )
        mark = f"] {stage}\n"
        deadline = time.monotonic() + PATIENCE
        while child.poll() is None and mark not in log.read_text(errors="replace"):
            assert time.monotonic() < deadline, f"{stage} was not reached"
            time.sleep(0.05)
        time.sleep(0.5)
        reached = child.poll() is None
        if reached:
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    assert reached or child.returncode == 0, log.read_text(errors="replace")[-4000:]
    return reached


def test_a_night_killed_at_every_stage_ends_with_equal_digests(company, tmp_path_factory):
    """Killed once at every stage, the release is the same, digest for digest, and it serves."""
    state = type(company)(tmp_path_factory.mktemp("killed"), company.extra)
    killed = [stage for stage in STAGES if killed_in(state, stage)]
    assert set(killed) >= set(STAGES) - BRIEF
    state.night(SOURCE)
    first = next(entry for entry in registry.releases(company.settings) if entry.version == 1)
    after = registry.serving(state.settings)
    assert after.digest == first.digest
    assert after.evaluation == first.evaluation
    leftovers = [path for path in state.home.rglob(".writing-*") if path.is_file()]
    assert len(leftovers) <= len(killed)  # at most what each kill interrupted; nothing reads them
