"""Words and sentences of plain English text, without a model.

content_words("We don't charge the 4.90 EUR afterwards.")  ->  ['charge', '4.90', 'eur', 'afterward']
"""

import math
import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

WORD = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])|\n+")
_NOT_AN_END = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|approx|no|nr|mr|mrs|ms|dr|st|inc|ltd)\.|^\s*\d+\.)$", re.IGNORECASE)
_SUFFIXES = ("ing", "ed", "es", "s")

STOP_WORDS = frozenset(
    """a about after again all also am an and any are as at back be because been before being both but by can cannot
    could did do does doing don't down during each else ever every few for from further get gets getting go got had
    has have having he her here hers him his how i i'd i'll i'm i've if in into is isn't it it's its just like may me
    might more most much must my need no nor not now of off on once only or other our ours out over own please same
    she should so some still such than that that's the their them then there these they this those through to too
    under until up us use very want was we we're were what when where whether which while who why will with would yes
    you you'll you're your yours""".split()  # noqa: SIM905  # a list of 150 quoted words is harder to read
)


def stem(word: str) -> str:
    """Fold the commonest endings, so that 'refunded' meets 'refunds'."""
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 4:
            return word[: -len(suffix)]
    return word


def content_words(text: str) -> list[str]:
    """The words that carry meaning, lower-cased and stemmed, in order, repeats kept."""
    return list(_content_words(text))


@lru_cache(maxsize=4_096)  # a passage is compared with every sentence of the others
def _content_words(text: str) -> tuple[str, ...]:
    words = (word.lower().replace("\u2019", "'") for word in WORD.findall(text))
    return tuple(
        stem(word.removesuffix("'s")) for word in words if word not in STOP_WORDS and (len(word) > 1 or word.isdigit())
    )


def finished(text: str) -> tuple[list[str], str]:
    """The sentences of `text` that another one follows, trimmed, and the rest as it stands: for text that still grows.

    A line break ends a sentence too; 'e.g.' does not.
    """
    found: list[str] = []
    start = 0
    for end in _SENTENCE_END.finditer(text):
        sentence = text[start : end.end()].strip()
        if not _NOT_AN_END.search(sentence):
            found.append(sentence)
            start = end.end()
    return [sentence for sentence in map(_without_bullet, found) if sentence], text[start:]


def sentences(text: str) -> list[str]:
    """All sentences of `text`, trimmed, in order."""
    whole, rest = finished(text)
    last = _without_bullet(rest.strip())
    return [*whole, last] if last else whole


def _without_bullet(sentence: str) -> str:
    return sentence.lstrip("-*• \t")


def rarity(texts: Iterable[str]) -> dict[str, float]:
    """How telling each content word is among `texts`: ln(1 + n / texts that hold it) (inverse document frequency)."""
    counts: Counter[str] = Counter()
    n = 0
    for text in texts:
        counts.update(set(content_words(text)))
        n += 1
    return {word: math.log1p(n / count) for word, count in counts.items()}


def overlap(wanted: str, text: str, weights: dict[str, float]) -> float:
    """The weight of the content words of `wanted` that `text` holds, each counted once."""
    return sum(weights.get(word, 0.0) for word in sorted(set(content_words(wanted)) & set(content_words(text))))


def cut(text: str, n_words: int) -> str:
    """`text` up to `n_words` words, broken after a whole sentence where one ends in the second half."""
    pieces = text.split()
    if len(pieces) <= n_words:
        return text.strip()
    kept = pieces[:n_words]
    for last in range(n_words - 1, n_words // 2, -1):
        if kept[last].endswith((".", "!", "?")):
            return " ".join(kept[: last + 1])
    return " ".join(kept) + " ..."
