"""Steps: what a Trainer does with one batch, and the means over the batches of an epoch.

A training step is `gradients(batch)`, forward and backward, and then `update()`, clipping and the optimizer. The two are apart
because callbacks look at the gradients in between, and because a loss that is not finite must change nothing. recorded_steps.py
does the same by recordings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import isfinite, nan
from typing import Any

from tinygrad_lite._tensor import Tensor

from .utils import clip_grad_norm_

LOSS = ""  # the name in Means of what a step returns
Metrics = Mapping[str, Callable[[Tensor, Tensor], Any]]


class Means:
    """Means of named numbers over an epoch, weighted by the size of the batch that each comes from."""

    def __init__(self) -> None:
        self.noted: list[tuple[str, Any]] | None = None  # what the step of a recording logs
        self.clear()

    def clear(self) -> None:
        self.size = 0  # of the batch at hand
        self.sums: dict[str, tuple[float, int]] = {}

    def add(self, name: str, value: float) -> None:
        total, count = self.sums.get(name, (0.0, 0))
        self.sums[name] = total + value * self.size, count + self.size

    def log(self, name: str, value: Any) -> None:
        """What a model calls within its steps. In a recording the value becomes a result: each replay has its own."""
        if self.noted is None:
            self.add(name, float(value))
        elif isinstance(value, Tensor) and value.numel() == 1:
            self.noted.append((name, value.detach().clone()))
        else:
            self.noted.append((name, float(value)))

    @contextmanager
    def taking_notes(self) -> Iterator[list[tuple[str, Any]]]:
        """While this is open, what is logged is put into a list."""
        self.noted = []
        try:
            yield self.noted
        finally:
            self.noted = None

    def row(self, loss: str) -> dict[str, float]:
        """All means, first that of LOSS as `loss`, unless the step logged something under that name itself."""
        row = {name: total / count if count else nan for name, (total, count) in self.sums.items()}
        return ({loss: row.pop(LOSS)} if LOSS in row else {}) | row


class Steps:
    """The steps of one model, each computed as it is written."""

    def __init__(self, model: Any, means: Means, metrics: Metrics, optimizer: Any = None) -> None:
        self.model, self.means, self.metrics, self.optimizer = model, means, metrics, optimizer
        self.validates = "validation_step" if hasattr(model, "validation_step") else "training_step"

    def gradients(self, batch: Any, batch_idx: int, clip: float | None) -> float:
        """Compute the gradients of a batch; returns its loss. One that is not finite has changed no gradient."""
        loss = self.model.training_step(batch, batch_idx)
        value = number(loss)
        if isfinite(value):
            self.optimizer.zero_grad()
            loss.backward()
        return value

    def update(self, parameters: list[Tensor], clip: float | None) -> None:
        """Clip the gradients, and change the weights."""
        if clip:
            clip_grad_norm_(parameters, clip)
        self.optimizer.step()

    def measure(self, batch: Any, batch_idx: int) -> None:
        """Add a batch of the validation to the means."""
        loss = getattr(self.model, self.validates)(batch, batch_idx)
        if loss is not None:
            self.means.add(LOSS, number(loss))
        if self.metrics:
            x, y = pair(batch)
            output = self.model(x)
            for name, metric in self.metrics.items():
                self.means.add(f"val_{name}", float(metric(output, y)))


def pair(batch: Any) -> Any:
    """A batch (x, y), which metrics need."""
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        raise TypeError(f"Trainer: metrics need batches (x, y), got {type(batch).__name__}; use self.log() instead")
    return batch


def one_number(loss: Any) -> Tensor:
    """A step's loss; TypeError or ValueError for anything but a Tensor of one number."""
    if not isinstance(loss, Tensor):
        raise TypeError(f"Trainer: a step must return the loss, a Tensor of one number, got {type(loss).__name__}")
    if loss.array.size != 1:
        raise ValueError(f"Trainer: a loss is one number, got a tensor of shape {list(loss.shape)}; use loss.mean()")
    return loss


def number(loss: Any) -> float:
    """A step's loss as a Python number."""
    return float(one_number(loss).array.item())
