"""A backtest as a picture in SVG.

Above, hit@5 of each system over a moving window of nights. Below, the mean difference between the nightly and the
frozen release over all questions up to each night, with the 95 % interval of a paired bootstrap.

    Path("backtest.svg").write_text(picture(result))

The same result gives the same bytes. A page in dark mode shows the picture inverted.
"""

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nightshift.backtest.replay import Backtest
from nightshift.backtest.scores import cumulative_gain, moving_mean, nights_with_questions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MEASURE = "hit@5"
WINDOW = 8  # nights
NAMES = {"nightly": "learned nightly", "frozen": "frozen first night", "dense": "dense alone", "bm25": "BM25 alone"}
COLOURS = {"nightly": "#2f5fd0", "frozen": "#a8261c", "dense": "#717b8d", "bm25": "#717b8d"}
SMALLEST_REACH = 0.02  # of the lower y-axis, in both directions
LABEL_DISTANCE = 0.068  # between two names, as a share of the upper axis' height
DARK = "<style>@media(prefers-color-scheme:dark){#figure_1{filter:invert(.92) hue-rotate(180deg)}}</style>"
STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "backtest",
    "font.family": "sans-serif",
    "font.size": 9.5,
    "text.color": "#1c2330",
    "axes.edgecolor": "#d9dee7",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": "#d9dee7",
    "xtick.color": "#5b6578",
    "ytick.color": "#5b6578",
    "ytick.left": False,
}


def picture(result: Backtest) -> str:
    """The SVG of a backtest with at least one question."""
    from matplotlib import rc_context
    from matplotlib.dates import date2num
    from matplotlib.figure import Figure

    nights = nights_with_questions(result.nights)
    window, first, last = min(WINDOW, (len(nights) + 1) // 2), nights[0].date, nights[-1].date
    span = f"{first:%Y-%m-%d} to {last:%Y-%m-%d}, {len(nights)} nights {result.plan.every.days} days apart"
    days = np.asarray(date2num([night.date for night in nights]))  # type: ignore[no-untyped-call]  # has no types
    with rc_context(STYLE):
        figure = Figure(figsize=(9.8, 5.6))
        upper, lower = figure.subplots(2, height_ratios=(256, 110), sharex=True)
        figure.subplots_adjust(left=0.07, right=0.84, top=0.86, bottom=0.07, hspace=0.28)
        figure.text(
            0.02, 0.945, f"Prequential evaluation: {MEASURE} on each night's next questions", size=13, weight="bold"
        )
        figure.text(0.02, 0.9, f"{span}; mean over {window} nights")
        _draw_shares(upper, days[window - 1 :], {name: moving_mean(nights, name, MEASURE, window) for name in NAMES})
        _draw_gain(lower, days, *cumulative_gain(nights, MEASURE))
        file = io.StringIO()
        about = f"Share of questions whose article is among the first five, {span}"
        figure.savefig(file, format="svg", metadata={"Title": about, "Date": None, "Creator": None})
    svg = file.getvalue()
    return svg[svg.index("<svg") :].replace("<defs>", f"{DARK}\n <defs>", 1)


def _draw_shares(axes: "Axes", days: NDArray[np.float64], curves: Mapping[str, NDArray[np.float64]]) -> None:
    """One line per system, named at its end."""
    shares = np.concatenate(list(curves.values()))
    low, high = np.floor(shares.min() * 10) / 10, np.ceil(shares.max() * 10 + 1e-9) / 10
    axes.set_ylim(low, high)
    axes.yaxis.set_major_locator(_ticks(low, high, round((high - low) * 10) + 1))
    axes.yaxis.set_major_formatter("{x:.1f}")
    axes.tick_params(axis="x", bottom=False, labelbottom=False)
    height = -np.inf
    for name in sorted(curves, key=lambda system: curves[system][-1]):
        dashes = "--" if name == "bm25" else "-"
        axes.plot(days, curves[name], dashes, color=COLOURS[name], linewidth=1.8, zorder=3 if name == "nightly" else 2)
        height = max(curves[name][-1], height + LABEL_DISTANCE * (high - low))
        _name_line(axes, NAMES[name], height, COLOURS[name])


def _draw_gain(
    axes: "Axes",
    days: NDArray[np.float64],
    mean: NDArray[np.float64],
    lows: NDArray[np.float64],
    highs: NDArray[np.float64],
) -> None:
    """The mean difference so far within its interval, on an axis as far below zero as above."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    settled = slice(len(days) // 5, None)  # the interval of the first nights is wide and would set the scale
    largest = np.abs(np.concatenate([mean, lows[settled], highs[settled]])).max()
    reach = max(SMALLEST_REACH, np.ceil(largest * 50) / 50)
    axes.set_title("nightly minus frozen, all questions so far", loc="left", size=9.5, weight="bold")
    axes.set_ylim(-reach, reach)
    axes.yaxis.set_major_locator(_ticks(-reach, reach, 5))
    axes.yaxis.set_major_formatter("{x:+.2f}")
    axes.axhline(0, color="#5b6578", linewidth=0.8)
    axes.fill_between(days, lows, highs, color=COLOURS["nightly"], alpha=0.16, linewidth=0)
    axes.plot(days, mean, color=COLOURS["nightly"], linewidth=1.8)
    _name_line(axes, f"{mean[-1]:+.3f}", mean[-1], COLOURS["nightly"])
    axes.set_xlim(days[0], days[-1])
    locator = AutoDateLocator(minticks=4, maxticks=12)  # type: ignore[no-untyped-call]  # has no types
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def _ticks(low: float, high: float, count: int) -> Any:
    from matplotlib.ticker import FixedLocator

    return FixedLocator(np.linspace(low, high, count).tolist())


def _name_line(axes: "Axes", name: str, height: float, colour: str) -> None:
    """Write `name` to the right of the axes, at `height` in the units of its data."""
    axes.text(1.012, height, name, color=colour, weight="bold", va="center", transform=axes.get_yaxis_transform())
