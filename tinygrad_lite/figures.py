"""Figures that a notebook shows: those that nn.plots and loss.graph() draw on when they are given no Axes.

pyplot does not know them, so nothing is left open in a script, and a notebook needs no %matplotlib line. A cell that ends with
such a figure, or with Axes on it, shows the picture.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure


class NotebookFigure(Figure):
    """A matplotlib Figure that IPython shows as a PNG."""

    def _repr_png_(self) -> bytes:
        buffer = BytesIO()
        self.savefig(buffer, format="png")
        return buffer.getvalue()

    def add_subplot(self, *args: Any, **kwargs: Any) -> Any:
        """As matplotlib's, except that ordinary Axes become NotebookAxes."""
        if not {"axes_class", "projection", "polar"} & kwargs.keys():
            kwargs["axes_class"] = NotebookAxes
        return super().add_subplot(*args, **kwargs)


class NotebookAxes(Axes):
    """Axes that IPython shows as their whole figure."""

    def _repr_png_(self) -> bytes:
        assert isinstance(self.figure, NotebookFigure)
        return self.figure._repr_png_()
