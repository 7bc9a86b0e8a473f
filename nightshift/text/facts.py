"""Does a text hold a fact? Facts are compared in one spelling: 60 EUR is €60.00, thirty days is 30-day.

holds("Delivery is free from €60.", [["60 EUR"]])               # True: every group needs one alternative
key_facts('You have thirty days. Press "Send back", code D3.')   # frozenset({'30 day', 'send back', 'd3'})
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

Groups = Sequence[Sequence[str]]  # every group needs one of its alternatives

_ONES: Final = re.findall(
    r"\w+",
    "zero one two three four five six seven eight nine ten eleven twelve "
    "thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
)
_TENS: Final = re.findall(r"\w+", "twenty thirty forty fifty sixty seventy eighty ninety")
_NUMBER_WORDS: Final = {word: str(value) for value, word in enumerate(_ONES)} | {
    word: str(10 * value) for value, word in enumerate(_TENS, start=2)
}
_TIMES: Final = "second|minute|hour|day|night|week|month|year"
_UNITS: Final = "kg|km|cm|mm|ml|nm|wh|gb|mb|eur|usd|gbp|litres?|percent|metres?|w|c|g|m|v|a"
_COUNTED: Final = f"{_TIMES}|metre|litre|photo"  # words whose plural is the same fact
_REWRITES: Final = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\bcannot\b|\bcan't\b", "can not"),
        (r"\bwon't\b", "will not"),
        (r"n't\b", " not"),
        (r"'", ""),
        (r"€\s*(\d[\d.,]*\d|\d)", r"\1 eur"),
        (r"\$\s*(\d[\d.,]*\d|\d)", r"\1 usd"),
        (r"£\s*(\d[\d.,]*\d|\d)", r"\1 gbp"),
        (r"€|\beuros?\b", " eur"),
        (r"%|\bper cent\b", " percent "),
        (r"\b(\d{1,3})[,.](\d{3})\b", r"\1\2"),  # 1,200 and 1.200
        (r"(\d),(\d{1,2})\b", r"\1.\2"),  # 4,90
        (r"(\d)\.00?\b(?!\.)", r"\1"),
        (r"(\d)\s*[-\u2013]\s*(?=\d)", r"\1 to "),
        (r"(\d)\s*[x\u00d7]\s*(?=\d)", r"\1 by "),
        (r"\bemails?\b", "e mail"),
        (r"(\d) ?mins?\b", r"\1 minute"),
        (r"(\d) ?(?:hrs?|h)\b", r"\1 hour"),
        (rf"(\d)({_UNITS}|(?:{_TIMES})s?)\b", r"\1 \2"),
        (r"(?<!\d)[.:]|[.:](?!\d)|[^\w\s.:]|_", " "),
    )
)
_PLURAL: Final = re.compile(rf"\b({_COUNTED})s\b")
_NUMBER: Final = r"\d+(?:[.:]\d+)*"
_FIGURE: Final = re.compile(
    rf"(?<![\w.:])({_NUMBER}(?: to {_NUMBER})?)(?: (?:business|working|calendar|full|more|extra|additional))? ?"
    rf"({_UNITS}|{_TIMES})?(?![\w:]|\.\d)"
)
_COUNT_ALONE: Final = re.compile(r"[0-3]")  # 'one of them', 'the two': a count without a unit says little
_CODE: Final = re.compile(r"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Za-z])(?:[A-Z\d][A-Z\d-]+)(?![\w-])")
_QUOTED: Final = re.compile(
    r"[\"\u201c\u201e]([^\"\u201c\u201d\n]{2,40})[\"\u201c\u201d]|\*\*([^*\n]{2,40})\*\*|`([^`\n]{2,40})`"
)
_NAME: Final = re.compile(r"(?<=[a-z\d,;:)>] )[A-Z][\w&'\u2019-]*(?: (?:(?:of|for|the|to) )?[A-Z][\w&'\u2019-]*)+")


@lru_cache(maxsize=65_536)
def normalise(text: str) -> str:
    """Lower case, numbers as digits, one spelling of currencies, percent and units; no punctuation but in numbers."""
    text = text.lower().replace("\u2019", "'").replace("\u00a0", " ")
    for pattern, replacement in _REWRITES:
        text = pattern.sub(replacement, text)
    return _PLURAL.sub(r"\1", " ".join(_NUMBER_WORDS.get(word, word) for word in text.split()))


def holds(text: str, groups: Groups) -> bool:
    """Whether `text` has one alternative of every group, in whole words; a final `*` stands for any ending."""
    normalised = normalise(text)
    return all(any(_pattern(alternative).search(normalised) for alternative in group) for group in groups)


def parse_groups(text: str) -> tuple[tuple[str, ...], ...]:
    """Groups as a person writes them: 'cash & not|never' -> (('cash',), ('not', 'never')); '' -> ().

    An & with a blank on both sides divides groups, a | alternatives.
    """
    groups = (tuple(filter(None, map(str.strip, group.split("|")))) for group in re.split(r"\s&\s", text))
    return tuple(group for group in groups if group)


def key_facts(text: str) -> frozenset[str]:
    """What a reader would look for in an answer, each normalised: figures with their unit, codes, names.

    A figure is a number or a range with the unit that follows; 'business' and the like between both are left out.
    A code is in capitals and has a digit. A name is quoted or bold, or two capitalised words or more within a sentence.
    """
    figures = set()
    for number, unit in _FIGURE.findall(normalise(_CODE.sub(" ", text))):
        if unit or not _COUNT_ALONE.fullmatch(number):
            figures.add(f"{number} {unit}".strip())
    codes = {normalise(code) for code in _CODE.findall(text)}
    quoted = {normalise(next(filter(None, groups))) for groups in _QUOTED.findall(text)}
    names = {normalise(name) for name in _NAME.findall(text)}
    return frozenset(fact for fact in figures | codes | quoted | names if fact)


@lru_cache(maxsize=16_384)
def _pattern(alternative: str) -> re.Pattern[str]:
    open_end = alternative.endswith("*")
    body = re.escape(normalise(alternative.rstrip("*")))
    return re.compile(rf"(?<![\w.:]){body}" + ("" if open_end else r"(?!\w|[.:]\d)"))
