"""Writes a night of the simulated company as files, with the truth beside them.

nightshift simulate --night 3 --out /tmp/larkfield

The files are what `simulate://shop?night=3` delivers, so `file:///tmp/larkfield?mapping=company` gives the same tables.
Beside them it writes `.truth/night-0000.jsonl` to `night-0003.jsonl`, which no source lists. One row:

    {"ticket_id": "T-260101-0012", "kind": "question", "intent": "delivery_options", "article": "standard-delivery",
     "section": "Cost and the free limit", "missing": "", "order": "", "planted": [["email", "..."]],
     "duplicate_of": "", "initial_intent": "parcel_problem", "corrected_on": 3, "malformed": "",
     "fact": {"groups": [["60 EUR"]], "answer_type": "amount", "polarity": ""}}

kind: question, unanswerable, order_status, injection, duplicate, canary, malformed. `fact` is what a right answer holds
as of that night (gold.py), null where no page answers.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from nightshift.simulation import content, delivery
from nightshift.simulation.calendar import night_of
from nightshift.simulation.gold import fact_of
from nightshift.simulation.tickets import Ticket, tickets_on

POISONED = content.load_yaml("changes.yaml")["poisoned"]["article"]
NIGHT_FILES = "night-[0-9][0-9][0-9][0-9].jsonl.gz"


@dataclass(frozen=True)
class Golden:
    """A question whose answer must cite `article` and hold `must_contain`, or that must be declined.

    `must_contain` is written as in the table golden: alternatives between |, groups between &. `unlike` is the id of a
    similar question that another page answers. `polarity` is the truth of a yes/no question.
    """

    id: str
    ask: str
    article: str = ""
    unlike: str = ""
    must_contain: str = ""
    polarity: str = ""
    decline: bool = False


def golden() -> list[Golden]:
    """The questions of golden.yaml, valid on every night: none is about a page that changes."""
    return [Golden(**row) for row in content.load_yaml("golden.yaml")]


def _truth_of(ticket: Ticket) -> dict[str, object]:
    night = night_of(ticket.opened)
    fact = fact_of(ticket.article, ticket.section, ticket.question, night) if ticket.article else None
    corrected = night + ticket.corrected_after if ticket.corrected_after else None
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
        "initial_intent": ticket.initial_intent,
        "corrected_on": corrected,
        "malformed": "",
        "fact": fact.to_json() if fact else None,
    }


def truth(night: int, seed: int = 7, history: int = 10) -> list[dict[str, object]]:
    """The truth about the ticket lines that are new in the delivery of `night`; night 0 is the backlog."""
    days = range(1 - history, 1) if night == 0 else range(night, night + 1)
    rows = [_truth_of(ticket) for day in days for ticket in tickets_on(day, seed)]
    malformed = [line for day in days for line in delivery.malformed_on(day, seed)]
    return rows + [{"ticket_id": line.id, "kind": "malformed", "malformed": line.reason} for line in malformed]


def write_night(folder: Path, night: int, seed: int = 7, history: int = 10) -> int:
    """Write what the company delivers on `night` into `folder`; returns the number of objects.

    Files with the right bytes are not touched. Files of other nights of the company are removed; any others stay.
    """
    names = delivery.object_names(night, history)
    pages = [folder / f"articles/{slug}.md" for slug in (*content.articles(), POISONED)]
    nights = [path for table in delivery.TABLES for path in folder.glob(f"{table}/{NIGHT_FILES}")]
    for path in [*pages, *nights]:
        if path.relative_to(folder).as_posix() not in names:
            path.unlink(missing_ok=True)
    for name in names:
        _write(folder / name, delivery.object_bytes(name, night, seed, history))
    for day in range(0 if history else 1, night + 1):
        rows = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in truth(day, seed, history))
        _write(folder / ".truth" / f"night-{day:04d}.jsonl", rows.encode())
    return len(names)


def _write(path: Path, content: bytes) -> None:
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
