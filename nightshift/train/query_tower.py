"""The query tower: a LoRA adapter on the sentence encoder, trained to rank the article that resolved a ticket first.

    pairs:  ticket_id='1482' text='Cannot receive mail ...' article_id='cannot-receive-messages' created_at=...
    model = train_query_tower(pairs, sections, tower, night=night, seed=7, log_metrics=log_metrics,
                              trained_on=features.digest)

The loss is a softmax over all articles, each scored by its best frozen section: no negatives are sampled, and no
document is encoded again. Under torch elastic every process takes its share of each batch; the first one stores.
"""

import math
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nightshift.artifacts import Model
from nightshift.errors import TrainingFailed
from nightshift.metrics.ranking import ranking
from nightshift.night import Night
from nightshift.progress import log, track
from nightshift.retrieval.sections import Sections
from nightshift.store import Store
from nightshift.store.base_models import resolve
from nightshift.store.model_tree import store_model, write_trained_on
from nightshift.train.lora import add_adapter, save_adapter
from nightshift.train.query_tower_data import FEWEST_TICKETS, ResolvedTickets, batches, build_examples

if TYPE_CHECKING:
    from torch import Tensor

    from nightshift.train.encoder_module import Tower

LEARNING_RATE = 4e-4
UNUSED_MODULES = r".*pooler.*"  # they have no adapter: the tower pools by itself
TEMPERATURE = 0.05
PATIENCE = 3  # epochs without a better held-out ranking before training ends
LOG_EVERY = 10

LogMetrics = Callable[[dict[str, float], int], None]


def untrained(base: str) -> Model:
    """An artifact without an adapter: exported, it is the base encoder."""
    return Model(kind="query_tower_adapter", digest="", base=base, trained_on="")


def article_loss(vectors: "Tensor", sections: "Tensor", columns: "Tensor", golds: "Tensor") -> "Tensor":
    """Summed -log p(a right article), with p a softmax over articles scored by their best section.

    vectors [n, dim], sections [m, dim], columns int64 [m] (the article of each section), golds bool [n, articles].
    """
    import torch

    cosines = vectors @ sections.T
    best = torch.full(golds.shape, -torch.inf, dtype=cosines.dtype, device=cosines.device)
    logits = best.scatter_reduce(1, columns.expand_as(cosines), cosines, "amax") / TEMPERATURE
    gold_logits = logits.masked_fill(~golds, -torch.inf)
    return (logits.logsumexp(1) - gold_logits.logsumexp(1)).sum()


def train_query_tower(
    pairs: pa.Table,
    sections: Sections,
    document_tower: Model,
    *,
    night: Night,
    seed: int,
    log_metrics: LogMetrics,
    trained_on: str,
) -> Model:
    """Train the adapter and keep the epoch with the best MRR on the newest tenth of the tickets, epoch 0 included.

    `trained_on` is the digest of the features the pairs come from. With too few resolved tickets the result is
    `untrained`, and the base encoder serves. Raises TrainingFailed.
    """
    examples = build_examples(pairs, sections)
    if len(examples.ticket_ids) < FEWEST_TICKETS:
        log(f"    query tower  not trained: {len(examples.ticket_ids)} resolved tickets, {FEWEST_TICKETS} are needed")
        return untrained(document_tower.base)
    training = _Training(examples, sections, document_tower.base, night=night, seed=seed)
    metrics = training.run(night.profile.tower_epochs, log_metrics)
    return training.stored(night.store, trained_on, document_tower.digest, metrics)


