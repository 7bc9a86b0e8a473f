"""The simulated source: its objects on a night, byte for byte."""

import gzip
import hashlib
import json
import random
import subprocess
import sys
import time
from collections import Counter

import pytest

from nightshift.errors import SettingsError, SourceError
from nightshift.settings import Settings
from nightshift.simulation import delivery
from nightshift.simulation.simulate import truth, write_night
from nightshift.simulation.tickets import tickets_on
from nightshift.sources.simulated import PARAMETERS, SimulatedSource


def source(night: int, seed: int = 7, history: int = 10) -> SimulatedSource:
    return SimulatedSource(f"simulate://shop?night={night}&seed={seed}&history={history}", Settings.from_env({}))


def everything(shop: SimulatedSource) -> dict[str, bytes]:
    return {item.name: shop.read(item.name) for item in shop.objects()}


def rows(shop: SimulatedSource, name: str) -> list[dict]:
    """The well-formed rows of a file."""
    parsed = []
    for line in gzip.decompress(shop.read(name)).splitlines():
        try:
            parsed.append(json.loads(line))
        except ValueError:
            continue
    return parsed


def test_objects_are_the_same_bytes_in_another_process():
    """A process with another hash seed makes the same bytes."""
    program = (
        "import hashlib\n"
        "from nightshift.settings import Settings\n"
        "from nightshift.sources.simulated import SimulatedSource\n"
        "shop = SimulatedSource('simulate://shop?night=2&history=2', Settings.from_env({}))\n"
        "sha = hashlib.sha256()\n"
        "for item in shop.objects():\n"
        "    sha.update(item.name.encode() + item.etag.encode() + shop.read(item.name))\n"
        "print(sha.hexdigest())\n"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_objects_of_a_night_stay_in_later_nights():
    """The objects of night 3 are unchanged on night 12, except for pages."""
    earlier, later = source(3), source(12)
    etags = {item.name: item.etag for item in later.objects()}
    for item in earlier.objects():
        if not item.name.startswith("articles/"):
            assert etags[item.name] == item.etag
            assert later.read(item.name) == earlier.read(item.name)


def test_order_in_which_nights_are_read_does_not_matter():
    """No cache depends on which nights were read earlier."""
    names = [f"{table}/night-0005.jsonl.gz" for table in ("tickets", "answers", "orders")]
    forward = [source(5).read(name) for name in names]
    source(9).read("tickets/night-0009.jsonl.gz")
    assert [source(5).read(name) for name in reversed(names)] == forward[::-1]


def test_seed_changes_the_tickets_and_their_etags():
    """Two seeds are two companies with the same help pages."""
    first, second = source(1, seed=7), source(1, seed=8)
    name = "tickets/night-0001.jsonl.gz"
    assert first.read(name) != second.read(name)
    assert {i.name: i.etag for i in first.objects()}[name] != {i.name: i.etag for i in second.objects()}[name]
    assert first.read("articles/standard-delivery.md") == second.read("articles/standard-delivery.md")


def test_counts_of_the_first_night():
    """Night 1 holds 500 customers, 1,000 orders and the tickets of eleven days."""
    shop = source(1)
    assert len(rows(shop, "customers/night-0000.jsonl.gz")) == 500
    assert len({row["id"] for row in rows(shop, "orders/night-0000.jsonl.gz")}) == 1_000
    tickets = rows(shop, "tickets/night-0000.jsonl.gz") + rows(shop, "tickets/night-0001.jsonl.gz")
    assert 1_900 < len({row["id"] for row in tickets}) < 2_500


@pytest.mark.parametrize("night", range(2, 16))
def test_nights_bring_between_150_and_260_tickets(night):
    """Every later night brings about 200 new tickets, and each is in the truth."""
    new = [row for row in truth(night) if row["kind"] != "malformed"]
    assert 145 <= len(new) <= 255
    delivered = {row["id"] for row in rows(source(night), f"tickets/night-{night:04d}.jsonl.gz")}
    assert {row["ticket_id"] for row in new} <= delivered


def test_first_night_is_made_quickly():
    """Listing and reading night 1 with its backlog takes a fresh process little time."""
    program = (
        "from nightshift.settings import Settings\n"
        "from nightshift.sources.simulated import SimulatedSource\n"
        "shop = SimulatedSource('simulate://shop?night=1', Settings.from_env({}))\n"
        "import time; started = time.process_time()\n"
        "[shop.read(item.name) for item in shop.objects()]\n"
        "print(time.process_time() - started)\n"
    )
    spent = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env={})
    assert float(spent.stdout) < 4  # 1.2 s on a quiet machine


def test_listing_a_late_night_makes_no_tickets(monkeypatch):
    """The objects of night 300 are listed without generating one ticket."""
    monkeypatch.setattr(delivery, "tickets_on", lambda *_: pytest.fail("tickets were generated"))
    started = time.process_time()
    assert len(source(300).objects()) > 1_200
    assert time.process_time() - started < 2


