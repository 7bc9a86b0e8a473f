import numpy as np
import pytest

from nightshift.errors import ParityExceeded
from nightshift.export.parity import check


def test_the_largest_difference_is_returned():
    """What is measured is the worst number, not the mean."""
    original = np.zeros((2, 3), np.float32)
    exported = original.copy()
    exported[1, 2] = -5e-5
    assert check("tower", original, exported, 1e-4) == pytest.approx(5e-5)


@pytest.mark.parametrize("wrong", [2e-4, np.nan, np.inf])
def test_a_difference_above_the_tolerance_is_refused(wrong):
    """Too large, not a number or infinite: none passes."""
    with pytest.raises(ParityExceeded, match="tower"):
        check("tower", np.zeros((1, 2)), np.array([[0.0, wrong]]), 1e-4)


def test_another_shape_is_refused():
    """A graph that broadcasts to the right answer is still another graph."""
    with pytest.raises(ParityExceeded, match="gives"):
        check("tower", np.zeros((2, 3)), np.zeros((1, 3)), 1e-4)
