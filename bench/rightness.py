"""How well measures of rightness agree with the planted truth of the simulated company.

    python -m bench.rightness --nights 12

For each question template of the tickets up to a night an answer is drawn: a run of one to three neighbouring sentences
of the section that answers, of its page, or of another page. Whether it is right is known by the gold fact; a measure
sees the accepted reply and the page only. phi is the correlation of both.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

import numpy as np

from nightshift.metrics.rightness import right_by_gold, right_by_reply
from nightshift.simulation.changes import published
from nightshift.simulation.gold import fact_of
from nightshift.simulation.tickets import tickets_on
from nightshift.text.facts import holds, key_facts
from nightshift.text.words import sentences

MEASURES = ("agreement", "any key fact", "half of the key facts", "all key facts")


@dataclass(frozen=True)
class DrawnAnswer:
    """An answer, the reply and the page it is compared with, and whether it holds the gold fact."""

    text: str
    reply: str
    page: str
    right: bool


def main() -> None:
    """Print a table of measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nights", type=int, default=12, help="tickets up to this night")
    parser.add_argument("--seed", type=int, default=7, help="seed of the company")
    arguments = parser.parse_args()
    answers = list(drawn_answers(arguments.nights, arguments.seed))
    gold = np.mean([answer.right for answer in answers])
    print(f"{len(answers):,} answers, {gold:.3f} hold the gold fact")
    print("measure                  measured  says right    phi")
    for name in MEASURES:
        pairs = [(measured(name, answer), answer.right) for answer in answers]
        known = np.array([(value, right) for value, right in pairs if value is not None], float)
        phi = np.corrcoef(known.T)[0, 1]
        print(f"{name:24s} {len(known) / len(pairs):8.3f}  {known[:, 0].mean():10.3f}  {phi:5.3f}")


def drawn_answers(nights: int, seed: int) -> Iterator[DrawnAnswer]:
    """One answer for each question template that an accepted reply answered."""
    rng, seen = Random(seed), set()
    for night in range(-9, nights + 1):
        pages = {slug: page.article for slug, page in published(max(night, 0)).items()}
        slugs = sorted(pages)
        for ticket in tickets_on(night, seed):
            reply = next((reply.text for reply in ticket.replies if reply.accepted), "")
            if ticket.kind != "question" or not reply or ticket.question in seen:
                continue
            seen.add(ticket.question)
            page = pages[ticket.article].body
            section = page.partition(f"## {ticket.section}\n")[2].partition("\n## ")[0]
            source = rng.choice((section, section, page, pages[rng.choice(slugs)].body))
            parts = [part for part in sentences(source) if not part.startswith("#")]
            length = rng.randint(1, 3)
            start = rng.randrange(max(1, len(parts) - length + 1))
            text = " ".join(parts[start : start + length])
            fact = fact_of(ticket.article, ticket.section, ticket.question, max(night, 0))
            yield DrawnAnswer(text, reply, page, right_by_gold(text, fact.groups))


def measured(name: str, answer: DrawnAnswer) -> bool | None:
    """What a measure of MEASURES says of an answer; None where it says nothing."""
    if name == "agreement":
        return right_by_reply(answer.text, answer.reply, answer.page)
    facts = key_facts(answer.reply) & key_facts(answer.page)
    if not facts:
        return None
    held = sum(holds(answer.text, [[fact]]) for fact in facts) / len(facts)
    rules: dict[str, Callable[[float], bool]] = {
        "any key fact": lambda share: share > 0,
        "half of the key facts": lambda share: share >= 0.5,
        "all key facts": lambda share: share == 1,
    }
    return rules[name](held)


if __name__ == "__main__":
    main()
