"""Which nights a backtest replays."""

from datetime import datetime, timedelta

import pytest

from nightshift.backtest.plan import make_plan
from nightshift.errors import SettingsError

FIRST, LAST = datetime(2024, 7, 1), datetime(2024, 7, 16)  # noqa: DTZ001 - UTC without a zone, as in the marts


def test_every_moment_belongs_to_exactly_one_night():
    """Spans follow each other without gap from the first night to the end of the last day, the last one cut short."""
    spans = list(make_plan(FIRST, LAST, "7d", "never").spans())
    assert [since for since, _ in spans] == [FIRST, FIRST + timedelta(7), FIRST + timedelta(14)]
    assert [until for _, until in spans[:-1]] == [since for since, _ in spans[1:]]
    assert spans[-1][1] == LAST + timedelta(1)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"first": LAST, "last": FIRST}, "comes after"),
        ({"every": "7"}, "--every"),
        ({"every": "0d"}, "--every"),
        ({"every": "week"}, "--every"),
        ({"every": "30d"}, "one night"),
        ({"tower": "always"}, "--tower"),
    ],
)
def test_a_plan_that_cannot_be_replayed_says_what_to_change(changed, message):
    """Days the wrong way round, an unknown span, an unknown tower or a single night are refused by name."""
    with pytest.raises(SettingsError) as refused:
        make_plan(**{"first": FIRST, "last": LAST, "every": "7d", "tower": "never", **changed})
    assert message in refused.value.what
    assert refused.value.cure
