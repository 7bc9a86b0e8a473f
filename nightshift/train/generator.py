"""The generator's LoRA adapter: trained to answer from numbered passages with citations, and to decline.

    training_set = build_examples(rows, passages_of(articles), profile, seed=7)
    model = train_generator(training_set, profile.generator, night=night, seed=7,
                            log_metrics=log_metrics, trained_on=features.digest)

The loss is on answer tokens only, and logits are computed only there: 8 x 128 tokens take 3.9 s on two cores.
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
from nightshift.train.base_checkpoint import load_causal_lm, load_tokenizer, unpack_checkpoint
from nightshift.train.generation_eval import generate, passes_checks
from nightshift.train.generator_data import TrainingSet
from nightshift.train.lora import add_adapter, save_adapter
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

LEARNING_RATE = 5e-4
MAX_EVALUATIONS = 4  # of the held-out loss during training
MIN_EVALUATION_STEPS = 6  # between two of them
PATIENCE = 2  # evaluations without a better loss before training ends
FEWEST_EXAMPLES = 20
LOG_EVERY = 5


def can_train(training_set: TrainingSet) -> bool:
    """Whether there are enough examples to train on; with fewer the base generator serves."""
    return len(training_set.examples) >= FEWEST_EXAMPLES


def train_generator(
    training_set: TrainingSet,
    base_url: str,
    *,
    night: Night,
    seed: int,
    log_metrics: LogMetrics,
    trained_on: str,
) -> Model:
    """Train the adapter, keep the state with the lowest held-out loss, evaluate it and the base, and store it.

    `trained_on` is the digest of the features the examples come from. `at_least_base` decides from the metrics whether
    the adapter serves. Raises NotEnoughData, TrainingFailed.
    """
    if not can_train(training_set):
        raise NotEnoughData(
            f"{len(training_set.examples)} answered questions are too few to train on ({FEWEST_EXAMPLES} are needed)",
            "ask can_train first, and export the base generator",
        )
    training = _Training(training_set, base_url, night=night, seed=seed)
    metrics = training.run(night.profile.generator_steps, log_metrics)
    return training.stored(night.store, training_set, trained_on, metrics)


def at_least_base(adapter: Model) -> bool:
    """Whether the adapter passed at least as many held-out questions as its base; True where it was not evaluated."""
    return adapter.metrics.get("passed", 0.0) >= adapter.metrics.get("passed_base", 0.0)


def answer_loss(model: Any, batch: Sequence[TokenizedExample]) -> "Tensor":
    """Summed cross-entropy of the answer tokens of `batch`. Logits are computed at those positions only."""
    import torch

    longest = max(len(example.tokens) for example in batch)
    padded = [example.tokens + [0] * (longest - len(example.tokens)) for example in batch]
    ids = torch.tensor(padded, device=model.device)
    # Padding on the right, which a causal model does not attend to: without a mask attention takes its fast path.
    hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state
    answers = [range(example.answer_start, len(example.tokens)) for example in batch]
    rows = torch.tensor([row for row, answer in enumerate(answers) for _ in answer], device=model.device)
    positions = torch.tensor([position for answer in answers for position in answer], device=model.device)
    logits = model.lm_head(hidden[rows, positions - 1])
    return torch.nn.functional.cross_entropy(logits, ids[rows, positions], reduction="sum")


class _Training:
    """The adapted model, its optimizer and this process's part of the work."""

    def __init__(self, training_set: TrainingSet, base_url: str, *, night: Night, seed: int) -> None:
        import torch
        from accelerate import Accelerator

        self.accelerator = Accelerator(cpu=not torch.cuda.is_available())
        torch.set_num_threads(max(1, night.settings.threads // self.accelerator.num_processes))
        self.base, self.seed, self.batch = base_url, seed, night.profile.generator_batch
        with self.accelerator.main_process_first():  # the first process unpacks, the others find the folder
            folder = unpack_checkpoint(base_url, night.settings)
        self.tokenizer, self.questions = load_tokenizer(folder), training_set.held_out
        examples = tokenize_examples(training_set.examples, self.tokenizer, night.profile.generator_max_tokens)
        self.examples = [example for example in examples if example]
        held_out = tokenize_examples(training_set.held_out, self.tokenizer, night.profile.generator_max_tokens)
        self.held_out = [example for example in held_out if example]
        self.too_long = examples.count(None)
        if not self.examples or not self.held_out:
            raise NotEnoughData(
                f"{self.too_long} of {len(examples)} examples exceed {night.profile.generator_max_tokens} tokens",
                "raise generator_max_tokens of the profile",
            )
        torch.manual_seed(seed)
        adapted = add_adapter(load_causal_lm(folder), task_type="CAUSAL_LM")
        self.adapted = adapted.to(self.accelerator.device)
        self.parameters = [parameter for parameter in self.adapted.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(self.parameters, lr=LEARNING_RATE, weight_decay=0.0)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda step: learning_rate_factor(step, night.profile.generator_steps)
        )

    @property
    def model(self) -> Any:
        """The causal LM that the adapter's layers are part of."""
        return self.adapted.get_base_model()

    def run(self, steps: int, log_metrics: LogMetrics) -> dict[str, float]:
        """Train for up to `steps`, restore the best state, evaluate it, and return its metrics."""
        from peft import set_peft_model_state_dict

        base = best = self._held_out_loss()
        best_state, step, best_step, loss = self._state(), 0, 0, math.nan
        every = max(MIN_EVALUATION_STEPS, math.ceil(steps / MAX_EVALUATIONS))
        batches = track(batch_order(len(self.examples), steps, self.batch, self.seed), "generator", steps)
        for step, positions in enumerate(batches, start=1):
            loss = self._step([self.examples[position] for position in positions])
            if step % LOG_EVERY == 0 or step == steps:
                log_metrics({"loss": loss}, step)
            if step % every and step != steps:
                continue
            held_out_loss = self._held_out_loss()
            log_metrics({"held_out_loss": held_out_loss}, step)
            if self.accelerator.is_main_process:
                log(f"    generator  step {step}/{steps}  loss {loss:.3f}  held-out loss {held_out_loss:.3f}")
            if held_out_loss < best:
                best, best_step, best_state = held_out_loss, step, self._state()
            elif step - best_step >= PATIENCE * every:
                break
        set_peft_model_state_dict(self.adapted, best_state)
        return {
            "loss": loss,
            "held_out_loss": best,
            "held_out_loss_base": base,
            "steps": float(best_step),
            "steps_taken": float(step),
            "examples": float(len(self.examples)),
            "held_out": float(len(self.held_out)),
            "too_long": float(self.too_long),
            **self._generation_eval(),
        }

    def _generation_eval(self) -> dict[str, float]:
        """The number of held-out questions on which the base and the adapted model pass the checks of serving."""
        share = self._share(self.questions)
        prompts = [render(example.question, example.shown) for example in share]
        self.adapted.eval()
        log(f"    generator  {len(self.questions)} held-out questions, answered by the base and with the adapter")
        with self.adapted.disable_adapter():
            base = generate(self.adapted, self.tokenizer, prompts)
        self.adapted.merge_adapter()  # as it serves, and twice as fast
        tuned = generate(self.adapted, self.tokenizer, prompts)
        self.adapted.unmerge_adapter()
        passed, passed_base = (
            self._sum(float(sum(passes_checks(example, text) for example, text in zip(share, texts, strict=True))))
            for texts in (tuned, base)
        )
        return {"passed": passed, "passed_base": passed_base, "questions": float(len(self.questions))}

    def _step(self, batch: Sequence[TokenizedExample]) -> float:
        """One optimizer step over this process's share; returns the mean loss per token over the whole batch."""
        import torch

        self.adapted.train()
        total = 0.0
        for micro_batch in micro_batches(self._share(batch)):
            loss = answer_loss(self.model, micro_batch)
            self.accelerator.backward(loss)
            total += loss.item()
        total = self._sum(total)
        tokens = sum(example.answer_tokens for example in batch)
        if not math.isfinite(total):
            raise TrainingFailed(
                "the generator's loss is not a number",
                "run the night again with another seed; if it fails again, look at the newest answers for broken text",
            )
        for parameter in self.parameters:
            if parameter.grad is None:  # a process without a share of a small batch
                parameter.grad = torch.zeros_like(parameter)
            parameter.grad = self.accelerator.reduce(parameter.grad, "sum") / tokens
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad()
        return total / tokens

    def _held_out_loss(self) -> float:
        """Mean loss per answer token over the held-out examples."""
        import torch

        self.adapted.eval()
        with torch.no_grad():
            loss = sum(answer_loss(self.model, part).item() for part in micro_batches(self._share(self.held_out)))
        return self._sum(loss) / sum(example.answer_tokens for example in self.held_out)

    def _share(self, batch: Sequence[T]) -> Sequence[T]:
        return batch[self.accelerator.process_index :: self.accelerator.num_processes]

    def _sum(self, value: float) -> float:
        """The sum of `value` over all processes."""
        import torch

        total = self.accelerator.reduce(torch.tensor(value, device=self.accelerator.device), "sum")
        return float(total)

    def _state(self) -> dict[str, "Tensor"]:
        from peft import get_peft_model_state_dict

        return {name: tensor.clone() for name, tensor in get_peft_model_state_dict(self.adapted).items()}

    def stored(self, store: Store, training_set: TrainingSet, trained_on: str, metrics: dict[str, float]) -> Model:
        """The artifact, the same in every process; only the first writes it."""
        from accelerate.utils import broadcast_object_list

        model: list[Model | None] = [None]
        if self.accelerator.is_main_process:
            with tempfile.TemporaryDirectory() as temporary:
                folder = Path(temporary)
                save_adapter(self.adapted, folder, self.base)
                write_trained_on(folder, training_set.considered)
                model[0] = store_model(
                    folder,
                    store,
                    kind="generator_adapter",
                    base=self.base,
                    trained_on=trained_on,
                    metrics=metrics,
                    facts={"prompt": VERSION, "rows": training_set.counts},
                )
        broadcast_object_list(model)
        assert model[0] is not None
        return model[0]
