"""One night at a time: a lease in the state folder that a crashed night cannot hold for ever.

    take(settings.home)       # lease.json: {"holder": "build-7:4711", "until": 1768089600.0}
    release(settings.home)

The holder may take its own lease again, so a retried task continues. A lease is free when its process no longer exists
(checked on the same machine only) or when `until`, in seconds since 1970, has passed.
"""

import json
import os
import socket
import time
from pathlib import Path

from nightshift.errors import NightAlreadyRunning
from nightshift.store.atomic import atomic_write

HOURS = 6.0


def current_holder() -> str:
    """Who runs this night: the Flyte execution where there is one, else machine and process."""
    return os.environ.get("FLYTE_INTERNAL_EXECUTION_ID") or f"{socket.gethostname()}:{os.getpid()}"


def take(home: Path, holder: str | None = None) -> None:
    """Take the lease of the state folder `home` for HOURS. Raises NightAlreadyRunning while another holder has it."""
    from filelock import FileLock  # 0.1 s to import, which only the first task of a night needs

    holder = holder or current_holder()
    path = home / "lease.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(home / "lease.lock"):
        if path.exists():
            lease = json.loads(path.read_text())
            if lease["holder"] != holder and not _is_free(lease):
                raise NightAlreadyRunning(
                    f"a night is already running on {home} (held by {lease['holder']})",
                    f"wait for it to end; if it is dead, remove {path}",
                )
        with atomic_write(path) as temporary:
            temporary.write_text(json.dumps({"holder": holder, "until": time.time() + HOURS * 3600}))


def release(home: Path, holder: str | None = None) -> None:
    """Give the lease back; does nothing when another holder has it."""
    path = home / "lease.json"
    if path.exists() and json.loads(path.read_text())["holder"] == (holder or current_holder()):
        path.unlink()


def _is_free(lease: dict[str, str | float]) -> bool:
    if float(lease["until"]) < time.time():
        return True
    machine, _, process = str(lease["holder"]).rpartition(":")
    if machine != socket.gethostname():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
