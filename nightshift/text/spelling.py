"""Corrects typing errors in a question to words of the help articles, without a model.

    vocabulary = Vocabulary.of(texts, known=tokenizer.get_vocab())  # every title, heading and sentence of the articles
    corrected("forgott my pasword, error E04", vocabulary)          # 'forgot my password, error E04'

A word of at least 4 letters that is unknown becomes the nearest word of the articles, else of the common words, by
Damerau-Levenshtein distance (optimal string alignment), with the same first letter. Most unknown words of customers are
right, only rare: `known` should hold the 20,000 words of the encoder's tokenizer. Of the questions of the simulated
company, which hold few errors, 2.5 % are changed without them and none with them. The distance is written out here
because the library that has it comes with the warehouse, which a server does not install.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Self

import yaml

from nightshift.text.words import STOP_WORDS

MIN_LETTERS: Final = 4
# Of 6 and 7 letters, words two errors apart are other words ("adverts", "alerts"); so are short ones that differ in one
# letter ("scam", "scan"). Those are not taken for errors.
LONG: Final = 8  # letters from which two errors are corrected
SHORT: Final = 5  # letters up to which only a missing, a doubled or two swapped letters are an error
MAX_WORDS: Final = 300  # of a question; a longer text is no question, and stays as it is
_COMMON = Path(__file__).parent / "common_words.yaml"
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W\d_]+)?")
_SENTENCE_START = re.compile(r"(?:^|[.!?:]\s)\W*$")
_ENDINGS = ("s", "es", "d", "ed", "ing", "ly", "er", "ers", "est", "able", "'s")
_PREFIXES = ("re", "un", "in", "im", "dis", "mis", "non", "over", "pre")


@cache
def common_words() -> frozenset[str]:
    """About 2,000 frequent English words, contractions without apostrophe ("dont") included."""
    words = yaml.safe_load(_COMMON.read_text("utf-8"))["words"].split()
    return frozenset({*words, *STOP_WORDS, *(word.replace("'", "") for word in (*words, *STOP_WORDS))})


@dataclass(frozen=True)
class Vocabulary:
    """The words that corrections come from: `counts` of each in the articles, 0 for a common word they lack.

    `by_start` holds them by first letter and length with a bit mask of their letters, `known` are words left alone.
    """

    counts: Mapping[str, int]
    known: frozenset[str]
    by_start: Mapping[tuple[str, int], tuple[tuple[str, int], ...]]

    @classmethod
    def of(cls, texts: Iterable[str], known: Iterable[str]) -> Self:
        """The vocabulary of `texts`. `known` are further correct words; a tokenizer's pieces of words do not count."""
        counts = Counter(match[0].lower().replace("\u2019", "'") for text in texts for match in _WORD.finditer(text))
        counts.update(dict.fromkeys(common_words() - counts.keys(), 0))
        by_start: dict[tuple[str, int], list[tuple[str, int]]] = defaultdict(list)
        for word in sorted(counts):
            if len(word) >= MIN_LETTERS and word.isalpha():
                by_start[word[0], len(word)].append((word, _letters(word)))
        return cls(
            dict(counts),
            frozenset({*counts, *(word.lower() for word in known)}),
            {start: tuple(words) for start, words in by_start.items()},
        )

    def holds(self, word: str) -> bool:
        """Whether a word in lower case is known, also without an ending, prefix or accents, or as two words in one."""
        if word in self.known or _unaccented(word) in self.known:
            return True
        if (word[-1] != "s" and f"{word}s" in self.known) or (word[-1] == "e" and f"{word}d" in self.known):
            return True
        if any(
            word.removeprefix(prefix) in self.known for prefix in _PREFIXES if len(word) >= len(prefix) + MIN_LETTERS
        ):
            return True
        for ending in _ENDINGS:
            stem = word.removesuffix(ending)
            if len(stem) < len(word) and len(stem) >= MIN_LETTERS and (self._is_stem(stem) or self._is_doubled(stem)):
                return True
        cuts = range(MIN_LETTERS, len(word) - MIN_LETTERS + 1)
        return any(self._is_stem(word[:cut]) and self._is_stem(word[cut:]) for cut in cuts)

    def nearest(self, word: str) -> str | None:
        """The nearest word, the most frequent among equally near ones; None where there is none or a draw."""
        limit = 2 if len(word) >= LONG else 1
        letters = _letters(word)
        candidates = [
            (distance, -self.counts[candidate], candidate)
            for length in range(len(word) - limit, len(word) + limit + 1)
            for candidate, mask in self.by_start.get((word[0], length), ())
            if (mask ^ letters).bit_count() <= 2 * limit
            and (distance := osa_distance(word, candidate, limit)) <= (limit if self.counts[candidate] else 1)
            and (len(word) > SHORT or len(candidate) > len(word) or mask == letters)
        ]
        best = sorted(candidates)[:2]
        if not best or (len(best) == 2 and best[0][:2] == best[1][:2]):
            return None
        return best[0][2]

    def _is_doubled(self, stem: str) -> bool:
        """Whether the ending doubled the last letter: "shopp" in "shopped"."""
        return stem[-1] == stem[-2] and stem[:-1] in self.known

    def _is_stem(self, word: str) -> bool:
        return word in self.known or word.removesuffix("s") in self.known


