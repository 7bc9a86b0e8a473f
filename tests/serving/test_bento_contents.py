"""A Bento asks for the locked versions of what serving needs, and for nothing that trains."""

from pathlib import Path

import pytest

from nightshift.errors import PackagingError
from serving.bento import packed_modules
from serving.requirements import ROOTS, locked

LOCK = Path(__file__).parents[2] / "requirements.lock"


def test_what_serves_needs_nothing_that_trains():
    """The part of the lock is closed and sorted, holds versions, and has no torch, Flyte, MLflow or dbt in it."""
    lines = locked(ROOTS, LOCK)
    names = [line.partition("==")[0] for line in lines]
    assert names == sorted(names)
    assert {"bentoml", "onnxruntime", "onnxruntime-genai", "starlette"} <= set(names)
    trains = {"torch", "transformers", "peft", "flytekit", "mlflow", "dbt-core", "scikit-learn", "openvino"}
    assert not trains & set(names)
    assert set(lines) <= set(LOCK.read_text().splitlines())


def test_a_bento_holds_the_modules_that_serve():
    """The service, every module it imports and their packages are packed; what trains or embeds in bulk is not."""
    modules = packed_modules()
    assert {"serving.service", "nightshift.retrieval.retriever", "nightshift.retrieval", "nightshift"} <= modules
    rooms = {name.split(".")[1] for name in modules if name.startswith("nightshift.")}
    assert not rooms & {"train", "export", "evaluate", "drift", "registry", "warehouse", "lake", "sources"}
    assert not modules & {
        "nightshift.models.batch_encoder",
        "nightshift.index.build",
        "serving.bento",
        "serving.__main__",
    }


def test_requirements_of_requirements_are_found(tmp_path):
    """What a root requires is part of it, and what is not required is not."""
    lock = tmp_path / "requirements.lock"
    lock.write_text("# made by a tool\nanyio==4.16.0\nidna==3.11\ntorch==2.13.0\ntyping_extensions==4.15.0\n")
    assert locked(["anyio"], lock) == ["anyio==4.16.0", "idna==3.11", "typing_extensions==4.15.0"]


def test_a_lock_that_lacks_a_package_is_an_error(tmp_path):
    """A package that the lock does not hold is named."""
    lock = tmp_path / "requirements.lock"
    lock.write_text("anyio==4.16.0\n")
    with pytest.raises(PackagingError, match="does not hold idna"):
        locked(["anyio"], lock)
