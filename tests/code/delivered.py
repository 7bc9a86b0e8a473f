"""A snapshot of the lake from a few rows, for what is examined with golden questions and canaries."""

from nightshift.lake import Manifest, Part, snapshot_of
from nightshift.lake.parts import put_part


def delivered(store, **tables):
    """delivered(store, golden=[{...}]) -> the digest of a snapshot with one part for each table."""
    parts = {
        name: (Part(object=f"{name}.csv", raw="", digest=put_part(store, name, rows), rows=len(rows), newest=""),)
        for name, rows in tables.items()
    }
    return snapshot_of(store, Manifest(parts), "2026-01-31T00:00:00Z").digest


def question(name, text, article="", unlike="", must_contain="", polarity=""):
    """A row of the table golden."""
    return {
        "question_id": name,
        "question": text,
        "article_id": article,
        "unlike": unlike,
        "must_contain": must_contain,
        "polarity": polarity,
    }
