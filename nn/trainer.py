"""Trainer: the loop around a model, so that a model says only what one step is.

    class Classifier(nn.Module):
        def training_step(self, batch, batch_idx):          # -> the loss, a Tensor of one number
            x, y = batch
            return nn.functional.cross_entropy(self(x), y)

        def configure_optimizers(self):
            return nn.optim.AdamW(self.parameters(), lr=0.01)

    history = nn.Trainer(max_epochs=10).fit(model, train_loader, val_loader)
    history.plot()

The protocol is the one that PyTorch Lightning and "Dive into Deep Learning" share. `Trainer._train` is the loop over the
batches, a dozen lines; `fit` runs it for each epoch, `validate` measures, and callbacks (callbacks.py) are called in between.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from math import isfinite
from os import PathLike
from typing import Any

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.grad_mode import no_grad
from tinygrad_lite.serialize import load

from .history import History
from .module import Module
from .parallel import DistributedDataParallel
from .ranks import Ranks, alone_among_many, generators, samples, takes_part
from .steps import LOSS, Means, Steps


class Callback:
    """What a Trainer calls while it fits a model: override the hooks that you need; the others do nothing.

    `trainer.history` holds the finished epochs, `trainer.should_stop = True` makes this epoch the last.
    """

    def on_fit_start(self, trainer: Trainer, model: Module) -> None:
        """Before the first epoch. The history is empty, unless fit(resume=True) continues after some epochs."""

    def on_before_optimizer_step(self, trainer: Trainer, model: Module) -> None:
        """After each backward and before gradients are clipped: `p.grad` are those of this batch."""

    last = False  # whether it is called after all others; Checkpoint is

    def on_train_batch_end(self, trainer: Trainer, model: Module, batch_idx: int) -> None:
        """After each step of the optimizer."""

    def on_train_epoch_end(self, trainer: Trainer, model: Module) -> None:
        """After each epoch and its validation."""

    def on_fit_end(self, trainer: Trainer, model: Module) -> None:
        """After the last epoch, and after Ctrl-C (`trainer.interrupted` is then True), but not after another error."""

    def state_dict(self) -> dict[str, Any]:
        """What save() can write of it, so that a training may go on later."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what state_dict() gave."""


