"""Parity: the difference between the outputs of an exported model and of the original.

check("document tower", original, exported, tolerance=1e-4)   # -> 1.8e-07, or ParityExceeded
"""

import numpy as np
from numpy.typing import NDArray

from nightshift.errors import ParityExceeded


def check(name: str, original: NDArray[np.floating], exported: NDArray[np.floating], tolerance: float) -> float:
    """The largest absolute difference of two arrays. Raises ParityExceeded above `tolerance`, or for NaN."""
    if original.shape != exported.shape:
        raise ParityExceeded(
            f"the exported {name} gives {exported.shape} where the original gives {original.shape}",
            "the export is wrong for this model: check its pooling and its output",
        )
    difference = float(np.abs(original - exported).max(initial=0.0))
    if not difference <= tolerance:
        raise ParityExceeded(
            f"the exported {name} differs from the original by {difference:.2g} (at most {tolerance:.2g} is allowed)",
            "keep the release that serves; export with the pinned versions of torch, transformers and onnxruntime",
        )
    return difference
