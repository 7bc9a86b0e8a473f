"""The counters of the service, for Prometheus: GET /metrics.

    nightshift_requests_total{route="/v1/chat/completions",status="2xx"} 41.0
    nightshift_answers_total{source="generated"} 33.0
    nightshift_first_text_seconds_bucket{le="1.0"} 29.0

Every label takes one of a few values that are listed here; neither path nor text of a request becomes a label.
"""

import logging
import sys
import time
import traceback
from collections.abc import Collection

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.problems import BROKEN

_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
log = logging.getLogger("nightshift.serving")


class Metrics:
    """The counters of one app, in a registry of its own."""

    def __init__(self, version: str) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "nightshift_requests", "Requests by route and status class", ["route", "status"], registry=self.registry
        )
        self.answers = Counter("nightshift_answers", "Answers by source", ["source"], registry=self.registry)
        for source in ("generated", "composed", "declined", "handover", "greeting"):
            self.answers.labels(source)
        self.disconnects = Counter(
            "nightshift_customers_left",
            "Customers who disconnected before the answer was whole",
            registry=self.registry,
        )
        self.first_text = Histogram(
            "nightshift_first_text_seconds", "From request to first text", buckets=_SECONDS, registry=self.registry
        )
        self.whole_answer = Histogram(
            "nightshift_answer_seconds", "From request to whole answer", buckets=_SECONDS, registry=self.registry
        )
        self.queue_length = Gauge(
            "nightshift_queue_length", "Questions being answered or waiting", registry=self.registry
        )
        release = Gauge("nightshift_release", "The release that serves", ["version"], registry=self.registry)
        release.labels(version).set(1)


class MetricsMiddleware:
    """ASGI middleware that counts and logs every request, and answers an unexpected error with a typed 500.

    The log line holds route, status and milliseconds. Of an unexpected error the log has type and place, but not the
    message, which might quote a customer.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, routes: Collection[str]) -> None:
        self._app, self._metrics, self._routes = app, metrics, frozenset(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def send_and_note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_note_status)
        except ClientDisconnect:  # no status was sent; it is counted below
            status = 0
        except Exception as error:  # noqa: BLE001 - any error must become a response here
            log_error(error)
            if not status:
                await BROKEN.response()(scope, receive, send_and_note_status)
        finally:
            path = scope["path"].removeprefix(scope.get("root_path", ""))
            route = path if path in self._routes else "other"
            self._metrics.requests.labels(route, f"{status // 100}xx" if status else "none").inc()
            log.info("%s %s %d ms", route, status or "disconnected", (time.perf_counter() - started) * 1000)


def log_error(error: BaseException) -> None:
    """Log an unexpected error's type and place."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    log.error("%s in %s, line %s", type(error).__name__, place.filename, place.lineno)


def log_to_stderr() -> None:
    """Write the service's log to stderr: one line a request."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