def test_truth_is_never_among_the_objects(tmp_path):
    """No object has the name of the truth or holds a column of it; write_night puts it into a folder of its own."""
    shop = source(2, history=1)
    assert not [item.name for item in shop.objects() if item.name.startswith(".") or "truth" in item.name]
    for name, content in everything(shop).items():
        text = gzip.decompress(content) if name.endswith(".gz") else content
        assert b"duplicate_of" not in text
        assert b'"kind"' not in text
        assert b"intent:" not in text
    write_night(tmp_path, 2, history=1)
    assert len((tmp_path / ".truth" / "night-0002.jsonl").read_text().splitlines()) == len(truth(2))


def test_written_night_is_the_simulated_night(tmp_path):
    """The folder of `nightshift simulate` holds the same objects, also after it was moved on and back again."""
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "mine.md").write_text("not Larkfield's")
    for night in (2, 11, 3):
        assert write_night(tmp_path, night, history=2) == len(source(night, history=2).objects())
        files = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.glob("[!.]*/*")}
        assert files.pop("articles/mine.md") == b"not Larkfield's"
        assert files == everything(source(night, history=2))


def test_gzip_can_be_read_and_is_not_compressed():
    """The gzip files hold stored blocks only, which are the same for every build of zlib."""
    data = random.Random(0).randbytes(200_000)
    for content in (b"", b"a", data[:65_535], data[:65_536], data):
        assert gzip.decompress(delivery.stored_gzip(content)) == content
    assert (
        hashlib.sha256(delivery.stored_gzip(b"larkfield")).hexdigest()
        == "5fded888a46a7178611662a01e9288e4c067efeb13c791c8f777145d05d9e478"
    )


def test_backlog_can_be_left_out():
    """With history=0 there are earlier customers and orders, but no earlier tickets."""
    names = [item.name for item in source(1, history=0).objects()]
    assert "customers/night-0000.jsonl.gz" in names
    assert "tickets/night-0000.jsonl.gz" not in names
    days = {row["id"][2:8] for row in rows(source(1, history=0), "tickets/night-0001.jsonl.gz") if row["id"]}
    assert days == {"260101"}


@pytest.mark.parametrize("seed", [7, 11, 23])
def test_the_longest_backlog_is_delivered_whole(seed):
    """Thirty days before the first night there were orders already, and every ticket has one to ask about."""
    first = 1 - PARAMETERS["history"][2]
    assert all(ticket.text for ticket in tickets_on(first, seed))


def test_every_row_belongs_to_something_that_is_there():
    """Answers and resolutions name tickets that came before them or with them; orders name customers."""
    shop = source(4, history=2)
    held = {name: rows(shop, name) for name in everything(shop) if name.endswith(".gz")}
    tickets = {row["id"] for name, part in held.items() if name.startswith("tickets") for row in part}
    customers = {row["id"] for row in held["customers/night-0000.jsonl.gz"]}
    pages = {
        item.name[9:-3] for night in (1, 4) for item in source(night).objects() if item.name.startswith("articles")
    }
    for name, part in held.items():
        if name.startswith(("answers", "resolutions")):
            assert {row["ticket"] for row in part} <= tickets
        if name.startswith("resolutions"):
            assert {row["article"] for row in part} <= pages
        if name.startswith("orders"):
            assert {row["customer"] for row in part} <= customers


def test_a_later_row_of_a_ticket_is_newer():
    """Tickets and orders that come again carry a later changed_at, within the night that tells them."""
    for table in ("tickets", "orders"):
        changed: dict[str, str] = {}
        for night in range(6):
            for row in rows(source(5), f"{table}/night-{night:04d}.jsonl.gz"):
                if row["id"]:
                    assert changed.get(row["id"], "") < row["changed_at"]
                    changed[row["id"]] = row["changed_at"]
                    if night:
                        assert row["changed_at"].startswith(f"2026-01-{night:02d}")


def test_resolutions_are_most_of_the_answerable_tickets():
    """About three in four questions that a page answers end with a link to the right page."""
    answerable = {row["ticket_id"]: row["article"] for row in truth(0) if row["kind"] == "question"}
    linked = Counter()
    for night in (0, 1):
        for row in rows(source(1), f"resolutions/night-{night:04d}.jsonl.gz"):
            linked[row["ticket"]] += answerable.get(row["ticket"]) == row["article"]
    assert 0.7 < sum(linked[ticket] for ticket in answerable) / len(answerable) < 0.8


@pytest.mark.parametrize(
    "url",
    [
        "simulate://warehouse?night=1",
        "simulate://shop?night=0",
        "simulate://shop?night=two",
        "simulate://shop?night=",
        "simulate://shop?nights=3",
        "simulate://shop?history=-1",
    ],
)
def test_invalid_urls_are_refused(url):
    """A wrong parameter is refused with a cure."""
    with pytest.raises(SettingsError) as caught:
        SimulatedSource(url, Settings.from_env({}))
    assert caught.value.cure


def test_an_object_of_another_night_is_refused():
    """An object that is not listed on a night cannot be read on it."""
    for name in ("tickets/night-0002.jsonl.gz", "articles/nothing.md", ".truth/night-0001.jsonl", "../content.py"):
        with pytest.raises(SourceError):
            source(1).read(name)


def test_as_of_is_the_end_of_the_day():
    """Night 1 ends with the first of January, UTC."""
    assert source(1).as_of().isoformat() == "2026-01-02T00:00:00+00:00"
    assert source(31).as_of().isoformat() == "2026-02-01T00:00:00+00:00"
