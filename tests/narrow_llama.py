"""A generator that has learned nothing: SmolLM2's tokenizer and architecture with two narrow random layers.

It trains, exports and speaks in seconds, and what it says is never grounded. For tests of everything round the model.
"""

from pathlib import Path

from nightshift.store.base_models import resolve


def write_narrow_llama(base: str, folder: Path) -> Path:
    """Write it to `folder` in Hugging Face's format; `base` is the URL of the GGUF whose tokenizer it takes."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    tokenizer = AutoTokenizer.from_pretrained(resolve(base).parent, gguf_file=resolve(base).name)
    sizes = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2}
    special = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    torch.manual_seed(7)
    model = LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), tie_word_embeddings=True, **sizes, **special))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
