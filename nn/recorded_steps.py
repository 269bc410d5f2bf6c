"""RecordedSteps: the steps of Trainer(capture=True), each recorded with its first batch and then replayed.

A step becomes one function of the batch, `_training` or `_validation`, for capture(): what a model logs is among its results, and
whether the loss is finite is a branch, which every replay compares before it changes a weight.
"""

from __future__ import annotations

import dis
import math
import warnings
from collections.abc import Callable
from functools import cached_property, partial
from types import FunctionType, MethodType
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
        step = getattr(self.model, self.validates)
        return Captured(partial(_validation, step, self.means, dict(self.metrics), self.model))

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
            # a partial, as capture() finds the variables that a step depends on through its arguments
            step = partial(_training, self.model.training_step, self.means, self.optimizer, self.model, clip, self.watched)
            self.training = Captured(step)
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

    def _add(self, results: Results) -> float | None:
        """Add what was logged to the means; returns the loss."""
        loss, logged = results
        for name, value in logged:
            self.means.add(name, float(value))
        return None if loss is None else float(loss.array.item())


def _training(
    step: Callable[..., Any], means: Means, optimizer: Any, model: Any, clip: float | None, watched: bool, batch: Any
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


def _validation(
    step: Callable[..., Any], means: Means, metrics: Metrics, model: Any, batch: Any
) -> Results:
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
    """Whether the code of a step looks at its second argument; a RuntimeWarning if so."""
    step = getattr(model, method)
    function = step.__func__ if isinstance(step, MethodType) else step
    if isinstance(function, FunctionType):
        code = function.__code__
        place = 2 if isinstance(step, MethodType) else 1
        if place < code.co_argcount and "locals" not in code.co_names:
            name = code.co_varnames[place]
            read = [instruction.argval for instruction in dis.get_instructions(code)]
            if not any(name == value or (isinstance(value, tuple) and name in value) for value in read):
                return False
    warnings.warn(
        f"Trainer(capture=True): {type(model).__name__}.{method} uses batch_idx, which would be a constant of the recording. "
        f"It runs without one; count the batches in a buffer of the model instead",
        RuntimeWarning,
        stacklevel=6,
    )
    return True
