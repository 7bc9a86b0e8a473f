"""A logistic regression to ONNX: `vector` float32 [n, dim] -> `probabilities` float32 [n, classes].

parity = write_head(regression, folder / "intent.onnx", vectors)   # checked against scikit-learn on `vectors`
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nightshift.export.parity import check
from nightshift.runtime.session import open_session

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
