"""A promoted release as a Bento: `dist/support-assistant-03fa77de91ab`, a folder that serves by itself.

    folder = build_bento(store.checkout(release.digest), Path("dist"), release.version)
    # then anywhere with its requirements installed:  bentoml serve /absolute/path/of/that/folder

The builder, serving/bento.py, runs as a process of its own; this starts it.
"""

import os
import subprocess
import sys
from pathlib import Path

from nightshift.errors import PackagingError
from nightshift.progress import log

LIMIT_SECONDS = 600
_ROOT = Path(__file__).resolve().parents[2]
_LAST_LINES = 8


def build_bento(release_folder: Path, out_dir: Path, version: str) -> Path:
    """Build the Bento of a release folder; returns the folder that serves. Raises PackagingError."""
    log(f"    bento  packing release {version}")
    command = [sys.executable, "-m", "serving.bento", str(release_folder.absolute()), str(out_dir.absolute()), version]
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    try:
        done = subprocess.run(
            command, cwd=_ROOT, env=environment, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise PackagingError(
            f"packing release {version} took longer than {LIMIT_SECONDS} seconds",
            "look at the load and the disk of this machine, then run the night again",
        ) from None
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-_LAST_LINES:])
        raise PackagingError(
            f"release {version} could not be packed; its last lines:\n{last}",
            "put right what it names and run the night again; the release itself is safe and may serve from the store",
        )
    folder = Path(done.stdout.strip().splitlines()[-1])
    log(f"    bento  {folder}")
    return folder
