r"""A question in the style of its customer: greeting, context, synonyms, typos, quoted mail, signature.

question  "how long does the cheap shipping take"
text      "hey\n\nWe are off to the coast in 3 weeks. how many days does the inexpensive delivery take\n\nthx\nMilo"
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


def slot_values(rng: Random, customer: Customer, order: str, item: str) -> dict[str, str]:
    """A value for every slot, such as {order}, that a text may hold."""
    short = item.split(" ", 1)[1]
    article = "some" if short.endswith("s") else "an" if short[0] in "aeio" else "a"
    return {
        "order": order,
        "item": rng.choice((f"the {item}", f"my {short}", f"the {short}", f"{article} {short}")),
        "days": str(rng.randint(2, 19)),
        "n": str(rng.randint(2, 9)),
        "city": rng.choice(content.load_yaml("people.yaml")["cities"]),
        "weekday": rng.choice(WEEKDAYS),
        "month": rng.choice(MONTHS),
        "helper": rng.choice(content.load_yaml("people.yaml")["helpers"]),
        "name": customer.first_name,
    }


def fill_slots(template: str, values: Mapping[str, str]) -> str:
    """The template with its slots filled; an unknown slot stays."""
    return SLOT.sub(lambda match: values.get(match[1], match[0]), template)


@cache
def synonyms() -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
    """The groups of synonyms, each with a pattern that matches any of them."""
    groups = [tuple(group) for group in content.load_yaml("writing_style.yaml")["synonyms"]]
    return tuple(
        (re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, group))})(?![\w-])", re.IGNORECASE), group)
        for group in groups
    )


def replace_synonyms(rng: Random, text: str) -> str:
    """The text with some words replaced by synonyms."""
    for pattern, group in synonyms():
        match = pattern.search(text)
        if match and rng.random() < 0.35:
            synonym = rng.choice(group)
            synonym = synonym[0].upper() + synonym[1:] if match[0][0].isupper() else synonym
            text = text[: match.start()] + synonym + text[match.end() :]
    return text


def contract(text: str) -> str:
    """'i do not' -> 'i dont', as typed on a phone."""
    for long, short in content.load_yaml("writing_style.yaml")["contractions"].items():
        text = re.sub(rf"\b{re.escape(long)}\b", short, text, flags=re.IGNORECASE)
    return text


def add_typos(rng: Random, text: str, rate: float) -> str:
    """Letters swapped, dropped or doubled in a share `rate` of the longer words."""

    def mistyped(match: re.Match[str]) -> str:
        word = match[0]
        if rng.random() >= rate * 2:
            return word
        place = rng.randrange(1, len(word) - 1)
        kind = rng.randrange(3)
        if kind == 0:
            return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
        return word[:place] + word[place + 1 :] if kind == 1 else word[:place] + word[place] + word[place:]

    return WORD.sub(mistyped, text) if rate else text


def add_context(rng: Random, customer: Customer, question: str) -> str:
    """The question between sentences of context. It may hold slots, and so may the result."""
    lists, persona = content.load_yaml("writing_style.yaml"), customer.persona
    leading = sum(rng.random() < persona.wordiness * rate for rate in (0.9, 0.5, 0.25))
    trailing = sum(rng.random() < persona.wordiness * rate for rate in (0.8, 0.35))
    if not leading and not trailing and "{" not in question and rng.random() < 0.5:
        leading, trailing = rng.choice(((1, 0), (0, 1)))
    endings = lists["suffixes"] + (lists["angry_suffixes"] * 3 if persona.tone == "angry" else [])
    sentences = [*rng.sample(lists["contexts"], leading), question, *rng.sample(endings, trailing)]
    closed = [sentence if sentence[-1] in ".?!" else sentence + rng.choice((".", "", "...")) for sentence in sentences]
    return rng.choice((" ", " ", " ", "\n")).join(closed)


def quoted_mail(rng: Random, values: Mapping[str, str]) -> str:
    """An earlier mail of support, quoted as mail programs do."""
    mail = fill_slots(rng.choice(content.load_yaml("writing_style.yaml")["quotes"]), values)
    lines = "\n".join(f"> {line}" for line in re.split(r"(?<=[.?!]) ", mail))
    return f"On {values['weekday'][:3]}, {values['n']} {values['month'][:3]}, Larkfield Support wrote:\n{lines}"


def apply_style(rng: Random, customer: Customer, question: str, values: Mapping[str, str]) -> str:
    """The question, with its slots filled, in the writing style of this customer."""
    lists, persona = content.load_yaml("writing_style.yaml"), customer.persona
    body = fill_slots(replace_synonyms(rng, add_context(rng, customer, question)), values)
    if persona.tone in {"casual", "angry"} and rng.random() < 0.6:
        body = contract(body)
    body = add_typos(rng, body, persona.typos)
    if persona.lower_case:
        body = body.lower().replace("lf-", "LF-" if rng.random() < 0.5 else "lf-")
    elif persona.tone == "angry" and rng.random() < 0.08:
        body = body.upper()
    parts = [body]
    if rng.random() < persona.greets:
        parts.insert(0, fill_slots(rng.choice(lists["greetings"][persona.tone]), values))
    if rng.random() < persona.signs:
        sign = rng.choice(lists["signoffs"][persona.tone])
        parts.append(f"{sign}\n{customer.first_name if rng.random() < 0.6 else customer.name}")
    elif rng.random() < 0.08:
        parts.append(rng.choice(lists["devices"]))
    if rng.random() < persona.quotes:
        parts.append(quoted_mail(rng, values))
    return rng.choice(("\n\n", "\n\n", "\n", " ")).join(parts)


def answer(rng: Random, reply: str, values: Mapping[str, str], helper: str) -> str:
    """The reply in the style of a helper of support."""
    lists = content.load_yaml("writing_style.yaml")["helper"]
    values = {**values, "helper": helper}
    parts = [rng.choice(lists["greetings"])]
    if rng.random() < 0.4:
        parts.append(rng.choice(lists["empathy"]))
    parts.append(reply)
    if rng.random() < 0.35:
        parts.append(rng.choice(lists["extras"]))
    return fill_slots("\n\n".join([parts[0], " ".join(parts[1:]), rng.choice(lists["signoffs"])]), values)


def subject(rng: Random, question: str, values: Mapping[str, str]) -> str:
    """A subject line: the first words of the question, or one of few fixed lines."""
    if rng.random() < 0.6:
        start = fill_slots(question, values).split()[: rng.randint(3, 7)]
        return " ".join(start).rstrip(".,?!")
    return fill_slots(rng.choice(content.load_yaml("writing_style.yaml")["subjects"]), values)
