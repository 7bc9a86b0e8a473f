"""What checks read: the candidate, the champion, tonight's questions, and what several checks compute from them.

    context.rankings.values["hit@5"]        # [1., 0., ...] per question
    context.answers.answers[0].source       # 'generated'

`questions` is the mart eval_questions, or any table like it, in the order of time.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import pyarrow as pa

from nightshift.artifacts import Features
from nightshift.digests import digest_of
from nightshift.evaluate import asking
from nightshift.evaluate.gate import Limits
from nightshift.evaluate.golden_questions import GoldenQuestion, read_golden
from nightshift.evaluate.model_under_test import LoadedRelease, QuestionAnswerer, ReleaseLoader, ReleaseRef
from nightshift.metrics.retrieval import QuestionScores, score_rankings
from nightshift.night import Night
from nightshift.retrieval.evaluation_retriever import EvaluationRetriever
from nightshift.store import Store
from nightshift.warehouse import read_mart

BY_TIME = [("created_at", "ascending"), ("ticket_id", "ascending")]


@dataclass(frozen=True)
class RepliedQuestion:
    """A question that support answered: the accepted reply, and the text of the articles that resolved it."""

    ticket_id: str
    text: str
    reply: str
    article: str


@dataclass(frozen=True)
class EvaluationContext:
    """One evaluation. `code` is the version of the code that evaluates, and a key of what is kept between nights."""

    candidate: ReleaseRef
    champion: ReleaseRef | None
    features: Features
    questions: pa.Table
    night: Night
    loader: ReleaseLoader
    limits: Limits
    code: str

    @cached_property
    def loaded(self) -> LoadedRelease:
        """The candidate, opened."""
        return self.loader.release(self.candidate.folder)

    @cached_property
    def loaded_champion(self) -> LoadedRelease | None:
        return self.loader.release(self.champion.folder) if self.champion else None

    @cached_property
    def rankings(self) -> QuestionScores:
        """How the candidate ranks the articles for every question."""
        return rank_questions(self.loaded.retriever, self.questions)

    @cached_property
    def champion_rankings(self) -> QuestionScores | None:
        return rank_questions(self.loaded_champion.retriever, self.questions) if self.loaded_champion else None

    @cached_property
    def assistant(self) -> QuestionAnswerer:
        """The candidate's assistant, as it serves."""
        return self.loader.assistant(self.candidate.folder)

    @cached_property
    def replied(self) -> list[RepliedQuestion]:
        """The questions with an accepted reply, in the order of `questions`; none where the marts have no replies."""
        store = self.night.store
        if "eval_replies.parquet" not in store.tree(self.features.digest):
            return []
        replies = read_mart(store, self.features, "eval_replies").select(["ticket_id", "reply"]).to_pylist()
        reply_of = {row["ticket_id"]: row["reply"] for row in replies}
        articles = read_mart(store, self.features, "articles").select(["article_id", "title", "body"]).to_pylist()
        text_of = {row["article_id"]: f"{row['title']}\n{row['body']}" for row in articles}
        return [
            RepliedQuestion(
                row["ticket_id"],
                row["text"],
                reply_of[row["ticket_id"]],
                "\n\n".join(text_of.get(article, "") for article in row["article_ids"]),
            )
            for row in self.questions.select(["ticket_id", "text", "article_ids"]).to_pylist()
            if row["ticket_id"] in reply_of
        ]

    @cached_property
    def answers(self) -> asking.AskedQuestions:
        """Some of the questions, with the candidate's answers, kept in the store under all they depend on."""
        store, generator = self.night.store, self.candidate.release.models["generator"]
        some = sample(self.questions, self.night.profile.answered_questions)
        rows = some.select(["text", "article_ids", "ticket_id"]).to_pylist()
        questions = [asking.Question(row["text"], tuple(row["article_ids"]), row["ticket_id"]) for row in rows]
        memo = read_memo(f"answers/{generator}", store)
        key = asking.memo_key(generator, self.candidate.folder.policy, self.candidate.folder.prompts)
        answers, latency = asking.ask(self.assistant, questions, memo, key)
        if latency.first_token:
            store.write_ref(f"answers/{generator}", store.put_json(memo))
        return asking.AskedQuestions(questions, answers, latency)

    @cached_property
    def golden(self) -> list[GoldenQuestion]:
        """The golden questions of tonight's snapshot, without those of `yes_no`."""
        return [question for question in self._golden if not question.polarity]

    @cached_property
    def yes_no(self) -> list[GoldenQuestion]:
        """The golden questions whose truth is yes or no, which is judged by the answer and not by the article."""
        return [question for question in self._golden if question.polarity]

    @cached_property
    def _golden(self) -> list[GoldenQuestion]:
        return read_golden(self.features, self.night.store)


def rank_questions(retriever: EvaluationRetriever, questions: pa.Table) -> QuestionScores:
    """How articles are ranked for every question, from tickets that came before it."""
    ranking = retriever.rank(questions["text"].to_pylist(), questions["created_at"].to_pylist())
    return score_rankings(
        questions["ticket_id"].to_pylist(), ranking.scores, retriever.article_ids, questions["article_ids"].to_pylist()
    )


def sample(questions: pa.Table, size: int) -> pa.Table:
    """At most `size` questions, those with the smallest digests of their ids.

    A night shares most of its sample with the night before, and answers to those questions are kept.
    """
    ids = questions["ticket_id"].to_pylist()
    chosen = sorted(range(len(ids)), key=lambda row: digest_of(ids[row].encode()))[:size]
    return questions.take(sorted(chosen))


def read_memo(ref: str, store: Store) -> dict[str, Any]:
    """What an earlier evaluation kept behind `ref`; empty where there is nothing."""
    digest = store.read_ref(ref)
    return cast(dict[str, Any], store.get_json(digest)) if digest and store.has(digest) else {}
