"""The lease: one night at a time, and a dead process cannot hold it."""

import json
import socket
import subprocess
import sys

import pytest

from nightshift.errors import NightAlreadyRunning
from nightshift.store import lease


def test_a_second_night_is_refused_while_the_first_lives(tmp_path):
    """Another live process gets NightAlreadyRunning, which names the holder and the file."""
    lease.take(tmp_path)
    with pytest.raises(NightAlreadyRunning, match=r"lease\.json"):
        lease.take(tmp_path, holder="other-machine:1")


def test_the_holder_may_take_it_again_and_give_it_back(tmp_path):
    """A retried task of the same night goes on; afterwards the lease is free."""
    lease.take(tmp_path)
    lease.take(tmp_path)
    lease.release(tmp_path)
    assert not (tmp_path / "lease.json").exists()
    lease.take(tmp_path, holder="other-machine:1")
    assert json.loads((tmp_path / "lease.json").read_text())["holder"] == "other-machine:1"


def test_the_lease_of_a_dead_process_is_free(tmp_path):
    """The lease of a process that is gone is taken over."""
    child = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    dead = f"{socket.gethostname()}:{int(child.stdout)}"
    lease.take(tmp_path, holder=dead)
    lease.take(tmp_path)
    assert json.loads((tmp_path / "lease.json").read_text())["holder"] == lease.current_holder()


def test_an_expired_lease_is_free(tmp_path):
    """A holder on another machine keeps it until its time is over, not longer."""
    (tmp_path / "lease.json").write_text(json.dumps({"holder": "other-machine:1", "until": 0.0}))
    lease.take(tmp_path)
    assert json.loads((tmp_path / "lease.json").read_text())["holder"] == lease.current_holder()


def test_the_lease_of_another_holder_is_not_given_back(tmp_path):
    """Releasing the lease of another holder changes nothing."""
    lease.take(tmp_path, holder="other-machine:1")
    lease.release(tmp_path)
    assert (tmp_path / "lease.json").exists()
