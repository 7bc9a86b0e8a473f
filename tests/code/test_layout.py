"""A release is composed from its parts: whole, without copies, and the same for the same parts."""

import re
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from nightshift.artifacts import Index, Model
from nightshift.errors import StoreError
from nightshift.release.compose import Parts, compose
from nightshift.release.layout import SERVED, ReleaseFolder, StoredRelease, Weights
from nightshift.store import open_store

ROOT = Path(__file__).parents[2]
FILE_NAME = re.compile(r"""["'/](policy|weights|prompts|reference|lineage|release)\.json["']""")


@pytest.fixture
def store(tmp_path):
    return open_store(f"file://{tmp_path}/store")


@pytest.fixture
def parts(store, tmp_path):
    def tree(name, *files):
        folder = tmp_path / "parts" / name
        for file in files:
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{name} {file}")
        return store.put_tree(folder)

    models = {kind: Model(kind, tree(kind, "model.json", "deep/weights.onnx"), "base", "f" * 64) for kind in SERVED}
    models["generator_adapter"] = Model("generator_adapter", "a" * 64, "base", "f" * 64)
    return Parts(
        index=Index(tree("index", "chunks.parquet", "vectors.npy"), "f" * 64, models["document_tower"].digest, 41, 12),
        models=models,
        policy={"limit": 0.4},
        weights=Weights({"dense": 0.5}, {"bias": -4.2}, {"context": 12.4}, {"bias": -4.9}, [0.75, 0.5]),
        prompts={"system": "Answer from the passages."},
        reference={"psi": [0.1]},
        lineage={"code": "c0de"},
    )


def test_the_folder_holds_every_part(parts, store):
    """A checked-out release holds its records and each served part under its own name."""
    folder = store.checkout(compose(parts, store).digest)
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {"release.json", "lineage.json", "policy.json", "weights.json", "prompts.json", "reference.json"} <= names
    assert "index/vectors.npy" in names
    assert (folder / "generator/deep/weights.onnx").read_text() == "generator deep/weights.onnx"
    assert not any("adapter" in name for name in names)


def test_a_folder_gives_its_own_digest(parts, store, tmp_path):
    """The digest is recomputed from the files alone, and one changed byte changes it."""
    release = compose(parts, store)
    copy = shutil.copytree(store.checkout(release.digest), tmp_path / "copy", copy_function=shutil.copyfile)
    assert ReleaseFolder(copy).compute_digest() == release.digest
    (copy / "classifiers/model.json").write_text("changed")
    assert ReleaseFolder(copy).compute_digest() != release.digest


def test_same_parts_same_release(parts, store, tmp_path):
    """The order in which models are named changes nothing; another policy makes another release."""
    release = compose(parts, store)
    shuffled = replace(parts, models=dict(reversed(parts.models.items())))
    assert compose(shuffled, store) == release
    assert compose(replace(parts, policy={"limit": 0.5}), store).digest != release.digest


def test_release_json_names_the_adapters(parts, store):
    """The record names the adapters that a later night may reuse, without those that were never trained."""
    untrained = Model("query_tower_adapter", "", "base", "")
    release = compose(replace(parts, models={**parts.models, "query_tower_adapter": untrained}), store)
    assert StoredRelease(release.digest, store).artifact == release
    assert release.models["generator_adapter"] == "a" * 64
    assert "query_tower_adapter" not in release.models


def test_an_absent_model_is_named(parts, store):
    """A release without its classifiers is refused, and the error says which model is absent."""
    models = {name: model for name, model in parts.models.items() if name != "classifiers"}
    with pytest.raises(StoreError, match="classifiers"):
        compose(replace(parts, models=models), store)


def test_a_digest_that_is_no_release_is_an_error(parts, store):
    """The record of a tree that is no release is a StoreError that names the file it lacks."""
    with pytest.raises(StoreError, match=r"holds no release\.json"):
        _ = StoredRelease(parts.index.digest, store).record


def test_the_values_of_a_release_are_the_same_on_disk_and_in_the_store(parts, store):
    """Policy, weights, prompts, reference, lineage and record read from a checkout equal those read from the store."""
    stored = StoredRelease(compose(parts, store).digest, store)
    folder = ReleaseFolder.open(stored.checkout().path)
    for release in (stored, folder):
        assert (release.policy, release.weights, release.prompts) == (parts.policy, parts.weights, parts.prompts)
        assert (release.reference, release.lineage) == (parts.reference, parts.lineage)
        assert release.comparable
    assert stored.record == folder.record
    assert folder.record.weights == asdict(parts.weights)


def test_a_folder_of_links_holds_what_retrieval_needs(parts, store, tmp_path):
    """A folder linked from the parts of another release gives the same weights, policy and model files."""
    whole = StoredRelease(compose(parts, store).digest, store).checkout()
    linked = ReleaseFolder.link(
        tmp_path / "linked",
        index=whole.index,
        document_tower=whole.document_tower,
        query_tower=whole.document_tower,
        classifiers=whole.classifiers,
        weights=whole.weights,
        policy=whole.policy,
    )
    assert (linked.weights, linked.policy) == (whole.weights, whole.policy)
    assert (linked.query_tower / "model.json").read_text() == (whole.document_tower / "model.json").read_text()
    with pytest.raises(StoreError, match="is no release folder"):
        ReleaseFolder.open(linked.path)


def test_only_the_layout_names_the_files_of_a_release():
    """No other module of the package, the tasks or the service spells the name of a JSON file inside a release."""
    modules = [path for room in ("nightshift", "serving", "tasks", "workflows") for path in (ROOT / room).rglob("*.py")]
    naming = [path.name for path in modules if FILE_NAME.search(path.read_text())]
    assert naming == ["layout.py"]
