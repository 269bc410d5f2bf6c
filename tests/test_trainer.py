"""Trainer: the protocol, what it records, what it refuses, and its progress bar."""

from __future__ import annotations

import gc
import math
import subprocess
import sys
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from trainer_models import Classifier, Constant, X, Y, loader, weights

from tinygrad_lite import datasets, is_grad_enabled, manual_seed, nn, tensor, zeros


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


def test_max_epochs_is_a_number() -> None:
    for given, message in (
        (nn.Linear(1, 1), r"got Linear; the model goes to fit\(model, train_loader\)"),
        (2.5, "max_epochs must be an int, got float$"),
        ("2", "max_epochs must be an int, got str$"),
    ):
        with pytest.raises(TypeError, match=message):
            nn.Trainer(given)
    assert nn.Trainer(tensor([2]).numpy()[0]).max_epochs == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metrics": [nn.accuracy]}, r"metrics is \{name: function\}, as \{'acc': nn.accuracy\}; got list"),
        ({"metrics": nn.accuracy}, "metrics is .*; got function"),
        ({"metrics": {"acc": "accuracy"}}, r"'acc' is not a function of \(output, target\) but 'accuracy'"),
        ({"callbacks": nn.BestWeights()}, "callbacks is a list of Callback objects, got BestWeights"),
        ({"callbacks": [nn.BestWeights]}, r"callbacks is a list of Callback objects; got the class BestWeights, without \(\)"),
        ({"callbacks": [print]}, "callbacks is a list of Callback objects; got <built-in function print>"),
    ],
)
def test_settings_of_the_wrong_kind(options: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        nn.Trainer(max_epochs=1, **options)


def test_metrics_of_batches_that_are_not_pairs() -> None:
    class Logs(Constant):
        def validation_step(self, batch: Any, batch_idx: int) -> None:
            pass

    trainer = nn.Trainer(max_epochs=1, metrics={"acc": nn.accuracy})
    for batch in (tensor([1.0, 2.0]), {"x": tensor([1.0]), "y": tensor([1.0])}, [tensor([1.0])]):
        with pytest.raises(TypeError, match=rf"metrics need batches \(x, y\), got {type(batch).__name__}"):
            trainer.validate(Logs(), [batch])


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


class Shell:
    """What IPython.get_ipython() returns: in a notebook it has a kernel, in a terminal it has none."""

    config: ClassVar[dict[str, Any]] = {}


@pytest.mark.parametrize("kernel", [True, False], ids=["notebook", "ipython in a terminal"])
def test_a_notebook_shows_the_bar(kernel: bool, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its stderr is not a terminal."""
    shell = Shell()
    if kernel:
        monkeypatch.setattr(shell, "kernel", object(), raising=False)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    nn.Trainer(max_epochs=2, progress=False).fit(Classifier(), loader())
    assert capfd.readouterr() == ("", "")
    nn.Trainer(max_epochs=2).fit(Classifier(), loader())
    assert ("6/6" in capfd.readouterr().err) == kernel


def test_a_terminal_shows_the_bar(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    nn.Trainer(max_epochs=2).fit(Classifier(), loader())
    assert "6/6" in capfd.readouterr().err


def test_it_is_quiet_without_a_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    """As under pythonw on Windows."""
    monkeypatch.setattr(sys, "stderr", None)
    nn.Trainer(max_epochs=1).fit(Classifier(), loader())


def test_tqdm_is_loaded_only_for_a_bar() -> None:
    code = """
import sys
from tinygrad_lite import nn, tensor, zeros
class Line(nn.Module):
    def __init__(self):
        self.slope = nn.Parameter(zeros(1))
    def training_step(self, batch, batch_idx):
        return (self.slope * batch).sum()
    def configure_optimizers(self):
        return nn.optim.SGD(self.parameters())
nn.Trainer(1).fit(Line(), [tensor([1.0])])
assert "tqdm" not in sys.modules
nn.Trainer(1, progress=True).fit(Line(), [tensor([1.0])])
assert "tqdm" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


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
