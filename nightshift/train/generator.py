"""The generator's adapter: LoRA on the base model, which learns to answer from numbered passages and to decline.

    taught = build_examples(rows, passages_of(articles), profile, seed=7)
    model = train_generator(taught, profile.generator, night=night, seed=7,
                            log_metrics=log_metrics, trained_on=features.digest)

Only the words of the answer are learned, and logits exist only where they are: 8 x 128 tokens take 3.9 s on two cores.
Under torch elastic every process takes its share of each batch; the first one stores.
"""

import math
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from nightshift.answering.prompts import VERSION, render
from nightshift.artifacts import Model
from nightshift.errors import NotEnoughData, TrainingFailed
from nightshift.night import Night
from nightshift.progress import log, track
from nightshift.store import Store
from nightshift.store.model_tree import store_model, write_trained_on
from nightshift.train.base_checkpoint import load, load_tokenizer, unpacked
from nightshift.train.generation_eval import generate, passes_checks
from nightshift.train.generator_data import TrainingSet
from nightshift.train.lora import save_adapter
from nightshift.train.query_tower import LogMetrics
from nightshift.train.tokenized import (
    TokenizedExample,
    batch_order,
    learning_rate_factor,
    micro_batches,
    tokenize_examples,
)

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")

RANK = 16
LEARNING_RATE = 5e-4
CHECKS = 4  # looks at the held-out loss during training, at most
LEAST_APART = 6  # steps between two of them
PATIENCE = 2  # checks without a better loss before training ends
FEWEST_EXAMPLES = 20
LOG_EVERY = 5


def can_train(taught: TrainingSet) -> bool:
    """Whether there are enough examples to learn from; with fewer the base generator serves unchanged."""
    return len(taught.examples) >= FEWEST_EXAMPLES


def train_generator(
    taught: TrainingSet,
    base_url: str,
    *,
    night: Night,
    seed: int,
    log_metrics: LogMetrics,
    trained_on: str,
) -> Model:
    """Train the adapter, keep the state with the lowest held-out loss, try it beside the base, and store it.

    `trained_on` is the digest of the features the examples come from. Whether the adapter is to serve, its metrics say:
    see `pays`. Raises NotEnoughData, TrainingFailed.
    """
    if not can_train(taught):
        raise NotEnoughData(
            f"{len(taught.examples)} answered questions are too few to train the generator ({FEWEST_EXAMPLES} wanted)",
            "ask can_train first, and export the base generator",
        )
    training = _Training(taught, base_url, night=night, seed=seed)
    metrics = training.run(night.profile.generator_steps, log_metrics)
    return training.stored(night.store, taught, trained_on, metrics)


def pays(adapter: Model) -> bool:
    """Whether the adapter answered at least as many held-out questions as its base; one that was never tried does."""
    return adapter.metrics.get("answered", 0.0) >= adapter.metrics.get("answered_before", 0.0)


def answer_loss(model: Any, batch: Sequence[TokenizedExample]) -> "Tensor":
    """Summed cross-entropy of the answer tokens of `batch`. Logits are made at those positions only."""
    import torch

    longest = max(len(one.tokens) for one in batch)
    ids = torch.tensor([one.tokens + [0] * (longest - len(one.tokens)) for one in batch], device=model.device)
    # Padding stands on the right, where a causal model never looks: no mask, and attention takes its fast path.
    hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state
    rows = torch.tensor([row for row, one in enumerate(batch) for _ in range(one.n_answer)], device=model.device)
    places = torch.tensor([at for one in batch for at in range(one.answer_at, len(one.tokens))], device=model.device)
    logits = model.lm_head(hidden[rows, places - 1])
    return torch.nn.functional.cross_entropy(logits, ids[rows, places], reduction="sum")


