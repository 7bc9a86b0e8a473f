"""The truth about the tickets of the simulated company, by ticket, for bench.abstention.

truth = read_truth(simulated_truth("simulate://shop?night=12&seed=11", folder))
answered_by(truth["T-260111-0157"], retriever.article_ids)     # ('answerable', 'recycle-old-gear')
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from nightshift.settings import Settings
from nightshift.simulation.simulate import write_night
from nightshift.sources.simulated import SimulatedSource

KINDS = {"question": "answerable", "unanswerable": "unanswerable", "order_status": "about an order"}


def simulated_truth(source: str, folder: Path) -> Path:
    """The truth folder of the simulated company at the URL `source`, written under `folder`."""
    company = SimulatedSource(source, Settings.from_env())
    write_night(folder, company.night, company.seed, company.history)
    return folder / ".truth"


def read_truth(path: Path) -> dict[str, dict[str, str]]:
    """The rows of a truth file, or of every file of a truth folder, by ticket."""
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    rows = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    return {row["ticket_id"]: row for row in rows}


def answered_by(row: Mapping[str, str], articles: Sequence[str]) -> tuple[str, str]:
    """The kind of a question for a release with these `articles`, and the article that answers it or ''."""
    if row["kind"] == "order_status":
        return KINDS[row["kind"]], ""
    article = row["article"] or row.get("missing", "")
    return (KINDS["question"], article) if article in articles else (KINDS["unanswerable"], "")
