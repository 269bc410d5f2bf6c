"""Plots: what is drawn, on which Axes, and that no figure is left open."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.image import imread

from tinygrad_lite import Tensor, is_grad_enabled, nn, tensor
from tinygrad_lite.nn import plots

POINTS = tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.9, 0.1]])
LABELS = tensor([0, 1, 0, 1, 0])  # the last one lies among the others
IMAGES = np.arange(5 * 3 * 4, dtype=np.float32).reshape(5, 3, 4)


def right_half(x: Tensor) -> Tensor:
    """Class 1 where the first feature is over 0.5."""
    assert not is_grad_enabled()
    return nn.functional.one_hot((x[:, 0] > 0.5).long(), 2)


def draw(kind: str, ax: Any = None) -> Any:
    if kind == "regions":
        return plots.plot_decision_regions(right_half, POINTS, LABELS, ["left", "right"], ax)
    if kind == "images":
        return plots.show_images(IMAGES, list("abcde"), ax)
    if kind == "wrong":
        return plots.show_wrong_predictions(IMAGES, [0, 1, 2, 0, 1], [0, 2, 2, 1, 1], ["cat", "dog", "eel"], ax)
    if kind == "weights":
        return plots.show_weights(tensor(IMAGES.reshape(5, 12) - 20), (3, 4), ax)
    if kind == "confusion":
        return plots.plot_confusion_matrix(tensor([0, 0, 1, 2]), tensor([0, 1, 1, 1]), ["cat", "dog", "eel"], ax)
    if kind == "norms":
        norms = nn.GradientNorms()
        norms.norms = {"first": [1.0, 0.1], "last": [2.0, 0.5]}
        return norms.plot(ax)
    history = nn.History(epoch=[1, 2, 3], train_loss=[3.0, 2.0, 1.0])
    return history.plot(ax)


KINDS = ["regions", "images", "wrong", "weights", "confusion", "norms", "history"]


@pytest.mark.parametrize("kind", KINDS)
def test_given_axes_are_used_and_returned(kind: str) -> None:
    figure = Figure()
    _, ax = figure.subplots(1, 2)
    assert draw(kind, ax) is ax
    assert ax.has_data() and not figure.axes[0].has_data()


@pytest.mark.parametrize("kind", KINDS)
def test_without_axes_there_is_a_new_figure(kind: str, tmp_path: Path) -> None:
    ax = draw(kind)
    assert ax.figure is not draw(kind).figure
    assert len(np.unique(imread(plots.save_figure(ax.figure, tmp_path / "a.png")).reshape(-1, 4), axis=0)) > 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_notebook_shows_a_new_figure(kind: str) -> None:
    """IPython asks the value of a cell for _repr_png_."""
    ax = draw(kind)
    picture = imread(BytesIO(ax._repr_png_()))
    assert picture.shape[:2] == tuple((ax.figure.get_size_inches()[::-1] * ax.figure.dpi).astype(int))
    assert len(np.unique(picture.reshape(-1, 4), axis=0)) > 2
    mine = Figure().add_subplot()
    assert not hasattr(draw(kind, mine), "_repr_png_"), "its figure is the caller's to show"


def test_a_new_figure_of_ones_own() -> None:
    figure = plots.new_figure(4, 2)
    left, right = figure.subplots(1, 2)
    assert draw("history", left) is left and right.plot([1, 2])
    for shown in (figure, left, right):  # the Axes of one figure are shown as that figure
        assert imread(BytesIO(shown._repr_png_())).shape[:2] == (200, 400)
    polar = figure.add_subplot(projection="polar")
    assert polar.name == "polar"


def test_pyplot_is_never_loaded_and_matplotlib_only_to_draw() -> None:
    code = """
import sys
from tinygrad_lite import nn
assert "matplotlib" not in sys.modules
nn.plots.show_images([[[1.0]]])
nn.History(epoch=[1], train_loss=[1.0]).plot()
assert "matplotlib" in sys.modules and "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_decision_regions() -> None:
    ax = draw("regions")
    image = ax.get_images()[0].get_array()
    left, right = image[:, 0], image[:, -1]
    assert len(np.unique(left, axis=0)) == len(np.unique(right, axis=0)) == 1 and not np.array_equal(left[0], right[0])
    zero, one, wrong = (collection.get_offsets().data for collection in ax.collections)
    np.testing.assert_allclose(zero, POINTS.numpy()[[0, 2, 4]])
    np.testing.assert_allclose(one, POINTS.numpy()[[1, 3]])
    np.testing.assert_allclose(wrong, POINTS.numpy()[[4]])
    assert [text.get_text() for text in ax.legend().get_texts()] == ["left", "right", "misclassified"]
    for x, (low, high) in zip(POINTS.numpy().T, (ax.get_xlim(), ax.get_ylim())):
        assert low < x.min() and x.max() < high


def test_decision_regions_of_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match=r"N points of 2 features and N labels, got \[5, 2\] and \[4\]"):
        plots.plot_decision_regions(right_half, POINTS, LABELS[:4])
    with pytest.raises(ValueError, match=r"got \[5, 3\] and \[5\]"):
        plots.plot_decision_regions(right_half, tensor(np.zeros((5, 3))), LABELS)


