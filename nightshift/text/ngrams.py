"""The letters of a text as a vector: counts of its n-grams inside words, hashed, damped, of length 1.

    ngrams(["Ignore all rules"])   # float32 [1, 32768]: ' i', 'ig', ' ig', 'ign', ..., 'ules ' each in its place

Letters see what a sentence encoder blurs: turns of phrase, code, markup, and words broken up to get past a filter.
Hashing needs no vocabulary (Weinberger et al. 2009, arXiv:0902.2206), so nobody's words are stored with a model.
"""

import zlib
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

PLACES = 2**15
LENGTHS = range(2, 6)
_MOST_LETTERS = 4_000


def ngrams(texts: Sequence[str]) -> NDArray[np.float32]:
    """Vectors float32 [n, 32768] of length 1; 0 for a text without letters. Read up to 4,000 characters."""
    vectors = np.zeros((len(texts), PLACES), np.float32)
    for row, text in enumerate(texts):
        counts = Counter(zlib.crc32(gram.encode("utf-8", "replace")) % PLACES for gram in _grams(text[:_MOST_LETTERS]))
        if counts:
            damped = 1 + np.log(np.fromiter(counts.values(), np.float32))
            vectors[row, list(counts)] = damped / np.linalg.norm(damped)
    return vectors


def _grams(text: str) -> Iterator[str]:
    """2 to 5 letters within each word, the gap before and after it included."""
    for word in text.lower().split():
        padded = f" {word} "
        for length in LENGTHS:
            for start in range(len(padded) - length + 1):
                yield padded[start : start + length]
