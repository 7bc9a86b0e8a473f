"""Questions with the span of a document that answers them: found, and selected? Part of bench.answers.

documents.parquet   doc_id, title, text, sections [{text}], and domain if there is one
questions.parquet   qid, last_turn, history_oldest_first, doc_id, grounding_text, grounding_start, grounding_end

A section whose first line is short has it for a heading. Token F1 is that of SQuAD (Rajpurkar et al., 2016): lower
case, no punctuation, no articles. A span is hit when a chosen sentence overlaps it. A document is hit when the first
sentence of the answer stands in it. The baseline is asked the last turn alone.
"""

import random
import re
import string
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench.cold_start import ARTICLES, ColdStart
from bench.quoting import (
    BASELINE,
    RecordingFinder,
    Reply,
    ask,
    difference,
    milliseconds,
    never_declining,
    quote,
    with_interval,
)
from nightshift.answering.assistant import Assistant
from nightshift.answering.handover import load_rules, match
from nightshift.answering.policy import Policy
from nightshift.errors import MissingColumn, NotEnoughData
from nightshift.evaluate.model_under_test import SilentGenerator
from nightshift.index.sentences import Sentences
from nightshift.progress import track
from nightshift.text.sentences import HEADING_WORDS

DOCUMENT_COLUMNS: Final = ("doc_id", "title", "text")
QUESTION_COLUMNS: Final = (
    "qid",
    "last_turn",
    "history_oldest_first",
    "doc_id",
    "grounding_text",
    "grounding_start",
    "grounding_end",
)
MEASURES: Final = ("document hit", "span hit", "token F1")
_ROLE = re.compile(r"\s*(?:user|customer)\s*:\s*", re.IGNORECASE)
_PUNCTUATION = re.compile(f"[{re.escape(string.punctuation)}]")
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")

Span = tuple[str, int, int]  # document, first character, character after the last


@dataclass(frozen=True)
class SpanQuestion:
    """A question after earlier turns, oldest first, and the span that answers it."""

    text: str
    earlier: tuple[str, ...]
    gold_text: str
    gold: Span


@dataclass(frozen=True)
class Scores:
    """One system: values per question of each of MEASURES, whether it declined, and what it answered."""

    values: dict[str, NDArray[np.float64]]
    declined: NDArray[np.float64]
    replies: list[Reply]


def read_rows(file: Path, columns: Sequence[str], domain: str) -> list[dict[str, Any]]:
    """The rows of a Parquet file, of one `domain` if it is not ''. Raises MissingColumn."""
    table = pq.read_table(file)
    for name in (*columns, *(["domain"] if domain else [])):
        if name not in table.column_names:
            raise MissingColumn(f"{file.name} has no column {name!r}", f"it has: {', '.join(table.column_names)}")
    rows: list[dict[str, Any]] = table.to_pylist()
    return [row for row in rows if not domain or row["domain"] == domain]


def article_table(documents: Sequence[Mapping[str, Any]]) -> pa.Table:
    """The documents as help articles: their sections under headings, as a mapping makes them of a list of sections."""
    rows = [
        {"article_id": row["doc_id"], "title": row["title"] or "", "body": _body(row), "url": ""} for row in documents
    ]
    return pa.Table.from_pylist(rows, schema=ARTICLES)


def _body(document: Mapping[str, Any]) -> str:
    sections = [section["text"] for section in document.get("sections") or ()]
    return "\n\n".join(map(_section, sections)) or document["text"]


def _section(text: str) -> str:
    first, _, rest = text.strip().partition("\n")
    is_heading = rest.strip() and len(first.split()) <= HEADING_WORDS
    return f"## {first.strip()}\n{rest.strip()}" if is_heading else text.strip()


def questions_of(rows: Sequence[Mapping[str, Any]], turns: str, limit: int, seed: int) -> list[SpanQuestion]:
    """At most `limit` questions (0: all) drawn by `seed`. Raises NotEnoughData where there is none."""
    ordered = sorted(rows, key=lambda row: str(row["qid"]))
    chosen = random.Random(seed).sample(ordered, limit) if 0 < limit < len(ordered) else ordered
    if not chosen:
        raise NotEnoughData("there is no question about these documents", "check --questions and --domain")
    return [
        SpanQuestion(
            _ROLE.sub("", row["last_turn"], count=1).strip(),
            tuple(row["history_oldest_first"]) if turns == "all" else (),
            row["grounding_text"],
            (row["doc_id"], row["grounding_start"], row["grounding_end"]),
        )
        for row in chosen
    ]


class SentencePlaces:
    """Where the sentences of an index stand in the texts of their documents; white space does not count."""

    def __init__(self, texts: Mapping[str, str], sentences: Sentences) -> None:
        """`texts` by document. A sentence that its document does not hold has no place."""
        chunks = sentences.chunks.to_pylist()
        starts = _chunk_starts(texts, chunks)
        characters = {
            name: [place for place, letter in enumerate(text) if not letter.isspace()] for name, text in texts.items()
        }
        self.of_row: list[Span | None] = []
        self._of_text: dict[tuple[str, str], list[Span]] = defaultdict(list)
        for row in sentences.table.to_pylist():
            chunk, start = chunks[row["chunk"]], starts[row["chunk"]]
            span: Span | None = None
            if start >= 0:
                first = start + len(_squeezed(chunk["text"][: row["start"]]))
                last = first + len(_squeezed(chunk["text"][row["start"] : row["end"]])) - 1
                places = characters[chunk["article_id"]]
                span = chunk["article_id"], places[first], places[last] + 1
                self._of_text[chunk["chunk_id"], row["text"]].append(span)
            self.of_row.append(span)

    def of_sentence(self, chunk_id: str, text: str) -> list[Span]:
        """Every place of a sentence of a chunk."""
        return self._of_text[chunk_id, text]


