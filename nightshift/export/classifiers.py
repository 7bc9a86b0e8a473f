"""The classifiers to ONNX, each checked on real vectors: `vector` float32 [n, dim] -> `probabilities` [n, classes].

model = export_classifiers(trained, store, base=document_tower.base, trained_on=features.digest)
"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nightshift.artifacts import Model
from nightshift.digests import canonical_json
from nightshift.export.parity import check
from nightshift.models.onnx_session import open_session
from nightshift.store import Store
from nightshift.store.model_tree import store_model, write_trained_on
from nightshift.train.classifier import Head
from nightshift.train.classifiers import TrainedClassifier
from nightshift.train.kernel_density import BANDWIDTH, FLOOR

TOLERANCE = 1e-5
PARITY_VECTORS = 256

Step = tuple[str, list[str], str, dict[str, Any]]  # operator, inputs, output, attributes


def export_classifiers(trained: Mapping[str, TrainedClassifier], store: Store, *, base: str, trained_on: str) -> Model:
    """Write every classifier that was learned, check it against numpy, and keep them in one tree.

    The tree: intent.onnx prior.onnx injection.onnx, the labels of the first two, classifiers.json with the facts of each and
    the reason where one is absent, trained_on.json. `base` and `trained_on` name the document tower's base and the
    features. Raises ParityExceeded.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        metrics: dict[str, float] = {}
        for name, classifier in trained.items():
            if name != "injection":
                labels = classifier.head.labels if classifier.head else []
                (folder / f"{name}_labels.json").write_bytes(canonical_json(labels))
            metrics |= {f"{name}_{metric}": value for metric, value in classifier.metrics.items()}
            if classifier.head:
                parity = write_head(classifier.head, folder / f"{name}.onnx", classifier.parity_vectors)
                metrics[f"{name}_parity"] = parity
        facts = {name: classifier.facts for name, classifier in trained.items() if classifier.facts}
        absent = {name: classifier.absent for name, classifier in trained.items() if classifier.absent}
        (folder / "classifiers.json").write_bytes(canonical_json({"absent": absent, **facts}))
        write_trained_on(folder, (ticket for classifier in trained.values() for ticket in classifier.ticket_ids))
        return store_model(folder, store, kind="classifiers", base=base, trained_on=trained_on, metrics=metrics)


def write_head(head: Head, path: Path, vectors: NDArray[np.float32]) -> float:
    """Write softmax(x W + b + say * log(exp((x N - 1) / NEAR) M + FAINT)); returns its parity. Raises ParityExceeded.

    N [dim, m] are the neighbours and M [m, labels] their labels; without a say they are left out.
    """
    single = np.float32
    weights: dict[str, NDArray[Any]] = {"weights": head.weights.astype(single), "bias": head.bias.astype(single)}
    steps: list[Step] = [
        ("MatMul", ["vector", "weights"], "projected", {}),
        ("Add", ["projected", "bias"], "plain", {}),
    ]
    if head.neighbours and head.say:
        numbers = {"one": 1.0, "near": BANDWIDTH, "faint": FLOOR, "say": head.say}
        weights |= {name: np.array(number, single) for name, number in numbers.items()}
        weights |= {"neighbours": head.neighbours.vectors.T, "memberships": head.neighbours.memberships}
        steps += [
            ("MatMul", ["vector", "neighbours"], "cosines", {}),
            ("Sub", ["cosines", "one"], "apart", {}),
            ("Div", ["apart", "near"], "far", {}),
            ("Exp", ["far"], "kernel", {}),
            ("MatMul", ["kernel", "memberships"], "density", {}),
            ("Add", ["density", "faint"], "heard", {}),
            ("Log", ["heard"], "evidence", {}),
            ("Mul", ["evidence", "say"], "remembered", {}),
            ("Add", ["plain", "remembered"], "logits", {}),
        ]
    steps.append(("Softmax", [steps[-1][2]], "probabilities", {"axis": 1}))
    _write(path, steps, weights, vectors.shape[1], [None, len(head.labels)])
    return _parity(path, "probabilities", vectors, head.probabilities(vectors[:PARITY_VECTORS]))


def _write(
    path: Path, steps: Sequence[Step], weights: Mapping[str, NDArray[Any]], dim: int, shape: list[int | None]
) -> None:
    """The graph from `vector` to the output of the last step, float32 of `shape`; the same graph is the same bytes."""
    from onnx import TensorProto, helper, numpy_helper

    graph = helper.make_graph(
        [helper.make_node(operator, inputs, [output], **how) for operator, inputs, output, how in steps],
        path.stem,
        [helper.make_tensor_value_info("vector", TensorProto.FLOAT, [None, dim])],
        [helper.make_tensor_value_info(steps[-1][2], TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString(deterministic=True))


def _parity(path: Path, output: str, vectors: NDArray[np.float32], expected: NDArray[np.float64]) -> float:
    exported = open_session(path, threads=1).run([output], {"vector": vectors[:PARITY_VECTORS]})[0]
    return check(f"{path.stem} head", expected, exported, TOLERANCE)
