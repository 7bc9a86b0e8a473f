"""One page: a verdict, a few numbers, a picture, a table. Plain HTML with its style inside, about 6 KB.

Page("Transform", "good", "5 marts built, 61 of 61 data tests passed")
    .numbers({"training pairs": "1,204"})
    .table(("mart", "rows"), [("tickets", "2,231")])
    .html()
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Literal, Self

Tone = Literal["good", "warn", "bad", "quiet"]

STYLE = """
:root{color-scheme:light dark;--ink:#1c2330;--soft:#5b6578;--line:#d9dee7;--card:#f6f8fb;--paper:#fff;
--good:#19734a;--warn:#8a5a00;--bad:#a8261c;--quiet:#44506a;--accent:#2f5fd0}
@media(prefers-color-scheme:dark){:root{--ink:#e8ecf4;--soft:#9fabc0;--line:#313a4b;--card:#1c2330;--paper:#141a24;
--good:#5fce9b;--warn:#e8b04b;--bad:#ff8a7d;--quiet:#b5c0d6;--accent:#86a8ff}}
.ns{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:60rem;margin:0 auto;padding:1.5rem}
.ns h1{font-size:1.05rem;font-weight:600;color:var(--soft);margin:0 0 .4rem}
.ns h2{font-size:1rem;margin:1.6rem 0 .5rem}
.ns .verdict{font-size:1.45rem;line-height:1.3;font-weight:650;margin:0 0 1.1rem;padding-left:.8rem;border-left:5px solid}
.ns .good{color:var(--good)}.ns .warn{color:var(--warn)}.ns .bad{color:var(--bad)}.ns .quiet{color:var(--quiet)}
.ns .numbers{display:flex;flex-wrap:wrap;gap:.6rem;margin:0 0 1rem;padding:0;list-style:none}
.ns .numbers li{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.5rem .9rem;min-width:7rem}
.ns .numbers b{display:block;font-size:1.25rem;font-variant-numeric:tabular-nums}
.ns .numbers span{color:var(--soft);font-size:.85rem}
.ns table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
.ns th,.ns td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
.ns th{color:var(--soft);font-weight:600;font-size:.85rem}
.ns td.n,.ns th.n{text-align:right;white-space:nowrap}
.ns p.note{color:var(--soft);margin:.4rem 0}
.ns a{color:var(--accent)}
.ns svg{max-width:100%;height:auto;display:block}
"""


@dataclass
class Page:
    """A page under construction. `verdict` is one sentence that a hurried person may read alone."""

    title: str
    tone: Tone
    verdict: str
    _blocks: list[str] = field(default_factory=list)

    def numbers(self, values: Mapping[str, str | int | float]) -> Self:
        """A row of figures with their names."""
        items = "".join(f"<li><b>{escape(_shown(v))}</b><span>{escape(k)}</span></li>" for k, v in values.items())
        self._blocks.append(f'<ul class="numbers">{items}</ul>')
        return self

    def picture(self, caption: str, svg: str) -> Self:
        """A picture from reports/chart.py under a heading."""
        self._blocks.append(f"<h2>{escape(caption)}</h2>{svg}")
        return self

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]], caption: str = "") -> Self:
        """A table; cells that are numbers stand to the right."""
        if caption:
            self._blocks.append(f"<h2>{escape(caption)}</h2>")
        right = [bool(rows) and all(isinstance(row[i], int | float) for row in rows) for i in range(len(columns))]
        mark = [' class="n"' if r else "" for r in right]
        head = "".join(f"<th{m}>{escape(c)}</th>" for c, m in zip(columns, mark, strict=True))
        body = "".join(
            "<tr>" + "".join(f"<td{m}>{escape(_shown(v))}</td>" for v, m in zip(row, mark, strict=True)) + "</tr>"
            for row in rows
        )
        self._blocks.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
        return self

    def note(self, text: str) -> Self:
        """A sentence in small print."""
        self._blocks.append(f'<p class="note">{escape(text)}</p>')
        return self

    def link(self, text: str, href: str) -> Self:
        """A link to a file beside the page."""
        self._blocks.append(f'<p><a href="{escape(href, quote=True)}">{escape(text)}</a></p>')
        return self

    def fragment(self) -> str:
        """The page as it goes into a Deck."""
        return (
            f'<style>{STYLE}</style><div class="ns"><h1>{escape(self.title)}</h1>'
            f'<p class="verdict {self.tone}">{escape(self.verdict)}</p>{"".join(self._blocks)}</div>'
        )

    def html(self) -> str:
        """The page as a file of its own."""
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width,initial-scale=1">'
            f"<title>{escape(self.title)} - Nightshift</title></head>"
            f'<body style="margin:0;background:Canvas">{self.fragment()}</body></html>'
        )


def _shown(value: object) -> str:
    """1234 -> 1,234; 0.43211 -> 0.432; 12.3456 -> 12.3; text as it is."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        if value != 0 and abs(value) < 0.001:
            return f"{value:.1e}"
        return f"{value:.3f}" if abs(value) < 10 else f"{value:,.1f}"
    return str(value)
