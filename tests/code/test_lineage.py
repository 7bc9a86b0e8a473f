"""The lineage of a release names every link down to the source's objects."""

import json
from dataclasses import replace

import pytest

from nightshift.artifacts import Features, Index, Model
from nightshift.errors import MissingObject
from nightshift.release import lineage
from nightshift.store import open_store


@pytest.fixture
def chain(tmp_path):
    store = open_store(f"file://{tmp_path}/store")
    part = {
        "object": "tickets/night-0001.jsonl.gz",
        "raw": "4" * 64,
        "digest": "7" * 64,
        "rows": 1200,
        "quarantined": 2,
    }
    snapshot = store.put_json({"tables": {"tickets": [part]}})
    features = Features(store.put_json({"training_pairs.parquet": "8" * 64}), snapshot, "2026-01-09T00:00:00")
    index = Index("1" * 64, features.digest, "2" * 64, 41, 12)
    models = {
        "classifiers": Model("classifiers", "3" * 64, "", features.digest),
        "document_tower": Model("document_tower", "2" * 64, "pypi:minilm/model", ""),
    }
    return features, index, models, "c0de" * 4, store


def test_every_link_is_named(chain):
    """Models name their features, features their snapshot, and the snapshot its objects with their raw digest."""
    features = chain[0]
    traced = lineage.trace(*chain)
    assert traced["models"]["classifiers"]["trained_on"] == traced["features"]["digest"] == features.digest
    assert traced["features"]["snapshot"] == traced["snapshot"]["digest"] == features.snapshot
    assert traced["snapshot"]["tables"]["tickets"][0]["raw"] == "4" * 64


def test_same_chain_same_lineage(chain):
    """The lineage of the same artifacts is the same bytes."""
    assert json.dumps(lineage.trace(*chain)) == json.dumps(lineage.trace(*chain))


def test_the_tree_reads_from_release_to_object(chain):
    """The rendered tree starts with the release and ends with the source object, one line a link."""
    lines = lineage.render(lineage.trace(*chain), "9" * 64).splitlines()
    assert lines[0] == "release " + "9" * 12
    assert "classifiers 333333333333  trained on " + chain[0].digest[:12] in "\n".join(lines)
    assert "document_tower 222222222222  from pypi:minilm/model" in "\n".join(lines)
    assert lines[-1] == "   └─ tickets  tickets/night-0001.jsonl.gz  raw 444444444444  part 777777777777  1,200 rows"


def test_a_lost_snapshot_is_an_error(chain):
    """A snapshot that the store no longer holds is an error, not an empty lineage."""
    features, *rest = chain
    with pytest.raises(MissingObject):
        lineage.trace(replace(features, snapshot="0" * 64), *rest)
