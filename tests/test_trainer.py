"""Trainer: the protocol, what is recorded, callbacks, and what stops it."""

from __future__ import annotations

import gc
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygrad_lite import Tensor, datasets, is_grad_enabled, manual_seed, nn, tensor, zeros

X = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [2.0, 1.0], [0.5, -1.0]]
Y = [0, 1, 1, 0, 2]


class Classifier(nn.Module):
    """Softmax regression from zero weights: nothing is random."""

    def __init__(self, lr: float = 0.1) -> None:
        self.layer = nn.Linear(2, 3)
        self.lr = lr
        nn.init.zeros_(self.layer.weight)
        nn.init.zeros_(self.layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        x, y = batch
        return nn.functional.cross_entropy(self(x), y)

    def configure_optimizers(self) -> Any:
        return nn.optim.SGD(self.parameters(), lr=self.lr)


class Constant(nn.Module):
    """Its loss is what the batch says, plus nothing times its weight."""

    def __init__(self) -> None:
        self.weight = nn.Parameter(zeros(1))

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        return batch.mean() + 0 * self.weight.sum()

    def configure_optimizers(self) -> Any:
        return nn.optim.SGD(self.parameters(), lr=1.0)


def loader(batch_size: int = 2) -> datasets.DataLoader:
    return datasets.DataLoader(datasets.TensorDataset(tensor(X), tensor(Y)), batch_size=batch_size)


def weights(model: nn.Module) -> list[float]:
    return [number for p in model.parameters() for number in p.detach().numpy().ravel().tolist()]


def test_it_is_the_loop_one_would_write() -> None:
    ours, by_hand = Classifier(), Classifier()
    history = nn.Trainer(max_epochs=3).fit(ours, loader())
    optimizer = by_hand.configure_optimizers()
    losses = []
    for _ in range(3):
        total = 0.0
        for batch in loader():
            loss = by_hand.training_step(batch, 0)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch[0])
        losses.append(total / 5)
    assert weights(ours) == weights(by_hand)
    assert history == {"epoch": [1, 2, 3], "train_loss": losses, "lr": [0.1] * 3}


def test_means_are_weighted_by_batch_size() -> None:
    history = nn.Trainer(max_epochs=1).fit(Constant(), [tensor([1.0, 1.0, 1.0]), tensor([5.0])])
    assert history["train_loss"] == [2.0]


@pytest.mark.parametrize(
    "batch",
    [[tensor(X), tensor(Y)], (tensor(X), tensor(Y)), {"x": tensor(X), "y": tensor(Y)}, tensor(X)],
    ids=["list", "tuple", "dict", "tensor"],
)
def test_batches_of_any_form_have_the_size_of_their_first_tensor(batch: Any) -> None:
    class Sees(Constant):
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return super().training_step(tensor([1.0]) if batch_idx else tensor([0.0]), batch_idx)

    history = nn.Trainer(max_epochs=1).fit(Sees(), [batch, tensor([[0.0]])])
    assert history["train_loss"] == [pytest.approx(1 / 6)]


def test_log_records_in_training_and_validation() -> None:
    class Logging(Classifier):
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            self.log("first", batch_idx)
            self.log("train_acc", nn.accuracy(self(batch[0]), batch[1]))
            return super().training_step(batch, batch_idx)

        def validation_step(self, batch: Any, batch_idx: int) -> None:
            self.log("val_acc", tensor(0.25 if batch_idx else 0.5))

    model = Logging()
    history = nn.Trainer(max_epochs=2).fit(model, loader(), loader(4))
    assert list(history) == ["epoch", "train_loss", "first", "train_acc", "val_acc", "lr"]
    assert history["first"] == [pytest.approx((0 * 2 + 1 * 2 + 2 * 1) / 5)] * 2
    assert history["val_acc"] == [pytest.approx((0.5 * 4 + 0.25) / 5)] * 2
    assert "log" not in vars(model)
    with pytest.raises(AttributeError, match="log"):
        model.log("outside", 1.0)


def test_a_name_that_the_step_logs_for_its_loss_is_the_column() -> None:
    class Logging(Constant):
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            loss = super().training_step(batch, batch_idx)
            self.log("train_loss" if self.training else "val_loss", 2 * loss)
            return loss

        def validation_step(self, batch: Any, batch_idx: int) -> Any:
            return self.training_step(batch, batch_idx)

    history = nn.Trainer(max_epochs=1).fit(Logging(), [tensor([1.0, 1.0, 1.0]), tensor([5.0])], [tensor([3.0])])
    assert (history["train_loss"], history["val_loss"]) == ([4.0], [6.0])


