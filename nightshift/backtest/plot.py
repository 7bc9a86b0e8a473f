"""A backtest as a picture, in SVG with its style inside, for light and for dark pages.

Above, hit@5 of each contender over a moving window of nights; below, what learning every night is worth so far: the mean
difference to the frozen release over all questions up to that night, with the 95 % interval of a paired bootstrap.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from nightshift.backtest.replay import Backtest, ReplayedNight
from nightshift.backtest.scores import asked, gain, values
from nightshift.metrics.retrieval import interval

WIDTH, HEIGHT = 980, 560
LEFT, RIGHT = 70, 830  # names stand to the right of their lines
UPPER, LOWER = (84, 340), (410, 510)  # top and bottom of the two fields
WINDOW = 8  # nights
NAMES = {"nightly": "learned nightly", "frozen": "frozen first night", "dense": "dense alone", "bm25": "BM25 alone"}
MEASURE = "hit@5"

STYLE = """
text{fill:#5b6578;font-size:13px}.t{fill:#1c2330;font-size:17px;font-weight:600}.n{fill:#1c2330;font-weight:600}.bg{fill:#fff}
.g{stroke:#d9dee7}.zero{stroke:#5b6578}.l{stroke-width:2.4;stroke-linejoin:round}.band{opacity:.16}
.nightly{stroke:#2f5fd0;fill:#2f5fd0}.frozen{stroke:#a8261c;fill:#a8261c}.dense,.bm25{stroke:#8791a3;fill:#8791a3}
.bm25{stroke-dasharray:5 4}.l{fill:none}.band{stroke:none}text.nightly,text.frozen,text.dense,text.bm25{stroke:none;font-weight:600}
@media(prefers-color-scheme:dark){text{fill:#9fabc0}.t,.n{fill:#e8ecf4}.bg{fill:#141a24}.g{stroke:#313a4b}.zero{stroke:#9fabc0}
.nightly{stroke:#86a8ff;fill:#86a8ff}.frozen{stroke:#ff8a7d;fill:#ff8a7d}.dense,.bm25{stroke:#7d889b;fill:#7d889b}.l{fill:none}.band{stroke:none;opacity:.22}}
"""

Curve = NDArray[np.float64]


def picture(result: Backtest) -> str:
    """The SVG of a backtest."""
    nights = asked(result.nights)
    window = min(WINDOW, (len(nights) + 1) // 2)
    days = [night.at for night in nights]
    span = f"{days[0]:%Y-%m-%d} to {days[-1]:%Y-%m-%d}, {len(nights)} nights {result.plan.every.days} days apart"
    about = f"Share of questions whose article is among the first five, {span}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'font-family="system-ui,sans-serif" aria-label="{about}"><style>{STYLE}</style>'
        f'<rect class="bg" width="{WIDTH}" height="{HEIGHT}"/>'
        f'<text class="t" x="20" y="32">Asked before it is learned: {MEASURE} of the questions that came next</text>'
        f'<text x="20" y="54">{span}; mean over {window} nights</text>'
        f"{_upper(nights, days, window)}{_lower(nights, days)}</svg>\n"
    )


def moving(nights: Sequence[ReplayedNight], contender: str, window: int) -> Curve:
    """The share of hits over the last `window` nights, at every night that has as many before it [nights - window + 1]."""
    ends = range(window, len(nights) + 1)
    return np.array([values(nights[end - window : end], contender, MEASURE).mean() for end in ends])


def gained(nights: Sequence[ReplayedNight]) -> Curve:
    """Mean, low and high of what learning every night changed up to each night [3, nights]."""
    so_far = [gain(nights[: end + 1], MEASURE) for end in range(len(nights))]
    return np.array([(one.mean(), *interval(one)) for one in so_far]).T


def _upper(nights: Sequence[ReplayedNight], days: Sequence[datetime], window: int) -> str:
    curves = {name: moving(nights, name, window) for name in NAMES}
    every = np.concatenate(list(curves.values()))
    low, high = np.floor(every.min() * 10) / 10, np.ceil(every.max() * 10 + 1e-9) / 10
    xs = _across(days)[window - 1 :]
    places = {name: _down(curve, low, high, UPPER) for name, curve in curves.items()}
    lines = "".join(_line(xs, places[name], name) for name in reversed(NAMES))
    return (
        _grid(low, high, round((high - low) * 10) + 1, UPPER, "{:.1f}")
        + _months(days, UPPER[1])
        + lines
        + _labels(places)
    )


def _lower(nights: Sequence[ReplayedNight], days: Sequence[datetime]) -> str:
    mean, lows, highs = gained(nights)
    reach = max(
        0.02, np.ceil(np.abs(np.concatenate([mean, lows[len(lows) // 5 :], highs[len(highs) // 5 :]])).max() * 50) / 50
    )
    low, high = -reach, reach
    xs, (top, bottom) = _across(days), LOWER
    below, above = (np.clip(_down(one, low, high, LOWER), top, bottom) for one in (lows, highs))
    outline = [*zip(xs, above, strict=True), *zip(xs[::-1], below[::-1], strict=True)]
    band = f'<polygon class="nightly band" points="{_points(outline)}"/>'
    zero = _down(np.zeros(1), low, high, LOWER)[0]
    return (
        f'<text class="n" x="{LEFT}" y="{top - 14}">nightly minus frozen, all questions so far</text>'
        f"{_grid(low, high, 5, LOWER, '{:+.2f}')}{_months(days, bottom)}{band}"
        f'<line class="zero" x1="{LEFT}" x2="{RIGHT}" y1="{zero:.1f}" y2="{zero:.1f}"/>'
        f"{_line(xs, _down(mean, low, high, LOWER), 'nightly')}"
        f'<text class="nightly" x="{RIGHT + 10}" y="{_down(mean, low, high, LOWER)[-1] + 4:.1f}">{mean[-1]:+.3f}</text>'
    )


def _across(days: Sequence[datetime]) -> Curve:
    since = np.array([(day - days[0]).days for day in days], np.float64)
    return np.asarray(LEFT + (RIGHT - LEFT) * since / since[-1])


def _down(curve: Curve, low: float, high: float, field: tuple[int, int]) -> Curve:
    top, bottom = field
    return np.asarray(bottom - (bottom - top) * (curve - low) / (high - low))


def _line(xs: Curve, ys: Curve, name: str) -> str:
    return f'<polyline class="l {name}" points="{_points(list(zip(xs, ys, strict=True)))}"/>'


def _points(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _grid(low: float, high: float, lines: int, field: tuple[int, int], form: str) -> str:
    steps = np.linspace(low, high, lines)
    return "".join(
        f'<line class="g" x1="{LEFT}" x2="{RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{form.format(step)}</text>'
        for step, y in zip(steps, _down(steps, low, high, field), strict=True)
    )


def _months(days: Sequence[datetime], bottom: int) -> str:
    """The first night of each month under the field, or some days where there are few months."""
    firsts = [place for place, day in enumerate(days) if place == 0 or day.month != days[place - 1].month]
    few = len(firsts) < 4
    chosen = range(0, len(days), -(-len(days) // 8)) if few else firsts[:: -(-len(firsts) // 12)]
    xs = _across(days)
    told = [
        days[one].strftime("%m-%d" if few else "%b '%y" if one == 0 or days[one].month == 1 else "%b") for one in chosen
    ]
    return "".join(
        f'<text x="{xs[one]:.1f}" y="{bottom + 20}">{text}</text>' for one, text in zip(chosen, told, strict=True)
    )


def _labels(places: Mapping[str, Curve]) -> str:
    """The name of every line at its end, pushed apart where ends lie close together."""
    order = sorted(places, key=lambda name: places[name][-1])
    heights: list[float] = []
    for name in order:
        heights.append(max(places[name][-1] + 4, heights[-1] + 17 if heights else 0.0))
    return "".join(
        f'<text class="{name}" x="{RIGHT + 10}" y="{y:.1f}">{NAMES[name]}</text>'
        for name, y in zip(order, heights, strict=True)
    )
