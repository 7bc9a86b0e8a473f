"""The service as a Bento runs it: our ASGI application, with BentoML as the launcher.

bentoml serve /absolute/path/of/support-assistant-03fa77de91ab --port 3000

BentoML's own metrics stay off: they are labelled by raw path, an unbounded series. Ours are at /metrics.
"""

import os
from pathlib import Path

import bentoml
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.app import create_app
from serving.metrics import log_to_stderr
from serving.release import open_release

RELEASE = Path(__file__).resolve().parents[1] / "release"
_opened: list[ASGIApp] = []


async def answers(scope: Scope, receive: Receive, send: Send) -> None:
    """Our app, once the worker has opened it: BentoML imports this module in its supervisor too, which needs no models."""
    await _opened[0](scope, receive, send)


@bentoml.service(name="support-assistant", workers=1, metrics={"enabled": False}, traffic={"timeout": 120})
@bentoml.asgi_app(answers, path="/")
class SupportAssistant:
    """One worker, one release; the queue and the deadlines are our own."""

    def __init__(self) -> None:
        log_to_stderr()
        threads = int(os.environ.get("NIGHTSHIFT_THREADS", "0")) or os.cpu_count() or 1
        _opened.append(create_app(open_release(RELEASE, threads)))
