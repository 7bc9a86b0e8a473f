"""Nights as a user runs them: `pyflyte run` in its own process, with its own state and home."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from nightshift.reports.run_log import RunLog, StageWork
from nightshift.settings import PROFILES, Settings
from tests.narrow_llama import write_narrow_llama

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
SHOP = "simulate://shop?night={night}&history=4"


@dataclass(frozen=True)
class State:
    """One state folder, with what a shell would need to use it."""

    folder: Path
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def project(self) -> Path:
        return ROOT

    @property
    def home(self) -> Path:
        return self.folder / "state"

    @property
    def env(self) -> dict[str, str]:
        return {
            **os.environ,
            "HOME": str(self.folder),
            "NIGHTSHIFT_HOME": str(self.home),
            "PYTHONPATH": str(ROOT),
            **self.extra,
        }

    @property
    def settings(self) -> Settings:
        return Settings.from_env(self.env)

    def command(self, *words: str) -> list[str]:
        return [str(BIN / words[0]), *words[1:]]

    def run(self, *words: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a console command of the environment, as in a shell in another folder than the project's."""
        done = subprocess.run(
            self.command(*words),
            env=self.env,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=1500,
            check=False,
        )
        if ok:
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
        return done

    def night(self, source: str, *more: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
        """One night of the smallest size."""
        return self.run(*nightly(source, *more), ok=ok)

    def last_run(self) -> dict[str, StageWork]:
        """The stages that the last run of the open night really did."""
        run_log = RunLog(self.home)
        return run_log.runs(run_log.night)[-1]["stages"]


def nightly(source: str, *more: str) -> list[str]:
    return [
        "pyflyte",
        "run",
        str(ROOT / "workflows/nightly.py"),
        "nightly",
        "--profile",
        "smoke",
        "--source",
        source,
        *more,
    ]


@pytest.fixture(scope="session")
def narrow(tmp_path_factory) -> dict[str, str]:
    """The environment of nights with a narrow generator, whose training and decoding take seconds."""
    folder = write_narrow_llama(PROFILES["smoke"].generator, tmp_path_factory.mktemp("narrow"))
    return {"NIGHTSHIFT_GENERATOR_BASE": f"file:{folder}"}


@pytest.fixture(scope="session")
def company(tmp_path_factory, narrow) -> State:
    """A state after its first night. Tests leave it there: they may run that night again, or fail to run another."""
    state = State(tmp_path_factory.mktemp("company"), narrow)
    state.night(SHOP.format(night=1))
    return state


@pytest.fixture(scope="session")
def later(tmp_path_factory, company) -> State:
    """A copy of that state, two nights on, with the adapters of the first."""
    state = State(tmp_path_factory.mktemp("later") / "copy", company.extra)
    shutil.copytree(company.folder, state.folder)
    for night in (2, 3):
        state.night(SHOP.format(night=night), "--lora", "never")
    return state