def test_a_column_that_starts_late_is_nan_before() -> None:
    class Late(Constant):
        epochs = 0

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            self.epochs += 1
            if self.epochs == 2:
                self.log("late", 7)
            return super().training_step(batch, batch_idx)

    history = nn.Trainer(max_epochs=3).fit(Late(), [tensor([1.0])])
    assert np.array_equal(history["late"], [math.nan, 7, math.nan], equal_nan=True)


def test_validation_is_in_eval_mode_without_recording_and_training_is_in_training_mode() -> None:
    seen: list[tuple[str, bool, bool]] = []

    class Watching(Constant):
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            seen.append(("train", self.training, is_grad_enabled()))
            return super().training_step(batch, batch_idx)

        def validation_step(self, batch: Any, batch_idx: int) -> Any:
            seen.append(("val", self.training, is_grad_enabled()))
            return super().training_step(batch, batch_idx)

    model = Watching().eval()
    history = nn.Trainer(max_epochs=2).fit(model, [tensor([1.0])], [tensor([3.0])])
    assert seen == [("train", True, True), ("val", False, False)] * 2
    assert history["val_loss"] == [3.0, 3.0]
    assert not model.training, "it is given back in the mode it came in"


def test_without_a_validation_step_the_training_step_measures() -> None:
    class Logging(Classifier):
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            self.log("train_acc", 1.0 if self.training else 0.0)
            return super().training_step(batch, batch_idx)

    model = Logging(lr=1e-12)
    history = nn.Trainer(max_epochs=1).fit(model, loader(), loader(5))
    assert history["val_loss"] == [pytest.approx(math.log(3))]
    assert history["train_acc"] == [1.0]


def test_metrics_are_any_callables() -> None:
    metrics = {"acc": nn.accuracy, "rows": lambda output, y: len(y), "spread": lambda output, y: output.max() - output.min()}
    model = Classifier()
    history = nn.Trainer(max_epochs=2, metrics=metrics).fit(model, loader(), loader(5))
    assert list(history) == ["epoch", "train_loss", "val_loss", "val_acc", "val_rows", "val_spread", "lr"]
    assert history["val_rows"] == [5.0, 5.0]
    assert history["val_acc"][-1] == nn.accuracy(model(tensor(X)), tensor(Y))
    assert nn.Trainer(max_epochs=1, metrics=metrics).validate(model, loader(5))["val_spread"] == history["val_spread"][-1]


def test_validate_alone_changes_nothing() -> None:
    model = Classifier()
    before = weights(model)
    assert nn.Trainer(max_epochs=1).validate(model, loader()) == {"val_loss": pytest.approx(math.log(3))}
    assert weights(model) == before and all(p.grad is None for p in model.parameters()) and model.training


def test_accuracy() -> None:
    assert nn.accuracy(tensor([[2.0, 1.0], [0.0, 3.0], [1.0, 0.0], [1.0, 0.0]]), tensor([0, 1, 1, 0])) == 0.75
    with pytest.raises(ValueError, match=r"N class indices, got \[2, 2\] and \[3\]"):
        nn.accuracy(zeros(2, 2), tensor([0, 1, 1]))


def test_gradients_are_clipped_together() -> None:
    class Steep(Constant):
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return (batch * self.weight).sum()

    free, clipped = Steep(), Steep()
    nn.Trainer(max_epochs=1, gradient_clip_val=0).fit(free, [tensor([30.0])])
    nn.Trainer(max_epochs=1, gradient_clip_val=0.5).fit(clipped, [tensor([30.0])])
    assert weights(free) == [-30.0]
    assert weights(clipped) == [pytest.approx(-0.5)]


# configure_optimizers


def halving(optimizer: Any) -> Any:
    return nn.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)


@pytest.mark.parametrize(
    "form",
    [
        lambda o: ([o], [halving(o)]),
        lambda o: {"optimizer": o, "lr_scheduler": halving(o)},
        lambda o: {"optimizer": o, "lr_scheduler": {"scheduler": halving(o), "interval": "epoch"}},
    ],
)
def test_schedulers_step_after_each_epoch(form: Any) -> None:
    class Scheduled(Classifier):
        def configure_optimizers(self) -> Any:
            return form(super().configure_optimizers())

    assert nn.Trainer(max_epochs=3).fit(Scheduled(), loader())["lr"] == [0.1, 0.05, 0.025]


def test_a_scheduler_is_given_the_column_it_monitors() -> None:
    given: list[float] = []

    class Plateau:
        def step(self, metric: float) -> None:
            given.append(metric)

    class Scheduled(Classifier):
        def configure_optimizers(self) -> Any:
            scheduler = {"scheduler": Plateau(), "monitor": "train_loss"}
            return {"optimizer": super().configure_optimizers(), "lr_scheduler": scheduler}

    history = nn.Trainer(max_epochs=2).fit(Scheduled(), loader())
    assert given == history["train_loss"]


