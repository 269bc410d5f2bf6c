"""History: what a Trainer recorded, one row for each epoch. It can be indexed, plotted, and shown as a table in a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from math import nan
from typing import TYPE_CHECKING

from . import plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class History(dict[str, list[float]]):
    """Columns of equal length: `history["train_loss"]` is a list with a number per epoch; `pandas.DataFrame(history)` works.

    >>> history = History()
    >>> history.append({"epoch": 1, "train_loss": 0.9})
    >>> history.append({"epoch": 2, "train_loss": 0.5, "val_loss": 0.6})
    >>> history
    {'epoch': [1, 2], 'train_loss': [0.9, 0.5], 'val_loss': [nan, 0.6]}
    """

    def append(self, row: Mapping[str, float]) -> None:
        """Add one epoch; a column without a value gets nan."""
        length = self.epochs
        for name in [*self, *row]:
            column = self.setdefault(name, [nan] * length)
            if len(column) == length:
                column.append(row.get(name, nan))

    @property
    def epochs(self) -> int:
        """How many epochs are recorded.

        >>> History(epoch=[1, 2, 3]).epochs
        3
        """
        return max(map(len, self.values()), default=0)

    def plot(self, ax: Axes | None = None, columns: Iterable[str] | None = None) -> Axes:
        """Draw columns against the epoch: by default the losses. Returns the Axes, those of a new figure if `ax` is None.

        A notebook shows the new figure. KeyError for a column that is not in the history.
        """
        names = [name for name in self if "loss" in name] if columns is None else list(columns)
        for name in names:
            if name not in self:
                raise KeyError(f"history.plot: there is no column {name!r}; there are {', '.join(self)}")
        ax = plots.epochs_axes(ax)
        marker = "o" if self.epochs == 1 else None  # one point has no line
        for n, name in enumerate(names):
            color = plots.COLORS[n % len(plots.COLORS)]
            ax.plot(self["epoch"], self[name], label=name.replace("_", " "), color=color, marker=marker)
        ax.set_ylabel("loss" if columns is None else ", ".join(names).replace("_", " "))
        if names:
            ax.legend()
        return ax

    def _repr_html_(self) -> str:
        """The epochs as a table for notebooks; of more than 12 the first and the last five."""
        rows = [[_shown(x) for x in row] for row in zip(*self.values())]
        if len(rows) > 12:
            rows[5:-5] = [["…"] * len(self)]
        head = "".join([f"<th>{escape(name)}</th>" for name in self])
        body = ["".join([f"<td>{cell}</td>" for cell in row]) for row in rows]
        return "<table>" + "".join([f"<tr>{line}</tr>" for line in [head, *body]]) + "</table>"


def _shown(x: float) -> str:
    return f"{x:.4g}" if isinstance(x, float) else str(x)  # an epoch is an int: all its digits
