"""The service over real HTTP, with a scripted assistant."""

import json
import logging
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import uvicorn

from nightshift.answering.assistant import Answered, Citation, Delta, Retrieved
from nightshift.artifacts import Index, Model
from nightshift.release.layout import FORMAT, ReleaseRecord
from serving.app import create_app
from serving.release import Served
from serving.request_queue import Interruptible

CITATION = Citation(1, "standard-delivery", "Standard delivery", "Times", "9c1f", "https://help.example/delivery")


class ScriptedAssistant:
    """An assistant that answers from a script, and on 'slow' writes until it is stopped."""

    def __init__(self):
        self.questions, self.earlier = deque(), deque()
        self.tokens = 0
        self.proceed = threading.Event()
        self._generator = Interruptible(self)

    def stream(self, _prompt, max_tokens, _stop=()):
        for _ in range(max_tokens):
            self.tokens += 1
            time.sleep(0.01)
            yield "word "

    def answer(self, question, earlier=()):
        self.questions.append(question)
        self.earlier.append(list(earlier))
        yield Retrieved((), 0.9)
        if question == "wait":
            self.proceed.wait(10)
        if question == "break":
            raise ValueError(f"cannot answer {question}: ann@example.org")
        if question == "unknown":
            yield Delta("I could not find an answer.")
            yield Answered("I could not find an answer.", (), "declined", ("confidence",))
            return
        if question == "slow":
            for piece in self._generator.stream("", 1_000):
                last = piece
            yield Delta(last)
        yield Delta("Two to four days [1].")
        yield Delta(" It is free from 60 EUR.")
        yield Answered("Two to four days [1]. It is free from 60 EUR.", (CITATION,), "generated", (), 0.91234)


def body(question, **more):
    return {"messages": [{"role": "user", "content": question}], **more}


@pytest.fixture
def assistant():
    return ScriptedAssistant()


@pytest.fixture
def serve(assistant):
    """Starts the app on a free port and gives a client; both are stopped afterwards."""
    running, clients = [], []

    def start(**options):
        index, models = Index("1" * 64, "", "", 41, 12), {"classifiers": Model("classifiers", "3" * 64, "", "")}
        record = ReleaseRecord(FORMAT, index, models, {}, {}, prompts="", reference="", lineage="")
        lineage = {"code": "c0de", "features": {"digest": "5" * 64, "split_at": "2026-01-09"}}
        served = Served(assistant, lambda text: len(text.split()), "9" * 64, record, lineage)
        app = create_app(served, **options)
        server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical"))
        thread = threading.Thread(target=server.run)
        thread.start()
        running.append((server, thread))
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        clients.append(httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20))
        return clients[-1]

    yield start
    assistant.proceed.set()
    for client in clients:
        client.close()
    for server, thread in running:
        server.should_exit = True
        thread.join(20)


@pytest.fixture
def client(serve):
    return serve()


def events(response):
    lines = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def metric(client, line):
    rows = [row for row in client.get("/metrics").text.splitlines() if row.startswith(line + " ")]
    return float(rows[0].split()[-1]) if rows else 0.0


def wait_until(condition):
    until = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < until, "it did not happen within 5 seconds"
        time.sleep(0.02)


def test_one_answer(client):
    """A question gets the whole answer, its citations and the release that gave it."""
    answer = client.post("/v1/chat/completions", json=body("How long?")).json()
    message = answer["choices"][0]["message"]
    assert message["content"] == "Two to four days [1]. It is free from 60 EUR."
    assert (message["citations"][0]["article_id"], message["source"]) == ("standard-delivery", "generated")
    assert message["confidence"] == 0.9123
    assert (answer["system_fingerprint"], answer["choices"][0]["finish_reason"]) == ("9" * 12, "stop")
    assert answer["usage"] == {"prompt_tokens": 2, "completion_tokens": 11, "total_tokens": 13}


