"""A real release answers through the service, and its Bento serves by itself."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from nightshift.artifacts import DriftVerdict, Evaluation, EvaluationVerdict
from nightshift.errors import PackagingError
from nightshift.night import Night
from nightshift.registry.bento import build_bento
from nightshift.registry.promotion import promote_or_reject

ROOT = Path(__file__).parents[2]
QUESTION = {"messages": [{"role": "user", "content": "How long does standard delivery take?"}]}


@pytest.fixture
def start(tmp_path):
    """Starts a server command on a free loopback port, waits until it is ready, stops it with all its children."""
    servers = []

    def launch(command, cwd, **environment):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        log = (tmp_path / f"server-{len(servers)}.log").open("w+")
        server = subprocess.Popen(
            [*command, "--port", str(port)],
            cwd=cwd,
            env={"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1", **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        servers.append(server)
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)
        until = time.monotonic() + 120
        while True:
            assert server.poll() is None, Path(log.name).read_text()
            assert time.monotonic() < until, Path(log.name).read_text()
            try:
                if client.get("/readyz").status_code == 200:
                    return client, Path(log.name)
            except httpx.TransportError:
                time.sleep(0.2)

    yield launch
    for server in servers:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(30)


@pytest.mark.slow
def test_the_champion_is_served(home, start):
    """`python -m serving` answers from the promoted release, with a citation of the right article."""
    tree = home.store.put_json({"evaluation.json": home.store.put_json({})})
    judged = Evaluation(tree, home.release.digest, "", EvaluationVerdict.ACCEPTED, DriftVerdict.NO_REFERENCE)
    promote_or_reject(home.release, judged, Night.from_settings(home.settings, home.store))
    command = [sys.executable, "-m", "serving"]
    client, log = start(command, ROOT, NIGHTSHIFT_HOME=str(home.settings.home), NIGHTSHIFT_THREADS="1")
    message = client.post("/v1/chat/completions", json=QUESTION).json()["choices"][0]["message"]
    assert message["citations"][0]["article_id"] == "standard-delivery"
    assert client.get("/v1/release").json()["digest"] == home.release.digest
    streamed = client.post("/v1/chat/completions", json={**QUESTION, "stream": True}).text
    assert streamed.endswith("data: [DONE]\n\n")
    assert "How long" not in log.read_text()


@pytest.mark.slow
def test_the_bento_serves_by_itself(home, start, tmp_path):
    """The packed folder, started as a user would with empty homes, gives the release's own answers and digest."""
    folder = build_bento(home.store.checkout(home.release.digest), tmp_path / "dist", home.release.version)
    assert folder.name == f"support-assistant-{home.release.version}"
    assert "torch" not in (folder / "env/python/requirements.txt").read_text()
    assert (folder / "src/nightshift/models/encoder.py").exists()
    assert not list(folder.rglob("batch_encoder.py"))
    empty = {name: str(tmp_path / name) for name in ("BENTOML_HOME", "NIGHTSHIFT_HOME", "HOME")}
    command = [str(Path(sys.executable).parent / "bentoml"), "serve", str(folder), "--host", "127.0.0.1"]
    client, log = start(command, tmp_path, BENTOML_DO_NOT_TRACK="True", NIGHTSHIFT_THREADS="1", **empty)
    answer = client.post("/v1/chat/completions", json=QUESTION).json()
    assert answer["choices"][0]["message"]["citations"][0]["article_id"] == "standard-delivery"
    assert client.get("/v1/release").json()["digest"] == home.release.digest
    assert 'nightshift_answers_total{source="' in client.get("/metrics").text
    assert client.get("/nowhere").json()["error"]["code"] == "no_such_path"
    assert "How long" not in log.read_text()
    assert not (tmp_path / "NIGHTSHIFT_HOME").exists()


@pytest.mark.slow
def test_a_folder_without_release_cannot_be_packed(tmp_path):
    """A folder that is no release is a PackagingError with the last lines of the builder."""
    with pytest.raises(PackagingError, match="is no release folder"):
        build_bento(tmp_path, tmp_path / "dist", "nothing")


def test_without_a_champion_the_service_says_what_to_do(tmp_path):
    """`python -m serving` on an empty state ends with NoChampion and its cure."""
    environment = {**os.environ, "NIGHTSHIFT_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "serving"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("NoChampion: no release has been promoted yet\n  cure: run a night first")
