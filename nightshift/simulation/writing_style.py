r"""How a question comes to sound like somebody: greeting, context, typos, quoted mail, signature.

ask      "how long does the cheap shipping take"
dressed  "hey\n\nWe are off to the coast in 3 weeks. how many days does the inexpensive delivery take\n\nthx\nMilo"
"""

import re
from collections.abc import Mapping
from functools import cache
from random import Random

from nightshift.simulation import content
from nightshift.simulation.people import Customer

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("March", "April", "May", "June", "July", "August", "September", "October", "November")
SLOT = re.compile(r"\{(\w+)\}")
WORD = re.compile(r"\b[a-z]{4,}\b")


def slots(rng: Random, customer: Customer, order: str, item: str) -> dict[str, str]:
    """A value for every placeholder that a text may hold."""
    short = item.split(" ", 1)[1]
    article = "some" if short.endswith("s") else "an" if short[0] in "aeio" else "a"
    return {
        "order": order,
        "item": rng.choice((f"the {item}", f"my {short}", f"the {short}", f"{article} {short}")),
        "days": str(rng.randint(2, 19)),
        "n": str(rng.randint(2, 9)),
        "city": rng.choice(content.words("people.yaml")["cities"]),
        "weekday": rng.choice(WEEKDAYS),
        "month": rng.choice(MONTHS),
        "helper": rng.choice(content.words("people.yaml")["helpers"]),
        "name": customer.first_name,
    }


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with its placeholders filled; one that is not known stays as it is."""
    return SLOT.sub(lambda found: values.get(found[1], found[0]), template)


@cache
def synonyms() -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
    """The groups of words that may stand for each other, each with the pattern that finds one of them."""
    groups = [tuple(group) for group in content.words("writing_style.yaml")["synonyms"]]
    return tuple(
        (re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, group))})(?![\w-])", re.IGNORECASE), group)
        for group in groups
    )


def reword(rng: Random, text: str) -> str:
    """Some words exchanged for others that mean the same."""
    for pattern, group in synonyms():
        found = pattern.search(text)
        if found and rng.random() < 0.35:
            other = rng.choice(group)
            other = other[0].upper() + other[1:] if found[0][0].isupper() else other
            text = text[: found.start()] + other + text[found.end() :]
    return text


def contract(text: str) -> str:
    """'i do not' -> 'i dont', the way people type on a phone."""
    for long, short in content.words("writing_style.yaml")["contractions"].items():
        text = re.sub(rf"\b{re.escape(long)}\b", short, text, flags=re.IGNORECASE)
    return text


def mistype(rng: Random, text: str, rate: float) -> str:
    """Letters swapped, dropped or doubled in a share `rate` of the longer words."""

    def slip(found: re.Match[str]) -> str:
        word = found[0]
        if rng.random() >= rate * 2:
            return word
        at = rng.randrange(1, len(word) - 1)
        kind = rng.randrange(3)
        if kind == 0:
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        return word[:at] + word[at + 1 :] if kind == 1 else word[:at] + word[at] + word[at:]

    return WORD.sub(slip, text) if rate else text


def middle(rng: Random, customer: Customer, ask: str) -> str:
    """The ask between sentences that say more than was wanted. `ask` may hold placeholders, and so does the result."""
    words, persona = content.words("writing_style.yaml"), customer.persona
    before = sum(rng.random() < persona.wordiness * chance for chance in (0.9, 0.5, 0.25))
    after = sum(rng.random() < persona.wordiness * chance for chance in (0.8, 0.35))
    if not before and not after and "{" not in ask and rng.random() < 0.5:
        before, after = rng.choice(((1, 0), (0, 1)))
    endings = words["suffixes"] + (words["angry_suffixes"] * 3 if persona.tone == "angry" else [])
    sentences = [*rng.sample(words["contexts"], before), ask, *rng.sample(endings, after)]
    closed = [sentence if sentence[-1] in ".?!" else sentence + rng.choice((".", "", "...")) for sentence in sentences]
    return rng.choice((" ", " ", " ", "\n")).join(closed)


def quoted(rng: Random, values: Mapping[str, str]) -> str:
    """An earlier mail of support, as mail programs quote it."""
    mail = fill(rng.choice(content.words("writing_style.yaml")["quotes"]), values)
    lines = "\n".join(f"> {line}" for line in re.split(r"(?<=[.?!]) ", mail))
    return f"On {values['weekday'][:3]}, {values['n']} {values['month'][:3]}, Larkfield Support wrote:\n{lines}"


def dress(rng: Random, customer: Customer, ask: str, values: Mapping[str, str]) -> str:
    """`ask`, with its placeholders filled, as this customer would write it."""
    words, persona = content.words("writing_style.yaml"), customer.persona
    body = fill(reword(rng, middle(rng, customer, ask)), values)
    if persona.tone in {"casual", "angry"} and rng.random() < 0.6:
        body = contract(body)
    body = mistype(rng, body, persona.typos)
    if persona.lower_case:
        body = body.lower().replace("lf-", "LF-" if rng.random() < 0.5 else "lf-")
    elif persona.tone == "angry" and rng.random() < 0.08:
        body = body.upper()
    parts = [body]
    if rng.random() < persona.greets:
        parts.insert(0, fill(rng.choice(words["greetings"][persona.tone]), values))
    if rng.random() < persona.signs:
        sign = rng.choice(words["signoffs"][persona.tone])
        parts.append(f"{sign}\n{customer.first_name if rng.random() < 0.6 else customer.name}")
    elif rng.random() < 0.08:
        parts.append(rng.choice(words["devices"]))
    if rng.random() < persona.quotes:
        parts.append(quoted(rng, values))
    return rng.choice(("\n\n", "\n\n", "\n", " ")).join(parts)


def answer(rng: Random, reply: str, values: Mapping[str, str], helper: str) -> str:
    """The reply of somebody in support."""
    words = content.words("writing_style.yaml")["helper"]
    values = {**values, "helper": helper}
    parts = [rng.choice(words["greetings"])]
    if rng.random() < 0.4:
        parts.append(rng.choice(words["empathy"]))
    parts.append(reply)
    if rng.random() < 0.35:
        parts.append(rng.choice(words["extras"]))
    return fill("\n\n".join([parts[0], " ".join(parts[1:]), rng.choice(words["signoffs"])]), values)


def subject(rng: Random, ask: str, values: Mapping[str, str]) -> str:
    """A subject line: some words of the ask, or something that says little."""
    if rng.random() < 0.6:
        start = fill(ask, values).split()[: rng.randint(3, 7)]
        return " ".join(start).rstrip(".,?!")
    return fill(rng.choice(content.words("writing_style.yaml")["subjects"]), values)
