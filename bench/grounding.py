"""How well the grounding check tells true sentences from counterfactuals, and how often it refuses the true ones.

    python -m bench.grounding                                                       # the simulated company
    python -m bench.grounding --source DIR --mapping thunderbird --most 300

True are sentences of the passages as they stand, and, as paraphrases, the sentences of accepted answers that share most
of their words with a passage of the article they link. Each is made false in every way it can be
(nightshift/evaluate/checks/counterfactuals.py). Missed: false claims that pass the check. In brackets: 95 % bootstrap
intervals.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from bench.source import source_url
from nightshift.answering.grounding import check, support
from nightshift.evaluate.checks.counterfactuals import KINDS, TRUE, Claim, claims_of, sentences_of
from nightshift.lake import ingest
from nightshift.metrics.retrieval import interval
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


def paraphrases(examples: pa.Table, passages: Sequence[Passage]) -> list[tuple[str, Passage]]:
    """Sentences of accepted answers in other words than the passage of the linked article that is nearest to them."""
    of_article: dict[str, list[Passage]] = {}
    for passage in passages:
        of_article.setdefault(passage.article_id, []).append(passage)
    source: dict[str, Passage] = {}
    for row in examples.to_pylist():
        for sentence in sentences(plain_answer(row["answer"])):
            by_support = {support(sentence, [passage]): passage for passage in of_article.get(row["article_id"], [])}
            if not by_support:
                continue
            highest = max(by_support)
            if highest >= SHARED and sentence not in by_support[highest].text:
                source[sentence] = by_support[highest]
    return sorted(source.items(), key=lambda pair: pair[0])


def table(claims: Sequence[Claim], true: str) -> list[str]:
    """A row of Markdown for every kind of counterfactual among `claims`."""
    judged = [(claim.kind, check(claim.text, claim.passages)) for claim in claims]
    truth = [judgement for kind, judgement in judged if kind == TRUE]
    refused = _share([not judgement.ok for judgement in truth])
    lines = [f"| {true} | true | {len(truth):,} | | | {refused} |"]
    for kind in KINDS:
        false = [judgement for judged_kind, judgement in judged if judged_kind == kind]
        if false:
            scores = [np.array([judgement.score for judgement in side]) for side in (truth, false)]
            missed = _share([judgement.ok for judgement in false])
            lines.append(f"| {true} | {kind} | {len(false):,} | {roc_auc(*scores):.3f} | {missed} | |")
    return lines


def _share(values: Sequence[bool]) -> str:
    """'0.012 (0.004 to 0.020)'."""
    share = np.array(values, float)
    low, high = interval(share)
    return f"{share.mean():.3f} ({low:.3f} to {high:.3f})"


def _evenly(quoted: list[tuple[str, Passage]], most: int) -> list[tuple[str, Passage]]:
    rows = np.unique(np.linspace(0, len(quoted) - 1, min(most, len(quoted))).astype(int))
    return [quoted[row] for row in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", default="simulate://shop?night=3", help="a folder, or any source URL")
    parser.add_argument("--mapping", help="name or file of the mapping of a folder, e.g. thunderbird")
    parser.add_argument("--train-until", default="", help="take answers from before this day")
    parser.add_argument("--most", type=int, default=300, help="sentences of each sort")
    arguments = parser.parse_args()
    source = source_url(arguments.source, arguments.mapping)
    with tempfile.TemporaryDirectory() as name:
        settings = Settings.from_env().isolated_in(Path(name))
        night = Night.from_settings(settings)
        store = night.store
        snapshot, _ = ingest(open_source(source, settings), night)
        features, _ = transform(snapshot, arguments.train_until, night)
        passages = passages_of(read_mart(store, features, "articles"))
        examples = read_mart(store, features, "generator_examples")
    print("| sentences | made false by | claims | area under the ROC curve | missed | truth refused |")
    print("|---|---|---|---|---|---|")
    for true, quoted in (("quoted", sentences_of(passages)), ("paraphrased", paraphrases(examples, passages))):
        if quoted:
            print("\n".join(table(list(claims_of(_evenly(quoted, arguments.most), passages)), true)))
    print(f"\n{source}: {len(passages):,} passages; at most {arguments.most} sentences of each sort, seed 7.")


if __name__ == "__main__":
    main()
