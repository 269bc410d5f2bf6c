"""Callbacks: when they are called, early stopping, the best weights, and what a second fit keeps of the first."""

from __future__ import annotations

import math
from typing import Any

import pytest
from trainer_models import Classifier, loader, losses_of, weights

from tinygrad_lite import nn


@pytest.mark.parametrize(
    ("values", "options", "epochs"),
    [
        ([3, 2, 1, 1, 1, 0], {"patience": 2}, 5),
        ([3, 2, 1, 1, 0, 0], {"patience": 2}, 6),
        ([1, 2, 3, 3, 3, 4], {"patience": 2, "mode": "max"}, 5),
        ([1.0, 0.95, 0.9, 0.85], {"patience": 1, "min_delta": 0.1}, 2),
        ([1.0, math.nan, math.nan, 0.5], {"patience": 2}, 3),
        ([3, 2, 1], {"patience": 1}, 3),
    ],
)
def test_early_stopping(values: list[float], options: Any, epochs: int) -> None:
    stopping = nn.EarlyStopping(monitor="val_loss", **options)
    trainer, _ = losses_of(values, callbacks=[stopping])
    assert len(trainer.history["epoch"]) == epochs
    assert stopping.stopped_epoch == (epochs if epochs < len(values) or stopping.waited >= stopping.patience else 0)


def test_best_weights_come_back_at_the_end() -> None:
    best = nn.BestWeights()
    _, model = losses_of([3.0, 1.0, 2.0, 1.0], callbacks=[best])
    assert (best.best_epoch, best.best_value) == (2, 1.0)
    assert weights(model) == [2.0], "the weights after epoch 2"


def test_best_weights_with_nothing_finite_leaves_the_last() -> None:
    _, model = losses_of([math.nan, math.nan], callbacks=[nn.BestWeights()])
    assert weights(model) == [2.0]


def test_callbacks_start_anew_with_each_fit() -> None:
    stopping, best = nn.EarlyStopping(patience=1), nn.BestWeights()
    for _ in range(2):
        trainer, model = losses_of([1.0, 2.0, 0.0], callbacks=[stopping, best])
        assert trainer.history["epoch"] == [1, 2] and weights(model) == [1.0]


def test_a_second_fit_knows_nothing_of_the_first() -> None:
    stopping = nn.EarlyStopping(patience=2)
    losses_of([1.0, 2.0, 2.0], callbacks=[stopping])
    assert stopping.stopped_epoch == 3
    trainer, _ = losses_of([math.nan, 1.0], callbacks=[stopping])
    assert trainer.history["epoch"] == [1, 2] and stopping.stopped_epoch == 0
    trainer = nn.Trainer(max_epochs=2)
    first, second = (trainer.fit(Classifier(lr), loader()) for lr in (0.1, 0.2))
    assert trainer.history is second and first["epoch"] == second["epoch"] == [1, 2]
    assert first["train_loss"] != second["train_loss"]


def test_the_order_of_calls() -> None:
    calls: list[str] = []

    class Spy(nn.Callback):
        def on_fit_start(self, trainer: Any, model: Any) -> None:
            calls.append("start")

        def on_before_optimizer_step(self, trainer: Any, model: Any) -> None:
            calls.append(f"gradient {model.weight.grad.item():g} at {model.weight.item():g}")

        def on_train_epoch_end(self, trainer: Any, model: Any) -> None:
            calls.append(f"epoch {trainer.history['epoch'][-1]}")

        def on_fit_end(self, trainer: Any, model: Any) -> None:
            calls.append("end")

    losses_of([1.0, 1.0], callbacks=[Spy()])
    assert calls == ["start", "gradient -1 at 0", "epoch 1", "gradient -1 at 1", "epoch 2", "end"]


def test_a_monitored_column_that_there_is_not() -> None:
    for callback in (nn.EarlyStopping(monitor="val_lose"), nn.BestWeights(monitor="val_lose")):
        with pytest.raises(KeyError, match=r"nothing was recorded as 'val_lose'; the columns are epoch, train_loss, val_loss"):
            losses_of([1.0], callbacks=[callback])
