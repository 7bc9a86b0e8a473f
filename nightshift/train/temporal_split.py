"""A split by time: the newest share of the tickets is held out, so a model is tested on what came after its training
data.
"""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

HELD_OUT_SHARE = 0.1


def newest(created_at: Sequence[datetime], ids: Sequence[str], share: float = HELD_OUT_SHARE) -> NDArray[np.bool_]:
    """True [rows] for the rows of the newest `share` of the ids, by time and then by id, whatever the order of rows."""
    time_of = dict(zip(ids, created_at, strict=True))
    order = sorted(time_of, key=lambda ticket: (time_of[ticket], ticket))
    held_out = set(order[len(order) - round(len(order) * share) :])
    return np.array([ticket in held_out for ticket in ids], np.bool_)
