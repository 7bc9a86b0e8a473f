"""The newest part of the past, kept aside: a model is judged on what came after what it learned from."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

HELD_OUT_SHARE = 0.1


def newest(created_at: Sequence[datetime], ids: Sequence[str], share: float = HELD_OUT_SHARE) -> NDArray[np.bool_]:
    """True for the rows of the newest `share` of the ids, by time and then by id, whatever the order of the rows."""
    born = dict(zip(ids, created_at, strict=True))
    order = sorted(born, key=lambda one: (born[one], one))
    kept = set(order[len(order) - round(len(order) * share) :])
    return np.array([one in kept for one in ids], np.bool_)