class _Training:
    """The adapted model, its optimizer and this process's part of the work."""

    def __init__(self, taught: TrainingSet, base_url: str, *, night: Night, seed: int) -> None:
        import torch
        from accelerate import Accelerator
        from peft import LoraConfig, get_peft_model

        self.accelerator = Accelerator(cpu=not torch.cuda.is_available())
        torch.set_num_threads(max(1, night.settings.threads // self.accelerator.num_processes))
        self.base, self.seed, self.batch = base_url, seed, night.profile.generator_batch
        with self.accelerator.main_process_first():  # the first one unpacks, the others find it done
            folder = unpacked(base_url, night.settings)
        self.tokenizer, self.asked = load_tokenizer(folder), taught.held_out
        known = tokenize_examples(taught.examples, self.tokenizer, night.profile.generator_max_tokens)
        self.learned = [one for one in known if one]
        held_out = tokenize_examples(taught.held_out, self.tokenizer, night.profile.generator_max_tokens)
        self.held_out = [one for one in held_out if one]
        self.too_long = known.count(None)
        if not self.learned or not self.held_out:
            raise NotEnoughData(
                f"of {len(known)} examples {self.too_long} are longer than {night.profile.generator_max_tokens} tokens",
                "raise generator_max_tokens of the profile",
            )
        torch.manual_seed(seed)
        config = LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules="all-linear", task_type="CAUSAL_LM")
        self.adapted = get_peft_model(load(folder), config).to(self.accelerator.device)
        self.parameters = [one for one in self.adapted.parameters() if one.requires_grad]
        self.optimizer = torch.optim.AdamW(self.parameters, lr=LEARNING_RATE, weight_decay=0.0)
        self.pace = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda step: learning_rate_factor(step, night.profile.generator_steps)
        )

    @property
    def model(self) -> Any:
        """The causal LM with the adapter's layers inside."""
        return self.adapted.get_base_model()

    def run(self, steps: int, log_metrics: LogMetrics) -> dict[str, float]:
        """Train for up to `steps`, restore the best state, try it, and return what it reached."""
        from peft import set_peft_model_state_dict

        before = best = self._held_out_loss()
        kept, step, best_step, loss = self._state(), 0, 0, math.nan
        every = max(LEAST_APART, math.ceil(steps / CHECKS))
        batches = track(batch_order(len(self.learned), steps, self.batch, self.seed), "generator", steps)
        for step, places in enumerate(batches, start=1):
            loss = self._step([self.learned[place] for place in places])
            if step % LOG_EVERY == 0 or step == steps:
                log_metrics({"loss": loss}, step)
            if step % every and step != steps:
                continue
            reached = self._held_out_loss()
            log_metrics({"held_out_loss": reached}, step)
            if self.accelerator.is_main_process:
                log(f"    generator  step {step}/{steps}  loss {loss:.3f}  held-out loss {reached:.3f}")
            if reached < best:
                best, best_step, kept = reached, step, self._state()
            elif step - best_step >= PATIENCE * every:
                break
        set_peft_model_state_dict(self.adapted, kept)
        return {
            "loss": loss,
            "held_out_loss": best,
            "held_out_loss_before": before,
            "steps": float(best_step),
            "steps_taken": float(step),
            "examples": float(len(self.learned)),
            "held_out": float(len(self.held_out)),
            "too_long": float(self.too_long),
            **self._tried(),
        }

    def _tried(self) -> dict[str, float]:
        """How many held-out questions the base and the adapted model answer so that it would be shown, and rightly."""
        mine = self._share(self.asked)
        prompts = [render(one.question, one.shown) for one in mine]
        self.adapted.eval()
        log(f"    generator  {len(self.asked)} held-out questions, asked of the base and of what it learned")
        with self.adapted.disable_adapter():
            base = generate(self.adapted, self.tokenizer, prompts)
        self.adapted.merge_adapter()  # as it would serve, and twice as fast
        tuned = generate(self.adapted, self.tokenizer, prompts)
        self.adapted.unmerge_adapter()
        answered, before = (
            self._over_all(float(sum(passes_checks(one, text) for one, text in zip(mine, said, strict=True))))
            for said in (tuned, base)
        )
        return {"answered": answered, "answered_before": before, "asked": float(len(self.asked))}

    def _step(self, batch: Sequence[TokenizedExample]) -> float:
        """One optimizer step over this process's share; returns the mean loss a token over the whole batch."""
        import torch

        self.adapted.train()
        total = 0.0
        for piece in micro_batches(self._share(batch)):
            loss = answer_loss(self.model, piece)
            self.accelerator.backward(loss)
            total += loss.item()
        total = self._over_all(total)
        tokens = sum(one.n_answer for one in batch)
        if not math.isfinite(total):
            raise TrainingFailed(
                "the generator's loss is not a number any more",
                "run the night again with another seed; if it stays, look at the newest answers for broken text",
            )
        for parameter in self.parameters:
            if parameter.grad is None:  # a process without a share of a small batch
                parameter.grad = torch.zeros_like(parameter)
            parameter.grad = self.accelerator.reduce(parameter.grad, "sum") / tokens
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.pace.step()
        self.optimizer.zero_grad()
        return total / tokens

    def _held_out_loss(self) -> float:
        """Mean loss an answer token over the held-out turns."""
        import torch

        self.adapted.eval()
        with torch.no_grad():
            mine = sum(answer_loss(self.model, piece).item() for piece in micro_batches(self._share(self.held_out)))
        return self._over_all(mine) / sum(one.n_answer for one in self.held_out)

    def _share(self, batch: Sequence[T]) -> Sequence[T]:
        return batch[self.accelerator.process_index :: self.accelerator.num_processes]

    def _over_all(self, value: float) -> float:
        import torch

        summed = self.accelerator.reduce(torch.tensor(value, device=self.accelerator.device), "sum")
        return float(summed)

    def _state(self) -> dict[str, "Tensor"]:
        from peft import get_peft_model_state_dict

        return {name: tensor.clone() for name, tensor in get_peft_model_state_dict(self.adapted).items()}

    def stored(self, store: Store, taught: TrainingSet, trained_on: str, metrics: dict[str, float]) -> Model:
        """The artifact, the same in every process; only the first writes it."""
        from accelerate.utils import broadcast_object_list

        told: list[Model | None] = [None]
        if self.accelerator.is_main_process:
            with tempfile.TemporaryDirectory() as temporary:
                folder = Path(temporary)
                save_adapter(self.adapted, folder, self.base)
                write_trained_on(folder, taught.considered)
                told[0] = store_model(
                    folder,
                    store,
                    kind="generator_adapter",
                    base=self.base,
                    trained_on=trained_on,
                    metrics=metrics,
                    facts={"prompt": VERSION, "rows": taught.counts},
                )
        broadcast_object_list(told)
        assert told[0] is not None
        return told[0]