def _chunk_starts(texts: Mapping[str, str], chunks: Sequence[Mapping[str, str]]) -> list[int]:
    """For each chunk the number of characters before it in its document, white space left out; -1 if not in it."""
    squeezed = {name: _squeezed(text) for name, text in texts.items()}
    ends: dict[str, int] = defaultdict(int)
    starts = []
    for chunk in chunks:
        document, text = chunk["article_id"], _squeezed(chunk["text"])
        start = squeezed[document].find(text, ends[document])
        start = start if start >= 0 else squeezed[document].find(text)
        if start >= 0:
            ends[document] = start + len(text)
        starts.append(start)
    return starts


def _squeezed(text: str) -> str:
    return "".join(text.split())


def token_f1(answer: str, gold: str) -> float:
    """The harmonic mean of precision and recall over tokens, repeats counted."""
    answer_tokens, gold_tokens = Counter(_tokens(answer)), Counter(_tokens(gold))
    shared = (answer_tokens & gold_tokens).total()
    return 2 * shared / (answer_tokens.total() + gold_tokens.total()) if shared else 0.0


def _tokens(text: str) -> list[str]:
    return _ARTICLES.sub(" ", _PUNCTUATION.sub("", text.lower())).split()


def overlaps(span: Span, gold: Span) -> bool:
    """Whether the spans share a character."""
    return span[0] == gold[0] and span[1] < gold[2] and span[2] > gold[1]


def measure(
    start: ColdStart, texts: Mapping[str, str], questions: Sequence[SpanQuestion], *, gold_document: bool
) -> dict[str, Scores]:
    """Ask every question of the baseline and of the assistant. `gold_document`: only in the document of the span.

    The assistant is asked once, with a policy that never declines. The row that declines leaves out the answers which
    the policy of a first night would not give.
    """
    places = SentencePlaces(texts, start.sentences)
    recorder = RecordingFinder(start.finder)
    assistant = Assistant(recorder, never_declining(Policy()), SilentGenerator())
    policy = Policy(handover=load_rules())
    declined = np.zeros(len(questions))
    quoted, quoted_spans = list[Reply](), list[list[Span]]()
    composed, composed_spans = list[Reply](), list[list[Span]]()
    for question in questions:
        start.sentences.only[:] = [question.gold[0]] if gold_document else []
        reply, rows = quote(question.text, start.retriever, start.sentences)
        quoted.append(reply)
        quoted_spans.append([span for row in rows if (span := places.of_row[row])])
    # A second round: the retriever keeps the ranking of the question before, which would flatter the time.
    for number, question in enumerate(track(questions, "answers", len(questions), "questions")):
        start.sentences.only[:] = [question.gold[0]] if gold_document else []
        reply = ask(assistant, recorder, question.text, question.earlier)
        composed.append(reply)
        cited = reply.evidence.sentences
        composed_spans.append([span for s in cited for span in places.of_sentence(s.passage.chunk_id, s.text)])
        threshold = policy.confidence_floor if reply.evidence.by_retrieval else policy.answer_threshold
        declined[number] = reply.confidence < threshold or match(question.text, policy.handover) is not None
    start.sentences.only.clear()
    baseline, never = _values(questions, quoted, quoted_spans), _values(questions, composed, composed_spans)
    declining = {name: values * (1 - declined) for name, values in never.items()}
    given = [reply for reply, is_declined in zip(composed, declined, strict=True) if not is_declined]
    return {
        BASELINE: Scores(baseline, np.zeros(len(questions)), quoted),
        "this assistant": Scores(
            never, np.array([float(not reply.evidence.sentences) for reply in composed]), composed
        ),
        "this assistant, declining": Scores(declining, declined, given or composed),
    }


def _values(
    questions: Sequence[SpanQuestion], replies: Sequence[Reply], spans: Sequence[Sequence[Span]]
) -> dict[str, NDArray[np.float64]]:
    """The MEASURES of replies whose sentences stand at `spans`."""
    columns = {name: np.zeros(len(questions)) for name in MEASURES}
    for number, (question, reply, chosen) in enumerate(zip(questions, replies, spans, strict=True)):
        columns["document hit"][number] = bool(chosen) and chosen[0][0] == question.gold[0]
        columns["span hit"][number] = any(overlaps(span, question.gold) for span in chosen)
        columns["token F1"][number] = token_f1(reply.text, question.gold_text) if chosen else 0.0
    return columns


def table(systems: Mapping[str, Scores], seed: int) -> str:
    """A Markdown table with 95 % intervals, and the paired difference in F1 to the baseline."""
    lines = [
        f"| answer | {' | '.join(MEASURES)} | words, median | declined | p50 ms | p95 ms |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, scores in systems.items():
        means = [with_interval(scores.values[measure], seed) for measure in MEASURES]
        words = f"{np.median([reply.words for reply in scores.replies]):.0f}"
        cells = [name, *means, words, f"{scores.declined.mean():.3f}", *milliseconds(scores.replies)]
        lines.append(f"| {' | '.join(cells)} |")
    gains = systems["this assistant"].values["token F1"] - systems[BASELINE].values["token F1"]
    lines += ["", f"Token F1 of the assistant above that of the baseline: {difference(gains, seed)}."]
    return "\n".join(lines)


def run(
    documents: Sequence[Mapping[str, Any]],
    questions: Sequence[SpanQuestion],
    start: ColdStart,
    *,
    gold_document: bool,
    seed: int,
) -> str:
    """The table of a set."""
    texts = {row["doc_id"]: row["text"] for row in documents}
    return table(measure(start, texts, questions, gold_document=gold_document), seed)
