"""The service as a Bento runs it: our ASGI application, with BentoML as the launcher.

bentoml serve /absolute/path/of/support-assistant-03fa77de91ab --port 3000

BentoML's own metrics stay off: they are labelled by raw path, which makes an unbounded number of series. Ours are at
/metrics.
"""

import os
from pathlib import Path

import bentoml
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.app import create_app
from serving.metrics import log_to_stderr
from serving.release import open_release

RELEASE = Path(__file__).resolve().parents[1] / "release"
_apps: list[ASGIApp] = []


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """The app that the worker has opened. BentoML imports this module in its supervisor too, which needs no models."""
    await _apps[0](scope, receive, send)


@bentoml.service(name="support-assistant", workers=1, metrics={"enabled": False}, traffic={"timeout": 120})
@bentoml.asgi_app(application, path="/")
class SupportAssistant:
    """One worker with one release. Queue and deadlines are those of serving/request_queue.py."""

    def __init__(self) -> None:
        log_to_stderr()
        threads = int(os.environ.get("NIGHTSHIFT_THREADS", "0")) or os.cpu_count() or 1
        _apps.append(create_app(open_release(RELEASE, threads)))
