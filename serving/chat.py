"""The OpenAI chat format, both ways, as pure functions.

    data: {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": null}], ...}
    data: {"choices": [{"index": 0, "delta": {"content": "Two to four days [1]."}, "finish_reason": null}], ...}
    data: {"choices": [{"index": 0, "delta": {"citations": [{"mark": 1, ...}], "source": "generated"},
                        "finish_reason": "stop"}], ...}
    data: [DONE]

`citations` and `source` are extra keys, which OpenAI clients keep. The last message is the question; what was said
before it is accepted and not used, for every answer rests on its own passages.
"""

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from nightshift.answering.assistant import Answered
from serving.problems import invalid

MODEL = "support-assistant"
LONGEST = 8_000  # characters in all messages together


@dataclass(frozen=True)
class Asked:
    """A request that is understood."""

    question: str
    stream: bool = False
    include_usage: bool = False


def parse(body: bytes) -> Asked:
    """Read a request body. Raises Problem, which names what is wrong and never repeats what was written."""
    try:
        request = json.loads(body)
    except ValueError:
        raise invalid("not_json", "the request body is not JSON", "send a JSON object with messages") from None
    if not isinstance(request, dict):
        raise invalid("not_an_object", "the request body is not a JSON object", "send {messages: [...]}")
    messages = request.get("messages")
    if not isinstance(messages, list) or not messages:
        cure = "send messages: [{role: user, content: ...}]"
        raise invalid("messages_missing", "the request has no messages", cure)
    texts = [_text(message, position) for position, message in enumerate(messages)]
    if sum(map(len, texts)) > LONGEST:
        message = f"the messages hold {sum(map(len, texts)):,} characters, the limit is {LONGEST:,}"
        raise invalid("too_long", message, "ask a shorter question, or leave earlier messages out")
    if messages[-1]["role"] != "user" or not texts[-1].strip():
        raise invalid("no_question", "the last message is not a user's question", "put the question last, as role user")
    stream, options = request.get("stream") or False, request.get("stream_options") or {}
    if not isinstance(stream, bool) or not isinstance(options, dict):
        raise invalid("bad_stream", "stream or stream_options has the wrong type", "send stream: true or false")
    return Asked(texts[-1].strip(), stream, bool(options.get("include_usage")))


def _text(message: object, position: int) -> str:
    """The text of one message; content may be a string or a list of text parts."""
    if isinstance(message, dict) and isinstance(message.get("role"), str):
        content = message.get("content")
        if isinstance(content, str):
            return content
        if content is None and message["role"] != "user":
            return ""  # an assistant turn of tool calls has none
        if isinstance(content, list):
            texts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"]
            if len(texts) == len(content) and all(isinstance(text, str) for text in texts):
                return "\n".join(str(text) for text in texts)
    cure = "each message needs a role and a content that is text, or a list of {type: text, text: ...}"
    raise invalid("bad_message", f"message {position} cannot be read", cure)


@dataclass(frozen=True)
class Reply:
    """The frame that all chunks of one answer share. `count` gives the tokens of a text."""

    release: str
    count: Callable[[str], int]
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def role(self) -> bytes:
        """The first chunk."""
        return self._chunk({"role": "assistant", "content": ""})

    def delta(self, text: str) -> bytes:
        return self._chunk({"content": text})

    def finish(self, answered: Answered) -> bytes:
        """The last chunk with a choice: why it ended, and what the marks stand for."""
        return self._chunk(_extras(answered), "stop")

    def usage(self, question: str, answered: Answered) -> bytes:
        """The chunk that `include_usage` asks for: no choices."""
        return event({**self._frame("chat.completion.chunk"), "choices": [], "usage": self._usage(question, answered)})

    def whole(self, question: str, answered: Answered) -> dict[str, Any]:
        """The answer in one piece."""
        message = {"role": "assistant", "content": answered.text, **_extras(answered)}
        return {
            **self._frame("chat.completion"),
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": self._usage(question, answered),
        }

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return event({**self._frame("chat.completion.chunk"), "choices": [choice]})

    def _frame(self, kind: str) -> dict[str, Any]:
        frame = {"id": self.id, "object": kind, "created": self.created, "model": MODEL}
        return {**frame, "system_fingerprint": self.release}

    def _usage(self, question: str, answered: Answered) -> dict[str, int]:
        """Tokens of the question and of the answer; the passages shown to the model are not the customer's."""
        asked, said = self.count(question), self.count(answered.text)
        return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


DONE = b"data: [DONE]\n\n"


def event(value: dict[str, Any]) -> bytes:
    """One server-sent event."""
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def _extras(answered: Answered) -> dict[str, Any]:
    return {"citations": [asdict(citation) for citation in answered.citations], "source": answered.source}
