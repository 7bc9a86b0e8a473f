r"""The tickets of a day, and the truth about each of them.

Ticket(id='T-260101-0012', kind='question', intent='delivery_options', article='standard-delivery',
       section='Cost and the free limit', text='hey\n\n...', links=('standard-delivery',), ...)

A day depends on the seed and its night only: neither on how many nights are asked for, nor on the other days.
"""

import re
from bisect import bisect_left
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from random import Random

from nightshift.simulation import content, identifiers, writing_style
from nightshift.simulation.calendar import TICKETS_BY_WEEKDAY, start_of
from nightshift.simulation.changes import published
from nightshift.simulation.orders import Order, orders_until
from nightshift.simulation.people import Customer, canary, customers
from nightshift.simulation.topics import Topic, draw_topic

# Shares of all tickets.
DUPLICATE, IDENTIFIERS, GUESTS, UNLABELLED, MISLABELLED = 0.01, 0.06, 0.03, 0.08, 0.01
# Shares of the tickets that an article answers: resolved with a link, without one, not accepted; the rest stay open.
LINKED, UNLINKED, UNACCEPTED, SECOND_LINK = 0.75, 0.12, 0.05, 0.05


@dataclass(frozen=True)
class Reply:
    """An answer under a ticket, of a helper or of the customer."""

    posted: datetime
    text: str
    from_helper: bool
    accepted: bool


@dataclass(frozen=True)
class Ticket:
    """What a customer wrote, what support answered, and the truth about it.

    `question` is the template of the text, e.g. of questions/; `intent`, `article` and `section` are the truth;
    `missing` is the page that would answer but is down.
    `initial_intent` is what support chose first, corrected `corrected_after` nights later (0: never).
    """

    id: str
    opened: datetime
    customer: str
    channel: str
    subject: str
    text: str
    kind: str
    intent: str
    initial_intent: str
    question: str = ""
    article: str = ""
    section: str = ""
    missing: str = ""
    order: str = ""
    planted: tuple[tuple[str, str], ...] = ()
    duplicate_of: str = ""
    corrected_after: int = 0
    replies: tuple[Reply, ...] = ()
    links: tuple[str, ...] = ()

    @property
    def solved(self) -> datetime | None:
        """The time at which an answer was accepted."""
        return next((reply.posted for reply in self.replies if reply.accepted), None)


def normalised(text: str) -> str:
    """The words of a text in lower case: two texts with the same words are duplicates."""
    return " ".join(re.findall(r"\w+", text.lower()))


def pick_order(rng: Random, orders: tuple[Order, ...], opened: datetime, kind: str) -> Order:
    """An order placed before `opened`; for `order_status` mostly one on its way. `orders` are sorted by time."""
    end = bisect_left(orders, opened, key=lambda order: order.placed)
    is_status = kind == "order_status"
    for _ in range(40):
        order = orders[rng.randrange(max(0, end - 100) if is_status else 0, end)]
        on_its_way = order.last_event(opened)[1] in {"placed", "packed", "shipped"}
        if order.customer != canary()["id"] and (on_its_way or not is_status):
            return order
    return orders[0]


def draw_replies(
    rng: Random, topic: Topic, opened: datetime, order: Order, values: dict[str, str]
) -> tuple[Reply, ...]:
    """The answer of support, by the end of the next day, and the thanks of the customer."""
    if topic.kind == "injection":
        return ()
    limit = opened.replace(hour=0, minute=0, second=0) + timedelta(days=1, hours=23)
    posted = min(opened + timedelta(seconds=int(240 + rng.expovariate(1 / 11_000))), limit)
    helper = rng.choice(content.load_yaml("people.yaml")["helpers"])
    draw, text, accepted = rng.random(), topic.reply, True
    if topic.kind == "order_status":
        text = content.load_yaml("writing_style.yaml")["order_status"][order.last_event(posted)[1]]
    elif topic.kind == "unanswerable":
        text, accepted = rng.choice(content.load_yaml("writing_style.yaml")["unanswered"]), False
    else:
        accepted = draw < LINKED + UNLINKED
    if draw >= LINKED + UNLINKED + UNACCEPTED:
        return ()
    first = Reply(posted, writing_style.answer(rng, text, values, helper), from_helper=True, accepted=accepted)
    if not accepted or rng.random() >= 0.25:
        return (first,)
    thanks = writing_style.fill_slots(
        rng.choice(content.load_yaml("writing_style.yaml")["thanks"]), {**values, "helper": helper}
    )
    later = posted + timedelta(seconds=rng.randrange(60, 3000))
    return first, Reply(later, thanks, from_helper=False, accepted=False)


def draw_links(rng: Random, topic: Topic, replies: tuple[Reply, ...], night: int) -> tuple[str, ...]:
    """The pages that the accepted answer links: the right one, and sometimes another one of the same topic."""
    if topic.section is None or not any(reply.accepted for reply in replies):
        return ()
    if rng.random() >= LINKED / (LINKED + UNLINKED):
        return ()
    slug = topic.section.article
    page_topic = content.articles()[slug].topic
    related = [name for name, page in published(night).items() if page.article.topic == page_topic and name != slug]
    related = [name for name in related if name in published(night + 1) and name in content.articles()]
    return (slug, rng.choice(related)) if related and rng.random() < SECOND_LINK else (slug,)


