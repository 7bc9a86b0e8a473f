"""The Jinja templates of the pages, with everything escaped.

render("nights.html", rows=[{"night": "2026-01-01", "outcome": work, "runs": 1, "cpu": 301.2}])
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


def render(template: str, **values: object) -> str:
    """The HTML of a template in templates/. Raises jinja2.UndefinedError for a value that is not given."""
    return _environment().get_template(template).render(values)


def readable(value: object) -> str:
    """1234 -> 1,234; 0.43211 -> 0.432; 12.3456 -> 12.3; 2e-07 -> 2.0e-07; True -> yes; text as it is."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        if value != 0 and abs(value) < 0.001:
            return f"{value:.1e}"
        return f"{value:.3f}" if abs(value) < 10 else f"{value:,.1f}"
    return str(value)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = readable
    return environment