class Trainer:
    """Fits a model in `max_epochs` passes over its training data.

    The model is a Module that has `training_step(batch, batch_idx)`, which returns the loss, and `configure_optimizers()`,
    which returns an optimizer, `[optimizer], [schedulers]`, or `{"optimizer": ..., "lr_scheduler": ...}`; a scheduler is
    stepped after each epoch, `{"scheduler": s, "monitor": "val_loss"}` with that column. It may have
    `validation_step(batch, batch_idx)`. Inside the steps `self.log(name, value)` records a number: its mean over the epoch,
    weighted by batch size, becomes the column `name`. A model of a CUDA device has the batches moved there.

    gradient_clip_val: the largest norm of all gradients together (`nn.utils.clip_grad_norm_`), None or 0 for no limit.
    metrics: {name: function of (model(x), y)}, for batches (x, y); measured in validation, recorded as `val_<name>`.
    callbacks: EarlyStopping, BestWeights, GradientNorms, or your own Callback.
    progress: whether to show a progress bar; None shows it in a terminal and in a Jupyter notebook, not in a log.
    capture: whether the steps are recorded, each with its first batch, and then replayed: the same numbers, bit for bit, in
    less time. A recording costs as much as some fifty steps. An epoch on one core, without and with it, recording included:
    Iris in batches of 16, 100 epochs, linear 0.65 and 0.41 ms, MLP 2-5-3 0.84 and 0.49 ms; Fashion-MNIST in batches of 256,
    softmax regression, 5 epochs, 64 and 53 ms, MLP 784-256-128-10, 3 epochs, 427 and 388 ms (270 are matrix products). Within
    the steps, log tensors, `self.log("x", x)` without .item(), and measure with functions that return tensors, or nn.accuracy;
    what reads a number (item, float, print), or `batch_idx`, runs as it is written, with a RuntimeWarning. If a callback has
    on_before_optimizer_step, the optimizer's step is not recorded.
    A fit sets the attributes `history`, `model`, `optimizer`, `schedulers`, and `interrupted`: whether Ctrl-C stopped it.
    ValueError for max_epochs < 1 or gradient_clip_val < 0, TypeError for metrics and callbacks of other forms.
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
        capture: bool = False,
    ) -> None:
        if not isinstance(max_epochs, (int, np.integer)):
            model = "; the model goes to fit(model, train_loader)" if isinstance(max_epochs, Module) else ""
            raise TypeError(f"Trainer: max_epochs must be an int, got {type(max_epochs).__name__}{model}")
        if max_epochs < 1:
            raise ValueError(f"Trainer: max_epochs must be at least 1, got {max_epochs}")
        if gradient_clip_val is not None and not gradient_clip_val >= 0:
            raise ValueError(f"Trainer: gradient_clip_val must not be negative, got {gradient_clip_val}")
        _check_metrics(metrics)
        _check_callbacks(callbacks)
        self.max_epochs, self.gradient_clip_val = max_epochs, gradient_clip_val
        self.metrics, self.progress = dict(metrics or {}), progress
        self.callbacks = tuple(sorted(callbacks, key=lambda callback: callback.last))
        self.capture = capture
        self.history, self.should_stop, self.interrupted = History(), False, False
        self.model: Module | None = None
        self.optimizer: Any = None
        self.schedulers: list[tuple[Any, str | None]] = []  # each with the column that it monitors
        self.ranks = Ranks()
        self.means = Means()
        self.loader: Any = None  # that of training
        self.batches_done = 0  # of the epoch that is going on

    @property
    def is_global_zero(self) -> bool:
        """Whether this process is the one that prints, draws and saves: the only one, or rank 0 of several."""
        return self.ranks.rank == 0

    def fit(
        self,
        model: Module,
        train_loader: Iterable[Any],
        val_loader: Iterable[Any] | None = None,
        *,
        resume: bool | str | PathLike[str] = False,
    ) -> History:
        """Train; returns the history, which is `trainer.history` too: epoch, train_loss, what was logged, val_loss, lr.

        `train_loss` is the mean over the epoch while the weights change; `lr` the learning rate in the epoch. The loaders
        are iterated once per epoch: a DataLoader or a list of batches. Validation is as validate() says.

        A fit starts with a new optimizer and an empty history. With resume=True it continues the last one: the model as it is
        now, the same optimizer, schedulers and history, and the callbacks keep their best values. `max_epochs` is the number of
        all epochs together, as in PyTorch Lightning: after 10 of 10, set `trainer.max_epochs = 15` for 5 more. An interrupted
        epoch starts again. With the path of a file that Checkpoint has written, it goes on from there, within the epoch too; if
        all epochs were done, that is the result.

        In a program of several processes (distributed.init_process_group() was called), each takes its part of every batch, and
        all make the step of the whole batch; what is logged and measured are means over all samples. So N processes give the
        numbers of one, up to rounding, but for BatchNorm and Dropout, which see a part of the batch only. batch_size is that of
        all together: multiply it by get_world_size() to keep what each has. The data must be the same on all ranks. Rank 0
        draws the order of the batches, gives the first parameters, and alone shows progress.

        Ctrl-C (KeyboardInterrupt) stops the training: the history holds the finished epochs, on_fit_end is called, so that
        BestWeights restores its weights, `trainer.interrupted` is True, and KeyboardInterrupt is raised again.

        FloatingPointError if a loss is not finite; that batch then has changed no weight and no gradient. TypeError for a
        model without the protocol or a step that returns no loss. ValueError for a loader without batches, and if there is
        nothing to resume: no earlier fit, another model, or all epochs done.
        """
        _check_protocol(model, "training_step", "configure_optimizers")
        batches = _count(train_loader)
        if batches == 0:
            raise ValueError("fit: train_loader has no batches")
        if waiting := alone_among_many():
            what = f"mpiexec has started {waiting} processes, and each trains a model of its own"
            warnings.warn(f"{what}; call distributed.init_process_group() before", RuntimeWarning, stacklevel=2)
        self.ranks, self.loader, self.batches_done = Ranks(), train_loader, 0
        self.ranks.join(model, unused=not self.capture)
        saved: dict[str, Any] = {}
        if resume is True:
            self._check_resumable(model)
        else:
            self.optimizer, self.schedulers = _optimizer_and_schedulers(model)
            self.model, self.history = model, History()
            if resume:
                saved = load(resume)
                self._go_on(saved)
        self.should_stop = self.interrupted = False
        first = self.history.epochs + 1
        total = None if batches is None else (self.max_epochs - first + 1) * batches
        with _logging(model) as self.means, _bar(self.progress if self.is_global_zero else False, total) as bar:
            steps = self._steps(model, self.means, self.optimizer)
            for callback in self.callbacks:
                callback.on_fit_start(self, model)
            try:
                for epoch in range(first, self.max_epochs + 1):
                    self._epoch(steps, train_loader, val_loader, epoch, bar, saved)
                    saved = {}
                    if self.should_stop:
                        break
            except KeyboardInterrupt:
                self.interrupted = True
                self._end(model)
                raise
            finally:
                self.ranks.part()
            self._end(model)
        return self.history

    def validate(self, model: Module, loader: Iterable[Any]) -> dict[str, float]:
        """Means over a loader's batches, weighted by batch size; the model is in eval mode, and gradients are off.

        The columns are what validation_step logs, and what it returns, as `val_loss`. Without a validation_step, `val_loss` is
        what training_step returns. Each of the trainer's metrics is `val_<name>`.

        >>> from tinygrad_lite import nn, tensor
        >>> class Half(nn.Module):
        ...     def training_step(self, batch, batch_idx):
        ...         return (batch / 2).mean()
        >>> nn.Trainer(max_epochs=1).validate(Half(), [tensor([2.0, 4.0]), tensor([9.0])])
        {'val_loss': 2.5}
        """
        self.ranks = Ranks()
        with _logging(model) as means:
            return self._validate(self._steps(model, means), loader)

    def recorded(self, column: str, asker: str) -> float:
        """The value of a column in the last epoch. KeyError, which names the `asker`, if there is no such column."""
        if column not in self.history:
            raise KeyError(f"{asker}: nothing was recorded as {column!r}; the columns are {', '.join(self.history)}")
        return self.history[column][-1]

    def _check_resumable(self, model: Module) -> None:
        if self.model is None:
            raise ValueError("fit(resume=True): this Trainer has not fitted a model yet; call fit without resume first")
        if model is not self.model:
            raise ValueError(
                f"fit(resume=True): the last fit was of another model, a {type(self.model).__name__}, whose optimizer cannot "
                f"train this {type(model).__name__}. Give the same model, or call fit without resume"
            )
        done = self.history.epochs
        if done >= self.max_epochs:
            raise ValueError(
                f"fit(resume=True): nothing is left to do: {done} epochs are done, and max_epochs, the number of all epochs "
                f"together, is {self.max_epochs}; to train for 5 more, set trainer.max_epochs = {done + 5}"
            )

    def state_dict(self) -> dict[str, Any]:
        """All that fit(resume=path) needs to go on from here, for save(): model, optimizer, schedulers, callbacks, history,
        the place in the epoch, and random states. In a program of several processes, all call it together.
        """
        assert self.model is not None, "state_dict: this Trainer has not fitted a model yet"
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedulers": [scheduler.state_dict() for scheduler, _ in self.schedulers],
            "callbacks": [callback.state_dict() for callback in self.callbacks],
            "history": dict(self.history),
            "batches_done": self.batches_done,
            "sums": self.ranks.each(self.means.sums),  # of the batches that are done
            "random": self.ranks.random(),
            "loader": [generator.get_state() for generator in generators(self.loader)[1:]],
            "order": self.ranks.order,  # what the epoch's order was drawn from
            "sampler": self.loader.sampler.state_dict() if takes_part(self.loader) else {},
        }

    def _go_on(self, saved: Any) -> None:
        """Take over what state_dict() gave. ValueError for another file, and for other callbacks or schedulers."""
        if not isinstance(saved, dict) or "batches_done" not in saved:
            raise ValueError("fit(resume=path): the file is not one that nn.Checkpoint has written")
        for what, mine in (("schedulers", self.schedulers), ("callbacks", self.callbacks)):
            if len(mine) != len(saved[what]):
                raise ValueError(f"fit(resume=path): the file has {len(saved[what])} {what}, and there are {len(mine)} here")
        assert self.model is not None
        self.model.load_state_dict(saved["model"])
        self.optimizer.load_state_dict(saved["optimizer"])
        for (scheduler, _), state in zip(self.schedulers, saved["schedulers"]):
            scheduler.load_state_dict(state)
        for callback, state in zip(self.callbacks, saved["callbacks"]):
            callback.load_state_dict(state)
        self.history, self.batches_done = History(saved["history"]), saved["batches_done"]
        default, *own = generators(self.loader)
        random, rank = saved["random"], self.ranks.rank
        default.set_state(random[rank % len(random)])
        states = saved["loader"]
        if saved["batches_done"]:
            states = saved["order"][1:]
            default.set_state(saved["order"][0])
        for generator, state in zip(own, states):
            generator.set_state(state)
        if takes_part(self.loader) and saved["batches_done"]:
            self.loader.sampler.load_state_dict(saved["sampler"])

    def _end(self, model: Module) -> None:
        """The training is over, or interrupted."""
        for callback in self.callbacks:
            callback.on_fit_end(self, model)

    def _steps(self, model: Any, means: Means, optimizer: Any = None) -> Steps:
        """What is done with each batch."""
        if not self.capture:
            return Steps(model, means, self.metrics, optimizer)
        from .recorded_steps import RecordedSteps  # loaded only where it is used

        hooks = [getattr(callback.on_before_optimizer_step, "__func__", None) for callback in self.callbacks]
        watched = any(hook is not Callback.on_before_optimizer_step for hook in hooks)
        return RecordedSteps(model, means, self.metrics, optimizer, watched)

    def _epoch(
        self,
        steps: Steps,
        train_loader: Iterable[Any],
        val_loader: Iterable[Any] | None,
        epoch: int,
        bar: Any,
        saved: dict[str, Any],
    ) -> None:
        """Train, validate, record, and step the schedulers. `saved` is where to go on within the epoch."""
        row = {"epoch": epoch, **self._train(steps, train_loader, epoch, bar, saved)}
        if val_loader is not None:
            row |= self._validate(steps, val_loader)
        if bar is not None:
            bar.set_postfix(row)
        self.history.append(row | {"lr": self.optimizer.param_groups[0]["lr"]})
        self.batches_done = 0
        for scheduler, monitor in self.schedulers:
            scheduler.step(*([self.recorded(monitor, "lr_scheduler")] if monitor else []))
        for callback in self.callbacks:
            callback.on_train_epoch_end(self, steps.model)

    def _train(self, steps: Steps, loader: Iterable[Any], epoch: int, bar: Any, saved: dict[str, Any]) -> dict[str, float]:
        """The loop over the batches of one epoch."""
        model, means = steps.model, steps.means
        model.train()
        means.clear()
        parameters = list(model.parameters())
        move = _mover(parameters)
        if takes_part(loader):
            loader.sampler.set_epoch(epoch - 1)  # type: ignore[attr-defined]
        done = saved.get("batches_done", 0)
        if done:
            means.sums = self.ranks.own(saved["sums"])
        for batch_idx, batch in self.ranks.training_batches(loader, done, saved["random"] if done else None):
            update = steps.update
            if batch is None:  # all of it is for other ranks
                self.ranks.nothing()
                update = partial(Steps.update, steps)
            else:
                batch = move(batch) if move else batch
                means.size = samples(batch)
                loss = steps.gradients(batch, batch_idx, self.gradient_clip_val)
                if not isfinite(loss):
                    raise FloatingPointError(_diagnosis(loss, epoch, batch_idx, batch, model, self.optimizer))
                means.add(LOSS, loss)
            for callback in self.callbacks:
                callback.on_before_optimizer_step(self, model)
            update(parameters, self.gradient_clip_val)
            self.batches_done = batch_idx + 1
            if bar is not None:
                bar.update()
            for callback in self.callbacks:
                callback.on_train_batch_end(self, model, batch_idx)
        means.sums = self.ranks.total(means.sums)
        if not means.sums:
            raise ValueError(
                f"fit: train_loader gave no batches in epoch {epoch}; give a DataLoader or a list of batches, "
                f"which can be iterated again, not an iterator"
            )
        return means.row("train_loss")

    def _validate(self, steps: Steps, loader: Iterable[Any]) -> dict[str, float]:
        model, means = steps.model, steps.means
        _check_protocol(model, steps.validates)
        move = _mover(list(model.parameters()))
        means.clear()
        model.eval()
        batch_idx = -1
        with no_grad():
            for batch_idx, batch in self.ranks.batches(loader):
                if batch is not None:
                    batch = move(batch) if move else batch
                    means.size = samples(batch)
                    steps.measure(batch, batch_idx)
        if batch_idx < 0:
            raise ValueError("Trainer: the validation loader gave no batches; give a DataLoader or a list of batches")
        means.sums = self.ranks.total(means.sums)
        row = means.row("val_loss")
        return row if steps.validates == "validation_step" else {name: row[name] for name in row if name.startswith("val_")}


@contextmanager
def _logging(model: Any) -> Iterator[Means]:
    """Gives the model the method `log` as long as this is open; then restores its train or eval mode."""
    means, mode = Means(), model.training
    if "log" in vars(model):
        raise ValueError(f"{type(model).__name__} has an attribute `log`, the name by which its steps record: rename it")
    vars(model)["log"] = means.log
    try:
        yield means
    finally:
        del vars(model)["log"]
        model.train(mode)


def _bar(progress: bool | None, total: int | None) -> AbstractContextManager[Any]:
    """A progress bar over `total` batches; a context that gives None where no bar is to be shown."""
    if not (_is_watched() if progress is None else progress):
        return nullcontext()
    from tqdm import TqdmWarning  # loaded only where it is used

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TqdmWarning)  # a notebook without ipywidgets: the bar made of text does as well
        from tqdm.auto import tqdm
    bar: AbstractContextManager[Any] = tqdm(total=total, unit="batch", leave=False)
    return bar


def _is_watched() -> bool:
    """Whether stderr is seen while the program runs: it is a terminal, or the output of a notebook's cell."""
    ipython = sys.modules.get("IPython")  # in a notebook it has long been imported
    shell = ipython.get_ipython() if ipython else None
    return hasattr(shell, "kernel") or (sys.stderr is not None and sys.stderr.isatty())