@pytest.mark.parametrize("form", [lambda o: o, lambda o: [o], lambda o: {"optimizer": o}, lambda o: ([o], [])])
def test_forms_without_a_scheduler(form: Any) -> None:
    class Formed(Classifier):
        def configure_optimizers(self) -> Any:
            return form(super().configure_optimizers())

    assert nn.Trainer(max_epochs=1).fit(Formed(), loader())["lr"] == [0.1]


@pytest.mark.parametrize(
    ("form", "error", "message"),
    [
        (lambda o: None, TypeError, "must return an optimizer.*got NoneType"),
        (lambda o: [o, o], ValueError, "returned 2 optimizers"),
        (lambda o: {"lr_scheduler": None}, TypeError, "must return an optimizer"),
        (lambda o: {"optimizer": o, "lr_scheduler": {"scheduler": 1, "interval": "step"}}, ValueError, "after each epoch"),
    ],
)
def test_what_configure_optimizers_may_not_return(form: Any, error: Any, message: str) -> None:
    class Formed(Classifier):
        def configure_optimizers(self) -> Any:
            return form(super().configure_optimizers())

    model = Formed()
    with pytest.raises(error, match=message):
        nn.Trainer(max_epochs=1).fit(model, loader())
    assert not any(weights(model))


# Callbacks


