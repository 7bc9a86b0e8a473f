"""A dated history, read once, and its marts as they were on a given night.

    history = read_history("file:///exports/helpdesk?mapping=helpdesk.yaml", plan, night)
    features = history.features(datetime(2024, 7, 1), night.store)    # the marts of that night
    week = history.questions(datetime(2024, 7, 1), datetime(2024, 7, 8))

    links:  ticket_id='1482' article_id='cannot-receive-messages' text='Cannot receive ...' created_at=... known_at=...

A link is known from the day it was made, and not before the first answer of a helper to its ticket: sources that do
not date their links give them the date of the question. Articles are those of the source as it is today.
"""

import io
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from nightshift.artifacts import Features, Snapshot
from nightshift.backtest.plan import Plan
from nightshift.errors import NotEnoughData
from nightshift.lake import ingest
from nightshift.night import Night
from nightshift.sources import open_source
from nightshift.store import Store
from nightshift.warehouse import MARTS, transform
from nightshift.warehouse.duckdb import connect, read_sql, warehouse_file
from nightshift.warehouse.marts import group_questions

FEWEST_QUESTIONS = 30  # with fewer the interval of a difference is too wide to be of use
MIN_WORDS = 3  # shorter tickets are test questions, but not training data


@dataclass(frozen=True)
class History:
    """Every link from a ticket to an article before the end of the plan, and the articles' mart in the store."""

    links: pa.Table
    articles: str
    snapshot: str

    def features(self, night: datetime, store: Store) -> Features:
        """The marts of `night`, as `transform` with this split makes them: the training data holds nothing later.

        A ticket with the same text as a question from this night on is left out of the training data as well.
        """
        later = self.links.filter(pc.greater_equal(self.links["created_at"], night))
        known = (
            (pc.field("created_at") < night)
            & (pc.field("known_at") < night)
            & (pc.field("n_words") >= MIN_WORDS)
            & ~pc.field("text_key").isin(later["text_key"].unique())
        )
        pairs = self.links.filter(known).select(MARTS["training_pairs"].names).cast(MARTS["training_pairs"])
        unresolved = MARTS["unresolved"].empty_table()  # a backtest ranks and never declines
        marts = {"training_pairs": pairs, "eval_questions": group_questions(later), "unresolved": unresolved}
        tree = {f"{name}.parquet": store.put(_parquet(table)) for name, table in marts.items()}
        digest = store.put_json({**tree, "articles.parquet": self.articles})
        rows = {name: table.num_rows for name, table in marts.items()}
        return Features(digest, self.snapshot, f"{night.isoformat()}Z", rows)

    def questions(self, since: datetime, until: datetime) -> pa.Table:
        """One row per question asked in [since, until), oldest first, with all the articles that resolved it."""
        in_span = (pc.field("created_at") >= since) & (pc.field("created_at") < until)
        return group_questions(self.links.filter(in_span)).sort_by(
            [("created_at", "ascending"), ("ticket_id", "ascending")]
        )


def read_history(source: str, plan: Plan, night: Night) -> History:
    """Ingest and transform `source`, once. Raises SourceError, WarehouseError, NotEnoughData for too few questions."""
    snapshot, _ = ingest(open_source(source, night.settings), night)
    history = history_of(snapshot, plan, night)
    questions = history.questions(plan.first, plan.end).num_rows
    if questions < FEWEST_QUESTIONS:
        raise NotEnoughData(
            f"{questions} questions with a linked article were asked from {plan.first:%Y-%m-%d} on and before "
            f"{plan.end:%Y-%m-%d}; {FEWEST_QUESTIONS} are needed",
            "give other days to --from and --to, or map the source's links to the table resolutions",
        )
    return history


def history_of(snapshot: Snapshot, plan: Plan, night: Night) -> History:
    """The history in `snapshot`, up to the end of the plan. Raises WarehouseError."""
    features, _ = transform(snapshot, plan.first.isoformat(), night, MIN_WORDS)
    with connect(warehouse_file(night.settings.warehouse)) as connection:
        links = connection.execute(read_sql(__package__, "select_links"), {"until": plan.end}).to_arrow_table()
    return History(links, night.store.tree(features.digest)["articles.parquet"], snapshot.digest)


def _parquet(table: pa.Table) -> bytes:
    data = io.BytesIO()
    pq.write_table(table, data, compression="zstd")
    return data.getvalue()