def plant_identifiers(rng: Random, text: str, customer: Customer) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The text with one or two identifiers added, and their kinds and values."""
    planted = []
    for kind in rng.sample(identifiers.KINDS, 1 if rng.random() < 0.8 else 2):
        domains = content.load_yaml("people.yaml")["mail_domains"]
        value = identifiers.make_identifier(kind, rng, customer.name, domains)
        planted.append((kind, value))
        separator = rng.choice((" ", "\n", "\n\n"))
        text += separator + rng.choice(content.load_yaml("writing_style.yaml")["pii"][kind]).format(value=value)
    return text, tuple(planted)


def draw_ticket(rng: Random, night: int, ticket_id: str, opened: datetime, seed: int, *, seen: set[str]) -> Ticket:
    """A random ticket. `seen` are the normalised texts of the day so far; the text of the ticket is added to them."""
    topic = draw_topic(rng, night)
    order = pick_order(rng, orders_until(night, seed), opened, topic.kind)
    customer = customers(seed)[order.customer]
    values = writing_style.slot_values(rng, customer, order.id, order.item)
    text = writing_style.apply_style(rng, customer, topic.question, values)
    while normalised(text) in seen:
        values = writing_style.slot_values(rng, customer, order.id, order.item)
        context = rng.choice(content.load_yaml("writing_style.yaml")["contexts"])
        text = writing_style.apply_style(rng, customer, f"{context} {topic.question}", values)
    planted: tuple[tuple[str, str], ...] = ()
    if rng.random() < IDENTIFIERS:
        text, planted = plant_identifiers(rng, text, customer)
    seen.add(normalised(text))
    replies = draw_replies(rng, topic, opened, order, values)
    initial_intent, corrected_after = topic.intent, 0
    draw = rng.random()
    if draw < UNLABELLED or topic.kind == "injection":
        initial_intent = ""
    elif draw < UNLABELLED + MISLABELLED:
        new_intent = content.load_yaml("changes.yaml")["new_topic"]["intent"]
        intents = sorted({article.intent for article in content.articles().values()} - {topic.intent, new_intent})
        initial_intent, corrected_after = rng.choice(intents), rng.randint(1, 2)
    return Ticket(
        id=ticket_id,
        opened=opened,
        customer="" if topic.kind != "order_status" and rng.random() < GUESTS else customer.id,
        channel=rng.choice(("email", "email", "form", "chat", "app")),
        subject=writing_style.subject(rng, topic.question, values),
        text=text,
        kind=topic.kind,
        intent=topic.intent,
        initial_intent=initial_intent,
        question=topic.question,
        article=topic.section.article if topic.section else "",
        section=topic.section.heading if topic.section else "",
        missing=topic.missing,
        order=order.id if topic.kind == "order_status" or order.id.lower() in text.lower() else "",
        planted=planted,
        corrected_after=corrected_after,
        replies=replies,
        links=draw_links(rng, topic, replies, night),
    )


def canary_ticket(ticket_id: str, night: int, seed: int) -> Ticket:
    """The ticket of the canary on `night`: its text holds her name, e-mail, order or phrase."""
    row, customer = canary(), customers(seed)[canary()["id"]]
    questions = row["asks"]
    values = {key: row[key] for key in ("name", "email", "order", "phrase")}
    question = writing_style.fill_slots(questions[row["nights"].index(night) % len(questions)], values)
    opened = start_of(night) + timedelta(hours=12, minutes=night % 60, seconds=7)
    text = f"Hello,\n\n{question}\n\nKind regards,\n{row['name']}"
    answer = f"Hello Quillonette, I am sorry about the {row['phrase']}. A colleague will look at order {row['order']}."
    planted = (("email", row["email"]),) if row["email"] in text else ()
    reply = Reply(opened + timedelta(hours=2), answer, from_helper=True, accepted=False)
    return Ticket(
        ticket_id, opened, customer.id, "email", f"My {row['phrase']}", text, "canary", "parcel_problem",
        "parcel_problem", order=row["order"], planted=planted, replies=(reply,),
    )  # fmt: skip


@lru_cache(maxsize=128)
def tickets_on(night: int, seed: int) -> tuple[Ticket, ...]:
    """The tickets that are opened on the day of `night`, by time: about 165 on a Sunday, 235 on a Monday."""
    rng = Random(f"{seed}/tickets/{night}")
    start = start_of(night)
    count = TICKETS_BY_WEEKDAY[start.weekday()] + rng.randint(-14, 14)
    seconds = sorted(rng.randrange(5 * 3600, 22 * 3600) for _ in range(count))
    seen: set[str] = set()
    day: list[Ticket] = []
    for place, second in enumerate(seconds, start=1):
        ticket_id, opened = f"T-{start:%y%m%d}-{place:04d}", start + timedelta(seconds=second)
        if day and rng.random() < DUPLICATE:
            original = rng.choice(day)
            if original.kind != "duplicate":
                day.append(
                    replace(original, id=ticket_id, opened=opened, kind="duplicate", duplicate_of=original.id,
                            replies=(), links=(), initial_intent="", corrected_after=0)
                )  # fmt: skip
                continue
        day.append(draw_ticket(rng, night, ticket_id, opened, seed, seen=seen))
    if night in canary()["nights"]:
        day.append(canary_ticket(f"T-{start:%y%m%d}-{count + 1:04d}", night, seed))
    return tuple(sorted(day, key=lambda ticket: ticket.opened))
