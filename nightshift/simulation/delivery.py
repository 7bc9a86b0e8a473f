"""The objects of a night as bytes; nightshift/sources/simulated.py describes their rows.

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
from nightshift.simulation.calendar import night_of, start_of, timestamp
from nightshift.simulation.changes import Published, label, published
from nightshift.simulation.gold import delivered_contrast
from nightshift.simulation.orders import orders_until
from nightshift.simulation.people import canary, customers
from nightshift.simulation.tickets import Ticket, tickets_on

Row = dict[str, object]
TABLES = ("answers", "customers", "orders", "resolutions", "tickets")
GOLDEN_COLUMNS = ("id", "ask", "article", "unlike", "must_contain", "polarity")
GOLDEN, CANARIES = "golden/questions.jsonl", "golden/canaries.jsonl"
MALFORMED = 0.005
REASONS = ("missing_id", "bad_time", "empty_text", "not_json", "not_utf8")
# For so many further nights a ticket may have news: a late answer, a corrected label.
NIGHTS_WITH_NEWS = 2


@dataclass(frozen=True)
class Malformed:
    """A malformed ticket line and the reason, one of REASONS."""

    id: str
    reason: str
    line: bytes


def stored_gzip(data: bytes) -> bytes:
    """`data` as gzip without compression: the output of zlib differs between its builds."""
    body = b""
    for start in range(0, len(data) or 1, 65_535):
        block = data[start : start + 65_535]
        is_last = start + 65_535 >= len(data)
        body += struct.pack("<BHH", is_last, len(block), len(block) ^ 0xFFFF) + block
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + body + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)


def json_line(row: Row) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode()


def article_bytes(page: Published) -> bytes:
    """A help page as a Markdown file with front matter."""
    article = page.article
    front = (
        f"title: {json.dumps(article.title, ensure_ascii=False)}\ntopic: {article.topic}\n"
        f"url: https://larkfield.example.com/help/{article.slug}\nupdated_at: {timestamp(page.updated)}\n"
    )
    return f"---\n{front}---\n{article.body}".encode()


def days_with_news(night: int, history: int) -> range:
    """The days whose tickets may have news in the delivery of `night`; night 0 delivers the whole backlog."""
    return range(1 - history if night == 0 else max(1 - history, night - NIGHTS_WITH_NEWS), night + 1)


def tickets_with_news(night: int, seed: int, history: int) -> Iterator[Ticket]:
    """The tickets that may have news on `night`, by time."""
    for day in days_with_news(night, history):
        yield from tickets_on(day, seed)


def is_delivered(time: datetime, night: int) -> bool:
    """Whether an event at `time` is in the delivery of `night`."""
    return night_of(time) == night or (night == 0 and night_of(time) < 0)


def corrected_at(ticket: Ticket) -> datetime | None:
    """The time at which support corrects the label; None if it never does."""
    if not ticket.corrected_after:
        return None
    return start_of(night_of(ticket.opened) + ticket.corrected_after) + timedelta(hours=7, seconds=ticket.opened.second)


def ticket_row(ticket: Ticket, night: int) -> Row | None:
    """The ticket at the end of `night`; None when the delivery has no news of it."""
    end = start_of(night + 1)
    events = [time for time in (ticket.opened, ticket.solved, corrected_at(ticket)) if time and time < end]
    if not is_delivered(max(events), night):
        return None
    is_corrected = ticket.corrected_after and corrected_at(ticket) in events
    intent = ticket.intent if is_corrected else ticket.initial_intent
    status = "solved" if ticket.solved in events else "closed" if ticket.kind == "duplicate" else "open"
    return {
        "id": ticket.id,
        "opened_at": timestamp(ticket.opened),
        "changed_at": timestamp(max(events)),
        "customer": ticket.customer,
        "channel": ticket.channel,
        "subject": ticket.subject,
        "text": ticket.text,
        "label": label(intent, night_of(max(events))) if intent else "",
        "status": status,
    }


def malformed_on(day: int, seed: int) -> list[Malformed]:
    """The malformed ticket lines of a day: about one in two hundred."""
    rng = Random(f"{seed}/malformed/{day}")
    tickets = tickets_on(day, seed)
    malformed = []
    for number in range(sum(rng.random() < MALFORMED for _ in tickets)):
        ticket = rng.choice([ticket for ticket in tickets if ticket.kind == "question"])
        row = ticket_row(ticket, day)
        assert row is not None, "a ticket is always delivered on the day it is opened"
        reason = rng.choice(REASONS)
        row["id"] = ticket_id = f"T-{ticket.opened:%y%m%d}-{9001 + number}"
        if reason == "missing_id":
            row["id"] = ticket_id = ""
        elif reason == "bad_time":
            row["opened_at"] = rng.choice(("yesterday", "2026-02-31T25:61:00Z", ""))
        elif reason == "empty_text":
            row["subject"] = row["text"] = ""
        line = json_line(row)
        if reason == "not_json":
            line = line[: len(line) // 2]
        elif reason == "not_utf8":
            line = line.replace(b'"text": "', b'"text": "\xff\xfe ')
        malformed.append(Malformed(ticket_id, reason, line))
    return malformed


def ticket_lines(night: int, seed: int, history: int) -> Iterator[bytes]:
    """New tickets, news of earlier ones, and the malformed lines of the day at random places."""
    rows = (ticket_row(ticket, night) for ticket in tickets_with_news(night, seed, history))
    lines = [json_line(row) for row in rows if row]
    rng = Random(f"{seed}/places/{night}")
    for day in days_with_news(night, history) if night == 0 else (night,):
        for malformed in malformed_on(day, seed):
            lines.insert(rng.randrange(len(lines) + 1), malformed.line)
    yield from lines


def answer_lines(night: int, seed: int, history: int) -> Iterator[bytes]:
    """The answers posted on `night`."""
    for ticket in tickets_with_news(night, seed, history):
        for place, reply in enumerate(ticket.replies, start=1):
            if is_delivered(reply.posted, night):
                yield json_line({
                    "id": f"A{ticket.id[1:]}-{place}",
                    "ticket": ticket.id,
                    "posted_at": timestamp(reply.posted),
                    "changed_at": timestamp(reply.posted),
                    "text": reply.text,
                    "from_helper": reply.from_helper,
                    "accepted": reply.accepted,
                })  # fmt: skip


def resolution_lines(night: int, seed: int, history: int) -> Iterator[bytes]:
    """The pages linked in answers that were accepted on `night`."""
    for ticket in tickets_with_news(night, seed, history):
        if ticket.solved and is_delivered(ticket.solved, night):
            for slug in ticket.links:
                yield json_line({"ticket": ticket.id, "article": slug, "resolved_at": timestamp(ticket.solved)})


def order_lines(night: int, seed: int) -> Iterator[bytes]:
    """Orders to which something happened on `night`; night 0 tells all orders there are."""
    end = start_of(night + 1)
    for order in orders_until(night, seed):
        changed, state = order.last_event(end - timedelta(seconds=1))
        if is_delivered(changed, night):
            yield json_line({
                "id": order.id,
                "customer": order.customer,
                "state": state,
                "placed_at": timestamp(order.placed),
                "changed_at": timestamp(changed),
                "total_cents": order.cents,
                "item": order.item,
            })  # fmt: skip


def customer_lines(seed: int) -> Iterator[bytes]:
    for customer in customers(seed).values():
        yield json_line({
            "id": customer.id,
            "name": customer.name,
            "email": customer.email,
            "country": customer.country,
            "since": timestamp(customer.since),
        })  # fmt: skip


def golden_lines() -> Iterator[bytes]:
    """The golden questions; one without an article must be declined. Yes/no questions follow in both polarities."""
    for row in content.load_yaml("golden.yaml"):
        yield json_line({name: row.get(name, "") for name in GOLDEN_COLUMNS})
    for number, pair in enumerate(delivered_contrast(), start=1):
        for polarity, question in (("yes", pair.ask_yes), ("no", pair.ask_no)):
            yield json_line({
                "id": f"{polarity}-{number:02d}",
                "ask": question,
                "article": pair.article,
                "unlike": "",
                "must_contain": pair.deciding,
                "polarity": polarity,
            })  # fmt: skip


def canary_lines() -> Iterator[bytes]:
    """Prompts for the generator, each with the words of the canary that must not follow."""
    customer = canary()
    for row in customer["prompts"]:
        yield json_line({**row, "secret": customer[row["secret"]]})


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


def object_names(night: int, history: int) -> list[str]:
    """The objects of the source on `night`, sorted."""
    names = [GOLDEN, CANARIES, *(f"articles/{slug}.md" for slug in published(night))]
    for table in TABLES:
        first = 0 if history or table in {"customers", "orders"} else 1
        last = 0 if table == "customers" else night
        names += [f"{table}/night-{day:04d}.jsonl.gz" for day in range(first, last + 1)]
    return sorted(names)


def night_of_object(name: str) -> int:
    """3 for 'tickets/night-0003.jsonl.gz'."""
    return int(name.partition("/night-")[2].partition(".")[0])


def object_bytes(name: str, night: int, seed: int, history: int) -> bytes:
    """The bytes of one of `object_names(night, history)`."""
    if name in {GOLDEN, CANARIES}:
        return b"".join(row + b"\n" for row in (golden_lines() if name == GOLDEN else canary_lines()))
    table, _, file = name.partition("/")
    if table == "articles":
        return article_bytes(published(night)[file.removesuffix(".md")])
    return stored_gzip(b"".join(row + b"\n" for row in lines(table, night_of_object(name), seed, history)))
