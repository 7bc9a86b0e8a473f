"""The benchmark of retrieval: its differences, and that training improves hit@k on the simulated company."""

import numpy as np
import pytest

from bench.retrieval import BASELINE, benchmark, best_section, difference
from nightshift.retrieval.sections import Sections
from nightshift.settings import Settings


def test_the_baseline_takes_the_best_section():
    """Sections in any order; an article's other sections do not count."""
    sections = Sections(np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32), ["b", "a", "b"])
    np.testing.assert_allclose(best_section(sections, np.array([[0, 1], [1, 0]], np.float32)), [[1, 0.8], [0, 1]])


def test_a_difference_is_paired():
    """Two systems that differ on no question have difference 0 with an empty interval."""
    assert difference(np.zeros(50)) == "+0.000 (+0.000 to +0.000)"


@pytest.mark.slow
def test_training_improves_retrieval_and_a_cold_start_does_not_lose(tmp_path):
    """The fusion ranks better than the frozen encoder, and without a resolved ticket no worse."""
    settings = Settings.from_env({"NIGHTSHIFT_HOME": str(tmp_path), "NIGHTSHIFT_PROFILE": "smoke"})
    result = benchmark("simulate://shop?night=1", "", "", "never", settings, tmp_path)
    frozen = result.systems[BASELINE].metrics
    fusion = result.systems["**fusion**"].metrics
    cold = result.systems["cold start: the fusion without a resolved ticket"].metrics
    assert fusion["mrr"] > frozen["mrr"] + 0.2
    assert cold["mrr"] >= frozen["mrr"]
    assert cold["hit@5"] >= frozen["hit@5"]
    assert result.tickets > 500
