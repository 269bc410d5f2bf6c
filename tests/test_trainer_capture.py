"""Trainer(capture=True): what it replays is what Trainer(capture=False) computes, bit for bit; nothing becomes a constant."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from trainer_models import Classifier, Constant, loader, weights

from tinygrad_lite import Tensor, datasets, manual_seed, nan, nn, tensor
from tinygrad_lite.capturing.capture import Captured


@pytest.fixture(autouse=True)
def steps(monkeypatch: pytest.MonkeyPatch) -> list[Captured]:
    """All that was captured. A warning that something runs without a recording is an error, unless a test expects it."""
    made: list[Captured] = []
    create = Captured.__init__

    def init(self: Captured, function: Callable[..., Any]) -> None:
        create(self, function)
        made.append(self)

    monkeypatch.setattr(Captured, "__init__", init)
    warnings.simplefilter("error", RuntimeWarning)
    return made


class Deep(nn.Module):
    """Statistics, random numbers, and a log of everything that differs from batch to batch."""

    def __init__(self) -> None:
        self.net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.2), nn.ReLU(), nn.Linear(8, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        x, y = batch
        scores = self(x)
        loss = nn.functional.cross_entropy(scores, y)
        self.log("train_acc", nn.accuracy(scores, y))
        self.log("twice", 2 * loss)
        self.log("size", len(x))
        return loss

    def validation_step(self, batch: Any, batch_idx: int) -> Tensor:
        x, y = batch
        loss = nn.functional.cross_entropy(self(x), y)
        self.log("val_tenfold", 10 * loss)
        return loss

    def configure_optimizers(self) -> Any:
        optimizer = nn.optim.AdamW(self.parameters(), lr=0.02)
        return [optimizer], [nn.optim.lr_scheduler.StepLR(optimizer, 2)]


def trained(capture: bool, callbacks: Callable[[], list[nn.Callback]] = list, **options: Any) -> list[Any]:
    """Everything that four epochs and, resumed, two more leave behind; the last batches are short."""
    manual_seed(0)
    train, test = datasets.Iris().split(test_size=30, seed=0)
    batches, held_out = datasets.DataLoader(train, batch_size=32, shuffle=True), datasets.DataLoader(test, batch_size=16)
    model, used = Deep(), callbacks()
    trainer = nn.Trainer(4, metrics={"acc": nn.accuracy}, callbacks=used, progress=False, capture=capture, **options)
    trainer.fit(model, batches, held_out)
    trainer.max_epochs = 6
    trainer.fit(model, batches, held_out, resume=True)
    state = [x.numpy().tobytes() for x in (*model.state_dict().values(), *[p.grad for p in model.parameters()])]
    return [dict(trainer.history), list(trainer.history), state, trainer.validate(model, held_out), *map(_seen, used)]


def _seen(callback: Any) -> Any:
    return {name: value for name, value in vars(callback).items() if isinstance(value, (list, dict, float))}


class Looks(nn.Callback):
    """Keeps every gradient, adds to some, and changes the limit of the norm on the way."""

    def __init__(self) -> None:
        self.kept: list[Any] = []

    def on_before_optimizer_step(self, trainer: nn.Trainer, model: nn.Module) -> None:
        for p in model.parameters():
            assert p.grad is not None
            self.kept.append(p.grad)
            p.grad.mul_(1.5)
        if len(self.kept) == 48:
            trainer.gradient_clip_val = 0.25


@pytest.mark.parametrize("clip", [None, 0.5], ids=["", "clipped"])
@pytest.mark.parametrize("callbacks", [list, lambda: [nn.GradientNorms()]], ids=["", "watched"])
def test_it_is_what_eager_leaves(callbacks: Any, clip: float | None, steps: list[Captured]) -> None:
    expected = trained(False, callbacks, gradient_clip_val=clip)
    assert not steps
    found = trained(True, callbacks, gradient_clip_val=clip)
    assert found == expected
    assert len(steps) == 5, "training and validation of two fits, and validate()"
    assert all(0 < step.recordings <= 4 for step in steps), "the others are replays"


def test_gradients_that_a_callback_keeps_and_changes() -> None:
    (*expected, theirs), (*found, ours) = trained(False, lambda: [Looks()]), trained(True, lambda: [Looks()])
    assert found == expected
    assert len(ours["kept"]) == 6 * 6 * 4
    assert [g.numpy().tobytes() for g in ours["kept"]] == [g.numpy().tobytes() for g in theirs["kept"]]


def test_another_limit_of_the_norm_and_another_learning_rate_count_from_the_next_batch() -> None:
    class Changes(nn.Callback):
        def on_train_epoch_end(self, trainer: nn.Trainer, model: nn.Module) -> None:
            trainer.gradient_clip_val = 0.01 * trainer.history.epochs
            trainer.optimizer.param_groups[0]["lr"] *= 0.7

    assert trained(True, lambda: [Changes()]) == trained(False, lambda: [Changes()])


@pytest.mark.parametrize("watched", [False, True])
def test_a_loss_that_is_not_finite_changes_nothing(watched: bool) -> None:
    def failed(capture: bool) -> tuple[str, list[float], Any]:
        model = Classifier()
        trainer = nn.Trainer(3, callbacks=[nn.GradientNorms()] * watched, progress=False, capture=capture)
        good, bad = list(loader()), [tensor([[nan, 1.0], [0.0, 0.0]]), tensor([0, 1])]
        with pytest.raises(FloatingPointError) as error:
            trainer.fit(model, [*good, *good[:2], bad])
        assert model.layer.weight.grad is not None
        return str(error.value), weights(model), model.layer.weight.grad.tolist()

    expected = failed(False)
    assert "epoch 1, batch 5; no weight was changed" in expected[0] and not np.isnan(expected[1]).any()
    assert failed(True) == expected


def test_a_step_that_uses_batch_idx_is_not_recorded(steps: list[Captured]) -> None:
    class Counts(Classifier):
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return super().training_step(batch, 0) * (1 + batch_idx)

    expected, found = Counts(), Counts()
    nn.Trainer(2, progress=False).fit(expected, loader())
    with pytest.warns(RuntimeWarning, match=r"Counts.training_step uses batch_idx") as caught:
        nn.Trainer(2, progress=False, capture=True).fit(found, loader())
    assert weights(found) == weights(expected) and len(caught) == 1 and not steps
    assert caught[0].filename == __file__


def test_batch_idx_by_another_way() -> None:
    class Inner(Classifier):
        def training_step(self, batch: Any, index: int) -> Any:
            return (lambda: super(Inner, self).training_step(batch, 0) * (1 + index))()

    class Locals(Classifier):
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return super().training_step(batch, 0) * (1 + locals()["batch_idx"])

    class Packed(Classifier):
        def training_step(self, *args: Any) -> Any:
            return super().training_step(args[0], 0) * (1 + args[1])

    for kind in (Inner, Locals, Packed):
        with pytest.warns(RuntimeWarning, match="uses batch_idx"):
            nn.Trainer(1, progress=False, capture=True).fit(kind(), loader())


def test_what_cannot_be_recorded_runs_as_it_is_written() -> None:
    class Reads(Classifier):
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            loss = super().training_step(batch, batch_idx=0)
            self.log("half", loss.item() / 2)
            return loss

    class Unread(Reads):
        def training_step(self, batch: Any, _: int) -> Any:
            return Reads.training_step(self, batch, 0)

    expected = nn.Trainer(3, progress=False).fit(Unread(), loader())
    with pytest.warns(RuntimeWarning, match=r"Unread.training_step.*a number was read from a tensor.*test_trainer_capture.py"):
        found = nn.Trainer(3, progress=False, capture=True).fit(Unread(), loader())
    assert dict(found) == dict(expected) and len(set(found["half"])) == 3


def test_settings_of_the_model_are_no_constants() -> None:
    class Scaled(Classifier):
        scale = 1.0

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            x, y = batch
            return nn.functional.cross_entropy(self(x), y) * self.scale

    class Grows(nn.Callback):
        def on_train_epoch_end(self, trainer: nn.Trainer, model: Any) -> None:
            model.scale = 1.0 + trainer.history.epochs

    def run(capture: bool) -> Any:
        model = Scaled()
        return dict(nn.Trainer(3, callbacks=[Grows()], progress=False, capture=capture).fit(model, loader())), weights(model)

    assert run(True) == run(False)


@pytest.mark.parametrize("wrong", [lambda loss: loss.expand(2), lambda loss: 1.0, lambda loss: None])
def test_errors_are_the_same(wrong: Any) -> None:
    class Wrong(Constant):
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return wrong(batch.mean() + 0 * self.weight.sum())

    errors = []
    for capture in (False, True):
        with pytest.raises((TypeError, ValueError)) as error:
            nn.Trainer(1, progress=False, capture=capture).fit(Wrong(), [tensor([1.0])])
        errors.append((type(error.value), str(error.value)))
    assert errors[0] == errors[1]
