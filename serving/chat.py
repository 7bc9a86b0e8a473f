"""The OpenAI chat format, both ways, as pure functions.

    data: {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": null}], ...}
    data: {"choices": [{"index": 0, "delta": {"content": "Two to four days [1]."}, "finish_reason": null}], ...}
    data: {"choices": [{"index": 0, "delta": {"citations": [{"mark": 1, ...}], "source": "generated"},
                        "finish_reason": "stop"}], ...}
    data: [DONE]

`citations`, `source` and `confidence` are extra keys, which OpenAI clients pass on. The last message is the question;
the user's earlier messages are what a follow-up question may refer to.
"""

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, StrictBool, ValidationError, model_validator

from nightshift.answering.assistant import Answered
from serving.problems import Problem, invalid

MODEL = "support-assistant"
LONGEST = 8_000  # characters in all messages together


class TextPart(BaseModel):
    """One part of a message's content; an image or a file is no text and is refused."""

    type: Literal["text"]
    text: str


class Message(BaseModel):
    """One message of the conversation. Only an assistant's or a tool's may lack content."""

    role: str
    content: str | list[TextPart] | None = None

    @model_validator(mode="after")
    def _user_has_content(self) -> Self:
        if self.role == "user" and self.content is None:
            raise ValueError("a user's message has no content")
        return self

    @property
    def text(self) -> str:
        """The content as one text, parts on lines of their own."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content)
        return self.content or ""


class StreamOptions(BaseModel):
    """`include_usage` asks for a last chunk with token counts."""

    include_usage: Any = False


def _check_messages(messages: list[Message]) -> list[Message]:
    """Raise Problem unless the messages are short enough and end with a user's question."""
    length = sum(len(message.text) for message in messages)
    if length > LONGEST:
        sentence = f"the messages hold {length:,} characters, the limit is {LONGEST:,}"
        raise invalid("too_long", sentence, "ask a shorter question, or leave earlier messages out")
    if messages[-1].role != "user" or not messages[-1].text.strip():
        raise invalid("no_question", "the last message is not a user's question", "put the question last, as role user")
    return messages


class ChatRequest(BaseModel):
    """A request body. A null or empty `stream` and `stream_options` mean the default, as in OpenAI's API."""

    messages: Annotated[list[Message], Field(min_length=1), AfterValidator(_check_messages)]
    stream: Annotated[StrictBool, BeforeValidator(lambda value: value or False)] = False
    stream_options: Annotated[StreamOptions, BeforeValidator(lambda value: value or {})] = StreamOptions()

    @property
    def question(self) -> str:
        """The text of the last message."""
        return self.messages[-1].text.strip()

    @property
    def earlier(self) -> list[str]:
        """The user's messages before the question, oldest first."""
        return [message.text for message in self.messages[:-1] if message.role == "user"]

    @property
    def include_usage(self) -> bool:
        return bool(self.stream_options.include_usage)


def parse(body: bytes) -> ChatRequest:
    """Read a request body. Raises Problem, which names what is wrong and never repeats the customer's text."""
    try:
        return ChatRequest.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise _problem(first["type"], first["loc"]) from None


def _problem(kind: str, location: tuple[int | str, ...]) -> Problem:
    """Our wording for pydantic's error of this kind at this place of the request."""
    match location:
        case () if kind == "json_invalid":
            return invalid("not_json", "the request body is not JSON", "send a JSON object with messages")
        case ():
            return invalid("not_an_object", "the request body is not a JSON object", "send {messages: [...]}")
        case ("messages",):
            cure = "send messages: [{role: user, content: ...}]"
            return invalid("messages_missing", "the request has no messages", cure)
        case ("messages", position, *_):
            cure = "each message needs a role and a content that is text, or a list of {type: text, text: ...}"
            return invalid("bad_message", f"message {position} cannot be read", cure)
        case _:
            sentence = "stream or stream_options has the wrong type"
            return invalid("bad_stream", sentence, "send stream: true or false")


@dataclass(frozen=True)
class Reply:
    """The fields that all chunks of one answer share. `count` gives the number of tokens of a text."""

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
        """The last chunk with a choice: the finish reason, the source, and the citation of each mark."""
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
        prompt, completion = self.count(question), self.count(answered.text)
        return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


DONE = b"data: [DONE]\n\n"


def event(value: dict[str, Any]) -> bytes:
    """One server-sent event."""
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def _extras(answered: Answered) -> dict[str, Any]:
    return {
        "citations": [asdict(citation) for citation in answered.citations],
        "source": answered.source,
        "confidence": round(answered.confidence, 4),
    }
