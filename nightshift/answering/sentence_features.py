"""What tells whether a sentence answers a question: one row of features for each candidate.

    query = SentenceQuery.of("How long is a guest basket kept?", sentences, encoder)
    sentence_features(query, sentences, rows, section=..., article=...)      # float32 [len(rows), len(FEATURES)]

The vectors of sentences and words are those of the index: only the question, and words of it that no article holds, are
embedded when a question is asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import regex
from numpy.typing import NDArray

from nightshift.index.sentences import Sentences
from nightshift.retrieval.ranking import Encoder
from nightshift.text.answer_types import answer_types, codes, holds_type
from nightshift.text.words import stem, unstemmed_words

FEATURES: Final = (
    "sentence",  # cosine of the sentence alone
    "context",  # of title, headings and sentence
    "window",  # of the sentence between its two neighbours
    "section",  # of its whole chunk
    "words",  # share of the question's words, weighted by rarity, that the sentence holds or nearly holds
    "words_context",  # the same with title and headings
    "answer_type",  # 1: holds a fact of the type asked for, -1: does not, 0: no type is asked for
    "code",  # 1: holds a code or quoted name of the question, -1: does not, 0: the question has none
    "lead_in",  # announces or refers instead of saying: 'This page covers ...', 'Learn more ...', a question
    "short",  # fewer than 5 words
    "article",  # retrieval's score of the article below that of the best one (<= 0)
)
SIMILAR_WORDS: Final = 0.45  # cosine of two words from which one begins to stand for the other
FEWEST_WORDS: Final = 5

_LEAD_IN = regex.compile(
    r"^(?:on )?(?:this|the following) (?:page|article|section|guide|document|topic)\b"
    r"|^(?:the following|these) (?:checks|lists?|tables?|pages|steps|sections)\b.{0,40}(?:cover|show|explain|help|list)"
    r"|^(?:read|see|learn|find out) (?:here|more|below|above|also|how|about|the page|what|which|when|where)\b"
    r"|^(?:here (?:is|are) (?:how|what|where|the)|below (?:is|are|you))\b"
    r"|^for (?:more|further) (?:information|details|help)\b"
    r"|\bthis (?:page|article|section|guide)(?: also)? "
    r"(?:covers|says|explains|shows|lists|tells|describes|states|is about|helps)\b"
    r"|\b(?:learn|read|find out) more about\b|\?\s*$|:\s*$",
    regex.IGNORECASE,
)


def is_lead_in(sentence: str) -> bool:
    """Whether a sentence announces or refers instead of saying."""
    return _LEAD_IN.search(sentence) is not None


@dataclass(frozen=True)
class SentenceQuery:
    """A question ready to be compared: its vector [dim]; its content words, their vectors [w, dim] and rarity [w]."""

    vector: NDArray[np.float32]
    words: tuple[str, ...]
    word_vectors: NDArray[np.float32]
    rarity: NDArray[np.float64]
    answer_types: frozenset[str]
    codes: frozenset[str]

    @classmethod
    def of(cls, question: str, sentences: Sentences, encoder: Encoder) -> Self:
        """The question, encoded together with those of its words that the index does not hold."""
        vocabulary = sentences.vocabulary
        words = tuple(dict.fromkeys(unstemmed_words(question)))
        unknown = [word for word in words if word not in vocabulary.place]
        encoded = encoder.encode([question, *unknown])
        vectors = dict(zip(unknown, encoded[1:], strict=True))
        stacked = [
            vocabulary.vectors[vocabulary.place[word]] if word in vocabulary.place else vectors[word] for word in words
        ]
        return cls(
            vector=encoded[0],
            words=words,
            word_vectors=np.array(stacked, np.float32).reshape(len(words), encoded.shape[1]),
            rarity=np.array([vocabulary.rarity(word) for word in words]),
            answer_types=answer_types(question),
            codes=codes(question),
        )


def sentence_features(
    query: SentenceQuery,
    sentences: Sentences,
    rows: NDArray[np.int64],
    *,
    section: NDArray[np.floating],
    article: NDArray[np.floating],
) -> NDArray[np.float32]:
    """Features [n, FEATURES] of the candidates `rows` [n].

    `section` [n] is the cosine of each one's chunk, `article` [n] retrieval's score of its article.
    """
    if not len(rows):
        return np.zeros((0, len(FEATURES)), np.float32)
    texts = [sentences.texts[row] for row in rows.tolist()]
    types = query.answer_types
    columns = [
        *(sentences.vectors[rows].astype(np.float32) @ query.vector).T,
        section,
        *word_overlaps(query, sentences, [[row] for row in rows.tolist()]),
        [_signed(types, holds=any(holds_type(text, kind) for kind in types)) for text in texts],
        [_signed(query.codes, holds=bool(query.codes & _tokens(text))) for text in texts],
        [float(is_lead_in(text)) for text in texts],
        [float(len(text.split()) < FEWEST_WORDS) for text in texts],
        np.minimum(article - article.max(), 0),
    ]
    return np.column_stack([np.asarray(column, np.float32) for column in columns])


def word_overlaps(
    query: SentenceQuery, sentences: Sentences, groups: Sequence[Sequence[int]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The share of the question's words that each group of rows holds or nearly holds, each [groups] from 0 to 1.

    In the sentences themselves, and with their titles and headings. A word counts with its rarity; one of like meaning
    with how far the cosine of the two lies above SIMILAR_WORDS.
    """
    if not query.words:
        return np.zeros(len(groups)), np.zeros(len(groups))
    vocabulary = sentences.vocabulary
    used = np.unique(np.concatenate([vocabulary.framed[row] for rows in groups for row in rows]))
    if not len(used):
        return np.zeros(len(groups)), np.zeros(len(groups))
    stems = vocabulary.stems[used]
    exact = np.array([stems == stem(word) for word in query.words], np.float64)
    cosine = query.word_vectors @ vocabulary.vectors[used].T
    similar = np.maximum(exact, np.clip((cosine - SIMILAR_WORDS) / (1 - SIMILAR_WORDS), 0, 1))
    weights = query.rarity / query.rarity.sum()
    alone, framed = (
        np.array(
            [
                float(
                    weights
                    @ similar[:, np.searchsorted(used, np.concatenate([words[row] for row in rows]))].max(
                        axis=1, initial=0.0
                    )
                )
                for rows in groups
            ]
        )
        for words in (vocabulary.alone, vocabulary.framed)
    )
    return alone, framed


def _tokens(text: str) -> frozenset[str]:
    return frozenset(regex.findall(r"[\p{L}\p{N}][\p{L}\p{N}-]*", text.lower()))


def _signed(asked: frozenset[str], *, holds: bool) -> float:
    """0 where nothing of the kind is asked for, else 1 or -1."""
    return 0.0 if not asked else 1.0 if holds else -1.0
