"""Does an answer say only what its passages say? Decided by rules that a person can read, not by a model.

    check("It is free from 50 EUR [1].", passages)
    -> Grounding(ok=False, reasons=("amount: 50 EUR is not in the cited passages",))

Every rule errs on the side of refusing: what fails is replaced by a quotation, which is right by construction.
Reasons name rules and numbers, never a customer's words.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from nightshift.runtime.passages import Passage
from nightshift.runtime.prompts import as_data, marks, with_mark, without_marks
from nightshift.runtime.words import content_words, overlap, rarity, sentences

MIN_SUPPORT = 0.85
LEAST_WORDS = 3
_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"'\])]+", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,:]\d+)*")
_CURRENCY = r"EUR|USD|GBP|CHF|PLN|SEK|DKK|CZK|euros?|dollars?|pounds?|percent|[€$£%]"
_AMOUNT = re.compile(
    rf"(?P<before>[€$£])\s?(?P<n>\d+(?:[.,]\d+)*)|(?P<m>\d+(?:[.,]\d+)*)\s?(?P<after>{_CURRENCY})(?!\w)", re.IGNORECASE
)
_UNITS = {"€": "eur", "euro": "eur", "euros": "eur", "$": "usd", "dollar": "usd", "dollars": "usd", "£": "gbp",
          "pound": "gbp", "pounds": "gbp", "percent": "%"}  # fmt: skip
_NAME = re.compile(r"(?<=[\w,;:)\]] )[\"'(]?(?!I['\u2019])([A-Z][\w&'\u2019-]*[a-z\d][\w&'\u2019-]*|[A-Z]{2,}[\w-]*)")
_NEGATION = re.compile(
    r"\b(?:not|no|never|cannot|nobody|none|nothing|neither|nor|without)\b|n['\u2019]t\b", re.IGNORECASE
)
_SPELLED = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_NUMBER_WORDS = {word: str(number) for number, word in enumerate(_SPELLED, start=2)} | {"thirty": "30", "sixty": "60"}
_NUMBER_WORD = re.compile(rf"\b(?:{'|'.join(_NUMBER_WORDS)})\b", re.IGNORECASE)

Likeness = Callable[[str, Sequence[str]], Sequence[float]]


@dataclass(frozen=True)
class Grounding:
    """Whether a text may be shown, and if not, which rules it breaks."""

    ok: bool
    reasons: tuple[str, ...] = ()


def check(answer: str, passages: Sequence[Passage], min_support: float = MIN_SUPPORT) -> Grounding:
    """Hold `answer`, with its marks, against the passages it cites, numbered from 1 as in the prompt."""
    cited = marks(answer)
    if not cited:
        return Grounding(ok=False, reasons=("citation: no passage is cited",))
    strangers = [number for number in cited if not 1 <= number <= len(passages)]
    if strangers:
        return Grounding(ok=False, reasons=tuple(f"citation: there is no passage [{number}]" for number in strangers))
    said = without_marks(answer)
    cited_passages = [passages[number - 1] for number in cited]
    source = "\n".join(_readable(passage) for passage in cited_passages)
    reasons = [*_missing_figures(said, source), *_missing_names(said, source)]
    share = min((support(sentence, cited_passages) for sentence in sentences(said)), default=0.0)
    if share < min_support:
        reasons.append(f"support: {share:.2f} of the words stand together in a passage, {min_support:.2f} are wanted")
    elif any(_turned_round(sentence, source) for sentence in sentences(said)):
        reasons.append("negation: the passage says yes where the answer says no, or the reverse")
    return Grounding(ok=not reasons, reasons=tuple(reasons))


def support(sentence: str, passages: Sequence[Passage]) -> float:
    """The share of the sentence's content words that stand together: in two neighbouring sentences and their title.

    Words gathered from all over a passage say something that it does not. Figures, however they are spelled, are
    held against the passages by themselves. 0 for a sentence that says nothing.
    """
    words = set(content_words(_without_figures(sentence)))
    if not words:
        return float(bool(content_words(sentence)))
    return max(len(words & window) for passage in passages for window in _windows(passage)) / len(words)


def _windows(passage: Passage) -> Iterator[set[str]]:
    name = set(content_words(f"{passage.name} {passage.url}"))
    held = [set(content_words(sentence)) for sentence in sentences(as_data(passage.text))] or [set()]
    yield from (name | one | other for one, other in zip(held, [*held[1:], set[str]()], strict=True))


def cite(sentence: str, passages: Sequence[Passage]) -> str:
    """The sentence with a mark; one that cites nothing gets the mark of the passage that supports it most."""
    if marks(sentence) or not passages:
        return sentence
    shares = [support(sentence, [passage]) for passage in passages]
    return with_mark(sentence, shares.index(max(shares)) + 1)


def quote(question: str, passages: Sequence[Passage], likeness: Likeness | None = None) -> str:
    """The one or two neighbouring sentences that say most about the question, cited.

    Only the first passage's article is quoted: which article answers is retrieval's to say, with all its signals.
    `likeness` scores the sentences of its passages against the question, e.g. by an encoder's cosine; without it the
    words shared with the first passage count, the rarer the more. '' when there is nothing to quote.
    """
    sources = [
        (mark, source)
        for mark, source in enumerate(passages, start=1)
        if source is passages[0] or (likeness and source.article_id == passages[0].article_id)
    ]
    whole = [(mark, one) for mark, source in sources for one in sentences(as_data(source.text))]
    candidates = [(mark, one) for mark, one in whole if worth_quoting(one)] or whole
    if not candidates:
        return ""
    said = [sentence for _, sentence in candidates]
    if likeness:
        scores = list(likeness(question, said))
    else:
        weights = rarity(sentence for passage in passages for sentence in sentences(passage.text))
        scores = [overlap(question, sentence, weights) for sentence in said]
    best = max(range(len(said)), key=lambda i: (scores[i], -i))
    near = (i for i in (best - 1, best + 1) if 0 <= i < len(said))
    neighbours = [i for i in near if candidates[i][0] == candidates[best][0]]
    second = max(neighbours, key=lambda i: (scores[i], i), default=best)
    return " ".join(with_mark(said[i], candidates[i][0]) for i in sorted({best, second}))


def worth_quoting(sentence: str) -> bool:
    """Whether a sentence says anything by itself: headings of lists and image captions do not."""
    return len(content_words(sentence)) >= LEAST_WORDS


def _readable(passage: Passage) -> str:
    return f"{passage.title}\n{passage.heading}\n{as_data(passage.text)}\n{passage.url}"


def _missing_figures(said: str, source: str) -> list[str]:
    """URLs, amounts and numbers of the answer that the source does not hold. URLs go first: they hold digits."""
    urls = [url for url in _urls(said) if url not in _urls(source)]
    reasons = ["url: a link is not in the cited passages"] * len(urls)
    said, source = _URL.sub(" ", said), _URL.sub(" ", source)
    reasons += [
        f"amount: {amount} is not in the cited passages" for amount in _absent(_amounts(said), _amounts(source))
    ]
    return reasons + [
        f"number: {one} is not in the cited passages" for one in _absent(_numbers(said), _numbers(source))
    ]


def _missing_names(said: str, source: str) -> list[str]:
    held = {word.lower() for word in re.findall(r"[\w&'\u2019-]+", source)}
    names = [name for sentence in sentences(said) for name in _NAME.findall(sentence)]
    absent = [name for name in names if not {name.lower(), name.lower().removesuffix("'s")} & held]
    return ["name: a name is not in the cited passages"] * len(absent)


def _turned_round(sentence: str, source: str) -> bool:
    """Whether the source's sentence nearest to this one denies where it affirms, or the reverse."""
    weights = rarity(sentences(source))
    nearest = max(sentences(source), key=lambda one: (overlap(sentence, one, weights), -len(one)))
    return bool(_NEGATION.search(sentence)) != bool(_NEGATION.search(nearest))


