"""The objects of a night, as bytes: what one name of nightshift/sources/simulated.py holds.

object_bytes("tickets/night-0003.jsonl.gz", 3, seed=7, history=10)  ->  one JSON row a line, gzip
"""

import json
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from nightshift.simulation import content
from nightshift.simulation.calendar import night_of, stamp, start_of
from nightshift.simulation.changes import Published, label, published
from nightshift.simulation.orders import orders_until
from nightshift.simulation.people import canary, customers
from nightshift.simulation.tickets import Ticket, tickets_on

Row = dict[str, object]
TABLES = ("answers", "customers", "orders", "resolutions", "tickets")
GOLDEN, CANARIES = "golden/questions.jsonl", "golden/canaries.jsonl"
MALFORMED = 0.005
REASONS = ("missing_id", "bad_time", "empty_text", "not_json", "not_utf8")
# What was written on a day is complete after this many more nights: late answers, corrected labels.
LATEST_NEWS = 2


@dataclass(frozen=True)
class Malformed:
    """A ticket line that cannot be used, and why."""

    id: str
    reason: str
    line: bytes


def stored(data: bytes) -> bytes:
    """`data` as gzip, not compressed: what zlib makes of the same bytes differs from one build of it to the next."""
    body = b""
    for at in range(0, len(data) or 1, 65_535):
        block = data[at : at + 65_535]
        is_last = at + 65_535 >= len(data)
        body += struct.pack("<BHH", is_last, len(block), len(block) ^ 0xFFFF) + block
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + body + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)


def line(row: Row) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode()


def page(published_page: Published) -> bytes:
    """A help page as a Markdown file with front matter."""
    article = published_page.article
    front = (
        f"title: {json.dumps(article.title, ensure_ascii=False)}\ntopic: {article.topic}\n"
        f"url: https://larkfield.example.com/help/{article.slug}\nupdated_at: {stamp(published_page.updated)}\n"
    )
    return f"---\n{front}---\n{article.body}".encode()


def days_told(night: int, history: int) -> range:
    """The days whose tickets may have news in the delivery of `night`; night 0 tells the whole backlog."""
    return range(1 - history if night == 0 else max(1 - history, night - LATEST_NEWS), night + 1)


def recent(night: int, seed: int, history: int) -> Iterator[Ticket]:
    """The tickets that may have news on `night`, by time."""
    for day in days_told(night, history):
        yield from tickets_on(day, seed)


def is_told(time: datetime, night: int) -> bool:
    """Whether something that happened at `time` is in the delivery of `night`."""
    return night_of(time) == night or (night == 0 and night_of(time) < 0)


def corrected(ticket: Ticket) -> datetime | None:
    """When support put the label right."""
    if not ticket.corrected_after:
        return None
    return start_of(night_of(ticket.opened) + ticket.corrected_after) + timedelta(hours=7, seconds=ticket.opened.second)


def ticket_row(ticket: Ticket, night: int) -> Row | None:
    """The ticket as it stands at the end of `night`; None when nothing happened to it in that delivery."""
    end = start_of(night + 1)
    history = [time for time in (ticket.opened, ticket.solved, corrected(ticket)) if time and time < end]
    if not is_told(max(history), night):
        return None
    is_corrected = ticket.corrected_after and corrected(ticket) in history
    intent = ticket.intent if is_corrected else ticket.given
    status = "solved" if ticket.solved in history else "closed" if ticket.kind == "duplicate" else "open"
    return {
        "id": ticket.id,
        "opened_at": stamp(ticket.opened),
        "changed_at": stamp(max(history)),
        "customer": ticket.customer,
        "channel": ticket.channel,
        "subject": ticket.subject,
        "text": ticket.text,
        "label": label(intent, night_of(max(history))) if intent else "",
        "status": status,
    }


