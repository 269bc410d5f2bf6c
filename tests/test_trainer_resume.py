"""Continued trainings: fit(resume=True), and what remains after Ctrl-C."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from trainer_models import Classifier, Constant, X, Y, loader, weights

from tinygrad_lite import Generator, datasets, manual_seed, nn, rand, save, tensor


class Scheduled(Classifier):
    """Adam, which remembers much, and a rate that falls: a training is the same again only if all of it goes on."""

    def configure_optimizers(self) -> Any:
        optimizer = nn.optim.Adam(self.parameters(), lr=0.1)
        return [optimizer], [nn.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)]


def shuffled() -> datasets.DataLoader:
    data = datasets.TensorDataset(tensor(X), tensor(Y))
    return datasets.DataLoader(data, batch_size=2, shuffle=True, generator=Generator().manual_seed(0))


def test_a_resumed_training_is_the_one_that_never_stopped() -> None:
    whole, parts = Scheduled(), Scheduled()
    norms_whole, norms_parts = nn.GradientNorms(), nn.GradientNorms()
    expected = nn.Trainer(max_epochs=7, callbacks=[norms_whole]).fit(whole, shuffled(), loader())
    trainer, train = nn.Trainer(max_epochs=2, callbacks=[norms_parts]), shuffled()
    first = trainer.fit(parts, train, loader())
    optimizer = trainer.optimizer
    for epochs in (3, 7):
        trainer.max_epochs = epochs
        assert trainer.fit(parts, train, loader(), resume=True) is first is trainer.history
        assert first["epoch"] == list(range(1, epochs + 1)) and trainer.optimizer is optimizer
    assert first == expected and weights(parts) == weights(whole)
    assert norms_parts.norms == norms_whole.norms


def test_without_resume_all_is_new() -> None:
    trainer, model = nn.Trainer(max_epochs=2), Scheduled()
    first = trainer.fit(model, loader())
    optimizer = trainer.optimizer
    second = trainer.fit(model, loader())
    assert trainer.optimizer is not optimizer and trainer.history is second is not first
    assert first["epoch"] == second["epoch"] == [1, 2] and second["lr"] == [0.1, 0.1]
    assert second["train_loss"][0] < first["train_loss"][0], "the weights are those that the model has"


def test_the_bar_counts_what_is_left(capfd: pytest.CaptureFixture[str]) -> None:
    trainer, model = nn.Trainer(max_epochs=2, progress=False), Classifier()
    trainer.fit(model, loader())
    trainer.max_epochs, trainer.progress = 3, True
    trainer.fit(model, loader(), resume=True)
    assert "3/3" in capfd.readouterr().err


def test_what_cannot_be_resumed() -> None:
    trainer, model, other = nn.Trainer(max_epochs=2), Classifier(), Scheduled()
    with pytest.raises(ValueError, match=r"has not fitted a model yet; call fit without resume first"):
        trainer.fit(model, loader(), resume=True)
    history = trainer.fit(model, loader())
    before = weights(model), dict(history), trainer.optimizer
    with pytest.raises(ValueError, match=r"nothing is left to do: 2 epochs are done.* is 2; .*set trainer\.max_epochs = 7"):
        trainer.fit(model, loader(), resume=True)
    trainer.max_epochs = 3
    with pytest.raises(
        ValueError, match=r"the last fit was of another model, a Classifier.*this Scheduled\. Give the same model"
    ):
        trainer.fit(other, loader(), resume=True)
    with pytest.raises(ValueError, match="train_loader has no batches"):
        trainer.fit(other, [])
    assert (weights(model), dict(trainer.history), trainer.optimizer) == before and not any(weights(other))
    trainer.fit(model, loader(), resume=True)
    assert trainer.history["epoch"] == [1, 2, 3]


def test_a_training_that_broke_goes_on_at_a_smaller_rate() -> None:
    class Steep(Constant):
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return (self.weight**4).sum()

    model = Steep()
    model.weight.detach().fill_(3.0)
    trainer = nn.Trainer(max_epochs=20)
    with pytest.raises(FloatingPointError):
        trainer.fit(model, [tensor([1.0])])
    done = trainer.history.epochs
    assert 0 < done < 20
    model.weight.detach().fill_(3.0)
    trainer.optimizer.param_groups[0]["lr"] = 0.001
    history = trainer.fit(model, [tensor([1.0])], resume=True)
    assert history["epoch"] == list(range(1, 21)) and history["lr"][done:] == [0.001] * (20 - done)


class Scripted(Constant):
    """Its validation losses are `values`, an epoch each; its weight counts the epochs. None is Ctrl-C."""

    def __init__(self, values: list[float | None]) -> None:
        super().__init__()
        self.values = list(values)

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        return -self.weight.sum()

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        value = self.values.pop(0)
        if value is None:
            raise KeyboardInterrupt
        self.log("val_loss", value)


def fit(trainer: nn.Trainer, model: nn.Module, **options: Any) -> nn.History:
    return trainer.fit(model, [tensor([1.0])], [tensor([1.0])], **options)


def test_callbacks_keep_their_best_values() -> None:
    best, stopping = nn.BestWeights(), nn.EarlyStopping(patience=2)
    trainer, model = nn.Trainer(max_epochs=2, callbacks=[best, stopping]), Scripted([1.0, 2.0, 3.0, 0.5])
    fit(trainer, model)
    assert (best.best_epoch, best.best_value, stopping.waited) == (1, 1.0, 1) and weights(model) == [1.0]
    trainer.max_epochs = 9
    fit(trainer, model, resume=True)
    assert (best.best_epoch, stopping.waited, stopping.stopped_epoch) == (1, 2, 3), "2 and 3 are the two epochs"
    assert weights(model) == [1.0], "the best of all epochs"
    trainer.max_epochs = 4
    fit(trainer, model, resume=True)
    assert (best.best_epoch, best.best_value, stopping.stopped_epoch) == (4, 0.5, 0)
    assert weights(model) == [2.0], "it went on from the best weights"


def test_who_was_stopped_early_and_goes_on_has_patience_again() -> None:
    stopping = nn.EarlyStopping(patience=2)
    trainer, model = nn.Trainer(max_epochs=9, callbacks=[stopping]), Scripted([1.0, 2.0, 2.0, 2.0, 2.0, 0.0])
    assert fit(trainer, model).epochs == stopping.stopped_epoch == 3
    assert fit(trainer, model, resume=True).epochs == stopping.stopped_epoch == 5


def test_a_callback_added_before_resuming_works() -> None:
    trainer, model = nn.Trainer(max_epochs=1), Scripted([1.0, 2.0, 1.5])
    fit(trainer, model)
    best = nn.BestWeights()
    trainer.max_epochs, trainer.callbacks = 3, (best,)
    fit(trainer, model, resume=True)
    assert (best.best_epoch, best.best_value) == (3, 1.5) and weights(model) == [3.0]


# Ctrl-C


class Ends(nn.Callback):
    """Notes how often the training ended, and whether it had been interrupted."""

    def __init__(self) -> None:
        self.seen: list[bool] = []

    def on_fit_end(self, trainer: nn.Trainer, model: nn.Module) -> None:
        self.seen.append(trainer.interrupted)


def test_ctrl_c_keeps_what_was_reached(capfd: pytest.CaptureFixture[str]) -> None:
    best, ends = nn.BestWeights(), Ends()
    trainer, model = (
        nn.Trainer(max_epochs=6, callbacks=[best, ends], progress=True),
        Scripted([1.0, 2.0, None, 0.5, 3.0, 3.0, 3.0]),
    )
    model.eval()
    with pytest.raises(KeyboardInterrupt):
        fit(trainer, model)
    assert trainer.history["epoch"] == [1, 2] and trainer.history["val_loss"] == [1.0, 2.0]
    assert trainer.interrupted and ends.seen == [True]
    assert weights(model) == [1.0], "those of the best epoch"
    assert "log" not in vars(model) and not model.training
    from tqdm.auto import tqdm

    assert not tqdm._instances, "the bar is closed"
    assert fit(trainer, model, resume=True)["epoch"] == [1, 2, 3, 4, 5, 6]
    assert not trainer.interrupted and ends.seen == [True, False]
    assert (best.best_epoch, weights(model)) == (3, [2.0]), "from the best weights, one epoch on"
    capfd.readouterr()


@pytest.mark.parametrize(
    "where",
    ["training_step", "loader", "on_before_optimizer_step", "on_train_epoch_end", "configure_optimizers", "on_fit_start"],
)
def test_ctrl_c_at_any_moment(where: str) -> None:
    calls = 0

    def third(*_: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 3 or where in ("configure_optimizers", "on_fit_start"):
            raise KeyboardInterrupt

    class Stopped(Classifier):
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            if where == "training_step":
                third()
            return super().training_step(batch, batch_idx)

        def configure_optimizers(self) -> Any:
            if where == "configure_optimizers":
                third()
            return super().configure_optimizers()

    class Batches:
        def __iter__(self) -> Any:
            if where == "loader":
                third()
            return iter([(tensor(X), tensor(Y))])

    ends, stops = Ends(), nn.Callback()
    if where.startswith("on_"):
        setattr(stops, where, third)
    trainer, model = nn.Trainer(max_epochs=5, callbacks=[ends, stops]), Stopped()
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(model, Batches())
    started = where not in ("configure_optimizers", "on_fit_start")
    finished = 0 if not started else 3 if where == "on_train_epoch_end" else 2
    assert trainer.history.epochs == finished
    assert (trainer.interrupted, ends.seen) == (started, [True] * started)
    assert "log" not in vars(model)
    where = ""
    stops.__dict__.clear()
    assert trainer.fit(model, Batches(), resume=started).epochs == 5
    assert weights(model) != [0.0] * 9 and not trainer.interrupted


def test_the_batches_of_an_interrupted_epoch_do_not_count_in_its_norms() -> None:
    class Steep(Constant):
        stops = True

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            if batch_idx and self.stops:
                raise KeyboardInterrupt
            return (batch * self.weight).sum()

    norms, model, batches = nn.GradientNorms(), Steep(), [tensor([1.0]), tensor([3.0])]
    trainer = nn.Trainer(max_epochs=1, callbacks=[norms])
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(model, batches)
    model.stops = False
    trainer.fit(model, batches, resume=True)
    assert norms.norms == {"weight": [2.0]}
    model.stops, trainer.max_epochs = True, 2
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(model, batches, resume=True)
    model.stops = False
    trainer.fit(model, batches, resume=True)
    assert norms.norms == {"weight": [2.0, 2.0]}


def test_another_error_is_not_an_interruption() -> None:
    class Fails(Classifier):
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            raise RuntimeError("broken")

    ends = Ends()
    trainer = nn.Trainer(max_epochs=2, callbacks=[ends])
    try:
        raise ValueError("a fit within an except block")
    except ValueError:
        trainer.fit(Classifier(), loader())
    assert ends.seen == [False]
    with pytest.raises(RuntimeError, match="broken"):
        trainer.fit(Fails(), loader())
    assert ends.seen == [False] and not trainer.interrupted


class Dropping(Scheduled):
    """With random numbers in each step."""

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        x, y = batch
        loss = nn.functional.cross_entropy(self(nn.functional.dropout(x, 0.3)), y)
        self.log("doubled", 2 * loss)
        if self.stop_at is not None and batch_idx == self.stop_at:
            raise KeyboardInterrupt
        return loss

    stop_at: int | None = None


@pytest.mark.parametrize("stop", [0, 1, 2, 3, 4])
def test_a_training_goes_on_from_a_file_within_an_epoch(stop: int, tmp_path: Path) -> None:
    """In a new program, as it were: other objects, another seed, but the random states of the file."""
    path = tmp_path / "run.safetensors"

    def one_by_one() -> datasets.DataLoader:
        return datasets.DataLoader(datasets.TensorDataset(tensor(X), tensor(Y)), shuffle=True)

    def trainer(epochs: int, every: int | None = 2) -> nn.Trainer:
        callbacks = [
            nn.Checkpoint(path, every),
            nn.EarlyStopping("val_loss", patience=50),
            nn.BestWeights(),
            nn.GradientNorms(),
        ]
        return nn.Trainer(epochs, callbacks=callbacks)

    manual_seed(1)
    whole = Dropping()
    unbroken = trainer(5)
    expected = unbroken.fit(whole, one_by_one(), loader())
    after = rand(3)
    manual_seed(1)
    first, train = Dropping(), one_by_one()
    trainer(2).fit(first, train, loader())
    first.stop_at = stop
    interrupted = trainer(5)
    with pytest.raises(KeyboardInterrupt):
        interrupted.fit(first, train, loader(), resume=path)
    manual_seed(99)
    second = Dropping()
    last = trainer(5)
    history = last.fit(second, one_by_one(), loader(), resume=path)
    assert history == expected and weights(second) == weights(whole)
    assert last.callbacks[2].norms == unbroken.callbacks[2].norms  # type: ignore[attr-defined]
    assert bool((rand(3) == after).all()), "what is drawn afterwards is the same too"
    assert trainer(5).fit(Dropping(), one_by_one(), loader(), resume=str(path)) == expected, "all epochs were done"


def test_what_is_no_checkpoint(tmp_path: Path) -> None:
    save({"weights": tensor([1.0])}, tmp_path / "other")
    trainer = nn.Trainer(2, callbacks=[nn.Checkpoint(tmp_path / "run")])
    with pytest.raises(ValueError, match=r"not one that nn\.Checkpoint has written"):
        trainer.fit(Scheduled(), loader(), resume=tmp_path / "other")
    with pytest.raises(FileNotFoundError):
        trainer.fit(Scheduled(), loader(), resume=tmp_path / "none")
    trainer.fit(Scheduled(), loader())
    with pytest.raises(ValueError, match="has 1 callbacks, and there are 0 here"):
        nn.Trainer(3).fit(Scheduled(), loader(), resume=tmp_path / "run")
    with pytest.raises(ValueError, match="at least 1"):
        nn.Checkpoint("x", every=0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "run"], "nothing unfinished is left"


def test_a_list_of_batches_goes_on_too(tmp_path: Path) -> None:
    whole, model, batches = Scheduled(), Scheduled(), list(loader())
    model.load_state_dict(whole.state_dict())
    expected = nn.Trainer(3).fit(whole, batches)
    checkpoint = nn.Checkpoint(tmp_path / "run", every=1)

    class Stop(nn.Callback):
        def on_before_optimizer_step(self, trainer: nn.Trainer, model: nn.Module) -> None:
            if trainer.history.epochs == 1 and trainer.batches_done == 1:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nn.Trainer(3, callbacks=[checkpoint, Stop()]).fit(model, batches)
    again = Scheduled()
    assert nn.Trainer(3, callbacks=[checkpoint, nn.Callback()]).fit(again, batches, resume=checkpoint.path) == expected
    assert weights(again) == weights(whole)


def test_processes_that_do_not_know_of_each_other_are_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "3")
    with pytest.warns(RuntimeWarning, match="mpiexec has started 3 processes"):
        nn.Trainer(1).fit(Scheduled(), loader())
