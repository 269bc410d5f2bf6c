"""Pictures of data, models and training, on Axes of your own or of a new figure.

    ax = nn.plots.plot_decision_regions(model, points, labels)
    nn.plots.save_figure(ax.figure, "regions.png")

Every function takes `ax=None`, draws there, and returns the Axes; with None they are those of a new Figure that pyplot does not
know, so nothing is left behind. Colours are those of Okabe and Ito, which colour-blind readers can tell apart; classes have
markers of different shapes as well. matplotlib is imported when something is drawn.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import Array, put
from tinygrad_lite.grad_mode import no_grad

from .trainer import Callback
from .utils import norm

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .module import Module
    from .trainer import Trainer

COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
MARKERS = "os^Dv<>P"


def axes_or_new(ax: Axes | None, width: float = 5.0, height: float = 3.8) -> Axes:
    """`ax`, or the Axes of a new figure of width x height inches.

    >>> axes_or_new(None).get_title()
    ''
    """
    if ax is not None:
        return ax
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained").add_subplot()


def epochs_axes(ax: Axes | None) -> Axes:
    """axes_or_new for curves over epochs, which are counted in whole numbers."""
    from matplotlib.ticker import MaxNLocator

    ax = axes_or_new(ax)
    ax.set_xlabel("epoch")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return ax


def save_figure(figure: Any, path: str | os.PathLike[str], dpi: int = 120) -> Path:
    """Write a figure to `path` in the format of its suffix, whole or not at all; makes the folder. Returns the path."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".tmp")
    try:
        figure.savefig(unfinished, format=path.suffix.lstrip(".") or "png", dpi=dpi)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def plot_decision_regions(
    model: Callable[[Tensor], Tensor],
    points: Tensor,
    labels: Tensor,
    class_names: Sequence[str] | None = None,
    ax: Axes | None = None,
    resolution: int = 300,
) -> Axes:
    """Colour the plane by the class that `model` gives the highest score, over it the points, ringed where it is wrong.

    `points` (N, 2) floats and `labels` (N) class indices; model: (M, 2) -> scores (M, C). ValueError for other shapes.
    """
    x, y = _array(points), _array(labels)
    if x.ndim != 2 or x.shape[1] != 2 or y.shape != x.shape[:1]:
        raise ValueError(
            f"plot_decision_regions: expected N points of 2 features and N labels, got {list(x.shape)} and {list(y.shape)}"
        )
    margin = 0.05 * (x.max(0) - x.min(0))
    (left, bottom), (right, top) = x.min(0) - margin, x.max(0) + margin
    across, up = np.meshgrid(np.linspace(left, right, resolution), np.linspace(bottom, top, resolution))
    grid = Tensor._of(np.stack([across.ravel(), up.ravel()], 1).astype(x.dtype)).to(points.device)
    with no_grad():
        regions, predicted = _array(model(grid)).argmax(1), _array(model(points)).argmax(1)
    ax = axes_or_new(ax)
    names = class_names or [str(c) for c in range(int(y.max()) + 1)]
    from matplotlib.colors import to_rgb

    tints = np.array([to_rgb(color) for color in COLORS]) * 0.3 + 0.7
    image = tints[regions % len(COLORS)].reshape(resolution, resolution, 3)
    ax.imshow(image, extent=(left, right, bottom, top), origin="lower", aspect="auto", interpolation="nearest")
    for c, name in enumerate(names):
        here = y == c
        style: dict[str, Any] = {"color": COLORS[c % len(COLORS)], "marker": MARKERS[c % len(MARKERS)]}
        ax.scatter(x[here, 0], x[here, 1], s=18, label=name, edgecolors="white", linewidths=0.4, **style)
    wrong = predicted != y
    ax.scatter(x[wrong, 0], x[wrong, 1], s=90, facecolors="none", edgecolors="black", linewidths=1.3, label="misclassified")
    ax.set_xlim(left, right)
    ax.set_ylim(bottom, top)
    return ax


