"""Small pictures as inline SVG: horizontal bars, and one line over shares.

bars({"hit@1": 0.41, "hit@5": 0.72}, reference={"hit@1": 0.31, "hit@5": 0.62})
"""

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH = 640


def bars(values: Mapping[str, float], reference: Mapping[str, float] | None = None, unit: str = "") -> str:
    """Horizontal bars, one per name. `reference` draws a tick on each bar, e.g. the champion's figure."""
    if not values:
        return ""
    reference = {name: value for name, value in (reference or {}).items() if name in values}
    largest = max([*values.values(), *reference.values(), 1e-9])
    row, left, room = 30, 170, WIDTH - 170 - 80
    parts = []
    for i, (name, value) in enumerate(values.items()):
        y = i * row
        length = max(0.0, value) / largest * room
        parts.append(
            f'<text x="{left - 10}" y="{y + 19}" text-anchor="end" fill="currentColor">{escape(name)}</text>'
            f'<rect x="{left}" y="{y + 6}" width="{length:.1f}" height="18" rx="3" fill="var(--accent)"/>'
            f'<text x="{left + length + 8:.1f}" y="{y + 19}" fill="currentColor">{_label(value)}{escape(unit)}</text>'
        )
        if name in reference:
            x = left + max(0.0, reference[name]) / largest * room
            parts.append(
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y + 2}" y2="{y + 28}" stroke="currentColor" stroke-width="2"/>'
            )
    return _svg(len(values) * row, "".join(parts))


def shares(points: Sequence[Sequence[float]], across: str, up: str) -> str:
    """A line through points [x, y], both shares from 0 to 1; the y axis ends at a round tenth above the highest."""
    if len(points) < 2:
        return ""
    high = max(0.1, math.ceil(max(y for _, y in points) * 10) / 10)
    height, left, room = 200, 60, WIDTH - 60 - 110
    path = " ".join(f"{left + room * x:.1f},{10 + (height - 40) * (1 - y / high):.1f}" for x, y in points)
    drawn = (
        f'<text x="{left - 8}" y="14" text-anchor="end" fill="currentColor">{high:.0%}</text>'
        f'<text x="{left - 8}" y="{height - 26}" text-anchor="end" fill="currentColor">0%</text>'
        f'<text x="{left}" y="{height - 6}" fill="currentColor">0%</text>'
        f'<text x="{left + room / 2}" y="{height - 6}" text-anchor="middle" fill="currentColor">{escape(across)}</text>'
        f'<text x="{left + room}" y="{height - 6}" text-anchor="end" fill="currentColor">100%</text>'
        f'<text x="{left + 8}" y="14" fill="currentColor">{escape(up)}</text>'
        f'<line x1="{left}" x2="{left + room}" y1="{height - 30}" y2="{height - 30}" stroke="var(--line)"/>'
        f'<polyline points="{path}" fill="none" stroke="var(--accent)" stroke-width="2.5"/>'
    )
    return _svg(height, drawn)


def _label(value: float) -> str:
    if float(value).is_integer() and abs(value) >= 1:
        return f"{int(value):,}"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.0f}"


def _svg(height: int, inside: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
        f'font-family="system-ui,sans-serif" font-size="13">{inside}</svg>'
    )