def _check_metrics(metrics: Any) -> None:
    if metrics is not None and not isinstance(metrics, Mapping):
        raise TypeError(f"Trainer: metrics is {{name: function}}, as {{'acc': nn.accuracy}}; got {type(metrics).__name__}")
    for name, measure in (metrics or {}).items():
        if not callable(measure):
            raise TypeError(
                f"Trainer: metrics is {{name: function}}, as {{'acc': nn.accuracy}}; "
                f"{name!r} is not a function of (output, target) but {measure!r}"
            )


def _check_callbacks(callbacks: Any) -> None:
    if not isinstance(callbacks, Sequence):
        raise TypeError(f"Trainer: callbacks is a list of Callback objects, got {type(callbacks).__name__}")
    for callback in callbacks:
        if not isinstance(callback, Callback):
            found = f"the class {callback.__name__}, without ()" if isinstance(callback, type) else repr(callback)
            raise TypeError(f"Trainer: callbacks is a list of Callback objects; got {found}")


def _check_protocol(model: object, *methods: str) -> None:
    for method in methods:
        if not callable(getattr(model, method, None)):
            within = isinstance(model, DistributedDataParallel)
            instead = "; give the model that is in it: a Trainer averages gradients over the ranks by itself" if within else ""
            raise TypeError(
                f"Trainer: {type(model).__name__} has no {method}{instead}; the model is a Module with "
                f"training_step(batch, batch_idx) and configure_optimizers()"
            )


