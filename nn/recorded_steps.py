"""RecordedSteps: the steps of Trainer(capture=True), each recorded with its first batch and then replayed.

A step is one function of the batch, `_training` or `_validation`, for capture(): what a model logs is among its results, and
whether the loss is finite is a branch, which every replay compares before it changes a weight.
"""

from __future__ import annotations

import dis
import math
import warnings
from collections.abc import Callable
from functools import cached_property, partial
from types import MethodType
from typing import Any

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.capturing.capture import Captured

from .steps import LOSS, Means, Metrics, Steps, one_number, pair
from .utils import clip_grad_norm_

Results = tuple[Tensor | None, list[tuple[str, Any]]]  # the loss, and what was logged


class RecordedSteps(Steps):
    """The same, each recorded with its first batch and then replayed: see capture().

    If a callback looks at the gradients (`watched`), only forward and backward are recorded. A step that uses batch_idx is not
    recorded at all: the number would be a constant.
    """

    def __init__(self, model: Any, means: Means, metrics: Metrics, optimizer: Any = None, watched: bool = False) -> None:
        super().__init__(model, means, metrics, optimizer)
        self.watched = watched
        self.clip: float | None = math.nan  # that of the recording; there is none yet

    @cached_property
    def validation(self) -> Captured | None:
        """The recorded validation step; None if it cannot be recorded."""
        if _uses_batch_idx(self.model, self.validates):
            return None
        return self._captured(_validation, self.validates, dict(self.metrics))

    @cached_property
    def records(self) -> bool:
        """Whether the training step can be recorded."""
        return not _uses_batch_idx(self.model, "training_step")

    def gradients(self, batch: Any, batch_idx: int, clip: float | None) -> float:
        """Compute the gradients of a batch and, unless they are watched, change the weights too; returns the loss."""
        if not self.records:
            return super().gradients(batch, batch_idx, clip)
        if clip != self.clip:  # a constant of the recording
            self.clip = clip
            self.training = self._captured(_training, "training_step", self.optimizer, clip, self.watched)
        loss = self._add(self.training(batch))
        assert loss is not None
        return loss

    def update(self, parameters: list[Tensor], clip: float | None) -> None:
        if self.watched or not self.records:
            super().update(parameters, clip)

    def measure(self, batch: Any, batch_idx: int) -> None:
        if self.validation is None:
            super().measure(batch, batch_idx)
            return
        loss = self._add(self.validation(batch))
        if loss is not None:
            self.means.add(LOSS, loss)

    def _captured(self, function: Callable[..., Results], method: str, *settings: Any) -> Captured:
        """A function of the batch for capture(): a partial, among whose arguments it finds what a step depends on."""
        step = partial(function, getattr(self.model, method), self.model, self.means, *settings)
        vars(step)["__name__"] = f"{type(self.model).__name__}.{method}"  # for warnings
        return Captured(step)

    def _add(self, results: Results) -> float | None:
        """Add what was logged to the means; returns the loss."""
        loss, logged = results
        for name, value in logged:
            self.means.add(name, float(value))
        return None if loss is None else float(loss.array.item())


def _training(
    step: Callable[..., Any], model: Any, means: Means, optimizer: Any, clip: float | None, watched: bool, batch: Any
) -> Results:
    """A training step as one function of the batch: the loss, and what was logged."""
    with means.taking_notes() as logged:
        loss = one_number(step(batch, 0))
    if np.isfinite(loss.array).all():
        optimizer.zero_grad()
        loss.backward()
        if not watched:
            if clip:
                clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
    return loss.detach(), logged


def _validation(step: Callable[..., Any], model: Any, means: Means, metrics: Metrics, batch: Any) -> Results:
    """A validation step as one function of the batch."""
    with means.taking_notes() as logged:
        loss = step(batch, 0)
        if metrics:
            x, y = pair(batch)
            output = model(x)
            for name, metric in metrics.items():
                means.log(f"val_{name}", metric(output, y))
    return None if loss is None else one_number(loss).detach(), logged


def _uses_batch_idx(model: Any, method: str) -> bool:
    """Whether the code of a step looks at its second argument; a RuntimeWarning if so, or if this cannot be known."""
    step = getattr(model, method)
    place = 2 if isinstance(step, MethodType) else 1
    code = getattr(getattr(step, "__func__", step), "__code__", None)
    if code is not None and place < code.co_argcount and "locals" not in code.co_names:
        name = code.co_varnames[place]
        named = [instruction.argval for instruction in dis.get_instructions(code)]
        if not any(name == value or (isinstance(value, tuple) and name in value) for value in named):
            return False
    why = "would be a constant of the recording. It runs without one; count the batches in a buffer of the model instead"
    message = f"Trainer(capture=True): {type(model).__name__}.{method} uses batch_idx, which {why}"
    file, line = (__file__, 1) if code is None else (code.co_filename, code.co_firstlineno)
    warnings.warn_explicit(message, RuntimeWarning, file, line)
    return True
