"""The topics of tickets: which question, about which section of which page, on which night.

Topic(kind='question', intent='delivery_options', question='how long does the cheap shipping take',
      reply='It takes 3 to 5 ...', section=Section(article='standard-delivery', ...), missing='')
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
# Half of the questions are asked from the start; the others first occur on a night between these.
FIRST_NEW_QUESTION, LAST_NEW_QUESTION = -9, 20


@dataclass(frozen=True)
class Topic:
    """What a ticket is about. `missing` is the page that would answer but is down."""

    kind: str
    intent: str
    question: str
    reply: str = ""
    section: content.Section | None = None
    missing: str = ""


def first_night(question: str) -> float:
    """The first night on which customers ask in these words."""
    share = content.hash_fraction(question)
    if share < 0.5:
        return FIRST_NEW_QUESTION - 1
    return FIRST_NEW_QUESTION + (share - 0.5) * 2 * (LAST_NEW_QUESTION - FIRST_NEW_QUESTION)


@cache
def section_weights() -> tuple[tuple[content.Section, ...], tuple[float, ...]]:
    """Every section and its relative frequency: few pages get most of the questions, as in Zipf's law."""
    ranked = sorted(content.articles(), key=content.hash_fraction)
    pairs = [
        (section, (rank + 3) ** -0.9 * (place + 1) ** -0.5)
        for rank, slug in enumerate(ranked)
        for place, section in enumerate(content.sections()[slug])
    ]
    return tuple(section for section, _ in pairs), tuple(weight for _, weight in pairs)


@lru_cache(maxsize=4)
def cumulative_weights(with_new_topic: bool) -> tuple[float, ...]:  # noqa: FBT001 - the argument of a cache
    """Cumulative weights of all sections; those of the new topic have the share in changes.yaml, or 0 before it."""
    new_topic = content.load_yaml("changes.yaml")["new_topic"]
    sections, raw = section_weights()
    new = sum(weight for section, weight in zip(sections, raw, strict=True) if section.intent == new_topic["intent"])
    old = sum(raw) - new
    share = new_topic["share"] if with_new_topic else 0.0
    return tuple(
        accumulate(
            weight / new * share if section.intent == new_topic["intent"] else weight / old * (1 - share)
            for section, weight in zip(sections, raw, strict=True)
        )
    )


def draw_question(rng: Random, night: int) -> Topic:
    """A question about a page; if that page is down on this night, one that no page answers."""
    cumulative = cumulative_weights(night >= content.load_yaml("changes.yaml")["new_topic"]["night"])
    sections = section_weights()[0]
    section = sections[min(bisect_left(cumulative, rng.random() * cumulative[-1]), len(sections) - 1)]
    questions = [text for text in section.questions if first_night(text) <= night] or section.questions[:1]
    question = rng.choice(questions)
    if section.article not in published(night) or section.article not in published(night + 1):
        return Topic("unanswerable", section.intent, question, missing=section.article)
    return Topic("question", section.intent, question, reply(section, night), section)


def draw_topic(rng: Random, night: int) -> Topic:
    """A random topic of `night`."""
    draw = rng.random()
    if draw < INJECTION:
        return Topic("injection", "other", rng.choice(content.load_yaml("injections.yaml")))
    if draw < INJECTION + UNANSWERABLE:
        row = rng.choice(content.load_yaml("unanswerable.yaml"))
        return Topic("unanswerable", row["intent"], row["ask"])
    if draw < INJECTION + UNANSWERABLE + ORDER_STATUS:
        return Topic("order_status", "order_status", rng.choice(content.load_yaml("order_questions.yaml")))
    return draw_question(rng, night)