def test_classes_differ_in_colour_and_marker() -> None:
    assert len({to_hex(color) for color in plots.COLORS}) == len(plots.COLORS) == len(set(plots.MARKERS))


def test_images_stand_in_rows_and_do_not_overlap() -> None:
    ax = plots.show_images(IMAGES[:, None], list("abcde"), columns=3)
    boxes = [(left, right, top, bottom) for left, right, bottom, top in (im.get_extent() for im in ax.get_images())]
    assert len(boxes) == 5
    assert len({box[2] for box in boxes}) == 2 and len({box[0] for box in boxes}) == 3
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            assert a[0] >= b[1] or b[0] >= a[1] or a[2] >= b[3] or b[2] >= a[3]
    first_rows, second_row = boxes[:3], boxes[3:]
    assert min(box[2] for box in second_row) - max(box[3] for box in first_rows) > 0.2 * 3, "room for titles"
    assert [text.get_text() for text in ax.texts] == list("abcde")
    np.testing.assert_array_equal(ax.get_images()[4].get_array(), IMAGES[4])
    (x0, x1), (y1, y0) = ax.get_xlim(), ax.get_ylim()
    assert all(x0 <= box[0] and box[1] <= x1 and y0 <= box[2] and box[3] <= y1 for box in boxes)


@pytest.mark.parametrize(
    ("images", "titles", "message"),
    [
        (np.zeros((3, 4)), None, r"expected images \(N, H, W\) or \(N, 1, H, W\), got \[3, 4\]"),
        (np.zeros((0, 3, 4)), None, r"got \[0, 3, 4\]"),
        (np.zeros((2, 3, 4, 4)), None, r"got \[2, 3, 4, 4\]"),
        (np.zeros((2, 3, 4)), ["one"], "2 images but 1 titles"),
    ],
)
def test_images_that_cannot_be_shown(images: Any, titles: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plots.show_images(images, titles)


def test_wrong_predictions_tell_what_was_and_what_was_said() -> None:
    ax = draw("wrong")
    assert [text.get_text() for text in ax.texts] == ["is dog\nsaid eel", "is cat\nsaid dog"]
    np.testing.assert_array_equal(ax.get_images()[0].get_array(), IMAGES[1])
    with pytest.raises(ValueError, match="all predictions are right"):
        plots.show_wrong_predictions(IMAGES, [0] * 5, [0] * 5, ["cat"])


def test_weights_share_one_scale_about_zero() -> None:
    assert {image.get_clim() for image in draw("weights").get_images()} == {(-39.0, 39.0)}
    with pytest.raises(ValueError, match=r"a weight of shape \[2, 5\] has no rows of 3 x 4 pixels"):
        plots.show_weights(tensor(np.zeros((2, 5))), (3, 4))


def test_confusion_matrix() -> None:
    ax = draw("confusion")
    counts = {(int(text.get_position()[1]), int(text.get_position()[0])): int(text.get_text()) for text in ax.texts}
    assert counts == {(0, 0): 1, (0, 1): 1, (1, 1): 1, (2, 1): 1}
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["cat", "dog", "eel"]
    for labels, predicted in (([0, 1], [0]), ([0, 3], [0, 1]), ([0, 1], [-1, 1])):
        with pytest.raises(ValueError, match="expected as many labels as predictions, from 0 to 2"):
            plots.plot_confusion_matrix(labels, predicted, ["cat", "dog", "eel"])


def test_gradient_norms_are_those_of_each_layer() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            self.a, self.b = nn.Linear(1, 1), nn.Linear(1, 1, bias=False)

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return (3 * self.a.weight + 4 * self.a.bias + batch * self.b.weight).sum()

        def configure_optimizers(self) -> Any:
            return nn.optim.SGD(self.parameters(), lr=0.1)

    norms = nn.GradientNorms()
    for _ in range(2):  # a second fit starts anew
        nn.Trainer(max_epochs=2, callbacks=[norms], gradient_clip_val=0.1).fit(Net(), [tensor([1.0]), tensor([3.0])])
        assert {layer: pytest.approx(values) for layer, values in norms.norms.items()} == {"a": [5.0, 5.0], "b": [2.0, 2.0]}
    ax = norms.plot()
    assert [line.get_label() for line in ax.get_lines()] == ["a", "b"] and ax.get_yscale() == "log"


def test_a_figure_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    ax = draw("history")
    path = tmp_path / "new" / "a.png"
    assert plots.save_figure(ax.figure, path) == path
    before = path.read_bytes()
    assert before.startswith(b"\x89PNG")
    assert plots.save_figure(ax.figure, tmp_path / "a.svg").read_text(encoding="utf-8").startswith("<?xml")

    class Broken(Figure):
        def savefig(self, fname: Any, **options: Any) -> None:
            Path(fname).write_bytes(b"half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        plots.save_figure(Broken(), path)
    assert path.read_bytes() == before and [p.name for p in path.parent.iterdir()] == ["a.png"]


def test_what_is_completed_are_its_names() -> None:
    assert set(dir(plots)) == set(plots.__all__)
    with pytest.raises(AttributeError, match="Did you mean: 'show_images'"):
        _ = plots.show_image
