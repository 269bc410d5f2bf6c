"""History: columns, the plot, and the table that a notebook shows."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from trainer_models import Classifier, Constant, loader

from tinygrad_lite import nn, tensor


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


def test_one_epoch_is_a_point() -> None:
    for epochs, marker in ((1, "o"), (2, "None")):
        history = nn.Trainer(max_epochs=epochs).fit(Classifier(), loader())
        assert history.epochs == epochs
        assert history.plot().get_lines()[0].get_marker() == marker


def test_a_notebook_shows_the_epochs_as_a_table() -> None:
    history = nn.History({"epoch": [1, 2], "train_loss": [0.123456, math.nan], "<b>": [1e-5, 2.0]})
    assert history._repr_html_() == (
        "<table><tr><th>epoch</th><th>train_loss</th><th>&lt;b&gt;</th></tr>"
        "<tr><td>1</td><td>0.1235</td><td>1e-05</td></tr><tr><td>2</td><td>nan</td><td>2</td></tr></table>"
    )
    assert nn.History()._repr_html_() == "<table><tr></tr></table>"
    for epochs, rows in ((12, [*range(1, 13)]), (13, [1, 2, 3, 4, 5, "…", 9, 10, 11, 12, 13]), (20_000, None)):
        text = nn.History(epoch=list(range(1, epochs + 1)))._repr_html_()
        if rows:
            assert re.findall(r"<td>(.*?)</td>", text) == list(map(str, rows))
        else:
            assert len(text) < 1000
            assert "<td>20000</td>" in text, "all digits of an epoch"
