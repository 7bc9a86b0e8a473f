"""Rightness: does the answer hold what was asked for? The first number of a night.

    results = judge(assistant, questions, golden)   # RightnessResults(values={'q1': True, 'q2': None, ...}, ...)
    rightness_gates(results, results_of_champion, limits)

Every question with an accepted reply and every golden question with `must_contain` is asked of the assistant with a
generator that writes nothing: its answers are sentences of the articles, which take milliseconds. A golden answer is
compared with `must_contain`, another one with what reply and article share (metrics/rightness.py); a reply that
shares nothing measures nothing. An answer that was declined or handed over is not right. Golden yes/no questions are a
contrast set: an answer may not affirm what the article denies, nor the other way round, not once. Where the generator
serves, its answers to a sample are compared with the composed ones to the same questions, and may not be right less
often.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nightshift.answering.prompts import without_marks
from nightshift.evaluate.asking import JudgedAnswer, Question, ask
from nightshift.evaluate.check import CheckResult
from nightshift.evaluate.checks.slices import labels_of
from nightshift.evaluate.context import EvaluationContext, RepliedQuestion
from nightshift.evaluate.gate import Limits, at_most, no_worse, not_measured, share_at_least
from nightshift.evaluate.golden_questions import GoldenQuestion
from nightshift.evaluate.model_under_test import QuestionAnswerer, composing
from nightshift.metrics.rightness import reverses, right_by_gold, right_by_reply, wilson
from nightshift.release.evaluation_report import Gate, GateKind, RightnessSection
from nightshift.text.facts import parse_groups

NOT_ANSWERED: Final = frozenset({"declined", "handover", "greeting"})
_SMALLEST_SHOWN: Final = 10  # questions of a slice
_ASKS: Final = (
    (
        "duration",
        re.compile(
            r"\bhow (?:long|soon|quick)|\bwhen\b|\buntil\b|\bhow many (?:days|hours|weeks|months)", re.IGNORECASE
        ),
    ),
    ("amount", re.compile(r"\bhow (?:much|many|big|heavy|old|high)\b|\bcosts?\b|\bprice\b|\bfee", re.IGNORECASE)),
    ("place", re.compile(r"\bwhere\b", re.IGNORECASE)),
    ("reason", re.compile(r"\bwhy\b|\bhow come\b", re.IGNORECASE)),
    ("how", re.compile(r"\bhow (?:do|can|to|should)\b|\bwhat (?:do|should|can) i\b", re.IGNORECASE)),
    (
        "yes or no",
        re.compile(r"(?:^|[.!?,]\s+)(?:can|could|may|do|does|is|are|will|must|should)\b", re.IGNORECASE | re.MULTILINE),
    ),
)


class Rightness:
    """The answers of the candidate and the champion to the same questions."""

    group = "rightness"

    def run(self, context: EvaluationContext) -> CheckResult:
        questions, golden = context.replied, context.golden + context.yes_no
        results = judge(context.assistant, questions, golden)
        serving = context.champion and context.loader.assistant(
            context.champion.folder
        )  # not kept: it holds a generator
        champion = judge(serving, questions, golden) if serving else None
        gates = [*rightness_gates(results, champion, context.limits), *_generated_gates(context, results)]
        section = RightnessSection(
            interval=list(results.interval),
            slices=slice_table(results, _labels(context, results)),
            failed=results.failed,
            reversed=results.reversed,
        )
        metrics = results.metrics
        sections = {"rightness": section}
        if champion is not None:
            metrics |= {f"champion_{name}": value for name, value in champion.metrics.items() if name == "rightness"}
        return CheckResult(gates, metrics, sections)


@dataclass(frozen=True)
class RightnessResults:
    """Whether each answer is right: `values` by ticket, None where nothing measures it; `golden`, `contrast` by id.

    `reversed` are ids of golden yes/no questions that were answered the wrong way round; `sources` by ticket.
    """

    values: Mapping[str, bool | None] = field(default_factory=dict)
    golden: Mapping[str, bool] = field(default_factory=dict)
    contrast: Mapping[str, bool] = field(default_factory=dict)
    reversed: list[str] = field(default_factory=list)
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def measured(self) -> dict[str, bool]:
        """The answers that something measures."""
        return {ticket: right for ticket, right in self.values.items() if right is not None}

    @property
    def failed(self) -> list[str]:
        """Ids of the golden questions that were answered wrongly, sorted."""
        return sorted(name for test in (self.golden, self.contrast) for name, right in test.items() if not right)

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of rightness."""
        low, high = wilson(_share(self.measured.values()), len(self.measured))
        return round(low, 6), round(high, 6)

    @property
    def metrics(self) -> dict[str, float]:
        """Flat shares with their counts; a share of nothing is absent."""
        tests = {"rightness": self.measured, "rightness_golden": self.golden, "rightness_contrast": self.contrast}
        shares = {name: round(_share(test.values()), 6) for name, test in tests.items() if test}
        if self.measured:
            shares["rightness_questions"] = float(len(self.measured))
        if self.sources:
            declined = [source in NOT_ANSWERED for source in self.sources.values()]
            shares["rightness_declined"] = round(_share(declined), 6)
        return shares