class _Training:
    """The tower, its optimizer and this process's part of the work."""

    def __init__(self, examples: ResolvedTickets, sections: Sections, base: str, *, night: Night, seed: int) -> None:
        import torch
        from accelerate import Accelerator

        from nightshift.train.encoder_module import load_tokenizer, load_tower

        self.accelerator = Accelerator(cpu=not torch.cuda.is_available())
        torch.set_num_threads(max(1, night.settings.threads // self.accelerator.num_processes))
        self.examples, self.sections, self.base = examples, sections, base
        self.batch_size, self.seed = night.profile.tower_batch, seed
        folder = resolve(base)
        self.tokenizer = load_tokenizer(folder, night.profile.tower_max_tokens)
        torch.manual_seed(seed)
        tower = load_tower(folder)
        tower.encoder = add_adapter(tower.encoder, exclude_modules=UNUSED_MODULES)
        self.parameters = [parameter for parameter in tower.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(self.parameters, lr=LEARNING_RATE, weight_decay=0.0)
        self.tower: Any = self.accelerator.prepare_model(tower)
        torch.manual_seed(seed + self.accelerator.process_index)
        device = self.accelerator.device
        self.section_vectors = torch.tensor(sections.vectors, device=device)
        self.columns = torch.tensor(sections.columns, device=device)
        self.golds = torch.tensor(examples.golds, device=device)

    @property
    def unwrapped(self) -> "Tower":
        """The tower without the wrapper that synchronises processes."""
        tower: Tower = self.accelerator.unwrap_model(self.tower)
        return tower

    def run(self, epochs: int, log_metrics: LogMetrics) -> dict[str, float]:
        """Train for up to `epochs`, restore the best one, and return its metrics and those of the base encoder."""
        from peft import set_peft_model_state_dict

        rows = np.flatnonzero(~self.examples.held_out)
        processes = self.accelerator.num_processes
        per_epoch = sum(1 for _ in batches(rows, self.batch_size, self.seed, processes))
        base = best = self._held_out_ranking()
        best_state, epoch, best_epoch, loss = self._adapter_state(), 0, 0, math.nan
        for epoch in range(1, epochs + 1):
            loss = self._epoch(epoch, epochs, per_epoch, rows, log_metrics)
            metrics = self._held_out_ranking()
            log_metrics({f"held_out_{name}": value for name, value in metrics.items()}, epoch * per_epoch)
            if self.accelerator.is_main_process:
                log(f"    query tower  epoch {epoch}/{epochs}  loss {loss:.3f}  held-out MRR {metrics['mrr']:.3f}")
            if metrics["mrr"] > best["mrr"]:  # finer than hit@5, which single tickets decide among some hundred
                best, best_epoch, best_state = metrics, epoch, self._adapter_state()
            elif epoch - best_epoch >= PATIENCE:
                break
        set_peft_model_state_dict(self.unwrapped.encoder, best_state)
        return {
            **best,
            **{f"{name}_base": value for name, value in base.items()},
            "loss": loss,
            "epochs": float(best_epoch),
            "steps_taken": float(epoch * per_epoch),
            "tickets": float(len(rows)),
            "held_out": float(self.examples.held_out.sum()),
        }

    def _epoch(
        self, epoch: int, epochs: int, per_epoch: int, rows: NDArray[np.int64], log_metrics: LogMetrics
    ) -> float:
        """One pass over the training rows; returns the mean loss per ticket in this process's share."""
        self.tower.train()
        processes, process = self.accelerator.num_processes, self.accelerator.process_index
        steps: Any = batches(rows, self.batch_size, self.seed + epoch, processes)
        if self.accelerator.is_main_process:
            steps = track(steps, f"query tower, epoch {epoch}/{epochs}", per_epoch)
        losses = []
        for index, batch in enumerate(steps):
            step = (epoch - 1) * per_epoch + index
            for group in self.optimizer.param_groups:
                group["lr"] = LEARNING_RATE * (1 - step / (epochs * per_epoch))
            share = batch[process::processes]
            total = article_loss(self._vectors(share), self.section_vectors, self.columns, self.golds[share])
            # Gradients are averaged over processes; with this weight their mean is the gradient of the whole batch.
            self.accelerator.backward(total * processes / len(batch))
            self.accelerator.clip_grad_norm_(self.parameters, 1.0)
            self.optimizer.step()
            self.optimizer.zero_grad()
            losses.append(total.item() / len(share))
            if not math.isfinite(losses[-1]):
                raise TrainingFailed(
                    f"the loss of the query tower is {losses[-1]} at step {step}",
                    "check the section vectors for zeros or NaN, then run the night again",
                )
            if step % LOG_EVERY == 0:
                log_metrics({"loss": losses[-1]}, step)
        return float(np.mean(losses))

    def _adapter_state(self) -> dict[str, "Tensor"]:
        from peft import get_peft_model_state_dict

        return {name: tensor.clone() for name, tensor in get_peft_model_state_dict(self.unwrapped.encoder).items()}

    def _vectors(self, rows: NDArray[np.int64]) -> "Tensor":
        from nightshift.train.encoder_module import tokenize

        tokens = tokenize(self.tokenizer, [self.examples.texts[row] for row in rows])
        vectors: Tensor = self.tower(**{name: tensor.to(self.accelerator.device) for name, tensor in tokens.items()})
        return vectors

    def _held_out_ranking(self) -> dict[str, float]:
        """The ranking metrics on the held-out tickets; every process computes the same."""
        import torch

        self.tower.eval()
        rows = np.flatnonzero(self.examples.held_out)
        rows = rows[np.argsort([len(self.examples.texts[row]) for row in rows], kind="stable")]
        parts = [rows[start : start + self.batch_size] for start in range(0, len(rows), self.batch_size)]
        with torch.no_grad():
            vectors = np.concatenate([self._vectors(part).cpu().numpy() for part in parts])
        return ranking(self.sections.scores(vectors), self.examples.golds[rows])

    def stored(self, store: Store, trained_on: str, document_tower: str, metrics: dict[str, float]) -> Model:
        """The artifact, the same in every process; only the first writes it."""
        from accelerate.utils import broadcast_object_list

        model: list[Model | None] = [None]
        if self.accelerator.is_main_process:
            with tempfile.TemporaryDirectory() as temporary:
                folder = Path(temporary)
                save_adapter(self.unwrapped.encoder, folder, self.base)
                write_trained_on(folder, self.examples.ticket_ids)
                model[0] = store_model(
                    folder,
                    store,
                    kind="query_tower_adapter",
                    base=self.base,
                    trained_on=trained_on,
                    metrics=metrics,
                    facts={"document_tower": document_tower},
                )
        broadcast_object_list(model)
        assert model[0] is not None
        return model[0]
