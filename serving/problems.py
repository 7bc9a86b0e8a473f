"""The error responses of the service: a type, a code, a sentence and a cure, never the customer's text.

{"error": {"type": "invalid_request", "code": "messages_missing", "message": "the request has no messages",
           "cure": "send messages: [{role: user, content: ...}]"}}
"""

from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

_TYPES = {404: "not_found", 405: "invalid_request", 413: "invalid_request", 503: "overloaded", 504: "timeout"}


@dataclass(eq=False)  # not frozen: Python sets the traceback of an exception
class Problem(Exception):
    """An error response with its HTTP status."""

    status: int
    code: str
    message: str
    cure: str
    headers: dict[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, object]:
        """The JSON of this problem, in the shape that OpenAI clients parse."""
        kind = _TYPES.get(self.status, "server_error" if self.status >= 500 else "invalid_request")
        return {"error": {"type": kind, "code": self.code, "message": self.message, "cure": self.cure}}

    def response(self) -> Response:
        return JSONResponse(self.body(), self.status, self.headers)


def invalid(code: str, message: str, cure: str) -> Problem:
    """A 400 for a request that cannot be understood."""
    return Problem(400, code, message, cure)


BROKEN = Problem(
    500, "broken", "the service failed on this question", "ask again; if it stays so, roll the release back"
)


async def problem_response(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response()


async def no_such_path(_: Request, __: Exception) -> Response:
    cure = "POST /v1/chat/completions; GET /v1/release, /healthz, /readyz, /metrics"
    return Problem(404, "no_such_path", "there is nothing at this path", cure).response()


async def wrong_method(_: Request, error: Exception) -> Response:
    allowed = dict(getattr(error, "headers", None) or {})
    method = allowed.get("Allow", "another method")
    return Problem(405, "wrong_method", "this path takes another method", f"use {method}", allowed).response()