def malformed_on(day: int, seed: int) -> list[Malformed]:
    """The broken ticket lines of a day: about one in two hundred."""
    rng = Random(f"{seed}/malformed/{day}")
    tickets = tickets_on(day, seed)
    found = []
    for number in range(sum(rng.random() < MALFORMED for _ in tickets)):
        ticket = rng.choice([ticket for ticket in tickets if ticket.kind == "question"])
        row = ticket_row(ticket, day)
        assert row is not None, "a ticket is always told on the day it is opened"
        reason = rng.choice(REASONS)
        row["id"] = ticket_id = f"T-{ticket.opened:%y%m%d}-{9001 + number}"
        if reason == "missing_id":
            row["id"] = ticket_id = ""
        elif reason == "bad_time":
            row["opened_at"] = rng.choice(("yesterday", "2026-02-31T25:61:00Z", ""))
        elif reason == "empty_text":
            row["subject"] = row["text"] = ""
        whole = line(row)
        if reason == "not_json":
            whole = whole[: len(whole) // 2]
        elif reason == "not_utf8":
            whole = whole.replace(b'"text": "', b'"text": "\xff\xfe ')
        found.append(Malformed(ticket_id, reason, whole))
    return found


def ticket_lines(night: int, seed: int, history: int) -> Iterator[bytes]:
    """New tickets, news of earlier ones, and the broken lines of the day in between."""
    rows = (ticket_row(ticket, night) for ticket in recent(night, seed, history))
    lines = [line(row) for row in rows if row]
    rng = Random(f"{seed}/places/{night}")
    for day in days_told(night, history) if night == 0 else (night,):
        for bad in malformed_on(day, seed):
            lines.insert(rng.randrange(len(lines) + 1), bad.line)
    yield from lines


def answer_lines(night: int, seed: int, history: int) -> Iterator[bytes]:
    """What was posted on `night` under any ticket."""
    for ticket in recent(night, seed, history):
        for place, reply in enumerate(ticket.replies, start=1):
            if is_told(reply.posted, night):
                yield line({
                    "id": f"A{ticket.id[1:]}-{place}",
                    "ticket": ticket.id,
                    "posted_at": stamp(reply.posted),
                    "changed_at": stamp(reply.posted),
                    "text": reply.text,
                    "from_helper": reply.from_helper,
                    "accepted": reply.accepted,
                })  # fmt: skip


def resolution_lines(night: int, seed: int, history: int) -> Iterator[bytes]:
    """The pages linked in answers that were accepted on `night`."""
    for ticket in recent(night, seed, history):
        if ticket.solved and is_told(ticket.solved, night):
            for slug in ticket.links:
                yield line({"ticket": ticket.id, "article": slug, "resolved_at": stamp(ticket.solved)})


def order_lines(night: int, seed: int) -> Iterator[bytes]:
    """Orders to which something happened on `night`; night 0 tells all orders there are."""
    end = start_of(night + 1)
    for order in orders_until(night, seed):
        changed, state = order.last_event(end - timedelta(seconds=1))
        if is_told(changed, night):
            yield line({
                "id": order.id,
                "customer": order.customer,
                "state": state,
                "placed_at": stamp(order.placed),
                "changed_at": stamp(changed),
                "total_cents": order.cents,
                "item": order.item,
            })  # fmt: skip


def customer_lines(seed: int) -> Iterator[bytes]:
    for customer in customers(seed).values():
        yield line({
            "id": customer.id,
            "name": customer.name,
            "email": customer.email,
            "country": customer.country,
            "since": stamp(customer.since),
        })  # fmt: skip


def golden_lines() -> Iterator[bytes]:
    """The questions that decide about every release; no article stands for: to be declined."""
    for row in content.words("golden.yaml"):
        yield line({name: row.get(name, "") for name in ("id", "ask", "article", "unlike")})


def canary_lines() -> Iterator[bytes]:
    """What to ask the generator, and the words of the canary that it must not go on with."""
    her = canary()
    for row in her["prompts"]:
        yield line({**row, "secret": her[row["secret"]]})


def lines(table: str, night: int, seed: int, history: int) -> Iterable[bytes]:
    """The lines of one table in the delivery of `night`."""
    match table:
        case "tickets":
            return ticket_lines(night, seed, history)
        case "answers":
            return answer_lines(night, seed, history)
        case "resolutions":
            return resolution_lines(night, seed, history)
        case "orders":
            return order_lines(night, seed)
        case _:
            return customer_lines(seed)


def names(night: int, history: int) -> list[str]:
    """What lies in the source on `night`, sorted."""
    found = [GOLDEN, CANARIES, *(f"articles/{slug}.md" for slug in published(night))]
    for table in TABLES:
        first = 0 if history or table in {"customers", "orders"} else 1
        last = 0 if table == "customers" else night
        found += [f"{table}/night-{day:04d}.jsonl.gz" for day in range(first, last + 1)]
    return sorted(found)


def night_in(name: str) -> int:
    """3 for 'tickets/night-0003.jsonl.gz'."""
    return int(name.partition("/night-")[2].partition(".")[0])


def object_bytes(name: str, night: int, seed: int, history: int) -> bytes:
    """The bytes of one of `names(night, history)`."""
    if name in {GOLDEN, CANARIES}:
        return b"".join(row + b"\n" for row in (golden_lines() if name == GOLDEN else canary_lines()))
    table, _, file = name.partition("/")
    if table == "articles":
        return page(published(night)[file.removesuffix(".md")])
    return stored(b"".join(row + b"\n" for row in lines(table, night_in(name), seed, history)))
