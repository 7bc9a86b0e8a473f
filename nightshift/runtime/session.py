"""How an ONNX file becomes a session, in one place: its threads, and what a damaged file is told as."""

from pathlib import Path
from typing import Any

from nightshift.errors import ModelUnreadable


def open_session(path: Path, threads: int) -> Any:
    """An onnxruntime session on the CPU with `threads` threads. Raises ModelUnreadable."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Idle threads sleep: one process holds several models, and spinning threads of one would slow the other.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own classes have no public common base
        raise ModelUnreadable(
            f"{path.name} is not a model onnxruntime can open ({type(error).__name__})",
            "export the model again; if it persists, the onnxruntime here is older than the one that exported it",
        ) from error