def test_a_stream(client):
    """A stream is role first, then text, then why it ended with the citations, then usage without choices."""
    request = body("How long?", stream=True, stream_options={"include_usage": True})
    response = client.post("/v1/chat/completions", json=request)
    assert response.headers["content-type"].startswith("text/event-stream")
    *chunks, usage = events(response)
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert deltas[0] == {"role": "assistant", "content": ""}
    assert "".join(delta.get("content", "") for delta in deltas) == "Two to four days [1]. It is free from 60 EUR."
    assert deltas[-1]["citations"][0]["mark"] == 1
    assert (deltas[-1]["source"], deltas[-1]["confidence"]) == ("generated", 0.9123)
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None, None, None, "stop"]
    assert len({chunk["id"] for chunk in (*chunks, usage)}) == 1
    assert (usage["choices"], usage["usage"]["total_tokens"]) == ([], 13)


def test_the_last_message_is_the_question(client, assistant):
    """Earlier messages are accepted; content may be a list of text parts."""
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "assistant", "content": None},
        {"role": "user", "content": [{"type": "text", "text": "How"}, {"type": "text", "text": "long?"}]},
    ]
    assert client.post("/v1/chat/completions", json={"messages": messages}).status_code == 200
    assert list(assistant.questions) == ["How\nlong?"]


@pytest.mark.parametrize("stream", [True, False])
def test_earlier_questions_of_the_customer_are_passed(client, assistant, stream):
    """The assistant gets the user's earlier messages, oldest first, and neither its own answers nor instructions."""
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "How long is delivery?"},
        {"role": "assistant", "content": "Two to four days [1]."},
        {"role": "user", "content": [{"type": "text", "text": "And to"}, {"type": "text", "text": "islands?"}]},
        {"role": "assistant", "content": None},
        {"role": "user", "content": "And by express?"},
    ]
    client.post("/v1/chat/completions", json={"messages": messages, "stream": stream})
    assert list(assistant.questions) == ["And by express?"]
    assert list(assistant.earlier) == [["How long is delivery?", "And to\nislands?"]]


def test_earlier_questions_count_towards_the_limit(client, assistant):
    """Messages that are too long together are refused, however short the question is."""
    messages = [{"role": "user", "content": "secret" * 1_400}, {"role": "user", "content": "And abroad?"}]
    response = client.post("/v1/chat/completions", json={"messages": messages})
    assert (response.status_code, response.json()["error"]["code"]) == (400, "too_long")
    assert not assistant.questions


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{", "not_json"),
        (b"\xff\xfe", "not_json"),
        (b"[" * 100_000, "not_json"),
        (b'{"messages": [{"role": "user", "content": "\\ud83d"}]}', "not_json"),
        (b"[]", "not_an_object"),
        (b"{}", "messages_missing"),
        (b'{"messages": ["secret"]}', "bad_message"),
        (b'{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}', "bad_message"),
        (b'{"messages": [{"role": "assistant", "content": "secret"}]}', "no_question"),
        (b'{"messages": [{"role": "user", "content": "  "}]}', "no_question"),
        (b'{"messages": [{"role": "user", "content": "secret"}], "stream": "yes"}', "bad_stream"),
        (json.dumps(body("secret" * 1_334)).encode(), "too_long"),
    ],
)
def test_an_invalid_request_names_its_problem(client, assistant, content, code):
    """A wrong request gets a 400 that names what is wrong and a cure, repeats nothing, and asks nobody."""
    response = client.post("/v1/chat/completions", content=content)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["type"]) == (400, code, "invalid_request")
    assert error["cure"]
    assert "secret" not in response.text
    assert not assistant.questions


def test_a_huge_body_is_refused(client):
    """A body larger than any question is refused with 413."""
    response = client.post("/v1/chat/completions", content=b" " * 300_000)
    assert (response.status_code, response.json()["error"]["code"]) == (413, "too_large")


def test_wrong_paths_and_methods_are_errors(client):
    """An unknown path names the known ones; a wrong method names the right one."""
    unknown, wrong = client.get("/v2/secret"), client.get("/v1/chat/completions")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "no_such_path")
    assert (wrong.status_code, wrong.json()["error"]["cure"], wrong.headers["allow"]) == (405, "use POST", "POST")


