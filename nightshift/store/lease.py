"""One night at a time: a lease in the state folder that a crashed night cannot hold for ever.

    lease.json  {"holder": "build-7:4711", "until": 1768089600.0}

The holder may take its own lease again, so a retried task goes on. A lease is free when its process is gone
(seen on the same machine) or its time is over.
"""

import json
import os
import socket
import time
from pathlib import Path

from nightshift.errors import NightAlreadyRunning
from nightshift.store.atomic import atomic_write

HOURS = 6.0


def holder() -> str:
    """Who runs this night: the Flyte execution where there is one, else machine and process."""
    return os.environ.get("FLYTE_INTERNAL_EXECUTION_ID") or f"{socket.gethostname()}:{os.getpid()}"


def take(home: Path, who: str | None = None) -> None:
    """Take the lease of this state, or raise NightAlreadyRunning. The holder may take it again."""
    who = who or holder()
    path = home / "lease.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = home / "lease.lock"
    with lock.open("w") as handle:
        _exclusive(handle.fileno())
        if path.exists():
            held = json.loads(path.read_text())
            if held["holder"] != who and not _free(held):
                raise NightAlreadyRunning(
                    f"a night is already running on {home} (held by {held['holder']})",
                    f"wait for it to end; if it is dead, remove {path}",
                )
        with atomic_write(path) as temporary:
            temporary.write_text(json.dumps({"holder": who, "until": time.time() + HOURS * 3600}))


def release(home: Path, who: str | None = None) -> None:
    """Give the lease back; nothing happens when somebody else holds it."""
    path = home / "lease.json"
    if path.exists() and json.loads(path.read_text())["holder"] == (who or holder()):
        path.unlink()


def _exclusive(descriptor: int) -> None:
    import fcntl  # POSIX only, and so is the embedded default

    fcntl.flock(descriptor, fcntl.LOCK_EX)


def _free(held: dict[str, str | float]) -> bool:
    if float(held["until"]) < time.time():
        return True
    machine, _, process = str(held["holder"]).rpartition(":")
    if machine != socket.gethostname():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