def show_images(
    images: Any,
    titles: Sequence[str] | None = None,
    ax: Axes | None = None,
    columns: int = 8,
    cmap: str = "gray_r",
    limits: tuple[float, float] | None = None,
) -> Axes:
    """Draw images side by side, `columns` in a row, each under its title.

    `images`: (N, H, W) or (N, 1, H, W), Tensor or array. Each is scaled by its own range, or all by `limits`. ValueError for
    another shape or a number of titles that is not N.
    """
    pixels = _array(images)
    pixels = pixels[:, 0] if pixels.ndim == 4 and pixels.shape[1] == 1 else pixels
    if pixels.ndim != 3 or not len(pixels):
        raise ValueError(f"show_images: expected images (N, H, W) or (N, 1, H, W), got {list(pixels.shape)}")
    if titles is not None and len(titles) != len(pixels):
        raise ValueError(f"show_images: {len(pixels)} images but {len(titles)} titles")
    height, width = pixels.shape[1:]
    columns = min(columns, len(pixels))
    lines = 1 + max((title.count("\n") for title in titles), default=0) if titles else 0
    right, down = 1.15 * width, height * (1.1 + 0.16 * lines)  # from one image to the next
    rows = -(-len(pixels) // columns)
    ax = axes_or_new(ax, 1.2 * columns, 1.2 * rows * down / right)
    for n, image in enumerate(pixels):
        x, y = n % columns * right, n // columns * down
        low, high = limits or (None, None)
        ax.imshow(image, cmap=cmap, vmin=low, vmax=high, extent=(x, x + width, y + height, y), interpolation="nearest")
        if titles is not None:
            ax.text(x + width / 2, y - 0.03 * height, titles[n], ha="center", va="bottom", fontsize=8)
    ax.set_xlim(-0.1 * width, columns * right)
    ax.set_ylim(rows * down - 0.16 * lines * height, -(0.16 * lines + 0.05) * height)
    ax.set_axis_off()
    return ax


def show_wrong_predictions(
    images: Any,
    labels: Any,
    predicted: Any,
    class_names: Sequence[str],
    ax: Axes | None = None,
    count: int = 16,
    columns: int = 8,
) -> Axes:
    """Draw the first `count` images whose prediction is wrong, titled with the true and, below it, the predicted class.

    ValueError if there is none.
    """
    y, guess = _array(labels), _array(predicted)
    wrong = np.flatnonzero(y != guess)[:count]
    if not len(wrong):
        raise ValueError("show_wrong_predictions: all predictions are right")
    titles = [f"is {class_names[y[n]]}\nsaid {class_names[guess[n]]}" for n in wrong]
    return show_images(_array(images)[wrong], titles, ax, columns)


def show_weights(weight: Tensor, shape: tuple[int, int], ax: Axes | None = None, count: int = 16, columns: int = 8) -> Axes:
    """Draw the first `count` rows of a first layer's weight (out, H·W) as images: blue lowers the score, red raises it.

    One scale for all, symmetric about 0. ValueError if the rows are not of `shape`.
    """
    w = _array(weight)
    if w.ndim != 2 or w.shape[1] != shape[0] * shape[1]:
        raise ValueError(f"show_weights: a weight of shape {list(w.shape)} has no rows of {shape[0]} x {shape[1]} pixels")
    largest = float(np.abs(w[:count]).max())
    return show_images(w[:count].reshape(-1, *shape), None, ax, columns, cmap="RdBu_r", limits=(-largest, largest))


def plot_confusion_matrix(labels: Any, predicted: Any, class_names: Sequence[str], ax: Axes | None = None) -> Axes:
    """How often each class (row) was predicted as each (column), as counts on a grid; right ones are on the diagonal."""
    y, guess, c = _array(labels), _array(predicted), len(class_names)
    if y.shape != guess.shape or (y.size and not (0 <= min(y.min(), guess.min()) <= max(y.max(), guess.max()) < c)):
        raise ValueError(
            f"plot_confusion_matrix: expected as many labels as predictions, from 0 to {c - 1}; got shapes {list(y.shape)} "
            f"and {list(guess.shape)}"
        )
    counts = np.zeros((c, c), int)
    np.add.at(counts, (y, guess), 1)
    ax = axes_or_new(ax, 1.5 + 0.5 * c, 1.2 + 0.5 * c)
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    ax.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(c, c):
        color = "white" if share[row, column] > 0.5 else "black"
        if counts[row, column]:
            ax.text(column, row, str(counts[row, column]), ha="center", va="center", color=color, fontsize=8)
    ax.set_xticks(range(c), class_names, rotation=45, ha="right")
    ax.set_yticks(range(c), class_names)
    ax.set_xlabel("predicted class")
    ax.set_ylabel("true class")
    return ax


class GradientNorms(Callback):
    """Records, for each layer, the norm of its gradient: `norms[layer]` has its mean over each epoch's batches.

    >>> from tinygrad_lite import nn
    >>> nn.plots.GradientNorms().norms
    {}
    """

    def __init__(self) -> None:
        self.norms: dict[str, list[float]] = {}
        self._totals: dict[str, float] = {}
        self._batches = 0

    def on_fit_start(self, trainer: Trainer, model: Module) -> None:
        self.__init__()  # type: ignore[misc]

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
        self._totals, self._batches = {}, 0

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each layer's gradient norm against the epoch, on a logarithmic scale."""
        ax = epochs_axes(ax)
        for n, (layer, values) in enumerate(self.norms.items()):
            ax.plot(range(1, len(values) + 1), values, label=layer, color=COLORS[n % len(COLORS)])
        ax.set_yscale("log")
        ax.set_ylabel("norm of the gradient")
        if self.norms:
            ax.legend(title="layer")
        return ax


def _array(x: Any) -> Array:
    """A Tensor's or array's numbers, on the CPU."""
    return put(x.array if isinstance(x, Tensor) else np.asarray(x), "cpu")
