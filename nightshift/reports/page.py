"""One page: a verdict, a few numbers, a picture, a table. HTML with its style inside, about 6 KB.

Page("Transform", "good", "5 marts built, 61 of 61 data tests passed")
    .numbers({"training pairs": "1,204"})
    .table(("mart", "rows"), [("tickets", "2,231")])
    .html()
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Self

from nightshift.reports.template import render

Tone = Literal["good", "warn", "bad", "quiet"]


@dataclass
class Page:
    """A page under construction. `verdict` is one sentence that stands alone.

    `blocks` are (kind, values) in reading order; templates/page_body.html shows them.
    """

    title: str
    tone: Tone
    verdict: str
    blocks: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def numbers(self, values: Mapping[str, str | int | float]) -> Self:
        """A row of figures with their names."""
        return self._add("numbers", values=values)

    def picture(self, caption: str, svg: str) -> Self:
        """A picture of reports/chart.py under a heading. The SVG is not escaped."""
        return self._add("picture", caption=caption, svg=svg)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]], caption: str = "") -> Self:
        """A table; columns of numbers are aligned to the right."""
        numeric = [bool(rows) and all(isinstance(row[i], int | float) for row in rows) for i in range(len(columns))]
        return self._add("table", caption=caption, columns=columns, rows=rows, numeric=numeric)

    def note(self, text: str) -> Self:
        """A sentence in small print."""
        return self._add("note", text=text)

    def link(self, text: str, href: str) -> Self:
        """A link to a file beside the page."""
        return self._add("link", text=text, href=href)

    def fragment(self) -> str:
        """The page as it goes into a Deck."""
        return render("deck.html", page=self)

    def html(self) -> str:
        """The page as a file of its own."""
        return render("page.html", page=self)

    def _add(self, kind: str, **values: object) -> Self:
        self.blocks.append((kind, {"caption": "", **values}))
        return self