def _without_figures(text: str) -> str:
    for figure in (_AMOUNT, _NUMBER, _NUMBER_WORD):
        text = figure.sub(" ", text)
    return text


def _absent(said: list[str], held: list[str]) -> list[str]:
    return [one for one in dict.fromkeys(said) if one not in held]


def _urls(text: str) -> list[str]:
    return [url.lower().rstrip(".,;:!?/") for url in _URL.findall(text)]


def _numbers(text: str) -> list[str]:
    spelled = [_NUMBER_WORDS[word.lower()] for word in _NUMBER_WORD.findall(text)]
    return [_plain(number) for number in _NUMBER.findall(text)] + spelled


def _amounts(text: str) -> list[str]:
    found = ((match["n"] or match["m"], match["before"] or match["after"]) for match in _AMOUNT.finditer(text))
    return [f"{_plain(number)} {_UNITS.get(unit.lower(), unit.lower()).upper()}" for number, unit in found]


def _plain(number: str) -> str:
    """'4,90' and '4.90' and '4.9' are one number, '1,000' is 1000."""
    number = re.sub(r"[.,](?=\d{3}(?:\D|$))", "", number).replace(",", ".")
    return number.rstrip("0").rstrip(".") if re.fullmatch(r"\d+\.\d+", number) else number
