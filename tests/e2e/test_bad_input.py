"""What bad input gets: the name of the error, the thing, the cure.

`pyflyte run` shows the text of the error, which two tests hold; the others call the lake as the task does.
"""

import gzip
import json
import shutil

import pytest

from nightshift.errors import BaseModelMissing, NightshiftError
from nightshift.lake import ingest
from nightshift.night import Night
from nightshift.registry import mlflow as registry
from nightshift.sources import open_source
from nightshift.store import lease
from nightshift.store.base_models import resolve

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shop(tmp_path_factory, company):
    """The simulated company as files that a test may spoil."""
    folder = tmp_path_factory.mktemp("shop")
    company.run("nightshift", "simulate", "--out", str(folder), "--history", "1")
    return folder


@pytest.fixture
def spoiled(shop, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(shop, copy)
    return copy


def assert_refused(company, source: str, *words: str) -> str:
    """The lake refuses the source, the text of the error holds the words, and the champion stays."""
    champion = registry.serving(company.settings)
    night = Night.from_settings(company.settings)
    with pytest.raises(NightshiftError) as caught:
        ingest(open_source(source, night.settings), night)
    return assert_explained(company, champion, f"{type(caught.value).__name__}: {caught.value}", words)


def assert_refused_by_pyflyte(company, source: str, *words: str) -> str:
    """The same through `pyflyte run` in its own process, which fails."""
    champion = registry.serving(company.settings)
    done = company.run(
        "pyflyte", "run", str(company.project / "tasks/ingest.py"), "ingest", "--source", source, ok=False
    )
    assert done.returncode != 0, done.stdout + done.stderr
    return assert_explained(company, champion, done.stdout + done.stderr, words)


def assert_explained(company, champion, text: str, words: tuple[str, ...]) -> str:
    assert "cure:" in text
    for word in words:
        assert word in text, text[-3000:]
    assert registry.serving(company.settings) == champion
    return text


def test_a_truncated_file(company, spoiled):
    """A file that ends too early is named."""
    path = spoiled / "tickets" / "night-0001.jsonl.gz"
    path.write_bytes(path.read_bytes()[:-200])
    assert_refused_by_pyflyte(
        company, f"file://{spoiled}?mapping=company", "UnreadableFile", "tickets/night-0001.jsonl.gz"
    )


def test_a_missing_column(company, spoiled):
    """A column the mapping wants and no row of the file has is named, with those there are."""
    path = spoiled / "orders" / "night-0001.jsonl.gz"
    with gzip.open(path, "rt") as file:
        rows = [json.loads(line) for line in file if line.strip().startswith("{")]
    lost = next(key for key in rows[0] if "id" in key)
    with gzip.open(path, "wt") as file:
        file.writelines(json.dumps({k: v for k, v in row.items() if k != lost}) + "\n" for row in rows)
    assert_refused(company, f"file://{spoiled}?mapping=company", "MissingColumn", lost, "night-0001")


def test_an_unknown_mapping_key(company, spoiled, tmp_path):
    """A key the mapping language lacks is named, with the one that was probably meant."""
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("tables:\n  tickets:\n    fils: '*.csv'\n    columns: {}\n")
    assert_refused(company, f"file://{spoiled}?mapping={mapping}", "MappingError", "fils", "files")


def test_an_empty_delivery(company, tmp_path):
    """A folder that holds nothing is refused rather than taken for a company that lost everything."""
    empty = tmp_path / "empty"
    empty.mkdir()
    assert_refused(company, f"file://{empty}?mapping=company", "EmptyDelivery")


def test_a_folder_that_is_not_there(company, tmp_path):
    """An absent folder is named."""
    assert_refused(company, f"file://{tmp_path / 'nowhere'}?mapping=company", "SourceError", "nowhere")


def test_too_many_bad_rows(company, spoiled):
    """A delivery of rubbish stops the run and says what was wrong with it, without showing a row."""
    path = spoiled / "tickets" / "night-0001.jsonl.gz"
    with gzip.open(path, "rt") as file:
        row = json.loads(next(file))
    with gzip.open(path, "wt") as file:
        file.writelines(json.dumps(row | {"id": "", "body": "secret words"}) + "\n" for _ in range(400))
    text = assert_refused(
        company, f"file://{spoiled}?mapping=company", "TooManyBadRows", "400 missing key", "night-0001"
    )
    assert "secret words" not in text


def test_two_nights_at_once(company):
    """While a live process holds the lease a second night is refused, and names the file."""
    lease.take(company.home)
    try:
        assert_refused_by_pyflyte(company, "simulate://shop?night=40&history=4", "NightAlreadyRunning", "lease.json")
    finally:
        lease.release(company.home)


def test_an_absent_base_model(company, tmp_path):
    """Without the wheel of a base model the error names it and the command that brings it."""
    with pytest.raises(BaseModelMissing, match="make models"):
        resolve("pypi:no-such-wheel/no_such_wheel/model")
