"""Pictures of data, models and training, on your own Axes or on those of a new figure.

    ax = nn.plots.plot_decision_regions(model, points, labels)
    nn.plots.save_figure(ax.figure, "regions.png")

Every function takes `ax=None`, draws there, and returns the Axes. With None they are those of a new figure, which a notebook
shows and pyplot does not know: a script has nothing to close. Colours are those of Okabe and Ito, which colour-blind readers
can tell apart; classes also have markers of different shapes. matplotlib is imported when something is drawn.
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
from tinygrad_lite.suggest import missing_from, names_in

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# fmt: off
__all__ = [
    "plot_decision_regions", "show_images", "show_wrong_predictions", "show_weights", "plot_confusion_matrix", "save_figure",
    "plot_timeline", "new_figure", "axes_or_new", "epochs_axes", "COLORS", "MARKERS",
]
# fmt: on
COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
MARKERS = "os^Dv<>P"


def new_figure(width: float = 5.0, height: float = 3.8) -> Figure:
    """An empty figure of width x height inches, which a notebook shows and pyplot does not know.

    >>> left, right = new_figure(8, 3).subplots(1, 2)
    >>> left.plot([1, 2, 4])[0].get_ydata().tolist()
    [1, 2, 4]
    """
    from tinygrad_lite.figures import NotebookFigure  # imports matplotlib

    return NotebookFigure(figsize=(width, height), layout="constrained")


def axes_or_new(ax: Axes | None, width: float = 5.0, height: float = 3.8) -> Axes:
    """`ax`, or the Axes of a new_figure(width, height).

    >>> axes_or_new(None).get_title()
    ''
    """
    return new_figure(width, height).add_subplot() if ax is None else ax


def epochs_axes(ax: Axes | None) -> Axes:
    """axes_or_new(ax) for curves over epochs: the ticks are whole numbers."""
    from matplotlib.ticker import MaxNLocator

    ax = axes_or_new(ax)
    ax.set_xlabel("epoch")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return ax


def plot_timeline(ranks: Sequence[Sequence[tuple[str, float, float]]], ax: Axes | None = None) -> Axes:
    """What each rank did when: a row of bars for each, from (what, begin, end) in seconds. Equal names have one colour.

    >>> rows = [[("forward", 0.0, 0.1), ("wait", 0.1, 0.2)], [("forward", 0.0, 0.2)]]
    >>> [text.get_text() for text in plot_timeline(rows).get_legend().get_texts()]
    ['forward', 'wait']
    """
    ax = axes_or_new(ax, 8, 1 + len(ranks))
    begin = min([start for events in ranks for _, start, _ in events], default=0.0)
    names = list(dict.fromkeys([what for events in ranks for what, _, _ in events]))
    for row, events in enumerate(ranks):
        for what in names:
            bars = [(1e3 * (start - begin), 1e3 * (end - start)) for name, start, end in events if name == what]
            label = what if row == 0 or not any(what == name for name, _, _ in ranks[0]) else None
            ax.broken_barh(bars, (row - 0.35, 0.7), facecolors=COLORS[names.index(what) % len(COLORS)], label=label)
    ax.set_yticks(range(len(ranks)), [f"rank {row}" for row in range(len(ranks))])
    ax.set_ylim(len(ranks) - 0.5, -0.5)
    ax.set_xlabel("time (ms)")
    handles, labels = ax.get_legend_handles_labels()
    known = dict(zip(labels, handles))
    if known:
        ax.legend(known.values(), known.keys(), loc="upper center", bbox_to_anchor=(0.5, 1.25), ncols=len(known), frameon=False)
    return ax


def save_figure(figure: Any, path: str | os.PathLike[str], dpi: int = 120) -> Path:
    """Write a figure to `path`, in the format that the suffix names, whole or not at all. Creates the folder; returns the path.

    ValueError for a format that matplotlib does not write.
    """
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
    """Colour the plane by the class to which `model` gives the highest score, and draw the points; wrong ones get a ring.

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
    """Draw images in rows of `columns`, each below its title.

    `images`: (N, H, W) or (N, 1, H, W), Tensor or array. The colours span each image's own range, or `limits` for all images.
    ValueError for another shape, and unless there are N titles.
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

    `images` as for show_images; `labels` and `predicted` (N) class indices. ValueError if all predictions are right.
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
    """How often each class (row) was predicted as each class (column): counts on a grid, the right ones on the diagonal.

    `labels` and `predicted` (N) indices into `class_names`. ValueError for other shapes or indices.
    """
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


def _array(x: Any) -> Array:
    """The numbers of a Tensor or array, as a NumPy array."""
    return put(x.array if isinstance(x, Tensor) else np.asarray(x), "cpu")


if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__, __dir__ = missing_from(__name__), names_in(__name__)