def losses_of(values: list[float], **options: Any) -> tuple[nn.Trainer, Any]:
    """A training whose validation losses are `values`, an epoch each; the weight counts the epochs."""

    class Scripted(nn.Module):
        def __init__(self) -> None:
            self.weight = nn.Parameter(zeros(1))
            self.epoch = 0

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return -self.weight.sum()

        def validation_step(self, batch: Any, batch_idx: int) -> Any:
            self.epoch += 1
            self.log("val_loss", values[self.epoch - 1])

        def configure_optimizers(self) -> Any:
            return nn.optim.SGD(self.parameters(), lr=1.0)

    trainer, model = nn.Trainer(max_epochs=len(values), **options), Scripted()
    trainer.fit(model, [tensor([1.0])], [tensor([1.0])])
    return trainer, model


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


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.Trainer(max_epochs=0), "max_epochs must be at least 1, got 0"),
        (lambda: nn.Trainer(max_epochs=1, gradient_clip_val=-0.5), "gradient_clip_val must not be negative, got -0.5"),
        (lambda: nn.Trainer(max_epochs=1, gradient_clip_val=math.nan), "gradient_clip_val must not be negative"),
        (lambda: nn.EarlyStopping(mode="least"), "mode must be 'min' or 'max', got 'least'"),
        (lambda: nn.EarlyStopping(patience=0), "patience must be at least 1"),
        (lambda: nn.EarlyStopping(min_delta=-1.0), "min_delta must not be negative"),
        (lambda: nn.BestWeights(mode="least"), "mode must be"),
    ],
)
def test_settings_that_cannot_be(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


# What stops it


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_leaves_weights_and_gradients_alone(bad: float) -> None:
    class Breaking(Classifier):
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            loss = super().training_step(batch, batch_idx)
            if batch_idx == 1 and len(saved) == 1:
                saved.append(weights(self))
                gradients.append([p.grad.tolist() for p in self.parameters() if p.grad is not None])
                return loss * bad
            return loss

    class Saves(nn.Callback):
        def on_train_epoch_end(self, trainer: Any, model: Any) -> None:
            saved.append(weights(model))

    saved: list[Any] = []
    gradients: list[Any] = []
    model, trainer = Breaking(), nn.Trainer(max_epochs=5, callbacks=[Saves()])
    message = f"the loss is {bad} at epoch 2, batch 1; no weight was changed.*learning rate below 0.1"
    with pytest.raises(FloatingPointError, match=message):
        trainer.fit(model, loader())
    assert weights(model) == saved[-1]
    assert [p.grad.tolist() for p in model.parameters() if p.grad is not None] == gradients[0]
    assert trainer.history["epoch"] == [1], "what was finished is kept"
    assert "log" not in vars(model)


def test_the_cause_is_named() -> None:
    with pytest.raises(FloatingPointError, match="The batch itself holds nan or inf: check the data"):
        nn.Trainer(max_epochs=1).fit(Classifier(), [(tensor([[math.nan, 1.0]]), tensor([0]))])
    model = Classifier()
    model.layer.weight.detach().fill_(math.inf)
    with pytest.raises(FloatingPointError, match=r"The weights layer\.weight held nan or inf before"):
        nn.Trainer(max_epochs=1).fit(model, loader())


def test_models_without_the_protocol() -> None:
    with pytest.raises(TypeError, match="Linear has no training_step"):
        nn.Trainer(max_epochs=1).fit(nn.Linear(2, 3), loader())

    class Half(nn.Module):
        def training_step(self, batch: Any, batch_idx: int) -> Any: ...

    with pytest.raises(TypeError, match="Half has no configure_optimizers"):
        nn.Trainer(max_epochs=1).fit(Half(), loader())
    with pytest.raises(TypeError, match="Linear has no training_step"):
        nn.Trainer(max_epochs=1).validate(nn.Linear(2, 3), loader())


@pytest.mark.parametrize(
    ("returned", "error", "message"),
    [
        (None, TypeError, "must return the loss, a Tensor of one number, got NoneType"),
        (0.5, TypeError, "got float"),
        (zeros(3), ValueError, r"a loss is one number, got a tensor of shape \[3\]"),
    ],
)
def test_steps_that_return_no_loss(returned: Any, error: Any, message: str) -> None:
    class Returning(Classifier):
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return returned

    with pytest.raises(error, match=message):
        nn.Trainer(max_epochs=1).fit(Returning(), loader())


def test_loaders_without_batches() -> None:
    with pytest.raises(ValueError, match="train_loader has no batches"):
        nn.Trainer(max_epochs=1).fit(Classifier(), [])
    with pytest.raises(ValueError, match=r"gave no batches in epoch 2.*not an iterator"):
        nn.Trainer(max_epochs=2).fit(Classifier(), iter(loader()))
    with pytest.raises(ValueError, match="the validation loader gave no batches"):
        nn.Trainer(max_epochs=1).fit(Classifier(), loader(), [])


def test_a_model_that_uses_the_name_log() -> None:
    model = Classifier()
    model.log = nn.Linear(1, 1)
    with pytest.raises(ValueError, match="has an attribute `log`"):
        nn.Trainer(max_epochs=1).fit(model, loader())
    assert isinstance(model.log, nn.Linear)


# What is seen, and what is left


def test_it_is_quiet_unless_asked(capfd: pytest.CaptureFixture[str]) -> None:
    nn.Trainer(max_epochs=2).fit(Classifier(), loader())
    nn.Trainer(max_epochs=2, progress=False).fit(Classifier(), loader())
    assert capfd.readouterr() == ("", "")
    nn.Trainer(max_epochs=2, progress=True).fit(Classifier(), loader())
    out, err = capfd.readouterr()
    assert out == "" and "6/6" in err and "train_loss" in err


def test_history_plots_on_given_axes_or_its_own(tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    history = nn.Trainer(max_epochs=3, metrics={"acc": nn.accuracy}).fit(Classifier(), loader(), loader())
    mine = Figure().add_subplot()
    assert history.plot(mine) is mine
    assert [line.get_label() for line in mine.get_lines()] == ["train loss", "val loss"]
    assert (mine.get_xlabel(), mine.get_ylabel()) == ("epoch", "loss")
    ax = history.plot(columns=["val_acc"])
    assert ax is not mine and list(ax.get_lines()[0].get_ydata()) == history["val_acc"]
    nn.plots.save_figure(ax.figure, tmp_path / "history.png")
    with pytest.raises(KeyError, match="no column 'acc'; there are epoch, train_loss"):
        history.plot(columns=["acc"])


def test_a_training_leaves_no_garbage() -> None:
    trainer, model, batches = nn.Trainer(max_epochs=2), Classifier(), [*loader()]
    trainer.fit(model, batches)
    gc.collect()
    gc.disable()
    try:
        trainer.fit(model, batches)
        steps = sum(1 for x in gc.get_objects() if type(x).__name__ == "Node")
    finally:
        gc.enable()
    assert steps == 0


def test_same_seed_same_training() -> None:
    def trained() -> list[float]:
        manual_seed(3)
        model = Classifier()
        nn.Trainer(max_epochs=2).fit(model, datasets.DataLoader(datasets.TensorDataset(tensor(X), tensor(Y)), 2, shuffle=True))
        return weights(model)

    assert trained() == trained()


def test_batches_follow_the_model_to_its_device(device: str) -> None:
    model = Classifier().to(device)
    history = nn.Trainer(max_epochs=2, metrics={"acc": nn.accuracy}).fit(model, loader(), loader())
    assert history["train_loss"][1] < history["train_loss"][0]
    assert model.layer.weight.device.type == device.partition(":")[0]
