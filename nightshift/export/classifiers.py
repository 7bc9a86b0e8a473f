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
from nightshift.train.classifier import Classifier
from nightshift.train.classifiers import TrainedClassifier
from nightshift.train.kernel_density import BANDWIDTH, FLOOR

TOLERANCE = 1e-5
PARITY_VECTORS = 256

Step = tuple[str, list[str], str, dict[str, Any]]  # operator, inputs, output, attributes


def export_classifiers(trained: Mapping[str, TrainedClassifier], store: Store, *, base: str, trained_on: str) -> Model:
    """Write every classifier that was trained, check it against numpy, and store them in one tree.

    The tree: intent.onnx prior.onnx injection.onnx, intent_labels.json prior_labels.json, classifiers.json with the
    facts of each classifier and the reason where one is absent, and trained_on.json. `base` is the base model of the
    document tower, `trained_on` the digest of the features. Raises ParityExceeded.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        metrics: dict[str, float] = {}
        for name, result in trained.items():
            if name != "injection":
                labels = result.classifier.labels if result.classifier else []
                (folder / f"{name}_labels.json").write_bytes(canonical_json(labels))
            metrics |= {f"{name}_{metric}": value for metric, value in result.metrics.items()}
            if result.classifier:
                parity = write_classifier(result.classifier, folder / f"{name}.onnx", result.parity_vectors)
                metrics[f"{name}_parity"] = parity
        facts = {name: result.facts for name, result in trained.items() if result.facts}
        absent = {name: result.absent for name, result in trained.items() if result.absent}
        (folder / "classifiers.json").write_bytes(canonical_json({"absent": absent, **facts}))
        write_trained_on(folder, (ticket for result in trained.values() for ticket in result.ticket_ids))
        return store_model(folder, store, kind="classifiers", base=base, trained_on=trained_on, metrics=metrics)


def write_classifier(classifier: Classifier, path: Path, vectors: NDArray[np.float32]) -> float:
    """Write softmax(x W + b + kernel_weight * log(exp((x N - 1) / BANDWIDTH) M + FLOOR)); returns its parity.

    N [dim, m] are the examples of the kernel density and M [m, labels] their labels; both are left out where the kernel
    weight is 0. Raises ParityExceeded.
    """
    single = np.float32
    weights: dict[str, NDArray[Any]] = {
        "weights": classifier.weights.astype(single),
        "bias": classifier.bias.astype(single),
    }
    steps: list[Step] = [
        ("MatMul", ["vector", "weights"], "projected", {}),
        ("Add", ["projected", "bias"], "linear", {}),
    ]
    if classifier.density and classifier.kernel_weight:
        numbers = {"one": 1.0, "bandwidth": BANDWIDTH, "floor": FLOOR, "kernel_weight": classifier.kernel_weight}
        weights |= {name: np.array(number, single) for name, number in numbers.items()}
        weights |= {"examples": classifier.density.vectors.T, "memberships": classifier.density.memberships}
        steps += [
            ("MatMul", ["vector", "examples"], "cosines", {}),
            ("Sub", ["cosines", "one"], "difference", {}),
            ("Div", ["difference", "bandwidth"], "exponent", {}),
            ("Exp", ["exponent"], "kernel", {}),
            ("MatMul", ["kernel", "memberships"], "density", {}),
            ("Add", ["density", "floor"], "floored", {}),
            ("Log", ["floored"], "log_density", {}),
            ("Mul", ["log_density", "kernel_weight"], "weighted", {}),
            ("Add", ["linear", "weighted"], "logits", {}),
        ]
    steps.append(("Softmax", [steps[-1][2]], "probabilities", {"axis": 1}))
    _write(path, steps, weights, vectors.shape[1], [None, len(classifier.labels)])
    return _parity(path, "probabilities", vectors, classifier.probabilities(vectors[:PARITY_VECTORS]))


def _write(
    path: Path, steps: Sequence[Step], weights: Mapping[str, NDArray[Any]], dim: int, shape: list[int | None]
) -> None:
    """The graph from `vector` to the output of the last step, float32 of `shape`; the same graph is the same bytes."""
    from onnx import TensorProto, helper, numpy_helper

    graph = helper.make_graph(
        [helper.make_node(operator, inputs, [output], **attributes) for operator, inputs, output, attributes in steps],
        path.stem,
        [helper.make_tensor_value_info("vector", TensorProto.FLOAT, [None, dim])],
        [helper.make_tensor_value_info(steps[-1][2], TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString(deterministic=True))


def _parity(path: Path, output: str, vectors: NDArray[np.float32], expected: NDArray[np.float64]) -> float:
    exported = open_session(path, threads=1).run([output], {"vector": vectors[:PARITY_VECTORS]})[0]
    return check(f"{path.stem} classifier", expected, exported, TOLERANCE)
