"""A night of the simulated company as files, with the truth beside them.

nightshift simulate --night 3 --out /tmp/larkfield

writes what `simulate://shop?night=3` delivers, so that `file:///tmp/larkfield?mapping=company` gives the same tables,
and `.truth/night-0000.jsonl` to `night-0003.jsonl`, which no source lists. One row of it:

    {"ticket_id": "T-260101-0012", "kind": "question", "intent": "delivery_options", "article": "standard-delivery",
     "section": "Cost and the free limit", "missing": "", "order": "", "planted": [["email", "..."]], "duplicate_of": "", "given": "parcel_problem",
     "corrected_on": 3, "malformed": ""}

kind: question, unanswerable, order_status, injection, duplicate, canary, malformed.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from nightshift.simulation import content, delivery
from nightshift.simulation.calendar import night_of
from nightshift.simulation.tickets import Ticket, tickets_on

POISONED = content.words("changes.yaml")["poisoned"]["article"]
NIGHT_FILES = "night-[0-9][0-9][0-9][0-9].jsonl.gz"


@dataclass(frozen=True)
class Golden:
    """A question whose answer must come from `article` and hold every text of `must_contain`, or be declined.

    `unlike` is the id of a question that differs by a few words and has another answer.
    """

    id: str
    ask: str
    article: str = ""
    unlike: str = ""
    must_contain: tuple[str, ...] = ()
    decline: bool = False


def golden() -> list[Golden]:
    """The questions of golden.yaml, which hold on every night: none is about a page that changes."""
    rows = content.words("golden.yaml")
    return [Golden(**{**row, "must_contain": tuple(row.get("must_contain", ()))}) for row in rows]


def _truth_of(ticket: Ticket) -> dict[str, object]:
    corrected = night_of(ticket.opened) + ticket.corrected_after if ticket.corrected_after else None
    return {
        "ticket_id": ticket.id,
        "kind": ticket.kind,
        "intent": ticket.intent,
        "article": ticket.article,
        "section": ticket.section,
        "missing": ticket.missing,
        "order": ticket.order,
        "planted": [list(pair) for pair in ticket.planted],
        "duplicate_of": ticket.duplicate_of,
        "given": ticket.given,
        "corrected_on": corrected,
        "malformed": "",
    }


def truth(night: int, seed: int = 7, history: int = 10) -> list[dict[str, object]]:
    """The truth about the ticket lines that are new in the delivery of `night`; night 0 is the backlog."""
    days = range(1 - history, 1) if night == 0 else range(night, night + 1)
    told = [_truth_of(ticket) for day in days for ticket in tickets_on(day, seed)]
    bad = [line for day in days for line in delivery.malformed_on(day, seed)]
    return told + [{"ticket_id": line.id, "kind": "malformed", "malformed": line.reason} for line in bad]


def write_night(folder: Path, night: int, seed: int = 7, history: int = 10) -> int:
    """Make `folder` hold what the company delivers on `night`, and return how many objects that is.

    Files that already hold the right bytes are not touched. Of the files the company could have written, those that
    are not part of this night are removed; nobody else's are.
    """
    wanted = delivery.names(night, history)
    pages = [folder / f"articles/{slug}.md" for slug in (*content.articles(), POISONED)]
    nights = [path for table in delivery.TABLES for path in folder.glob(f"{table}/{NIGHT_FILES}")]
    for path in [*pages, *nights]:
        if path.relative_to(folder).as_posix() not in wanted:
            path.unlink(missing_ok=True)
    for name in wanted:
        _write(folder / name, delivery.object_bytes(name, night, seed, history))
    for told in range(0 if history else 1, night + 1):
        rows = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in truth(told, seed, history))
        _write(folder / ".truth" / f"night-{told:04d}.jsonl", rows.encode())
    return len(wanted)


def _write(path: Path, content: bytes) -> None:
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
