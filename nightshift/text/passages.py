"""A passage: the part of an article that an answer cites.

Passage('9c1f...', 'standard-delivery', 'Standard delivery times and cost', 'Cost and the free limit',
        'Standard delivery costs 4.90 EUR per order ...', 'https://...', 0.83)
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Passage:
    """A chunk of an article as a search result. `score` is the fused score of retrieval; 0.0 outside a search."""

    chunk_id: str
    article_id: str
    title: str
    heading: str
    text: str
    url: str
    score: float

    @property
    def name(self) -> str:
        """Title and heading on one line: 'Standard delivery: Cost'; the title alone for the lead text."""
        return f"{self.title}: {self.heading}" if self.heading else self.title
