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
    """The word without its commonest endings: 'refunded' and 'refunds' become 'refund'."""
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 4:
            return word[: -len(suffix)]
    return word


def content_words(text: str) -> list[str]:
    """The words of `text` that are no stop words, lower-cased and stemmed, in order, with repetitions."""
    return list(_content_words(text))


@lru_cache(maxsize=4_096)  # a passage is compared with every sentence of the other passages
def _content_words(text: str) -> tuple[str, ...]:
    words = (word.lower().replace("\u2019", "'") for word in WORD.findall(text))
    return tuple(
        stem(word.removesuffix("'s")) for word in words if word not in STOP_WORDS and (len(word) > 1 or word.isdigit())
    )


def complete_sentences(text: str) -> tuple[list[str], str]:
    """The trimmed sentences of `text` that another one follows, and the unchanged rest: for text that still grows.

    A line break ends a sentence too; 'e.g.' does not.
    """
    complete: list[str] = []
    start = 0
    for end in _SENTENCE_END.finditer(text):
        sentence = text[start : end.end()].strip()
        if not _NOT_AN_END.search(sentence):
            complete.append(sentence)
            start = end.end()
    return [sentence for sentence in map(_without_bullet, complete) if sentence], text[start:]


def sentences(text: str) -> list[str]:
    """All sentences of `text`, trimmed, in order."""
    complete, rest = complete_sentences(text)
    last = _without_bullet(rest.strip())
    return [*complete, last] if last else complete


def _without_bullet(sentence: str) -> str:
    return sentence.lstrip("-*• \t")


def idf(texts: Iterable[str]) -> dict[str, float]:
    """Inverse document frequency of each content word of n `texts`: ln(1 + n / number of texts that hold the word)."""
    counts: Counter[str] = Counter()
    n = 0
    for text in texts:
        counts.update(set(content_words(text)))
        n += 1
    return {word: math.log1p(n / count) for word, count in counts.items()}


def overlap(query: str, text: str, weights: dict[str, float]) -> float:
    """The total weight of the content words of `query` that `text` holds, each counted once."""
    return sum(weights.get(word, 0.0) for word in sorted(set(content_words(query)) & set(content_words(text))))


def truncate(text: str, n_words: int) -> str:
    """`text` up to `n_words` words, cut after a complete sentence where one ends in the second half."""
    words = text.split()
    if len(words) <= n_words:
        return text.strip()
    head = words[:n_words]
    for last in range(n_words - 1, n_words // 2, -1):
        if head[last].endswith((".", "!", "?")):
            return " ".join(head[: last + 1])
    return " ".join(head) + " ..."


def unstemmed_words(text: str) -> list[str]:
    """The words of `text` that are no stop words, lower-cased, in order, with repetitions."""
    words = (word.lower().replace("\u2019", "'").removesuffix("'s") for word in WORD.findall(text))
    return [word for word in words if word not in STOP_WORDS and (len(word) > 1 or word.isdigit())]
