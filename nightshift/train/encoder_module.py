"""The sentence encoder in PyTorch, for training and export.

This module imports torch at the top, because it defines a torch module: import it inside functions only.

    tower = load_tower(resolve(profile.encoder))
    tower(**tokenize(load_tokenizer(folder, 96), ["I cannot log in"]))   # [1, 384], L2-normalised
"""

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nightshift.errors import SettingsError


class Tower(nn.Module):
    """A transformer, pooled over its tokens and L2-normalised: ids and mask [n, tokens] -> vectors [n, dim]."""

    def __init__(self, encoder: nn.Module, pooling: str) -> None:
        super().__init__()
        self.encoder = encoder
        self.pooling = pooling

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        if self.pooling == "cls":
            pooled = hidden[:, 0]
        else:
            weights = attention_mask.unsqueeze(-1).to(hidden.dtype)
            pooled = (hidden * weights).sum(1) / weights.sum(1)
        return nn.functional.normalize(pooled, dim=-1)


def load_tower(folder: Path, attention: str = "sdpa") -> Tower:
    """The pretrained tower in `folder`, in evaluation mode. Raises SettingsError unless it pools by mean or cls."""
    from transformers import AutoModel
    from transformers.utils import logging

    logging.disable_progress_bar()
    encoder = AutoModel.from_pretrained(folder, attn_implementation=attention, dtype=torch.float32)
    return Tower(encoder, pooling_of(folder)).eval()


def pooling_of(folder: Path) -> str:
    """'mean' or 'cls', as the model was pretrained; mean where it does not say."""
    config = folder / "1_Pooling" / "config.json"
    if not config.exists():
        return "mean"
    modes = json.loads(config.read_bytes())
    for pooling, mode in (("mean", "pooling_mode_mean_tokens"), ("cls", "pooling_mode_cls_token")):
        if modes.get(mode):
            return pooling
    raise SettingsError(
        f"{folder.name} has a pooling that is neither mean nor cls", "use an encoder with mean or cls pooling"
    )


def max_tokens_of(folder: Path) -> int:
    """The longest input in tokens that the model was pretrained on."""
    config = folder / "sentence_bert_config.json"
    if config.exists():
        return int(json.loads(config.read_bytes())["max_seq_length"])
    return int(json.loads((folder / "config.json").read_bytes())["max_position_embeddings"])


def load_tokenizer(folder: Path, max_tokens: int) -> Any:
    """The tokenizer of training, export and serving: pads to the longest text, truncates at `max_tokens`."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(max_tokens)
    tokenizer.enable_padding()
    return tokenizer


def tokenize(tokenizer: Any, texts: list[str]) -> dict[str, Tensor]:
    """`input_ids` and `attention_mask`, int64 [n, longest]."""
    encodings = tokenizer.encode_batch(texts)
    return {
        "input_ids": torch.tensor([encoding.ids for encoding in encodings]),
        "attention_mask": torch.tensor([encoding.attention_mask for encoding in encodings]),
    }
