"""What people write about: which question, about which section of which page, on which night.

Matter(kind='question', intent='delivery_options', ask='how long does the cheap shipping take', reply='It takes 3 to 5 ...')
"""

from bisect import bisect_left
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate
from random import Random

from nightshift.simulation import content
from nightshift.simulation.changes import published, reply

# Shares of all tickets; the rest are questions that a page answers, unless that page is down.
INJECTION, UNANSWERABLE, ORDER_STATUS = 0.01, 0.075, 0.08
# Half of the ways to ask are known from the start; the others turn up on a day between these.
FIRST_NEW_ASK, LAST_NEW_ASK = -9, 20


@dataclass(frozen=True)
class Topic:
    """What a ticket will be about, before anybody puts it into words. `missing` is the page that would answer and is down."""

    kind: str
    intent: str
    ask: str
    reply: str = ""
    section: content.Section | None = None
    missing: str = ""


def first_asked(ask: str) -> float:
    """The night from which on somebody asks in these words."""
    share = content.fraction(ask)
    return FIRST_NEW_ASK - 1 if share < 0.5 else FIRST_NEW_ASK + (share - 0.5) * 2 * (LAST_NEW_ASK - FIRST_NEW_ASK)


@cache
def popularity() -> tuple[tuple[content.Section, ...], tuple[float, ...]]:
    """Every section and how often it is asked about: few pages get most of the questions, as in Zipf's law."""
    ranked = sorted(content.articles(), key=content.fraction)
    pairs = [
        (section, (rank + 3) ** -0.9 * (place + 1) ** -0.5)
        for rank, slug in enumerate(ranked)
        for place, section in enumerate(content.sections()[slug])
    ]
    return tuple(section for section, _ in pairs), tuple(weight for _, weight in pairs)


@lru_cache(maxsize=4)
def weights(with_new_topic: bool) -> tuple[float, ...]:  # noqa: FBT001 - the argument of a cache
    """Cumulative weights of all sections; those of the new topic share what changes.yaml gives them, or nothing."""
    topic = content.words("changes.yaml")["new_topic"]
    sections, raw = popularity()
    new = sum(weight for section, weight in zip(sections, raw, strict=True) if section.intent == topic["intent"])
    old = sum(raw) - new
    share = topic["share"] if with_new_topic else 0.0
    return tuple(
        accumulate(
            weight / new * share if section.intent == topic["intent"] else weight / old * (1 - share)
            for section, weight in zip(sections, raw, strict=True)
        )
    )


def question(rng: Random, night: int) -> Topic:
    """A question about a page; if that page is down on this night, one that no page answers."""
    cumulative = weights(night >= content.words("changes.yaml")["new_topic"]["night"])
    sections = popularity()[0]
    section = sections[min(bisect_left(cumulative, rng.random() * cumulative[-1]), len(sections) - 1)]
    asks = [ask for ask in section.asks if first_asked(ask) <= night] or section.asks[:1]
    ask = rng.choice(asks)
    if section.article not in published(night) or section.article not in published(night + 1):
        return Topic("unanswerable", section.intent, ask, missing=section.article)
    return Topic("question", section.intent, ask, reply(section, night), section)


def topic(rng: Random, night: int) -> Topic:
    """What somebody writes about on `night`."""
    drawn = rng.random()
    if drawn < INJECTION:
        return Topic("injection", "other", rng.choice(content.words("injections.yaml")))
    if drawn < INJECTION + UNANSWERABLE:
        row = rng.choice(content.words("unanswerable.yaml"))
        return Topic("unanswerable", row["intent"], row["ask"])
    if drawn < INJECTION + UNANSWERABLE + ORDER_STATUS:
        return Topic("order_status", "order_status", rng.choice(content.words("order_questions.yaml")))
    return question(rng, night)
