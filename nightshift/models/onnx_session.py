"""Sessions of onnxruntime: threads, execution providers, and a typed error for a file that is no model.

open_session(folder / "intent.onnx", threads=1).run(["probabilities"], {"vector": vectors})
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nightshift.errors import ModelUnreadable

CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"


def available() -> list[str]:
    """The execution providers of the installed onnxruntime; onnxruntime-gpu has CUDA among them."""
    import onnxruntime

    providers: list[str] = onnxruntime.get_available_providers()
    return providers


def fastest(providers: Sequence[str]) -> list[tuple[str, dict[str, str]]]:
    """The providers to use for matrix products, best first, with their options: a GPU where there is one.

    Products on the GPU are in full fp32 (no TF32), so that its vectors equal those of the CPU.
    """
    gpu = [(CUDA, {"use_tf32": "0"})] if CUDA in providers else []
    return [*gpu, (CPU, {})]


def open_session(path: Path, threads: int, providers: Sequence[str] = (CPU,)) -> Any:
    """An onnxruntime session with `threads` threads on the fastest of `providers`. Raises ModelUnreadable."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Idle threads sleep: a process holds several models, and spinning threads of one would slow the others.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=fastest(providers))
    except Exception as error:  # onnxruntime's own classes have no public common base
        raise ModelUnreadable(
            f"{path.name} is not a model onnxruntime can open ({type(error).__name__})",
            "export the model again; if it persists, the onnxruntime here is older than the one that exported it",
        ) from error
