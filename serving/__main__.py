"""Serve the champion on this machine.

python -m serving [--port 3000] [--host 127.0.0.1]
"""

import argparse
import sys

import uvicorn

from nightshift.errors import NightshiftError
from nightshift.progress import log
from nightshift.registry import mlflow as registry
from nightshift.settings import Settings
from nightshift.store import open_store
from serving.app import create_app
from serving.metrics import log_to_stderr
from serving.release import open_release


def main() -> int:
    """Open the champion and serve it until interrupted; without a champion print the error and return 1."""
    parser = argparse.ArgumentParser(prog="python -m serving", description="Serve the promoted release.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=3000)
    arguments = parser.parse_args()
    settings = Settings.from_env()
    try:
        champion = registry.serving(settings)
        log(f"opening release {champion.digest[:12]} (version {champion.version})")
        served = open_release(open_store(settings.store).checkout(champion.digest), settings.threads)
    except NightshiftError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    log_to_stderr()
    log(f"listening on http://{arguments.host}:{arguments.port}")
    uvicorn.run(create_app(served), host=arguments.host, port=arguments.port, log_level="warning", access_log=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
