"""The grounding check: whether an answer states only what its cited passages state, decided by rules, not by a model.

    check("It is free from 50 EUR [1].", passages)
    -> Grounding(ok=False, reasons=("amount: 50 EUR is not in the cited passages",), score=0.5)

Rules prefer a false refusal: a text that fails is replaced by the sentences it was to rephrase, which are grounded by
construction. Reasons name rules and numbers, and hold no word of a customer.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nightshift.answering.prompts import as_data, marks, with_mark, without_marks
from nightshift.text.passages import Passage
from nightshift.text.words import content_words, idf, overlap, sentences

MIN_SUPPORT = 0.85
MIN_QUOTED_WORDS = 3
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

_Figure = tuple[str, set[str]]  # a number and the words around it


@dataclass(frozen=True)
class Grounding:
    """Whether a text may be shown, and if not, which rules it breaks.

    `score` from 0 to 1 orders answers: the support (share of words), halved for each other rule that is broken.
    """

    ok: bool
    reasons: tuple[str, ...] = ()
    score: float = 0.0


def check(answer: str, passages: Sequence[Passage], min_support: float = MIN_SUPPORT) -> Grounding:
    """Check `answer`, with its marks, against the passages it cites, numbered from 1 as in the prompt.

    `min_support` is the least share of each sentence's content words that one window of a passage must hold.
    """
    cited = marks(answer)
    if not cited:
        return Grounding(ok=False, reasons=("citation: no passage is cited",))
    unknown = [number for number in cited if not 1 <= number <= len(passages)]
    if unknown:
        return Grounding(ok=False, reasons=tuple(f"citation: there is no passage [{number}]" for number in unknown))
    text = without_marks(answer)
    cited_passages = [passages[number - 1] for number in cited]
    source = "\n".join(_readable(passage) for passage in cited_passages)
    reasons = [*_missing_figures(text, source), *_missing_names(text, source)]
    if not reasons and any(_figure_counts_another_thing(sentence, cited_passages) for sentence in sentences(text)):
        reasons.append("number: the cited passages say it of something else")
    if any(_contradicts(sentence, source) for sentence in sentences(text)):
        reasons.append("negation: the passage says yes where the answer says no, or the reverse")
    share = min((support(sentence, cited_passages) for sentence in sentences(text)), default=0.0)
    score = share * 0.5 ** len(reasons)
    if share < min_support:
        reasons.append(f"support: {share:.2f} of the words stand together in a passage, {min_support:.2f} are wanted")
    return Grounding(ok=not reasons, reasons=tuple(reasons), score=score)


def support(sentence: str, passages: Sequence[Passage]) -> float:
    """The largest share of the sentence's content words in one window: two neighbouring sentences and their title.

    Words collected from a whole passage could state what the passage does not. Figures are left out, for they have
    checks of their own. 0 for a sentence without content words.
    """
    words = set(content_words(_without_figures(sentence)))
    if not words:
        return float(bool(content_words(sentence)))
    windows = (set(content_words(window)) for passage in passages for window in _windows(passage))
    return max(len(words & window) for window in windows) / len(words)


def _windows(passage: Passage) -> Iterator[str]:
    """Every two neighbouring sentences, with the passage's name and URL."""
    texts = sentences(as_data(passage.text)) or [""]
    for sentence, following in zip(texts, [*texts[1:], ""], strict=True):
        yield f"{passage.name} {passage.url}\n{sentence}\n{following}"


def cite(sentence: str, passages: Sequence[Passage]) -> str:
    """The sentence with the mark of the passage that supports it best.

    A small model often cites the wrong passage, or one that was not shown. Its own marks stay where no single passage
    scores higher.
    """
    if not passages:
        return sentence
    text = without_marks(sentence)
    scores = [check(with_mark(text, number), passages).score for number in range(1, len(passages) + 1)]
    best = max(scores)
    if marks(sentence) and check(sentence, passages).score >= best:
        return sentence
    return with_mark(text, scores.index(best) + 1)


def worth_quoting(sentence: str) -> bool:
    """Whether a sentence is understood by itself, which headings of lists and image captions are not."""
    return len(content_words(sentence)) >= MIN_QUOTED_WORDS


def _readable(passage: Passage) -> str:
    return f"{passage.title}\n{passage.heading}\n{as_data(passage.text)}\n{passage.url}"


def _missing_figures(text: str, source: str) -> list[str]:
    """A reason for each URL, amount and number of the text that the source lacks. URLs go first: they hold digits."""
    urls = [url for url in _urls(text) if url not in _urls(source)]
    reasons = ["url: a link is not in the cited passages"] * len(urls)
    text, source = _URL.sub(" ", text), _URL.sub(" ", source)
    reasons += [
        f"amount: {amount} is not in the cited passages" for amount in _absent(_amounts(text), _amounts(source))
    ]
    return reasons + [
        f"number: {number} is not in the cited passages" for number in _absent(_numbers(text), _numbers(source))
    ]


