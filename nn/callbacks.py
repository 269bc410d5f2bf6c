"""Callbacks for a Trainer: EarlyStopping ends it, BestWeights keeps its best epoch, GradientNorms records its gradients,
Checkpoint saves it.

A callback is a subclass of Callback (in trainer.py), which lists the moments at which a Trainer calls it.
"""

from __future__ import annotations

from math import inf
from os import PathLike
from typing import TYPE_CHECKING, Any

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.serialize import save

from . import plots
from .module import Module
from .trainer import Callback, Trainer
from .utils.clip_grad import norm

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class _Monitor(Callback):
    """Watches one column of the history for its best value so far, the smallest (mode "min") or largest ("max")."""

    def __init__(self, monitor: str, mode: str, min_delta: float) -> None:
        if mode not in ("min", "max"):
            raise ValueError(f"mode must be 'min' or 'max', got {mode!r}")
        if min_delta < 0:
            raise ValueError(f"min_delta must not be negative, got {min_delta}")
        self.monitor, self.mode, self.min_delta = monitor, mode, min_delta
        self.reset()

    def reset(self) -> None:
        """Forget the best value."""
        self.best_value, self.best_epoch = (inf if self.mode == "min" else -inf), 0

    def on_fit_start(self, trainer: Trainer, model: Module) -> None:
        if not trainer.history and not trainer.batches_done:
            self.reset()

    def state_dict(self) -> dict[str, Any]:
        return dict(vars(self))

    def load_state_dict(self, state: dict[str, Any]) -> None:
        vars(self).update(state)

    def improved(self, trainer: Trainer) -> bool:
        """Whether the epoch that just ended is the best so far; nan never is."""
        value = trainer.recorded(self.monitor, type(self).__name__)
        gain = self.best_value - value if self.mode == "min" else value - self.best_value
        if gain > self.min_delta:
            self.best_value, self.best_epoch = value, trainer.history.epochs
            return True
        return False


class EarlyStopping(_Monitor):
    """Stops after `patience` epochs in a row in which the column `monitor` has not improved by more than `min_delta`.

    `stopped_epoch` is the epoch after which it stopped, 0 if it did not. A fit(resume=True) keeps the best value; if the
    training had been stopped here, it gets `patience` new epochs. ValueError for a mode other than "min" and "max", patience
    < 1 or min_delta < 0; KeyError, after the first epoch, if the history has no such column.
    https://lightning.ai/docs/pytorch/stable/api/lightning.pytorch.callbacks.EarlyStopping.html
    """

    def __init__(self, monitor: str = "val_loss", min_delta: float = 0.0, patience: int = 3, mode: str = "min") -> None:
        if patience < 1:
            raise ValueError(f"EarlyStopping: patience must be at least 1 epoch, got {patience}")
        self.patience = patience
        super().__init__(monitor, mode, min_delta)

    def reset(self) -> None:
        super().reset()
        self.waited = self.stopped_epoch = 0

    def on_fit_start(self, trainer: Trainer, model: Module) -> None:
        super().on_fit_start(trainer, model)
        if self.stopped_epoch:
            self.waited = self.stopped_epoch = 0

    def on_train_epoch_end(self, trainer: Trainer, model: Module) -> None:
        self.waited = 0 if self.improved(trainer) else self.waited + 1
        if self.waited >= self.patience:
            trainer.should_stop, self.stopped_epoch = True, trainer.history.epochs


class BestWeights(_Monitor):
    """Keeps a copy of the weights of the epoch whose `monitor` was best, and restores them at the end of the training.

    It does so after Ctrl-C as well, and a fit(resume=True) then continues from these weights. `best_epoch` (counted from 1) and
    `best_value` say which epoch it was. ValueError and KeyError as for EarlyStopping.
    """

    def __init__(self, monitor: str = "val_loss", mode: str = "min") -> None:
        super().__init__(monitor, mode, 0.0)

    def reset(self) -> None:
        super().reset()
        self.best_weights: dict[str, Tensor] = {}

    def on_train_epoch_end(self, trainer: Trainer, model: Module) -> None:
        if self.improved(trainer):
            self.best_weights = {name: x.detach().clone() for name, x in model.state_dict().items()}

    def on_fit_end(self, trainer: Trainer, model: Module) -> None:
        if self.best_weights:
            model.load_state_dict(self.best_weights)


