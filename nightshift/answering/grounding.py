"""Does an answer say only what its passages say? Decided by rules that a person can read, not by a model.

    check("It is free from 50 EUR [1].", passages)
    -> Grounding(ok=False, reasons=("amount: 50 EUR is not in the cited passages",), score=0.5)

Every rule errs on the side of refusing: what fails is replaced by a quotation, which is right by construction.
Reasons name rules and numbers, never a customer's words.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from nightshift.answering.prompts import as_data, marks, with_mark, without_marks
from nightshift.text.passages import Passage
from nightshift.text.words import content_words, idf, overlap, sentences

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
    r"\b(?:(?:not|no)\b(?! (?:only|just|longer than|later than|more than))"
    r"|never\b|cannot\b|nobody\b|none\b|nothing\b|neither\b|nor\b|without\b)|n['\u2019]t\b",
    re.IGNORECASE,
)
_SPELLED = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_NUMBER_WORDS = {word: str(number) for number, word in enumerate(_SPELLED, start=2)} | {"thirty": "30", "sixty": "60"}
_NUMBER_WORD = re.compile(rf"\b(?:{'|'.join(_NUMBER_WORDS)})\b", re.IGNORECASE)

Likeness = Callable[[str, Sequence[str]], Sequence[float]]


@dataclass(frozen=True)
class Grounding:
    """Whether a text may be shown, and if not, which rules it breaks.

    `score` from 0 to 1 puts answers in order: the share of words that stand together, halved by every other rule broken.
    """

    ok: bool
    reasons: tuple[str, ...] = ()
    score: float = 0.0


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
    if not reasons and any(_figure_elsewhere(sentence, cited_passages) for sentence in sentences(said)):
        reasons.append("number: the cited passages say it of something else")
    if any(_turned_round(sentence, source) for sentence in sentences(said)):
        reasons.append("negation: the passage says yes where the answer says no, or the reverse")
    share = min((support(sentence, cited_passages) for sentence in sentences(said)), default=0.0)
    score = share * 0.5 ** len(reasons)
    if share < min_support:
        reasons.append(f"support: {share:.2f} of the words stand together in a passage, {min_support:.2f} are wanted")
    return Grounding(ok=not reasons, reasons=tuple(reasons), score=score)


def support(sentence: str, passages: Sequence[Passage]) -> float:
    """The share of the sentence's content words that stand together: in two neighbouring sentences and their title.

    Words gathered from all over a passage say something that it does not. Figures, however they are spelled, are
    held against the passages by themselves. 0 for a sentence that says nothing.
    """
    words = set(content_words(_without_figures(sentence)))
    if not words:
        return float(bool(content_words(sentence)))
    windows = (set(content_words(window)) for passage in passages for window in _windows(passage))
    return max(len(words & window) for window in windows) / len(words)


def _windows(passage: Passage) -> Iterator[str]:
    """Every two neighbouring sentences, with the passage's name and address."""
    said = sentences(as_data(passage.text)) or [""]
    yield from (
        f"{passage.name} {passage.url}\n{one}\n{other}" for one, other in zip(said, [*said[1:], ""], strict=True)
    )


def cite(sentence: str, passages: Sequence[Passage]) -> str:
    """The sentence with the mark of the passage that bears it out best, whatever passage the model named.

    A small model says what a passage says and numbers it wrongly, or names one that was not shown. Its own marks stay
    where no single passage does better.
    """
    if not passages:
        return sentence
    said = without_marks(sentence)
    scores = [check(with_mark(said, number), passages).score for number in range(1, len(passages) + 1)]
    best = max(scores)
    if marks(sentence) and check(sentence, passages).score >= best:
        return sentence
    return with_mark(said, scores.index(best) + 1)


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
        weights = idf(sentence for passage in passages for sentence in sentences(passage.text))
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


def _figure_elsewhere(sentence: str, passages: Sequence[Passage]) -> bool:
    """Whether a figure of the sentence counts something else in the passages: it stands beside none of the words there.

    Where one sentence of theirs holds every word of this one, the figures must stand in such a sentence.
    """
    figures, words = _counted(sentence), set(content_words(_without_figures(sentence)))
    if not figures:
        return False
    told = [f"{one.name} {one.url}\n{said}" for one in passages for said in sentences(as_data(one.text))]
    quoted = [one for one in told if words <= set(content_words(one))]
    return not any(_held(figures, _counted(one)) for one in quoted or ["\n".join(told)])


def _held(figures: list[tuple[str, set[str]]], there: list[tuple[str, set[str]]]) -> bool:
    return all(any(one == other and (near & held or not near) for other, held in there) for one, near in figures)


def _counted(text: str) -> list[tuple[str, set[str]]]:
    """Every number with the two words on either side, by their first letters: [('60', {'fro', 'bas', 'val'})]."""
    text = _URL.sub(" ", text)
    found = [*_NUMBER.finditer(text), *_NUMBER_WORD.finditer(text)]
    sides = [(_words_alone(text[: one.start()])[-2:], _words_alone(text[one.end() :])[:2]) for one in found]
    near = [{word[:3] for word in (*before, *after)} for before, after in sides]
    return [(number, words) for one, words in zip(found, near, strict=True) for number in _numbers(one[0])]


def _words_alone(text: str) -> list[str]:
    return [word for word in content_words(text) if not word[0].isdigit()]


def _turned_round(sentence: str, source: str) -> bool:
    """Whether the source's sentence nearest to this one denies where it affirms, or the reverse.

    What is denied is the next word that carries meaning; which word that is counts where the nearest sentence holds
    nearly all words of this one, for two ways to say the same may well deny different words.
    """
    weights = idf(sentences(source))
    nearest = max(sentences(source), key=lambda one: (overlap(sentence, one, weights), -len(one)))
    denied, denied_there = _denied(sentence), _denied(nearest)
    words, words_there = set(content_words(sentence)), set(content_words(nearest))
    if bool(denied) != bool(denied_there) or len(words & words_there) < MIN_SUPPORT * len(words):
        return bool(denied) != bool(denied_there)
    return bool(denied & words_there - denied_there or denied_there & words - denied)


def _denied(sentence: str) -> set[str]:
    """The first content word after each negation; '' for one that nothing follows."""
    return {next(iter(content_words(sentence[found.end() :])), "") for found in _NEGATION.finditer(sentence)}


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