def judge(
    assistant: QuestionAnswerer, questions: Sequence[RepliedQuestion], golden: Sequence[GoldenQuestion]
) -> RightnessResults:
    """Ask every question and every golden question with `must_contain` or `polarity`, without the generator."""
    tested = [question for question in golden if question.must_contain or question.polarity]
    texts = [question.text for question in questions] + [question.question for question in tested]
    answers, _ = ask(composing(assistant), [Question(text, ()) for text in texts], {}, lambda text, _: text)
    replied, to_golden = answers[: len(questions)], answers[len(questions) :]
    pairs = list(zip(tested, to_golden, strict=True))
    return RightnessResults(
        values={
            question.ticket_id: is_right(answer, question) for question, answer in zip(questions, replied, strict=True)
        },
        golden={
            question.question_id: _holds_gold(answer, question) for question, answer in pairs if not question.polarity
        },
        contrast={
            question.question_id: _holds_gold(answer, question) for question, answer in pairs if question.polarity
        },
        reversed=sorted(
            question.question_id
            for question, answer in pairs
            if question.polarity and answer.source not in NOT_ANSWERED and _reverses(answer, question)
        ),
        sources={question.ticket_id: answer.source for question, answer in zip(questions, replied, strict=True)},
    )


def is_right(answer: JudgedAnswer, question: RepliedQuestion) -> bool | None:
    """By agreement with the reply; None where that shares nothing with the article."""
    right = right_by_reply(without_marks(answer.text), question.reply, question.article)
    return right if right is None else right and answer.source not in NOT_ANSWERED


def rightness_gates(results: RightnessResults, champion: RightnessResults | None, limits: Limits) -> list[Gate]:
    """Floors that hold for a first release too, and the comparison with the champion on the same questions."""
    gates: list[Gate] = []
    if results.measured:
        share, count = _share(results.measured.values()), len(results.measured)
        gates.append(share_at_least("rightness", share, count, limits.rightness))
    else:
        gates.append(
            not_measured("rightness", "no question has an accepted reply that shares anything with its article")
        )
    if champion is not None and results.measured:
        differences = np.array([right - bool(champion.values[name]) for name, right in results.measured.items()], float)
        gates.append(
            no_worse("rightness no worse than the champion", differences, limits.margin, "rightness", primary=True)
        )
    if results.sources:
        answered = [source not in NOT_ANSWERED for source in results.sources.values()]
        gates.append(share_at_least("answered", _share(answered), len(answered), limits.answer_rate, "questions"))
    if results.golden:
        gate = share_at_least(
            "golden answers right", _share(results.golden.values()), len(results.golden), limits.rightness_golden
        )
        wrong = sorted(name for name, right in results.golden.items() if not right)
        gates.append(replace(gate, sentence=f"{gate.sentence}; wrong: {', '.join(wrong)}") if wrong else gate)
    if champion is not None and results.golden:
        shared = [name for name in results.golden if name in champion.golden]
        differences = np.array([results.golden[name] - champion.golden[name] for name in shared], float)
        gates.append(
            no_worse("golden answers no worse than the champion", differences, limits.margin, "right golden answers")
        )
    if results.contrast:
        gate = at_most("yes/no answers reversed", len(results.reversed), limits.reversed)
        named = f" ({', '.join(results.reversed)})" if results.reversed else f" of {len(results.contrast)}"
        gates.append(replace(gate, sentence=gate.sentence + named))
    return gates


