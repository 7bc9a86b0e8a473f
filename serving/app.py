"""The ASGI application of one release.

POST /v1/chat/completions   OpenAI-compatible, with `stream`
GET  /v1/release            which release answers, and where it came from
GET  /healthz  /readyz  /metrics
"""

import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

import anyio
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from nightshift.answering.assistant import Answered, Delta, Event
from serving import chat
from serving.metrics import Metrics, MetricsMiddleware, log_error
from serving.problems import BROKEN, Problem, no_such_path, problem_response, wrong_method
from serving.release import Served
from serving.request_queue import DEADLINE_SECONDS, WAITING, RequestQueue

LARGEST_BODY = 256 * 1024  # bytes: 8,000 characters, each escaped as \uXXXX, are 48,000 bytes


def create_app(served: Served, waiting: int = WAITING, deadline: float = DEADLINE_SECONDS) -> Starlette:
    """The service of one opened release. `waiting` questions may queue; each has `deadline` seconds."""
    service = Service(served, RequestQueue(served.assistant, waiting, deadline), Metrics(served.version))
    routes = [
        Route("/v1/chat/completions", service.complete, methods=["POST"]),
        Route("/v1/release", service.release),
        Route("/healthz", service.health),
        Route("/readyz", service.ready),
        Route("/metrics", service.metrics),
    ]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        service.queue.close()

    return Starlette(
        routes=routes,
        middleware=[Middleware(MetricsMiddleware, metrics=service.counters, routes=[route.path for route in routes])],
        exception_handlers={Problem: problem_response, 404: no_such_path, 405: wrong_method},
        lifespan=lifespan,
    )


class Service:
    """The request handlers of one release, with its queue and its counters."""

    def __init__(self, served: Served, queue: RequestQueue, counters: Metrics) -> None:
        self.served, self.queue, self.counters = served, queue, counters
        counters.queue_length.set_function(lambda: queue.length)

    async def health(self, _: Request) -> Response:
        """200 as long as the process runs."""
        return JSONResponse({"status": "ok"})

    async def ready(self, _: Request) -> Response:
        """200 while questions are accepted, 503 while the queue is full, for a load balancer."""
        self.queue.refuse_if_full()
        return JSONResponse({"status": "ready", "release": self.served.version})

    async def release(self, _: Request) -> Response:
        return JSONResponse(self.served.about())

    async def metrics(self, _: Request) -> Response:
        return Response(generate_latest(self.counters.registry), headers={"content-type": CONTENT_TYPE_LATEST})

    async def complete(self, request: Request) -> Response:
        """Answer the last message: as one JSON object, or as server-sent events."""
        chat_request = chat.parse(await _read_body(request))
        self.queue.refuse_if_full()
        reply = chat.Reply(self.served.version, self.served.count_tokens)
        if chat_request.stream:
            headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
            return StreamingResponse(self._stream(chat_request, reply), media_type="text/event-stream", headers=headers)
        answered = await self._answer_while_connected(request, chat_request)
        return JSONResponse(reply.whole(chat_request.question, answered), headers={"cache-control": "no-store"})

    async def _stream(self, chat_request: chat.ChatRequest, reply: chat.Reply) -> AsyncIterator[bytes]:
        yield reply.role()
        try:
            async with aclosing(self._counted_events(chat_request)) as events:
                async for event in events:
                    if isinstance(event, Delta):
                        yield reply.delta(event.text)
                    elif isinstance(event, Answered):
                        yield reply.finish(event)
                        if chat_request.include_usage:
                            yield reply.usage(chat_request.question, event)
        except Problem as problem:  # the status line has been sent: the error is sent as an event
            yield chat.event(problem.body())
        except Exception as error:  # noqa: BLE001 - likewise; its type and place are logged
            log_error(error)
            yield chat.event(BROKEN.body())
        yield chat.DONE

    async def _answer_while_connected(self, request: Request, chat_request: chat.ChatRequest) -> Answered:
        """The whole answer. Raises ClientDisconnect as soon as the customer has disconnected."""
        answered: list[Answered] = []

        async def cancel_on_disconnect(scope: anyio.CancelScope) -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            scope.cancel()

        try:
            async with anyio.create_task_group() as group:
                group.start_soon(cancel_on_disconnect, group.cancel_scope)
                async with aclosing(self._counted_events(chat_request)) as events:
                    answered = [event async for event in events if isinstance(event, Answered)]
                group.cancel_scope.cancel()
        except BaseExceptionGroup as errors:  # holds one: the task that waits for the disconnect raises none
            raise errors.exceptions[0] from None
        if not answered:
            raise ClientDisconnect
        return answered[0]

    async def _counted_events(self, chat_request: chat.ChatRequest) -> AsyncGenerator[Event, None]:
        """The events of one answer, counted and timed."""
        started, first, ended = time.perf_counter(), True, False
        try:
            async with aclosing(self.queue.answer(chat_request.question, chat_request.earlier)) as events:
                async for event in events:
                    if first and isinstance(event, Delta):
                        first = False
                        self.counters.first_text.observe(time.perf_counter() - started)
                    if isinstance(event, Answered):
                        ended = True
                        self.counters.answers.labels(event.source).inc()
                        self.counters.whole_answer.observe(time.perf_counter() - started)
                    yield event
        except (GeneratorExit, anyio.get_cancelled_exc_class()):
            if not ended:
                self.counters.disconnects.inc()
            raise


async def _read_body(request: Request) -> bytes:
    """The request's body. Raises Problem as soon as it is longer than LARGEST_BODY."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_BODY:
            message = f"the request is larger than {LARGEST_BODY // 1024} KiB"
            raise Problem(413, "too_large", message, "ask a shorter question")
    return bytes(body)
