"""Heads to ONNX, each checked on real vectors: `vector` float32 [n, dim] -> `probabilities` [n, classes] or `distance` [n].

parity = write_head(head, folder / "intent.onnx", vectors)                  # against numpy
parity = write_distances(familiar, folder / "unfamiliar.onnx", vectors)     # the same
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nightshift.export.parity import check
from nightshift.models.onnx_session import open_session
from nightshift.train.classifier import Head
from nightshift.train.kernel_density import FAINT, NEAR
from nightshift.train.novelty import Familiar

TOLERANCE = 1e-5
PARITY_VECTORS = 256

Step = tuple[str, list[str], str, dict[str, Any]]  # operator, inputs, output, attributes


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
        numbers = {"one": 1.0, "near": NEAR, "faint": FAINT, "say": head.say}
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


def write_distances(familiar: Familiar, path: Path, vectors: NDArray[np.float32]) -> float:
    """Write x Q x + min (x W + b); returns its parity. Raises ParityExceeded.

    Products in double precision: the two terms are large and nearly cancel.
    """
    from onnx import TensorProto

    weights = {"quadratic": familiar.quadratic, "linear": familiar.linear, "constant": familiar.constant}
    steps: list[Step] = [
        ("Cast", ["vector"], "exact", {"to": TensorProto.DOUBLE}),
        ("MatMul", ["exact", "quadratic"], "turned", {}),
        ("Mul", ["turned", "exact"], "squares", {}),
        ("ReduceSum", ["squares", "over"], "curved", {"keepdims": 0}),
        ("MatMul", ["exact", "linear"], "projected", {}),
        ("Add", ["projected", "constant"], "labels", {}),
        ("ReduceMin", ["labels"], "nearest", {"axes": [1], "keepdims": 0}),
        ("Add", ["curved", "nearest"], "whole", {}),
        ("Cast", ["whole"], "distance", {"to": TensorProto.FLOAT}),
    ]
    _write(path, steps, {**weights, "over": np.array([1], np.int64)}, vectors.shape[1], [None])
    return _parity(path, "distance", vectors, familiar.distances(vectors[:PARITY_VECTORS]))


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