def _optimizer_and_schedulers(model: Any) -> tuple[Any, list[tuple[Any, str | None]]]:
    """From what configure_optimizers() returns: the optimizer, and each scheduler with the column it monitors, if any."""
    made = model.configure_optimizers()
    optimizers, schedulers = made, []
    if isinstance(made, dict):
        optimizers = made.get("optimizer")
        schedulers = [made["lr_scheduler"]] if "lr_scheduler" in made else []
    elif isinstance(made, tuple) and len(made) == 2 and all(isinstance(part, list) for part in made):
        optimizers, schedulers = made
    optimizers = optimizers if isinstance(optimizers, (list, tuple)) else [optimizers]
    if len(optimizers) != 1:
        raise ValueError(f"Trainer: configure_optimizers() returned {len(optimizers)} optimizers, expected one")
    if not hasattr(optimizers[0], "param_groups"):
        raise TypeError(
            f"Trainer: configure_optimizers() must return an optimizer, ([optimizer], [schedulers]) or a dict with "
            f"'optimizer', got {type(optimizers[0]).__name__}"
        )
    pairs: list[tuple[Any, str | None]] = []
    for scheduler in schedulers:
        options = {"interval": "epoch"} | (scheduler if isinstance(scheduler, dict) else {"scheduler": scheduler})
        if set(options) - {"scheduler", "monitor", "interval"} or options["interval"] != "epoch":
            raise ValueError(
                f"Trainer: a scheduler is stepped after each epoch, {{'scheduler': s, 'monitor': column}}; got {scheduler!r}"
            )
        pairs.append((options["scheduler"], options.get("monitor")))
    return optimizers[0], pairs


