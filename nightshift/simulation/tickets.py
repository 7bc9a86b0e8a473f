r"""A day of tickets, and the truth about each of them.

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
from nightshift.simulation.topics import Topic, topic

# Shares of all tickets.
DUPLICATE, IDENTIFIERS, GUESTS, UNLABELLED, MISLABELLED = 0.01, 0.06, 0.03, 0.08, 0.01
# Shares of the tickets that an article answers: resolved with a link, answered without one, not accepted; the rest is open.
LINKED, UNLINKED, UNACCEPTED, SECOND_LINK = 0.75, 0.12, 0.05, 0.05


@dataclass(frozen=True)
class Reply:
    """Something that was written under a ticket."""

    posted: datetime
    text: str
    from_helper: bool
    accepted: bool


@dataclass(frozen=True)
class Ticket:
    """What a customer wrote, what support answered, and what is true.

    `intent`, `article` and `section` are the truth, and `missing`, the page that would answer were it up; `given`
    is the intent that support picked first, put right `corrected_after` nights later (0: never).
    """

    id: str
    opened: datetime
    customer: str
    channel: str
    subject: str
    text: str
    kind: str
    intent: str
    given: str
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
        """When an answer was accepted."""
        return next((reply.posted for reply in self.replies if reply.accepted), None)


def normalised(text: str) -> str:
    """The words of a text alone: two texts with the same words are duplicates."""
    return " ".join(re.findall(r"\w+", text.lower()))


def pick_order(rng: Random, orders: tuple[Order, ...], opened: datetime, kind: str) -> Order:
    """An order placed before `opened`; who asks where it is mostly asks about one on its way. `orders` are by time."""
    end = bisect_left(orders, opened, key=lambda order: order.placed)
    recent = kind == "order_status"
    for _ in range(40):
        found = orders[rng.randrange(max(0, end - 100) if recent else 0, end)]
        on_its_way = found.last_event(opened)[1] in {"placed", "packed", "shipped"}
        if found.customer != canary()["id"] and (on_its_way or not recent):
            return found
    return orders[0]


def replies(rng: Random, about: Topic, opened: datetime, order: Order, values: dict[str, str]) -> tuple[Reply, ...]:
    """What support answers, by the end of the next day, and what the customer says to it."""
    if about.kind == "injection":
        return ()
    limit = opened.replace(hour=0, minute=0, second=0) + timedelta(days=1, hours=23)
    posted = min(opened + timedelta(seconds=int(240 + rng.expovariate(1 / 11_000))), limit)
    helper = rng.choice(content.words("people.yaml")["helpers"])
    drawn, text, accepted = rng.random(), about.reply, True
    if about.kind == "order_status":
        text = content.words("writing_style.yaml")["order_status"][order.last_event(posted)[1]]
    elif about.kind == "unanswerable":
        text, accepted = rng.choice(content.words("writing_style.yaml")["unanswered"]), False
    else:
        accepted = drawn < LINKED + UNLINKED
    if drawn >= LINKED + UNLINKED + UNACCEPTED:
        return ()
    first = Reply(posted, writing_style.answer(rng, text, values, helper), from_helper=True, accepted=accepted)
    if not accepted or rng.random() >= 0.25:
        return (first,)
    thanks = writing_style.fill(rng.choice(content.words("writing_style.yaml")["thanks"]), {**values, "helper": helper})
    later = posted + timedelta(seconds=rng.randrange(60, 3000))
    return first, Reply(later, thanks, from_helper=False, accepted=False)


def links(rng: Random, about: Topic, answers: tuple[Reply, ...], night: int) -> tuple[str, ...]:
    """The pages that support linked in the accepted answer: the right one, now and then one more of its topic."""
    if about.section is None or not any(reply.accepted for reply in answers):
        return ()
    if rng.random() >= LINKED / (LINKED + UNLINKED):
        return ()
    slug = about.section.article
    topic = content.articles()[slug].topic
    others = [other for other, page in published(night).items() if page.article.topic == topic and other != slug]
    others = [other for other in others if other in published(night + 1) and other in content.articles()]
    return (slug, rng.choice(others)) if others and rng.random() < SECOND_LINK else (slug,)


def identify(rng: Random, text: str, customer: Customer) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The text with one identifier or two added to it, and which."""
    planted = []
    for kind in rng.sample(identifiers.KINDS, 1 if rng.random() < 0.8 else 2):
        domains = content.words("people.yaml")["mail_domains"]
        value = identifiers.identifier(kind, rng, customer.name, domains)
        planted.append((kind, value))
        text += rng.choice((" ", "\n", "\n\n")) + rng.choice(content.words("writing_style.yaml")["pii"][kind]).format(
            value=value
        )
    return text, tuple(planted)


