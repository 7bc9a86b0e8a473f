"""The retraining plan of a night: whether each adapter is trained or the champion's is reused.

RetrainingPlan(champion='03fa...',
               query_tower=AdapterPlan('reuse', '3% of 1,204 tickets are new, the limit is 25%', adapter='77de...'),
               generator=AdapterPlan('train', '31% of 388 tickets are new, the limit is 25%'))
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from nightshift.artifacts import AdapterPlan, Decision, Drift, Features, RetrainingPlan
from nightshift.drift.measures import TOPIC_MEASURES
from nightshift.errors import SettingsError
from nightshift.night import Night
from nightshift.registry import mlflow as registry
from nightshift.release.layout import StoredRelease
from nightshift.store import Store

LORA_CHOICES = ("auto", "always", "never")
LEARNS_FROM = {"query_tower": "training_pairs.parquet", "generator": "generator_examples.parquet"}
FOLLOWS_DRIFT = {"query_tower"}  # the generator learns to answer from passages, which no drift of topics changes
EVALUATED = "eval_questions.parquet"


def plan_retraining(features: Features, drift: Drift, night: Night, lora: str) -> RetrainingPlan:
    """Decide per adapter whether tonight trains it or reuses the champion's.

    `lora`: 'auto' reuses while the share of new tickets is below `retrain_share` of the profile, and trains the query
    tower on any new ticket when `drift` found that tickets are about other things than before; 'always' trains, 'never'
    reuses if there is one; anything else is a SettingsError. A champion of another format counts as none: nothing can
    be compared with it. Whatever the choice, an adapter is trained anew when it has learned from a ticket that is gone
    (erased by request) or that tonight's evaluation asks.
    """
    if lora not in LORA_CHOICES:
        raise SettingsError(f"lora is {lora!r}", f"use one of: {', '.join(LORA_CHOICES)}")
    store = night.store
    champion = registry.champion(night.settings)
    if champion is None:
        return _train_both("no release serves yet")
    serving = StoredRelease(champion.digest, store)
    if not serving.comparable:
        return _train_both("the serving release was made by another version of Nightshift")
    models = serving.artifact.models
    plans = {}
    for name, mart in LEARNS_FROM.items():
        adapter = models.get(f"{name}_adapter", "")
        if adapter and lora != "always":
            learned = set(cast(list[str], store.get_json(store.tree(adapter)["trained_on.json"])))
            moved = sorted(TOPIC_MEASURES.intersection(drift.moved)) if name in FOLLOWS_DRIFT else []
            tickets = _Tickets.read(features, mart, store)
            decision, reason = _decide(learned, tickets, night.profile.retrain_share, lora, moved)
        else:
            decision = Decision.TRAIN
            reason = "lora=always" if adapter else "the serving release has no adapter to reuse"
        plans[name] = AdapterPlan(decision, reason, adapter if decision is Decision.REUSE else "")
    return RetrainingPlan(champion.digest, plans["query_tower"], plans["generator"])


def _train_both(reason: str) -> RetrainingPlan:
    """The plan without a champion to reuse anything of."""
    return RetrainingPlan("", AdapterPlan(Decision.TRAIN, reason), AdapterPlan(Decision.TRAIN, reason))


@dataclass(frozen=True)
class _Tickets:
    """Ticket ids of tonight: of all tickets, of the training mart, and of the evaluation questions."""

    known: set[str]
    training: set[str]
    evaluation: set[str]

    @classmethod
    def read(cls, features: Features, mart: str, store: Store) -> "_Tickets":
        tree = store.tree(features.digest)
        known, training, evaluation = (_ids(store.path(tree[name])) for name in ("tickets.parquet", mart, EVALUATED))
        return cls(known, training, evaluation)


def _decide(
    learned: set[str], tickets: _Tickets, limit: float, lora: str, moved: Sequence[str]
) -> tuple[Decision, str]:
    """Whether an adapter that learned from these tickets is good enough tonight, and the reason in words.

    `moved` are the measures by which tonight's tickets are about something else.
    """
    erased, leaked = learned - tickets.known, learned & tickets.evaluation
    if erased:
        return Decision.TRAIN, f"it learned from {len(erased):,} tickets that are gone"
    if leaked:
        return Decision.TRAIN, f"it learned from {len(leaked):,} tickets that tonight's evaluation asks"
    share = new_share(learned, tickets.training)
    counted = f"{share:.0%} of {len(tickets.training):,} tickets are new, the limit is {limit:.0%}"
    if lora == "never":
        return Decision.REUSE, f"lora=never ({counted})"
    if moved and share:
        return Decision.TRAIN, f"tonight's tickets are about something else ({', '.join(moved)}); {counted}"
    return Decision.REUSE if share < limit else Decision.TRAIN, counted


def new_share(learned: set[str] | frozenset[str], training: set[str]) -> float:
    """The share of the `training` tickets that an adapter has not learned from, 0 to 1."""
    return len(training - learned) / max(len(training), 1)


def _ids(path: Path) -> set[str]:
    import pyarrow.parquet as pq

    return set(pq.read_table(path, columns=["ticket_id"])["ticket_id"].to_pylist())