def generated_gate(generated: Sequence[bool], composed: Sequence[bool]) -> Gate:
    """Generated answers [n] are right at least as often as composed ones to the same questions [n].

    By the estimate: composed answers cost nothing, so a generator that is not measurably as good does not serve.
    """
    better, count = _share(generated) - _share(composed), len(generated)
    sentence = f"{sum(generated)} of {count} generated answers are right, and {sum(composed)} of the composed ones"
    return Gate("generated no worse than composed", round(better, 6), 0.0, better >= 0, sentence, GateKind.FLOOR)


def slice_table(
    results: RightnessResults, labels: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, dict[str, float]]]:
    """Rightness of every slice of at least ten measured questions. labels: {'intent': {ticket: label}, ...}."""
    table: dict[str, dict[str, dict[str, float]]] = {}
    for kind, label_of in labels.items():
        by_label: dict[str, list[bool]] = {}
        for ticket, right in results.measured.items():
            by_label.setdefault(label_of[ticket], []).append(right)
        table[kind] = {
            label: {"questions": float(len(rights)), "rightness": round(_share(rights), 6)}
            for label, rights in sorted(by_label.items())
            if len(rights) >= _SMALLEST_SHOWN
        }
    return table


def asks_for(question: str) -> str:
    """What kind of answer a question asks for, by its English words; 'other' where none shows."""
    return next((kind for kind, pattern in _ASKS if pattern.search(question)), "other")


def _generated_gates(context: EvaluationContext, results: RightnessResults) -> list[Gate]:
    """The comparison on the served sample, where the policy lets the generator answer and it answered any."""
    if not context.candidate.folder.policy.get("generate"):
        return []
    replied = {question.ticket_id: question for question in context.replied}
    generated, composed = [], []
    for question, answer in zip(context.answers.questions, context.answers.answers, strict=True):
        if answer.source == "generated" and question.ticket_id in results.measured:
            generated.append(bool(is_right(answer, replied[question.ticket_id])))
            composed.append(results.measured[question.ticket_id])
    return [generated_gate(generated, composed)] if generated else []


def _labels(context: EvaluationContext, results: RightnessResults) -> dict[str, dict[str, str]]:
    tickets = context.questions["ticket_id"].to_pylist()
    labels = {kind: dict(zip(tickets, values, strict=True)) for kind, values in labels_of(context.questions).items()}
    labels["answer type"] = {question.ticket_id: asks_for(question.text) for question in context.replied}
    labels["source"] = dict(results.sources)
    return labels


def _holds_gold(answer: JudgedAnswer, question: GoldenQuestion) -> bool:
    if answer.source in NOT_ANSWERED:
        return False
    text, groups = without_marks(answer.text), parse_groups(question.must_contain)
    return right_by_gold(text, groups) and not (question.polarity and _reverses(answer, question))


def _reverses(answer: JudgedAnswer, question: GoldenQuestion) -> bool:
    deciding = [text for group in parse_groups(question.must_contain) for text in group]
    return reverses(without_marks(answer.text), deciding, question.polarity)


def _share(values: Iterable[bool]) -> float:
    array: NDArray[np.float64] = np.array(list(values), float)
    return float(array.mean()) if len(array) else 0.0
