"""The heads: what can be learned in seconds from what past tickets said, in full whenever any of it is new.

    intent      vector of a ticket -> its intent               logistic regression beside the nearest tickets; labels:
                                                               tickets that carry one
    prior       vector of a ticket -> article ids              logistic regression; labels: what resolved past tickets,
                                                               and the articles' own sections
    unfamiliar  vector -> how unlike all earlier tickets       unfamiliar.py; by intent, or by article where there are none
    injection   letters of a text -> does it give orders?      injection.py; sentences of our own and the newest tickets

    model = train_heads(Labelled(ids, vectors, intents, created_at), Labelled(ids, vectors, article_ids, created_at),
                        ordinary={ticket_id: text}, profile=profile, store=store, base=tower.base,
                        trained_on=features.digest)

A head with too little to learn from is absent, and heads.json says why; it also holds the limits and the slices. How
one is learned, calibrated and measured: head.py.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nightshift.artifacts import Model
from nightshift.digests import canonical_json
from nightshift.export.classifiers import write_distances, write_head
from nightshift.progress import say
from nightshift.settings import Profile
from nightshift.store import Store
from nightshift.store.model_tree import store_model, write_trained_on
from nightshift.text.ngrams import ngrams
from nightshift.train.classifier import FEWEST_HELD_OUT, INTENT, PRIOR, Head, calibrated
from nightshift.train.dataset import Labelled, frequent, recent
from nightshift.train.injection import learn_injection, lessons
from nightshift.train.novelty import learn_familiar

FEWEST_EXAMPLES = {"intent": 5, "prior": 1, "unfamiliar": 5}
PARITY_EVERY = 4  # of the sentences that the injection head is checked on


def train_heads(
    tickets: Labelled,
    pairs: Labelled,
    *,
    ordinary: Mapping[str, str] | None = None,
    profile: Profile,
    store: Store,
    base: str,
    trained_on: str,
) -> Model:
    """Train, calibrate, export and check every head, and keep them in one tree.

    `tickets` carry intents, `pairs` article ids; `ordinary` tickets by id, as texts, say what is normal to ask; without
    them (None, not none of them) there is no injection head.
    `base` and `trained_on` name the document tower's base and the features. Intents are learned from the newest
    `profile.intent_tickets`. Raises ParityExceeded.
    """
    tickets = recent(tickets, profile.intent_tickets)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        learned = {
            "intent": _classifier("intent", tickets, folder),
            "prior": _classifier("prior", pairs, folder),
            "unfamiliar": _unfamiliar(tickets if len(set(tickets.labels)) > 1 else pairs, folder),
            "injection": _injection(ordinary, folder),
        }
        for name, head in learned.items():
            say(f"    {name} head  {head.absent and 'absent: '}{head.absent or head.said}")
        about = {name: head.facts for name, head in learned.items() if head.facts}
        absent = {name: head.absent for name, head in learned.items() if head.absent}
        (folder / "heads.json").write_bytes(canonical_json({"absent": absent, **about}))
        write_trained_on(folder, (ticket for head in learned.values() for ticket in head.ticket_ids))
        metrics = {f"{name}_{one}": value for name, head in learned.items() for one, value in head.metrics.items()}
        return store_model(folder, store, kind="heads", base=base, trained_on=trained_on, metrics=metrics)


@dataclass(frozen=True)
class _Learned:
    """What became of one head: why it is absent, or what it said, measured, knows and has seen."""

    absent: str = ""
    said: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    facts: dict[str, object] = field(default_factory=dict)
    ticket_ids: Sequence[str] = ()


def _classifier(name: str, given: Labelled, folder: Path) -> _Learned:
    rows = frequent(given, FEWEST_EXAMPLES[name])
    head, metrics, slices = calibrated(rows, INTENT if name == "intent" else PRIOR)
    (folder / f"{name}_labels.json").write_bytes(canonical_json(head.labels if head else []))
    if head is None:
        return _Learned(absent=f"{len(set(rows.labels))} labels with enough examples: two are needed")
    metrics["parity"] = write_head(head, folder / f"{name}.onnx", rows.examples()[0])
    said = f"{len(head.labels):,} labels from {len(rows.labels):,} examples"
    return _Learned("", said, metrics, {"slices": slices} if slices else {}, rows.ticket_ids)


def _unfamiliar(given: Labelled, folder: Path) -> _Learned:
    rows = frequent(given, FEWEST_EXAMPLES["unfamiliar"])
    fresh, measured = rows.newest(0.2), rows.newest(0.1)
    if measured.sum() < FEWEST_HELD_OUT:
        return _Learned(absent=f"{len(rows.labels)} labelled tickets: {10 * FEWEST_HELD_OUT} are needed")
    learned = learn_familiar(rows.vectors, rows.labels, fresh, measured)
    metrics = {
        "examples": float(len(rows.labels)),
        "accepted": learned.accepted,
        "parity": write_distances(learned.familiar, folder / "unfamiliar.onnx", rows.vectors),
    }
    said = f"{len(set(rows.labels)):,} labels from {len(rows.labels):,} examples"
    return _Learned("", said, metrics, {"quantiles": learned.quantiles}, rows.ticket_ids)


def _injection(ordinary: Mapping[str, str] | None, folder: Path) -> _Learned:
    if ordinary is None:
        return _Learned(absent="no texts were given to learn what is ordinary")
    ids = sorted(ordinary)
    found = learn_injection([ordinary[ticket] for ticket in ids])
    checked = ngrams([lesson.text for lesson in lessons()[::PARITY_EVERY]])
    parity = write_head(Head.of(found.regression), folder / "injection.onnx", checked)
    said = f"{len(lessons()):,} sentences and {len(ids):,} ordinary tickets"
    facts: dict[str, object] = {"limit": float(f"{found.limit:.6g}"), "caught": found.caught}
    return _Learned("", said, {**found.measures, "parity": parity}, facts, ids)