def _mover(parameters: Sequence[Tensor]) -> Callable[[Any], Any] | None:
    """A function that moves a batch to the device of the model; None if that is the CPU."""
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


def _count(loader: Any) -> int | None:
    """How many batches a loader has; None if it does not know, as for an IterableDataset."""
    try:
        return len(loader)
    except TypeError:
        return None


def _diagnosis(value: float, epoch: int, batch_idx: int, batch: Any, model: Any, optimizer: Any) -> str:
    """The error text for a loss that is not finite: where, and whether the data or the weights are the cause."""
    parts = list(batch.values()) if isinstance(batch, dict) else batch if isinstance(batch, (tuple, list)) else [batch]
    if any(_has_nan_or_inf(part) for part in parts):
        cause = "The batch itself holds nan or inf: check the data."
    elif bad := [name for name, p in model.named_parameters() if _has_nan_or_inf(p)]:
        cause = f"The weights {', '.join(bad)} held nan or inf before: an earlier gradient was not finite, or a step too large."
    else:
        lr = optimizer.param_groups[0]["lr"]
        cause = f"Batch and weights are finite: try a learning rate below {lr:g}, gradient_clip_val=1.0, or a stable loss."
    return f"the loss is {value} at epoch {epoch}, batch {batch_idx}; no weight was changed by this batch. {cause}"


def _has_nan_or_inf(x: Any) -> bool:
    return isinstance(x, Tensor) and x.is_floating_point() and not bool(np.isfinite(x.array).all())
