"""The LoRA adapter of the query tower: put on an encoder, merged into it, and written so that the same weights are the same bytes.

tree: adapter_model.safetensors  adapter_config.json  trained_on.json  model.json
"""

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nightshift.digests import canonical_json

if TYPE_CHECKING:
    from nightshift.train.encoder_module import Tower

RANK = 16


def adapted(folder: Path) -> "Tower":
    """The pretrained tower with an untrained LoRA adapter on every linear layer but the pooler, which is not used."""
    from peft import LoraConfig, get_peft_model

    from nightshift.train.encoder_module import load_tower

    tower = load_tower(folder)
    config = LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules="all-linear", exclude_modules=r".*pooler.*")
    with _without_alias_warning():
        tower.encoder = get_peft_model(tower.encoder, config)
    return tower


def merged(encoder: Any, folder: Path) -> Any:
    """The encoder with the adapter in `folder` added to its weights."""
    from peft import PeftModel

    with _without_alias_warning():
        return PeftModel.from_pretrained(encoder, folder).merge_and_unload()


def save_adapter(encoder: Any, folder: Path, base: str) -> None:
    """Write adapter_model.safetensors and adapter_config.json, with nothing in them that differs between machines."""
    encoder.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)  # a template that names the local path of the base model
    path = folder / "adapter_config.json"
    config = json.loads(path.read_bytes())
    config["base_model_name_or_path"] = base
    config["target_modules"] = sorted(config["target_modules"])
    path.write_bytes(canonical_json(config))


@contextmanager
def _without_alias_warning() -> Iterator[None]:
    """Peft reads an attribute under a name that transformers has renamed: nothing a person here can change."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing", category=FutureWarning)
        yield