def corrected(question: str, vocabulary: Vocabulary) -> str:
    """The question with its misspelt words replaced; numbers, codes, names and known words stay as they are.

    A text with as many unknown words that nothing comes near to is in another language, and stays as it is.
    """
    matches = list(_WORD.finditer(question))
    if len(matches) > MAX_WORDS:
        return question
    is_shouted = question.isupper() and len(matches) > 1
    replacements: dict[tuple[int, int], str] = {}
    n_strange = 0
    for match in matches:
        word = match[0].lower().replace("\u2019", "'")
        if not word.isalpha() or len(word) < 2 or vocabulary.holds(word):
            continue
        is_name = not is_shouted and not match[0].islower() and not _starts_sentence(question, match)
        nearest = vocabulary.nearest(word) if len(word) >= MIN_LETTERS and not is_name else None
        if nearest is None:
            n_strange += not is_name
        else:
            replacements[match.span()] = _cased(nearest, match[0])
    if n_strange >= max(2, len(replacements)):
        return question
    for (start, end), word in sorted(replacements.items(), reverse=True):
        question = question[:start] + word + question[end:]
    return question


def osa_distance(left: str, right: str, limit: int) -> int:
    """Insertions, deletions, substitutions and swaps of neighbours from one word to the other; > `limit` if too many.

    Optimal string alignment: no part is edited twice. Only cells within `limit` of the diagonal are computed.
    """
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    far = limit + 1
    rows = [[far] * (len(right) + 1), [j if j <= limit else far for j in range(len(right) + 1)]]
    for i, letter in enumerate(left, 1):
        row = [far] * (len(right) + 1)
        if i <= limit:
            row[0] = i
        for j in range(max(1, i - limit), min(len(right), i + limit) + 1):
            cost = min(rows[-1][j] + 1, row[j - 1] + 1, rows[-1][j - 1] + (letter != right[j - 1]))
            if i > 1 and j > 1 and letter == right[j - 2] and left[i - 2] == right[j - 1]:
                cost = min(cost, rows[-2][j - 2] + 1)
            row[j] = min(cost, far)
        if min(row) > limit:
            return far
        rows = [rows[-1], row]
    return rows[-1][-1]


def _starts_sentence(question: str, match: re.Match[str]) -> bool:
    return match[0][1:].islower() and _SENTENCE_START.search(question[: match.start()]) is not None


def _cased(word: str, typed: str) -> str:
    if typed.isupper():
        return word.upper()
    return word.capitalize() if typed[0].isupper() else word


def _unaccented(word: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKD", word) if not unicodedata.combining(letter))


def _letters(word: str) -> int:
    """A bit for each letter of the alphabet that the word holds; other letters share one bit."""
    mask = 0
    for letter in word:
        mask |= 1 << (ord(letter) - ord("a") if "a" <= letter <= "z" else 26)
    return mask
