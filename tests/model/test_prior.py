"""The prior classifier is trained on tickets and on the articles' own sections."""

import json

import numpy as np

from nightshift.export.classifiers import export_classifiers
from nightshift.models.classifiers import Classifiers
from nightshift.retrieval.sections import Sections
from nightshift.settings import profile
from nightshift.store import open_store
from nightshift.train.classifier import fit_classifier
from nightshift.train.classifiers import train_classifiers
from nightshift.train.dataset import LabelledVectors

SECTIONS = Sections(np.eye(4, dtype=np.float32)[[0, 0, 1, 2]], ["refund", "refund", "login", "parcel"])
NOTHING = LabelledVectors([], np.zeros((0, 0), np.float32), [], [])


def test_without_a_ticket_the_prior_knows_the_sections(tmp_path):
    """A cold start still has a prior: each article for what its own text says, and no ticket learned from."""
    store = open_store(f"file://{tmp_path}/store")
    pairs = LabelledVectors([], np.zeros((0, 0), np.float32), [], [], sections=SECTIONS)
    trained = train_classifiers(NOTHING, pairs, ordinary=None, profile=profile("tiny"))
    model = export_classifiers(trained, store, base="file:/base", trained_on="f" * 64)
    folder = store.checkout(model.digest)
    classifiers = Classifiers(folder, threads=1)
    columns = classifiers.priors(np.eye(4, dtype=np.float32)[:3]).argmax(axis=1)
    assert [classifiers.prior_labels[column] for column in columns] == ["refund", "login", "parcel"]
    assert json.loads((folder / "trained_on.json").read_bytes()) == []


def test_an_article_that_resolved_nothing_yet_can_be_likely():
    """Tickets of two articles do not hide a third one, whose sections the classifier was trained on."""
    tickets = np.eye(4, dtype=np.float32)[[0, 1] * 20]
    rows = LabelledVectors([f"t{n}" for n in range(40)], tickets, ["refund", "login"] * 20, [], sections=SECTIONS)
    classifier = fit_classifier(rows)
    assert classifier.labels[int(classifier.probabilities(SECTIONS.vectors[3:]).argmax())] == "parcel"


def test_a_long_article_weighs_as_much_as_a_short_one():
    """An article's sections share its weight, however many there are."""
    _, labels, weights = LabelledVectors([], np.zeros((0, 4), np.float32), [], [], sections=SECTIONS).examples()
    weight_of = {label: weights[np.array(labels) == label].sum() for label in set(labels)}
    assert len({round(float(weight), 9) for weight in weight_of.values()}) == 1