def test_the_release_and_its_origin_are_shown(client):
    """GET /v1/release gives version, models and lineage; health and readiness name no secret."""
    about = client.get("/v1/release").json()
    assert (about["version"], about["models"]["classifiers"]["digest"]) == ("9" * 12, "3" * 64)
    assert (about["lineage"]["code"], about["lineage"]["features"]) == ("c0de", "5" * 64)
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready", "release": "9" * 12}


def test_metrics_have_few_labels(client):
    """Answers are counted by source, requests by known route and status class, whatever path is asked."""
    for question in ("How long?", "unknown"):
        client.post("/v1/chat/completions", json=body(question))
    client.get("/v1/release/ann@example.org")
    client.get("/%F0%9F%98%80")
    assert metric(client, 'nightshift_answers_total{source="generated"}') == 1
    assert metric(client, 'nightshift_answers_total{source="declined"}') == 1
    assert metric(client, 'nightshift_requests_total{route="/v1/chat/completions",status="2xx"}') == 2
    assert metric(client, 'nightshift_requests_total{route="other",status="4xx"}') == 2
    assert metric(client, "nightshift_first_text_seconds_count") == 2
    assert "example.org" not in client.get("/metrics").text


def test_a_full_queue_says_when_to_come_back(serve, assistant):
    """With one question running and one waiting, the third gets 503 with Retry-After; the others are answered."""
    client = serve(waiting=1)
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(client.post, "/v1/chat/completions", json=body("wait")) for _ in range(2)]
        wait_until(lambda: metric(client, "nightshift_queue_length") == 2)
        refused = client.post("/v1/chat/completions", json=body("How long?"))
        streamed = client.post("/v1/chat/completions", json=body("How long?", stream=True))
        assert client.get("/readyz").status_code == 503
        assistant.proceed.set()
        assert [done.result().status_code for done in waiting] == [200, 200]
    assert (refused.status_code, streamed.status_code, refused.headers["retry-after"]) == (503, 503, "5")
    assert refused.json()["error"]["code"] == "queue_full"
    wait_until(lambda: client.get("/readyz").status_code == 200)


@pytest.mark.parametrize("stream", [True, False])
def test_a_customer_who_leaves_stops_the_decoder(client, assistant, stream):
    """When the connection closes, decoding ends at the next token and the next customer is served."""
    with pytest.raises(httpx.ReadTimeout):
        client.post("/v1/chat/completions", json=body("slow", stream=stream), timeout=0.3)
    wait_until(lambda: metric(client, "nightshift_queue_length") == 0)
    assert 0 < assistant.tokens < 200
    assert metric(client, "nightshift_customers_left_total") == 1
    assert client.post("/v1/chat/completions", json=body("How long?")).status_code == 200


def test_an_answer_has_a_deadline(serve, assistant):
    """An answer beyond the deadline is a typed 504, in a stream an error event, and stops the decoder."""
    client = serve(deadline=0.2)
    late = client.post("/v1/chat/completions", json=body("slow"))
    assert (late.status_code, late.json()["error"]["code"]) == (504, "too_slow")
    wait_until(lambda: metric(client, "nightshift_queue_length") == 0)
    role, error = events(client.post("/v1/chat/completions", json=body("slow", stream=True)))
    assert (role["choices"][0]["delta"]["role"], error["error"]["code"]) == ("assistant", "too_slow")
    wait_until(lambda: metric(client, "nightshift_queue_length") == 0)
    assert assistant.tokens < 200


@pytest.mark.parametrize("stream", [True, False])
def test_an_unexpected_error_shows_no_text_of_the_customer(client, caplog, stream):
    """An unexpected error is a typed 500 or error event; log and answer hold type and place, not the message."""
    caplog.set_level(logging.INFO)
    response = client.post("/v1/chat/completions", json=body("break", stream=stream))
    if stream:
        assert events(response)[-1]["error"]["code"] == "broken"
    else:
        assert (response.status_code, response.json()["error"]["code"]) == (500, "broken")
    assert "ValueError in" in caplog.text
    assert "example.org" not in caplog.text + response.text
    assert client.get("/healthz").status_code == 200
