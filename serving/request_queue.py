"""The queue in front of one assistant: one question is computed, a few wait, the next is refused with Retry-After.

    queue = RequestQueue(assistant, waiting=8, deadline=60.0)
    async for event in queue.answer("How long is delivery?"): ...

The assistant computes in a worker thread and its events are passed to the event loop. When a customer disconnects or
the deadline passes, the decoder stops at its next token.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Protocol

from nightshift.answering.assistant import Event, TextGenerator
from serving.problems import Problem

WORKERS = 1  # the decoder uses every core that it is given
WAITING = 8
DEADLINE_SECONDS = 60.0
RETRY_AFTER_SECONDS = 5

_cancelled: ContextVar[threading.Event | None] = ContextVar("cancelled", default=None)


class Answers(Protocol):
    """An assistant: a question in, events out."""

    def answer(self, question: str, earlier: Sequence[str] = ()) -> Iterator[Event]: ...


class Interruptible:
    """A text generator that stops when the request it answers is cancelled."""

    def __init__(self, generator: TextGenerator) -> None:
        self._generator = generator

    def stream(self, prompt: str, max_tokens: int, stop: Sequence[str] = ()) -> Iterator[str]:
        cancelled = _cancelled.get()
        for piece in self._generator.stream(prompt, max_tokens, stop):
            if cancelled is not None and cancelled.is_set():
                return
            yield piece


class RequestQueue:
    """The queue in front of one assistant. Use it from one event loop.

    `length` counts the questions being answered or waiting.
    """

    def __init__(self, assistant: Answers, waiting: int = WAITING, deadline: float = DEADLINE_SECONDS) -> None:
        self._assistant = assistant
        self._limit = WORKERS + waiting
        self._deadline = deadline
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="answer")
        self.length = 0

    def refuse_if_full(self) -> None:
        """Raise the Problem 503 with Retry-After where the next question has no place."""
        if self.length >= self._limit:
            raise Problem(
                503,
                "queue_full",
                f"{self.length} questions are being answered or wait",
                f"ask again in {RETRY_AFTER_SECONDS} seconds",
                {"Retry-After": str(RETRY_AFTER_SECONDS)},
            )

    async def answer(self, question: str, earlier: Sequence[str] = ()) -> AsyncGenerator[Event, None]:
        """The assistant's events. Raises Problem when the queue is full or the deadline passes.

        Closing the iterator cancels the answer and gives its place to the next question.
        """
        self.refuse_if_full()
        loop = asyncio.get_running_loop()
        events: asyncio.Queue[Event | BaseException | None] = asyncio.Queue()
        cancelled = threading.Event()
        until = loop.time() + self._deadline

        def work() -> None:
            end: BaseException | None = None
            try:
                for event in self._events(question, earlier, cancelled):
                    loop.call_soon_threadsafe(events.put_nowait, event)
            except Exception as error:  # noqa: BLE001 - raised again in the event loop
                end = error
            loop.call_soon_threadsafe(events.put_nowait, end)

        self.length += 1
        running = loop.run_in_executor(self._workers, work)
        running.add_done_callback(lambda _: self._leave())
        try:
            while (event := await asyncio.wait_for(events.get(), until - loop.time())) is not None:
                if isinstance(event, BaseException):
                    raise event
                yield event
        except TimeoutError:
            message = f"the answer took longer than {self._deadline:g} seconds"
            raise Problem(504, "too_slow", message, "ask a shorter question, or later") from None
        finally:
            cancelled.set()

    def _events(self, question: str, earlier: Sequence[str], cancelled: threading.Event) -> Iterator[Event]:
        """The assistant's events, in the worker thread, until `cancelled` is set."""
        if cancelled.is_set():  # while it waited
            return
        token = _cancelled.set(cancelled)
        events = self._assistant.answer(question, earlier)
        try:
            for event in events:
                if cancelled.is_set():
                    return
                yield event
        finally:
            close = getattr(events, "close", None)
            if close is not None:
                close()
            _cancelled.reset(token)

    def _leave(self) -> None:
        self.length -= 1

    def close(self) -> None:
        """Let the running answer end and start no further one."""
        self._workers.shutdown(wait=False, cancel_futures=True)