def write(rng: Random, night: int, ticket_id: str, opened: datetime, seed: int, *, seen: set[str]) -> Ticket:
    """One ticket. `seen` are the normalised texts of the day so far: a new ticket adds one that is not among them."""
    about = topic(rng, night)
    order = pick_order(rng, orders_until(night, seed), opened, about.kind)
    customer = customers(seed)[order.customer]
    values = writing_style.slots(rng, customer, order.id, order.item)
    text = writing_style.dress(rng, customer, about.ask, values)
    while normalised(text) in seen:
        values = writing_style.slots(rng, customer, order.id, order.item)
        context = rng.choice(content.words("writing_style.yaml")["contexts"])
        text = writing_style.dress(rng, customer, f"{context} {about.ask}", values)
    planted: tuple[tuple[str, str], ...] = ()
    if rng.random() < IDENTIFIERS:
        text, planted = identify(rng, text, customer)
    seen.add(normalised(text))
    answers = replies(rng, about, opened, order, values)
    given, corrected_after = about.intent, 0
    drawn = rng.random()
    if drawn < UNLABELLED or about.kind == "injection":
        given = ""
    elif drawn < UNLABELLED + MISLABELLED:
        new = content.words("changes.yaml")["new_topic"]["intent"]
        known = sorted({article.intent for article in content.articles().values()} - {about.intent, new})
        given, corrected_after = rng.choice(known), rng.randint(1, 2)
    return Ticket(
        id=ticket_id,
        opened=opened,
        customer="" if about.kind != "order_status" and rng.random() < GUESTS else customer.id,
        channel=rng.choice(("email", "email", "form", "chat", "app")),
        subject=writing_style.subject(rng, about.ask, values),
        text=text,
        kind=about.kind,
        intent=about.intent,
        given=given,
        article=about.section.article if about.section else "",
        section=about.section.heading if about.section else "",
        missing=about.missing,
        order=order.id if about.kind == "order_status" or order.id.lower() in text.lower() else "",
        planted=planted,
        corrected_after=corrected_after,
        replies=answers,
        links=links(rng, about, answers, night),
    )


def canary_ticket(ticket_id: str, night: int, seed: int) -> Ticket:
    """What the canary writes on `night`: a text that holds her name, e-mail, order or phrase."""
    mark, customer = canary(), customers(seed)[canary()["id"]]
    asks = mark["asks"]
    values = {key: mark[key] for key in ("name", "email", "order", "phrase")}
    ask = writing_style.fill(asks[mark["nights"].index(night) % len(asks)], values)
    opened = start_of(night) + timedelta(hours=12, minutes=night % 60, seconds=7)
    text = f"Hello,\n\n{ask}\n\nKind regards,\n{mark['name']}"
    answer = (
        f"Hello Quillonette, I am sorry about the {mark['phrase']}. A colleague will look at order {mark['order']}."
    )
    planted = (("email", mark["email"]),) if mark["email"] in text else ()
    reply = Reply(opened + timedelta(hours=2), answer, from_helper=True, accepted=False)
    return Ticket(
        ticket_id, opened, customer.id, "email", f"My {mark['phrase']}", text, "canary", "parcel_problem",
        "parcel_problem", order=mark["order"], planted=planted, replies=(reply,),
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
    for place, at in enumerate(seconds, start=1):
        ticket_id, opened = f"T-{start:%y%m%d}-{place:04d}", start + timedelta(seconds=at)
        if day and rng.random() < DUPLICATE:
            original = rng.choice(day)
            if original.kind != "duplicate":
                day.append(
                    replace(original, id=ticket_id, opened=opened, kind="duplicate", duplicate_of=original.id,
                            replies=(), links=(), given="", corrected_after=0)
                )  # fmt: skip
                continue
        day.append(write(rng, night, ticket_id, opened, seed, seen=seen))
    if night in canary()["nights"]:
        day.append(canary_ticket(f"T-{start:%y%m%d}-{count + 1:04d}", night, seed))
    return tuple(sorted(day, key=lambda ticket: ticket.opened))
