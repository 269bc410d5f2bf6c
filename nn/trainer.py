"""Trainer: the loop around a model, so that a model says only what one step is.

    class Classifier(nn.Module):
        def training_step(self, batch, batch_idx):          # -> the loss, a Tensor of one number
            x, y = batch
            return nn.functional.cross_entropy(self(x), y)

        def configure_optimizers(self):
            return nn.optim.AdamW(self.parameters(), lr=0.01)

    history = nn.Trainer(max_epochs=10).fit(model, train_loader, val_loader)
    history.plot()

The protocol is the one that PyTorch Lightning and "Dive into Deep Learning" share. The loop itself is `Trainer._train`, a
dozen lines; `fit` puts epochs around it, `validate` measures, and callbacks (EarlyStopping, BestWeights) look on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import contextmanager
from math import inf, isfinite, nan
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.grad_mode import no_grad

from .module import Module
from .utils import clip_grad_norm_

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class History(dict[str, list[float]]):
    """What was recorded, as columns of equal length: `history["train_loss"]`; `pandas.DataFrame(history)` is the table.

    >>> history = History()
    >>> history.append({"epoch": 1, "train_loss": 0.9})
    >>> history.append({"epoch": 2, "train_loss": 0.5, "val_loss": 0.6})
    >>> history
    {'epoch': [1, 2], 'train_loss': [0.9, 0.5], 'val_loss': [nan, 0.6]}
    """

    def append(self, row: Mapping[str, float]) -> None:
        """Add one epoch; nan stands where a column has no value."""
        length = max(map(len, self.values()), default=0)
        for name in [*self, *row]:
            column = self.setdefault(name, [nan] * length)
            if len(column) == length:
                column.append(row.get(name, nan))

    def plot(self, ax: Axes | None = None, columns: Iterable[str] | None = None) -> Axes:
        """Draw columns against the epoch: by default the losses. Returns the Axes, those of a new figure if `ax` is None.

        KeyError for a column that there is not.
        """
        from .plots import COLORS, epochs_axes

        ax = epochs_axes(ax)
        names = [name for name in self if "loss" in name] if columns is None else list(columns)
        for n, name in enumerate(names):
            if name not in self:
                raise KeyError(f"history.plot: there is no column {name!r}; there are {', '.join(self)}")
            ax.plot(self["epoch"], self[name], label=name.replace("_", " "), color=COLORS[n % len(COLORS)])
        ax.set_ylabel("loss" if columns is None else ", ".join(names).replace("_", " "))
        if names:
            ax.legend()
        return ax


class Callback:
    """Something that looks on while a Trainer fits a model: override what you need; what you do not does nothing.

    `trainer.history` holds the finished epochs, `trainer.should_stop = True` makes this epoch the last.
    """

    def on_fit_start(self, trainer: Trainer, model: Module) -> None:
        """Before the first epoch."""

    def on_before_optimizer_step(self, trainer: Trainer, model: Module) -> None:
        """After each backward and before gradients are clipped: `p.grad` are those of this batch."""

    def on_train_epoch_end(self, trainer: Trainer, model: Module) -> None:
        """After each epoch and its validation."""

    def on_fit_end(self, trainer: Trainer, model: Module) -> None:
        """After the last epoch, unless an error ended the training."""


class _Monitor(Callback):
    """Watches one column of the history for its best value so far, the smallest (mode "min") or largest ("max")."""

    def __init__(self, monitor: str, mode: str, min_delta: float) -> None:
        if mode not in ("min", "max"):
            raise ValueError(f"mode must be 'min' or 'max', got {mode!r}")
        if min_delta < 0:
            raise ValueError(f"min_delta must not be negative, got {min_delta}")
        self.monitor, self.mode, self.min_delta = monitor, mode, min_delta
        self.best_value, self.best_epoch = nan, 0

    def on_fit_start(self, trainer: Trainer, model: Module) -> None:
        self.best_value, self.best_epoch = (inf if self.mode == "min" else -inf), 0

    def improved(self, trainer: Trainer) -> bool:
        """Whether the epoch just ended is the best so far; nan never is."""
        value = trainer.recorded(self.monitor, type(self).__name__)
        gain = self.best_value - value if self.mode == "min" else value - self.best_value
        if gain > self.min_delta:
            self.best_value, self.best_epoch = value, len(trainer.history["epoch"])
            return True
        return False


class EarlyStopping(_Monitor):
    """Stops after `patience` epochs in a row in which the column `monitor` has not got better by more than `min_delta`.

    ValueError for a mode that is neither "min" nor "max", patience < 1 or min_delta < 0; KeyError, after the first epoch,
    if the history has no such column. `stopped_epoch` is the epoch it stopped at, 0 if it did not.
    https://lightning.ai/docs/pytorch/stable/api/lightning.pytorch.callbacks.EarlyStopping.html
    """

    def __init__(self, monitor: str = "val_loss", min_delta: float = 0.0, patience: int = 3, mode: str = "min") -> None:
        super().__init__(monitor, mode, min_delta)
        if patience < 1:
            raise ValueError(f"EarlyStopping: patience must be at least 1 epoch, got {patience}")
        self.patience, self.waited, self.stopped_epoch = patience, 0, 0

    def on_fit_start(self, trainer: Trainer, model: Module) -> None:
        super().on_fit_start(trainer, model)
        self.waited = self.stopped_epoch = 0

    def on_train_epoch_end(self, trainer: Trainer, model: Module) -> None:
        self.waited = 0 if self.improved(trainer) else self.waited + 1
        if self.waited >= self.patience:
            trainer.should_stop, self.stopped_epoch = True, len(trainer.history["epoch"])


class BestWeights(_Monitor):
    """Keeps a copy of the weights of the epoch whose `monitor` was best, and puts them back at the end of the training.

    `best_epoch` (counted from 1) and `best_value` tell which that was. ValueError and KeyError as for EarlyStopping.
    """

    def __init__(self, monitor: str = "val_loss", mode: str = "min") -> None:
        super().__init__(monitor, mode, 0.0)
        self.best_weights: dict[str, Tensor] = {}

    def on_train_epoch_end(self, trainer: Trainer, model: Module) -> None:
        if self.improved(trainer):
            self.best_weights = {name: x.detach().clone() for name, x in model.state_dict().items()}

    def on_fit_end(self, trainer: Trainer, model: Module) -> None:
        if self.best_epoch:
            model.load_state_dict(self.best_weights)


def accuracy(output: Tensor, target: Tensor) -> float:
    """The share of rows whose largest score is at the target: scores (N, C) and N class indices -> a number in [0, 1].

    ValueError if the shapes do not go together.

    >>> from tinygrad_lite import tensor
    >>> accuracy(tensor([[2.0, 1.0], [0.0, 3.0], [1.0, 0.0]]), tensor([0, 1, 1]))
    0.6666666666666666
    """
    if output.ndim != 2 or target.shape != output.shape[:1]:
        raise ValueError(
            f"accuracy: scores of shape (N, C) go with N class indices, got {list(output.shape)} and {list(target.shape)}"
        )
    return float((output.array.argmax(1) == target.array).mean())


class Trainer:
    """Fits a model for `max_epochs` passes over its training data.

    The model is a Module that has `training_step(batch, batch_idx)`, which returns the loss, and `configure_optimizers()`,
    which returns an optimizer, `[optimizer], [schedulers]`, or `{"optimizer": ..., "lr_scheduler": ...}`; a scheduler is
    stepped after each epoch, `{"scheduler": s, "monitor": "val_loss"}` with that column. It may have
    `validation_step(batch, batch_idx)`. Inside the steps `self.log(name, value)` records a number: its mean over the epoch,
    weighted by batch size, becomes the column `name`. A model of a CUDA device has the batches moved there.

    gradient_clip_val: the largest norm of all gradients together (`nn.utils.clip_grad_norm_`), None or 0 for no limit.
    metrics: functions of (model(x), y) by name, for batches (x, y); measured in validation, recorded as `val_<name>`.
    callbacks: EarlyStopping, BestWeights, or your own Callback.
    progress: whether to show a bar; None shows it if stderr is a terminal.
    ValueError for max_epochs < 1 or gradient_clip_val < 0.
    https://lightning.ai/docs/pytorch/stable/common/trainer.html

    >>> from tinygrad_lite import nn, tensor
    >>> class Line(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.slope = nn.Parameter(tensor(0.0))
    ...     def training_step(self, batch, batch_idx):
    ...         x, y = batch
    ...         return ((self.slope * x - y) ** 2).mean()
    ...     def configure_optimizers(self):
    ...         return nn.optim.SGD(self.parameters(), lr=0.1)
    >>> line = Line()
    >>> history = nn.Trainer(max_epochs=20).fit(line, [(tensor([1.0, 2.0]), tensor([3.0, 6.0]))])
    >>> round(line.slope.item(), 3), len(history["train_loss"])
    (3.0, 20)
    """

    def __init__(
        self,
        max_epochs: int,
        *,
        gradient_clip_val: float | None = None,
        metrics: Mapping[str, Callable[[Tensor, Tensor], Any]] | None = None,
        callbacks: Sequence[Callback] = (),
        progress: bool | None = None,
    ) -> None:
        if max_epochs < 1:
            raise ValueError(f"Trainer: max_epochs must be at least 1, got {max_epochs}")
        if gradient_clip_val is not None and not gradient_clip_val >= 0:
            raise ValueError(f"Trainer: gradient_clip_val must not be negative, got {gradient_clip_val}")
        self.max_epochs, self.gradient_clip_val = max_epochs, gradient_clip_val
        self.metrics, self.callbacks, self.progress = dict(metrics or {}), tuple(callbacks), progress
        self.history, self.should_stop = History(), False

    def fit(self, model: Module, train_loader: Iterable[Any], val_loader: Iterable[Any] | None = None) -> History:
        """Train; returns the history, which is `trainer.history` too: epoch, train_loss, what was logged, val_loss, lr.

        `train_loss` is the mean over the epoch while the weights change; `lr` the learning rate in the epoch. The loaders
        are iterated once per epoch: a DataLoader or a list of batches. Validation is as validate() says. Each fit starts a
        new history.

        FloatingPointError if a loss is not finite; that batch then has changed no weight and no gradient. TypeError for a
        model without the protocol or a step that returns no loss, ValueError for a loader without batches.
        """
        _check_protocol(model, "training_step", "configure_optimizers")
        optimizer, schedulers = _optimizer_and_schedulers(model)
        lengths = [len(train_loader)] if isinstance(train_loader, Sized) else []
        if lengths == [0]:
            raise ValueError("fit: train_loader has no batches")
        self.history, self.should_stop = History(), False
        total = self.max_epochs * lengths[0] if lengths else None
        hidden = None if self.progress is None else not self.progress  # None: hidden unless stderr is a terminal
        with _steps_of(model) as means, tqdm(total=total, disable=hidden, unit="batch", leave=False) as bar:
            for callback in self.callbacks:
                callback.on_fit_start(self, model)
            for epoch in range(1, self.max_epochs + 1):
                row = {"epoch": epoch, **self._train(model, train_loader, optimizer, epoch, means, bar)}
                if val_loader is not None:
                    row |= self._validate(model, val_loader, means)
                if not bar.disable:
                    bar.set_postfix(row)
                self.history.append(row | {"lr": optimizer.param_groups[0]["lr"]})
                for scheduler, monitor in schedulers:
                    scheduler.step(*([self.recorded(monitor, "lr_scheduler")] if monitor else []))
                for callback in self.callbacks:
                    callback.on_train_epoch_end(self, model)
                if self.should_stop:
                    break
            for callback in self.callbacks:
                callback.on_fit_end(self, model)
        return self.history

    def validate(self, model: Module, loader: Iterable[Any]) -> dict[str, float]:
        """Means over a loader's batches, weighted by batch size, in eval mode and with nothing recorded on the tape.

        They are what validation_step logs; what it returns, if anything, is `val_loss`. A model without one is measured by
        the loss that its training_step returns. `val_<name>` is each of the trainer's metrics.

        >>> from tinygrad_lite import nn, tensor
        >>> class Half(nn.Module):
        ...     def training_step(self, batch, batch_idx):
        ...         return (batch / 2).mean()
        >>> nn.Trainer(max_epochs=1).validate(Half(), [tensor([2.0, 4.0]), tensor([9.0])])
        {'val_loss': 2.5}
        """
        with _steps_of(model) as means:
            return self._validate(model, loader, means)

    def recorded(self, column: str, asker: str) -> float:
        """The value of a column in the last epoch; KeyError, in the name of who asks, if there is none."""
        if column not in self.history:
            raise KeyError(f"{asker}: nothing was recorded as {column!r}; the columns are {', '.join(self.history)}")
        return self.history[column][-1]

    def _train(
        self, model: Any, loader: Iterable[Any], optimizer: Any, epoch: int, means: _Means, bar: Any
    ) -> dict[str, float]:
        """One epoch."""
        model.train()
        means.clear()
        parameters = list(model.parameters())
        move = _mover(parameters)
        for batch_idx, batch in enumerate(loader):
            batch = move(batch) if move else batch
            means.size = _size(batch)
            loss = model.training_step(batch, batch_idx)
            value = _number(loss)
            if not isfinite(value):
                raise FloatingPointError(_diagnosis(value, epoch, batch_idx, batch, model, optimizer))
            means.add(LOSS, value)
            optimizer.zero_grad()
            loss.backward()
            for callback in self.callbacks:
                callback.on_before_optimizer_step(self, model)
            if self.gradient_clip_val:
                clip_grad_norm_(parameters, self.gradient_clip_val)
            optimizer.step()
            bar.update()
        if not means.sums:
            raise ValueError(
                f"fit: train_loader gave no batches in epoch {epoch}; give a DataLoader or a list of batches, "
                f"which can be iterated again, not an iterator"
            )
        return means.row("train_loss")

    def _validate(self, model: Any, loader: Iterable[Any], means: _Means) -> dict[str, float]:
        name = "validation_step" if hasattr(model, "validation_step") else "training_step"
        _check_protocol(model, name)
        step = getattr(model, name)
        move = _mover(list(model.parameters()))
        means.clear()
        model.eval()
        batch_idx = -1
        with no_grad():
            for batch_idx, batch in enumerate(loader):
                batch = move(batch) if move else batch
                means.size = _size(batch)
                loss = step(batch, batch_idx)
                if loss is not None:
                    means.add(LOSS, _number(loss))
                if self.metrics:
                    x, y = batch
                    output = model(x)
                    for metric, measure in self.metrics.items():
                        means.add(f"val_{metric}", float(measure(output, y)))
        if batch_idx < 0:
            raise ValueError("Trainer: the validation loader gave no batches; give a DataLoader or a list of batches")
        row = means.row("val_loss")
        return row if name == "validation_step" else {name: row[name] for name in row if name.startswith("val_")}


LOSS = ""  # the name, which no log() has, of what a step returns


class _Means:
    """Means of named numbers over an epoch, weighted by the size of the batch that each comes from."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.size = 0  # of the batch at hand
        self.sums: dict[str, tuple[float, int]] = {}

    def add(self, name: str, value: float) -> None:
        total, count = self.sums.get(name, (0.0, 0))
        self.sums[name] = total + value * self.size, count + self.size

    def row(self, loss: str) -> dict[str, float]:
        """All means, first that of LOSS as `loss`, unless the step logged something under that name itself."""
        row = {name: total / count if count else nan for name, (total, count) in self.sums.items()}
        return ({loss: row.pop(LOSS)} if LOSS in row else {}) | row


@contextmanager
def _steps_of(model: Any) -> Iterator[_Means]:
    """As long as this is open the model has `log`; then it is as before, in the mode it was in."""
    means, mode = _Means(), model.training

    def log(name: str, value: Any) -> None:
        means.add(name, float(value))

    if "log" in vars(model):
        raise ValueError(f"{type(model).__name__} has an attribute `log`, the name by which its steps record: rename it")
    vars(model)["log"] = log
    try:
        yield means
    finally:
        del vars(model)["log"]
        model.train(mode)


def _check_protocol(model: object, *methods: str) -> None:
    for method in methods:
        if not callable(getattr(model, method, None)):
            raise TypeError(
                f"Trainer: {type(model).__name__} has no {method}; the model is a Module with "
                f"training_step(batch, batch_idx) and configure_optimizers()"
            )


def _optimizer_and_schedulers(model: Any) -> tuple[Any, list[tuple[Any, str | None]]]:
    """What configure_optimizers() returned: the optimizer, and each scheduler with the column it is stepped with, if any."""
    made = model.configure_optimizers()
    optimizers, schedulers = made, []
    if isinstance(made, dict):
        optimizers = made.get("optimizer")
        schedulers = [made["lr_scheduler"]] if "lr_scheduler" in made else []
    elif isinstance(made, tuple) and len(made) == 2 and all(isinstance(part, list) for part in made):
        optimizers, schedulers = made
    optimizers = optimizers if isinstance(optimizers, (list, tuple)) else [optimizers]
    if len(optimizers) != 1:
        raise ValueError(f"Trainer: configure_optimizers() returned {len(optimizers)} optimizers; one can be stepped")
    if not hasattr(optimizers[0], "param_groups"):
        raise TypeError(
            f"Trainer: configure_optimizers() must return an optimizer, ([optimizer], [schedulers]) or a dict with "
            f"'optimizer', got {type(optimizers[0]).__name__}"
        )
    pairs: list[tuple[Any, str | None]] = []
    for scheduler in schedulers:
        options = {"interval": "epoch"} | (scheduler if isinstance(scheduler, dict) else {"scheduler": scheduler})
        if set(options) - {"scheduler", "monitor", "interval"} or options["interval"] != "epoch":
            raise ValueError(f"Trainer: a scheduler is stepped after each epoch and given 'monitor'; cannot do {scheduler!r}")
        pairs.append((options["scheduler"], options.get("monitor")))
    return optimizers[0], pairs


def _mover(parameters: Sequence[Tensor]) -> Callable[[Any], Any] | None:
    """What moves a batch to the device of the model, None if that is the CPU."""
    if not parameters or parameters[0].device.type == "cpu":
        return None
    device = parameters[0].device

    def move(batch: Any) -> Any:
        if isinstance(batch, Tensor):
            return batch.to(device)
        if isinstance(batch, dict):
            return {name: move(part) for name, part in batch.items()}
        return type(batch)(map(move, batch)) if type(batch) in (tuple, list) else batch

    return move


def _size(batch: Any) -> int:
    """How many samples a batch holds: the length of its first tensor, 1 if there is none."""
    while isinstance(batch, (tuple, list, dict)) and batch:
        batch = next(iter(batch.values())) if isinstance(batch, dict) else batch[0]
    return len(batch.array) if isinstance(batch, Tensor) and batch.ndim else 1


def _number(loss: Any) -> float:
    """A step's loss as a Python number."""
    if not isinstance(loss, Tensor):
        raise TypeError(f"Trainer: a step must return the loss, a Tensor of one number, got {type(loss).__name__}")
    if loss.array.size != 1:
        raise ValueError(f"Trainer: a loss is one number, got a tensor of shape {list(loss.shape)}; use loss.mean()")
    return float(loss.array.item())


def _diagnosis(value: float, epoch: int, batch_idx: int, batch: Any, model: Any, optimizer: Any) -> str:
    """What to tell when the loss is not finite: where, and whether the data or the weights were so before."""
    parts = list(batch.values()) if isinstance(batch, dict) else batch if isinstance(batch, (tuple, list)) else [batch]
    if any(_broken(part) for part in parts):
        cause = "The batch itself holds nan or inf: check the data."
    elif bad := [name for name, p in model.named_parameters() if _broken(p)]:
        cause = f"The weights {', '.join(bad)} held nan or inf before: an earlier gradient was not finite, or too large a step."
    else:
        lr = optimizer.param_groups[0]["lr"]
        cause = f"Batch and weights are finite: try a learning rate below {lr:g}, gradient_clip_val=1.0, or a stable loss."
    return f"the loss is {value} at epoch {epoch}, batch {batch_idx}; no weight was changed by this batch. {cause}"


def _broken(x: Any) -> bool:
    """Whether a tensor holds nan or inf: its sum, less itself, is then not 0."""
    return isinstance(x, Tensor) and x.is_floating_point() and not bool((x.array - x.array == 0).all())
