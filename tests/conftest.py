"""Fixtures and environment of all tests: the public data where it is present, and threads that wait asleep."""

import os
from pathlib import Path

import pytest

# Threads of torch wait asleep: on a busy machine they spin through more than half of the CPU time, in nights too.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of public data sets; tests skip where it is absent."""
    folder = Path(os.environ.get("NIGHTSHIFT_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "README.md").exists():
        pytest.skip(f"no public data at {folder}; set NIGHTSHIFT_SHARED_DATA to the folder that holds it")
    return folder
