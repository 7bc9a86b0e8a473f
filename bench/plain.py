"""The plain questions of the simulated company against a release: right, declined, handed over. Part of bench.answers.

    questions = plain_questions("test", night=1, articles=retriever.article_ids)
    replies = ask_all(questions, assistant, recorder)
    print(table(questions, quote_all(questions, retriever, sentences), replies, seed=7))

The gold facts stand in nightshift/simulation/plain_questions.yaml and contrast.yaml, which no pipeline reads. An answer
is right if it holds one alternative of every group. An answer to a yes/no question of the contrast set reverses the
article if it begins with Yes or No against the truth, or if a clause of it is about the same matter as a clause of the
deciding sentence (.7 of the content words of the shorter one) and only one of both is negated (metrics.rightness).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.quoting import BASELINE, RecordingFinder, Reply, ask, difference, milliseconds, quote, share
from nightshift.answering.assistant import Assistant
from nightshift.evaluate.checks.rightness import NOT_ANSWERED
from nightshift.index.sentences import Sentences
from nightshift.metrics.rightness import reverses, right_by_gold
from nightshift.progress import track
from nightshift.retrieval.retriever import Retriever
from nightshift.simulation.content import load_yaml
from nightshift.simulation.gold import contrast_pairs, gold_fact
from nightshift.text.facts import normalise

Groups = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class PlainQuestion:
    """A question and the truth about it.

    `kind`: answerable, unanswerable, follow_up, topic_change, handover, greeting or contrast. `groups`: what a right
    answer holds. `deciding`: the sentence that decides a contrast question, whose truth is `polarity`, yes or no.
    """

    kind: str
    text: str
    earlier: tuple[str, ...] = ()
    groups: Groups = ()
    deciding: str = ""
    polarity: str = ""


def plain_questions(split: str, night: int, articles: Collection[str]) -> list[PlainQuestion]:
    """The questions of a half, dev or test, as of `night`, but for those about a page that is not in `articles`."""
    known = {"", *articles}
    plain = [
        _question(name, row, night)
        for name, rows in load_yaml("plain_questions.yaml").items()
        for row in rows
        if row["split"] == split and row.get("article", "") in known
    ]
    contrast = [
        PlainQuestion("contrast", text, deciding=pair.deciding, polarity=polarity)
        for pair in contrast_pairs()
        if pair.split == split and pair.article in known
        for polarity, text in (("yes", pair.ask_yes), ("no", pair.ask_no))
    ]
    return plain + contrast


def _question(name: str, row: Mapping[str, Any], night: int) -> PlainQuestion:
    kind = "topic_change" if row.get("topic_change") else name
    groups = gold_fact(row, night).groups if "groups" in row else ()
    earlier = (row["previous"],) if "previous" in row else ()
    return PlainQuestion(kind, row["ask"], earlier, groups)


def is_right(question: PlainQuestion, reply: Reply) -> bool:
    """Whether the reply is what the kind of the question calls for."""
    if question.kind in {"handover", "greeting"}:
        return reply.source == question.kind
    if question.kind == "unanswerable":
        return reply.source == "declined"
    if reply.source in NOT_ANSWERED:
        return False
    if question.kind == "contrast":
        return f" {normalise(question.deciding)} " in f" {normalise(reply.text)} "
    return right_by_gold(reply.text, question.groups)


def is_reversed(question: PlainQuestion, reply: Reply) -> bool:
    """Whether the reply affirms what the deciding sentence denies, or denies what it affirms."""
    return reply.source not in NOT_ANSWERED and reverses(reply.text, [question.deciding], question.polarity)


@dataclass(frozen=True)
class Measure:
    """A share of the questions of one kind. `quoted`: whether quoting can differ from 0 in it."""

    name: str
    kind: str
    value: Callable[[PlainQuestion, Reply], bool]
    quoted: bool = True


MEASURES: Final = (
    Measure("right", "answerable", is_right),
    Measure("wrongly declined", "answerable", lambda _, reply: reply.source in NOT_ANSWERED, quoted=False),
    Measure("unanswerable declined", "unanswerable", is_right, quoted=False),
    Measure("follow-ups right", "follow_up", is_right),
    Measure("topic changes right", "topic_change", is_right),
    Measure("handed over", "handover", is_right, quoted=False),
    Measure("greeted", "greeting", is_right, quoted=False),
    Measure("contrast: the deciding sentence is in the answer", "contrast", is_right),
    Measure("contrast: the answer reverses the article", "contrast", is_reversed),
)


def ask_all(questions: Sequence[PlainQuestion], assistant: Assistant, recorder: RecordingFinder) -> list[Reply]:
    """The assistant's replies."""
    asked = track(questions, "answers", len(questions), "questions")
    return [ask(assistant, recorder, question.text, question.earlier) for question in asked]


def quote_all(questions: Sequence[PlainQuestion], retriever: Retriever, sentences: Sentences) -> list[Reply]:
    """The baseline's replies, which know no earlier turn."""
    return [quote(question.text, retriever, sentences)[0] for question in questions]


def values_of(measure: Measure, questions: Sequence[PlainQuestion], replies: Sequence[Reply]) -> NDArray[np.float64]:
    """1 or 0 for each question of the measure's kind."""
    pairs = zip(questions, replies, strict=True)
    return np.array([float(measure.value(q, reply)) for q, reply in pairs if q.kind == measure.kind])


def table(questions: Sequence[PlainQuestion], quoted: Sequence[Reply], replies: Sequence[Reply], seed: int) -> str:
    """A Markdown table: baseline and assistant with Wilson's 95 % intervals, and their paired bootstrap difference."""
    lines = [
        f"| measure | questions | {BASELINE} of the five best articles | this assistant | difference |",
        "|---|---|---|---|---|",
    ]
    for measure in MEASURES:
        base, own = (values_of(measure, questions, column) for column in (quoted, replies))
        if len(own):
            against = (share(base), difference(own - base, seed)) if measure.quoted else ("", "")
            cells = (measure.name, str(len(own)), against[0], share(own), against[1])
            lines.append(f"| {' | '.join(cells)} |")
    answered = [reply for reply in replies if reply.source not in NOT_ANSWERED]
    words = [f"{np.median([reply.words for reply in column] or [0]):.0f}" for column in (quoted, answered)]
    lines.append(f"| words of an answer, median | | {words[0]} | {words[1]} | |")
    for place, name in enumerate(("p50", "p95")):
        times = [milliseconds(column)[place] for column in (quoted, replies)]
        lines.append(f"| ms an answer, {name} | | {times[0]} | {times[1]} | |")
    return "\n".join(lines)


def transcript(questions: Sequence[PlainQuestion], replies: Sequence[Reply]) -> str:
    """Every question with its answer, for a person to read."""
    blocks = []
    for question, reply in zip(questions, replies, strict=True):
        verdict = "right" if is_right(question, reply) else "WRONG"
        if question.kind == "contrast" and is_reversed(question, reply):
            verdict += ", REVERSED"
        asked = " / ".join([*question.earlier, question.text])
        wanted = " & ".join("|".join(group) for group in question.groups) or question.deciding
        lines = [f"[{question.kind}] {asked}", f"  {verdict}, {reply.source} {reply.confidence:.2f}: {reply.text}"]
        blocks.append("\n".join([*lines, f"  gold: {wanted}"] if wanted else lines))
    return "\n\n".join(blocks)