def _missing_names(text: str, source: str) -> list[str]:
    words = {word.lower() for word in re.findall(r"[\w&'\u2019-]+", source)}
    names = [name for sentence in sentences(text) for name in _NAME.findall(sentence)]
    absent = [name for name in names if not {name.lower(), name.lower().removesuffix("'s")} & words]
    return ["name: a name is not in the cited passages"] * len(absent)


def _figure_counts_another_thing(sentence: str, passages: Sequence[Passage]) -> bool:
    """Whether a figure of the sentence has none of its neighbouring words beside it in the passages.

    Where a sentence of the passages holds every word of this one, the figures must be in such a sentence.
    """
    figures, words = _figures_in_context(sentence), set(content_words(_without_figures(sentence)))
    if not figures:
        return False
    texts = [
        f"{passage.name} {passage.url}\n{text}" for passage in passages for text in sentences(as_data(passage.text))
    ]
    holding = [text for text in texts if words <= set(content_words(text))]
    return not any(_all_held(figures, _figures_in_context(text)) for text in holding or ["\n".join(texts)])


def _all_held(figures: list[_Figure], source: list[_Figure]) -> bool:
    """Whether each figure is in the source beside one of its words, or beside any where it has none."""
    return all(
        any(number == held and (context & held_context or not context) for held, held_context in source)
        for number, context in figures
    )


def _figures_in_context(text: str) -> list[_Figure]:
    """Every number with the two words on either side, by their first letters: [('60', {'fro', 'bas', 'val'})]."""
    text = _URL.sub(" ", text)
    figures: list[_Figure] = []
    for match in (*_NUMBER.finditer(text), *_NUMBER_WORD.finditer(text)):
        context = [
            *_words_without_figures(text[: match.start()])[-2:],
            *_words_without_figures(text[match.end() :])[:2],
        ]
        figures += [(number, {word[:3] for word in context}) for number in _numbers(match[0])]
    return figures


def _words_without_figures(text: str) -> list[str]:
    return [word for word in content_words(text) if not word[0].isdigit()]


def _contradicts(sentence: str, source: str) -> bool:
    """Whether the source's sentence nearest to this one negates where this one affirms, or the reverse.

    The negated word is the next content word. Which word is negated is compared only where the nearest sentence holds
    nearly all words of this one: two paraphrases may negate different words.
    """
    weights = idf(sentences(source))
    nearest = max(sentences(source), key=lambda candidate: (overlap(sentence, candidate, weights), -len(candidate)))
    negated, source_negated = _negated_words(sentence), _negated_words(nearest)
    words, source_words = set(content_words(sentence)), set(content_words(nearest))
    if bool(negated) != bool(source_negated) or len(words & source_words) < MIN_SUPPORT * len(words):
        return bool(negated) != bool(source_negated)
    return bool(negated & source_words - source_negated or source_negated & words - negated)


def _negated_words(sentence: str) -> set[str]:
    """The first content word after each negation; '' where none follows."""
    return {next(iter(content_words(sentence[match.end() :])), "") for match in _NEGATION.finditer(sentence)}


def _without_figures(text: str) -> str:
    for figure in (_AMOUNT, _NUMBER, _NUMBER_WORD):
        text = figure.sub(" ", text)
    return text


def _absent(figures: list[str], source: list[str]) -> list[str]:
    return [figure for figure in dict.fromkeys(figures) if figure not in source]


def _urls(text: str) -> list[str]:
    return [url.lower().rstrip(".,;:!?/") for url in _URL.findall(text)]


def _numbers(text: str) -> list[str]:
    spelled = [_NUMBER_WORDS[word.lower()] for word in _NUMBER_WORD.findall(text)]
    return [_normal_form(number) for number in _NUMBER.findall(text)] + spelled


def _amounts(text: str) -> list[str]:
    pairs = ((match["n"] or match["m"], match["before"] or match["after"]) for match in _AMOUNT.finditer(text))
    return [f"{_normal_form(number)} {_UNITS.get(unit.lower(), unit.lower()).upper()}" for number, unit in pairs]


def _normal_form(number: str) -> str:
    """'4.9' for '4,90' and '4.90', '1000' for '1,000'."""
    number = re.sub(r"[.,](?=\d{3}(?:\D|$))", "", number).replace(",", ".")
    return number.rstrip("0").rstrip(".") if re.fullmatch(r"\d+\.\d+", number) else number
