"""A helpdesk without gold answers: compared with what support replied. Part of bench.answers.

    questions = replied_questions(lineage, store, limit=300, seed=7)
    print(table(questions, {BASELINE: quoted, "composed": composed}, seed=7))

An answer is right if it agrees with the key facts and words that the accepted reply shares with the article that
resolved the ticket (metrics.rightness.right_by_reply). The level is a low one: compare the rows.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.quoting import BASELINE, Reply, difference, milliseconds, share
from nightshift.artifacts import Features
from nightshift.errors import NotEnoughData
from nightshift.evaluate.checks.rightness import NOT_ANSWERED
from nightshift.evaluate.context import RepliedQuestion
from nightshift.metrics.rightness import right_by_reply
from nightshift.store import Store
from nightshift.warehouse import read_mart


def replied_questions(lineage: Mapping[str, Any], store: Store, limit: int, seed: int) -> list[RepliedQuestion]:
    """At most `limit` questions of the evaluation part (0: all), drawn by `seed`, of which the reply tells something.

    That is one which shares a word or a key fact with the articles. Raises NotEnoughData where there is no such reply.
    """
    features = Features(lineage["features"]["digest"], "", "")
    marts = {
        name: read_mart(store, features, name).to_pylist() for name in ("articles", "eval_questions", "eval_replies")
    }
    reply_of = {row["ticket_id"]: row["reply"] for row in marts["eval_replies"]}
    text_of = {row["article_id"]: f"{row['title']}\n{row['body']}" for row in marts["articles"]}
    questions = [
        RepliedQuestion(
            row["ticket_id"],
            row["text"],
            reply_of[row["ticket_id"]],
            "\n\n".join(text_of.get(article, "") for article in row["article_ids"]),
        )
        for row in sorted(marts["eval_questions"], key=lambda row: str(row["ticket_id"]))
        if row["ticket_id"] in reply_of
    ]
    telling = [question for question in questions if right_by_reply("", question.reply, question.article) is not None]
    if not telling:
        raise NotEnoughData("no question has an accepted reply to compare with", "check the table answers")
    return random.Random(seed).sample(telling, limit) if 0 < limit < len(telling) else telling


def rightness(questions: Sequence[RepliedQuestion], replies: Sequence[Reply]) -> NDArray[np.float64]:
    """1 or 0 for each question; an answer that was not given is not right."""
    return np.array(
        [
            float(
                reply.source not in NOT_ANSWERED and bool(right_by_reply(reply.text, question.reply, question.article))
            )
            for question, reply in zip(questions, replies, strict=True)
        ]
    )


def table(questions: Sequence[RepliedQuestion], systems: Mapping[str, Sequence[Reply]], seed: int) -> str:
    """A Markdown table with Wilson's 95 % intervals and paired bootstrap differences to the baseline."""
    base = rightness(questions, systems[BASELINE])
    lines = [
        "| answer | right | against the baseline | not answered | generated | words, median | p50 ms | p95 ms |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, replies in systems.items():
        right = rightness(questions, replies)
        given = [reply for reply in replies if reply.source not in NOT_ANSWERED]
        shares = [
            sum(reply.source in sources for reply in replies) / len(replies)
            for sources in (NOT_ANSWERED, {"generated"})
        ]
        words = f"{np.median([reply.words for reply in given] or [0]):.0f}"
        against = "" if name == BASELINE else difference(right - base, seed)
        cells = [name, share(right), against, *(f"{part:.3f}" for part in shares), words]
        lines.append(f"| {' | '.join([*cells, *milliseconds(replies)])} |")
    return "\n".join(lines)
