"""LoRA adapters: the settings that query tower and generator share, and an adapter added to, merged into and saved from
a model.

    tower.encoder = add_adapter(tower.encoder, exclude_modules=r".*pooler.*")
    causal_lm = add_adapter(causal_lm, task_type="CAUSAL_LM")

tree of a saved adapter: adapter_model.safetensors  adapter_config.json  trained_on.json  model.json

Hu et al., LoRA: Low-Rank Adaptation of Large Language Models, ICLR 2022.
"""

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nightshift.digests import canonical_json

RANK = 16
ALPHA = 32  # an adapter's product is scaled by ALPHA / RANK
TARGET_MODULES = "all-linear"


def add_adapter(model: Any, **options: Any) -> Any:
    """A transformers `model` wrapped by peft, with an untrained adapter on every linear layer.

    `options` go to LoraConfig: `exclude_modules`, `task_type`. Only the adapter's parameters require gradients.
    """
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=TARGET_MODULES, **options)
    with _without_alias_warning():
        return get_peft_model(model, config)


def merge_adapter(model: Any, folder: Path) -> Any:
    """The `model` with the adapter saved in `folder` added to its weights."""
    from peft import PeftModel

    with _without_alias_warning():
        return PeftModel.from_pretrained(model, folder).merge_and_unload()


def save_adapter(model: Any, folder: Path, base: str) -> None:
    """Write adapter_model.safetensors and adapter_config.json; the same weights give the same bytes on every machine.

    `base` is the URL of the base model, written in place of its local path.
    """
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)  # a template that names the local path of the base model
    path = folder / "adapter_config.json"
    config = json.loads(path.read_bytes())
    config["base_model_name_or_path"] = base
    config["target_modules"] = sorted(config["target_modules"])
    path.write_bytes(canonical_json(config))


@contextmanager
def _without_alias_warning() -> Iterator[None]:
    """Peft reads an attribute under a name that transformers has renamed: users cannot act on the warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing", category=FutureWarning)
        yield