class Checkpoint(Callback):
    """Saves the whole training after each epoch, and after every `every` batches, so that it can go on if it is interrupted:
    fit(..., resume=path), with a new model, in a new program, on another number of processes.

    The file has the model, optimizer, schedulers, callbacks and history, the place in the epoch, and the random states, so that
    the training ends as if it had never been interrupted, to the last bit if the number of processes is the same. It replaces
    that of before when it is whole. Other libraries can read it: it is a safetensors file. Of several processes rank 0 saves.
    ValueError for every < 1.

    >>> import tempfile
    >>> from tinygrad_lite import load, nn, ones, tensor
    >>> class Line(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.slope = nn.Parameter(tensor(0.0))
    ...     def training_step(self, batch, batch_idx):
    ...         return ((self.slope * batch - 3) ** 2).mean()
    ...     def configure_optimizers(self):
    ...         return nn.optim.SGD(self.parameters(), lr=0.1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     checkpoint = Checkpoint(f"{folder}/line.safetensors")
    ...     _ = nn.Trainer(2, callbacks=[checkpoint]).fit(Line(), [ones(1)])
    ...     nn.Trainer(3, callbacks=[checkpoint]).fit(Line(), [ones(1)], resume=checkpoint.path)["epoch"]
    [1, 2, 3]
    """

    last = True  # the others have seen the epoch

    def __init__(self, path: str | PathLike[str], every: int | None = None) -> None:
        if every is not None and every < 1:
            raise ValueError(f"Checkpoint: every is a number of batches, at least 1, got {every}")
        self.path, self.every = path, every

    def on_train_batch_end(self, trainer: Trainer, model: Module, batch_idx: int) -> None:
        if self.every and (batch_idx + 1) % self.every == 0:
            self._save(trainer)

    def on_train_epoch_end(self, trainer: Trainer, model: Module) -> None:
        self._save(trainer)

    def _save(self, trainer: Trainer) -> None:
        state = trainer.state_dict()
        if trainer.is_global_zero:
            save(state, self.path)


class GradientNorms(Callback):
    """Records, for each layer, the norm of its gradient: `norms[layer]` has the mean over each epoch's batches.

    >>> GradientNorms().norms
    {}
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all norms."""
        self.norms: dict[str, list[float]] = {}
        self._clear_epoch()

    def _clear_epoch(self) -> None:
        self._totals: dict[str, float] = {}
        self._batches = 0

    def on_fit_start(self, trainer: Trainer, model: Module) -> None:
        if not trainer.history and not trainer.batches_done:
            self.reset()
        elif not trainer.batches_done:
            self._clear_epoch()  # an interrupted epoch starts again

    def on_before_optimizer_step(self, trainer: Trainer, model: Module) -> None:
        self._batches += 1
        squares: dict[str, float] = {}
        for name, p in model.named_parameters():
            layer = name.rpartition(".")[0] or name
            if p.grad is not None:
                squares[layer] = squares.get(layer, 0.0) + float(norm(p.grad.array)) ** 2
        for layer, square in squares.items():
            self._totals[layer] = self._totals.get(layer, 0.0) + square**0.5

    def on_train_epoch_end(self, trainer: Trainer, model: Module) -> None:
        for layer, total in self._totals.items():
            self.norms.setdefault(layer, []).append(total / self._batches)
        self._clear_epoch()

    def state_dict(self) -> dict[str, Any]:
        return dict(vars(self))

    def load_state_dict(self, state: dict[str, Any]) -> None:
        vars(self).update(state)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each layer's gradient norm against the epoch, on a logarithmic scale. A notebook shows the new figure."""
        ax = plots.epochs_axes(ax)
        for n, (layer, values) in enumerate(self.norms.items()):
            color = plots.COLORS[n % len(plots.COLORS)]
            ax.plot(range(1, len(values) + 1), values, label=layer, color=color, marker="o" if len(values) == 1 else None)
        ax.set_yscale("log")
        ax.set_ylabel("norm of the gradient")
        if self.norms:
            ax.legend(title="layer")
        return ax
