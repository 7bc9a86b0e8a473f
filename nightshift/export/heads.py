"""Heads to ONNX, each checked on real vectors: `vector` float32 [n, dim] -> `probabilities` [n, classes] or `distance` [n].

parity = write_head(regression, folder / "intent.onnx", vectors)            # against scikit-learn
parity = write_distances(familiar, folder / "unfamiliar.onnx", vectors)     # against numpy
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nightshift.export.parity import check
from nightshift.runtime.session import open_session
from nightshift.train.unfamiliar import Familiar

TOLERANCE = 1e-5
PARITY_VECTORS = 256


def write_head(regression: Any, path: Path, vectors: NDArray[np.float32]) -> float:
    """Write a fitted scikit-learn LogisticRegression; returns its parity. Raises ParityExceeded."""
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType

    graph = to_onnx(
        regression,
        name=path.stem,
        initial_types=[("vector", FloatTensorType([None, vectors.shape[1]]))],
        options={"zipmap": False},
        target_opset=17,
    )
    path.write_bytes(graph.SerializeToString(deterministic=True))
    checked = vectors[:PARITY_VECTORS]
    exported = open_session(path, threads=1).run(["probabilities"], {"vector": checked})[0]
    return check(f"{path.stem} head", regression.predict_proba(checked), exported, TOLERANCE)


def write_distances(familiar: Familiar, path: Path, vectors: NDArray[np.float32]) -> float:
    """Write x Q x + min (x W + b); returns its parity. Raises ParityExceeded.

    Products in double precision: the two terms are large and nearly cancel.
    """
    from onnx import TensorProto, helper, numpy_helper

    weights = {"quadratic": familiar.quadratic, "linear": familiar.linear, "constant": familiar.constant}
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["vector"], ["exact"], to=TensorProto.DOUBLE),
            helper.make_node("MatMul", ["exact", "quadratic"], ["turned"]),
            helper.make_node("Mul", ["turned", "exact"], ["squares"]),
            helper.make_node("ReduceSum", ["squares", "over"], ["curved"], keepdims=0),
            helper.make_node("MatMul", ["exact", "linear"], ["projected"]),
            helper.make_node("Add", ["projected", "constant"], ["labels"]),
            helper.make_node("ReduceMin", ["labels"], ["nearest"], axes=[1], keepdims=0),
            helper.make_node("Add", ["curved", "nearest"], ["whole"]),
            helper.make_node("Cast", ["whole"], ["distance"], to=TensorProto.FLOAT),
        ],
        path.stem,
        [helper.make_tensor_value_info("vector", TensorProto.FLOAT, [None, vectors.shape[1]])],
        [helper.make_tensor_value_info("distance", TensorProto.FLOAT, [None])],
        [
            *(numpy_helper.from_array(array, name) for name, array in weights.items()),
            numpy_helper.from_array(np.array([1], np.int64), "over"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString(deterministic=True))
    checked = vectors[:PARITY_VECTORS]
    exported = open_session(path, threads=1).run(["distance"], {"vector": checked})[0]
    return check(f"{path.stem} head", familiar.distances(checked), exported, TOLERANCE)
