"""How well the grounding check tells what a passage says from planted falsehoods, and how often it refuses the truth.

    python -m bench.grounding                                                       # the simulated company
    python -m bench.grounding --source DIR --mapping thunderbird --most 300

True are sentences of the passages as they stand, and, as paraphrases, the sentences of accepted answers that share most
of their words with a passage of the article they link. Each is made false in every way it can be
(nightshift/evaluate/counterfactuals.py). Missed: false claims that pass the check. In brackets: 95 % bootstrap intervals.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from bench.source import source_url
from nightshift.answering.grounding import check, support
from nightshift.evaluate.counterfactuals import KINDS, TRUE, Claim, claims_of, sentences_of
from nightshift.lake import ingest
from nightshift.metrics.selective import roc_auc
from nightshift.night import Night
from nightshift.settings import Settings
from nightshift.sources import open_source
from nightshift.text.passages import Passage
from nightshift.text.words import sentences
from nightshift.train.distractors import passages_of
from nightshift.train.generator_data import plain_answer
from nightshift.warehouse import read_mart, transform

SHARED = 0.7  # of a paraphrase's words stand together in a passage: what a helper took from it
RESAMPLES = 1_000


def paraphrases(examples: pa.Table, passages: Sequence[Passage]) -> list[tuple[str, Passage]]:
    """Sentences of accepted answers in other words than the passage of the linked article that is nearest to them."""
    of_article: dict[str, list[Passage]] = {}
    for passage in passages:
        of_article.setdefault(passage.article_id, []).append(passage)
    found: dict[str, Passage] = {}
    for row in examples.to_pylist():
        for one in sentences(plain_answer(row["answer"])):
            held = {support(one, [passage]): passage for passage in of_article.get(row["article_id"], [])}
            if held and max(held) >= SHARED and one not in held[max(held)].text:
                found[one] = held[max(held)]
    return sorted(found.items(), key=lambda pair: pair[0])


def table(claims: Sequence[Claim], true: str) -> list[str]:
    """A row of Markdown for every kind of falsehood among `claims`."""
    judged = [(claim.kind, check(claim.text, claim.passages)) for claim in claims]
    truth = [one for kind, one in judged if kind == TRUE]
    refused = _share([not one.ok for one in truth])
    lines = [f"| {true} | true | {len(truth):,} | | | {refused} |"]
    for kind in KINDS:
        false = [one for found, one in judged if found == kind]
        if false:
            scores = [np.array([one.score for one in side]) for side in (truth, false)]
            missed = _share([one.ok for one in false])
            lines.append(f"| {true} | {kind} | {len(false):,} | {roc_auc(*scores):.3f} | {missed} | |")
    return lines


def _share(values: Sequence[bool]) -> str:
    """'0.012 (0.004 to 0.020)'."""
    draws, found = np.random.default_rng(0), np.array(values, float)
    means = [draws.choice(found, len(found)).mean() for _ in range(RESAMPLES)]
    low, high = np.quantile(means, [0.025, 0.975])
    return f"{found.mean():.3f} ({low:.3f} to {high:.3f})"


def _evenly(said: list[tuple[str, Passage]], most: int) -> list[tuple[str, Passage]]:
    return [said[place] for place in np.unique(np.linspace(0, len(said) - 1, min(most, len(said))).astype(int))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", default="simulate://shop?night=3", help="a folder, or any source URL")
    parser.add_argument("--mapping", help="name or file of the mapping of a folder, e.g. thunderbird")
    parser.add_argument("--train-until", default="", help="take answers from before this day")
    parser.add_argument("--most", type=int, default=300, help="sentences of each sort")
    given = parser.parse_args()
    source = source_url(given.source, given.mapping)
    with tempfile.TemporaryDirectory() as name:
        settings = Settings.from_env().isolated_in(Path(name))
        night = Night.from_settings(settings)
        store = night.store
        snapshot, _ = ingest(open_source(source, settings), night)
        features, _ = transform(snapshot, given.train_until, night)
        passages = passages_of(read_mart(store, features, "articles"))
        examples = read_mart(store, features, "generator_examples")
    print("| sentences | made false by | claims | area under the ROC curve | missed | truth refused |")
    print("|---|---|---|---|---|---|")
    for true, said in (("quoted", sentences_of(passages)), ("paraphrased", paraphrases(examples, passages))):
        if said:
            print("\n".join(table(list(claims_of(_evenly(said, given.most), passages)), true)))
    print(f"\n{source}: {len(passages):,} passages; at most {given.most} sentences of each sort, seed 7.")


if __name__ == "__main__":
    main()
