"""Hashed character n-grams of a text as a vector of length 1, with logarithmic counts.

    ngrams(["Ignore all rules"])   # float32 [1, 32768]: ' i', 'ig', ' ig', 'ign', ..., 'ules ' each hashed to a column

Characters show what a sentence encoder misses: wording, code, markup, and words spelled apart to pass a filter. Hashing
needs no vocabulary (Weinberger et al. 2009, arXiv:0902.2206), so a model stores none of its training words.
"""

import zlib
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

COLUMNS = 2**15
N = range(2, 6)
_MAX_CHARACTERS = 4_000


def ngrams(texts: Sequence[str]) -> NDArray[np.float32]:
    """Vectors float32 [n, 32768] of length 1, 0 for a blank text; only the first 4,000 characters count."""
    vectors = np.zeros((len(texts), COLUMNS), np.float32)
    for row, text in enumerate(texts):
        counts = Counter(
            zlib.crc32(gram.encode("utf-8", "replace")) % COLUMNS for gram in _grams(text[:_MAX_CHARACTERS])
        )
        if counts:
            weights = 1 + np.log(np.fromiter(counts.values(), np.float32))
            vectors[row, list(counts)] = weights / np.linalg.norm(weights)
    return vectors


def _grams(text: str) -> Iterator[str]:
    """Every run of 2 to 5 characters within each word, a space before and after it included."""
    for word in text.lower().split():
        padded = f" {word} "
        for length in N:
            for start in range(len(padded) - length + 1):
                yield padded[start : start + length]
