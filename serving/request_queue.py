"""One question at a time on the processor, a few more in the queue, and the next one is told to come back.

    async for event in turns.answer("How long is delivery?"): ...

The assistant computes in a worker thread; its events cross over to the event loop. A customer who leaves, or a turn
that takes longer than the deadline, stops the decoder at its next token.
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

_left: ContextVar[threading.Event | None] = ContextVar("left", default=None)


class Answers(Protocol):
    """An assistant: a question in, events out."""

    def answer(self, question: str) -> Iterator[Event]: ...


class Interruptible:
    """A text generator that falls silent when the customer of the running turn has left."""

    def __init__(self, generator: TextGenerator) -> None:
        self._generator = generator

    def stream(self, prompt: str, max_tokens: int, stop: Sequence[str] = ()) -> Iterator[str]:
        left = _left.get()
        for piece in self._generator.stream(prompt, max_tokens, stop):
            if left is not None and left.is_set():
                return
            yield piece


class RequestQueue:
    """The queue in front of one assistant. Use it from one event loop."""

    def __init__(self, assistant: Answers, waiting: int = WAITING, deadline: float = DEADLINE_SECONDS) -> None:
        self._assistant = assistant
        self._limit = WORKERS + waiting
        self._deadline = deadline
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="turn")
        self.inside = 0

    @property
    def full(self) -> bool:
        """Whether the next question would be refused."""
        return self.inside >= self._limit

    def refuse_if_full(self) -> None:
        """Raise the 503 that tells a client when to come back."""
        if self.full:
            raise Problem(
                503,
                "queue_full",
                f"{self.inside} questions are being answered or wait",
                f"ask again in {RETRY_AFTER_SECONDS} seconds",
                {"Retry-After": str(RETRY_AFTER_SECONDS)},
            )

    async def answer(self, question: str) -> AsyncGenerator[Event, None]:
        """The assistant's events. Raises Problem when the queue is full or the deadline passes.

        Closing the iterator stops the turn and gives its place to the next question.
        """
        self.refuse_if_full()
        loop = asyncio.get_running_loop()
        crossing: asyncio.Queue[Event | BaseException | None] = asyncio.Queue()
        left = threading.Event()
        until = loop.time() + self._deadline

        def work() -> None:
            last: BaseException | None = None
            try:
                for event in self._events(question, left):
                    loop.call_soon_threadsafe(crossing.put_nowait, event)
            except Exception as error:  # noqa: BLE001 - raised again on the other side
                last = error
            loop.call_soon_threadsafe(crossing.put_nowait, last)

        self.inside += 1
        running = loop.run_in_executor(self._workers, work)
        running.add_done_callback(lambda _: self._leave())
        try:
            while (arrived := await asyncio.wait_for(crossing.get(), until - loop.time())) is not None:
                if isinstance(arrived, BaseException):
                    raise arrived
                yield arrived
        except TimeoutError:
            message = f"the answer took longer than {self._deadline:g} seconds"
            raise Problem(504, "too_slow", message, "ask a shorter question, or later") from None
        finally:
            left.set()

    def _events(self, question: str, left: threading.Event) -> Iterator[Event]:
        if left.is_set():  # gave up while waiting
            return
        token = _left.set(left)
        events = self._assistant.answer(question)
        try:
            for event in events:
                if left.is_set():
                    return
                yield event
        finally:
            close = getattr(events, "close", None)
            if close is not None:
                close()
            _left.reset(token)

    def _leave(self) -> None:
        self.inside -= 1

    def close(self) -> None:
        """Let the running turn end and take no further one."""
        self._workers.shutdown(wait=False, cancel_futures=True)
