"""How datasets and loaders show themselves: a line of text, or in a notebook a small table, with the first pictures if any."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from html import escape
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np

SHOWN = 10  # classes and pictures, at most


class Facts(NamedTuple):
    """What a dataset knows of its samples without making one."""

    sample: str = ""  # dtype and shape of each part of a sample: "float32[4], int64[]"
    counts: Mapping[str, int] | None = None  # how many samples each class has
    pictures: np.ndarray[Any, np.dtype[np.uint8]] | None = None  # grey, (n, height, width)


def dtype_and_shape(array: Any) -> str:
    """Those of one row of a tensor: float32[4] for a table of four columns."""
    return f"{array.dtype}{list(array.shape[1:])}"


def counted(labels: Any, classes: tuple[str, ...]) -> dict[str, int]:
    """How often each class occurs in the labels, a tensor of class numbers."""
    return dict(zip(classes, np.bincount(np.asarray(labels.cpu()), minlength=len(classes)).tolist()))


def class_list(counts: Mapping[str, int]) -> str:
    """The classes with their counts, the first ten of them."""
    shown = [f"{name} {count}" for name, count in list(counts.items())[:SHOWN]]
    return ", ".join(shown) + (f" and {len(counts) - SHOWN} more" if len(counts) > SHOWN else "")


def html_table(title: str, rows: Mapping[str, str], below: str = "") -> str:
    """A title, a table of names and values, all escaped, and HTML to follow them."""
    cells = "".join(
        f'<tr><th style="text-align:left">{escape(name)}</th><td style="text-align:left">{escape(value)}</td></tr>'
        for name, value in rows.items()
    )
    return f"<div><b>{escape(title)}</b><table>{cells}</table>{below}</div>"


def html_pictures(pictures: np.ndarray[Any, np.dtype[np.uint8]]) -> str:
    """The first ten side by side, as one PNG inside the HTML."""
    from matplotlib.image import imsave

    png, row = BytesIO(), 255 - np.hstack(list(pictures[:SHOWN]))  # dark on light, as the paper prints them
    imsave(png, np.dstack([row, row, row]), format="png")
    source = f"data:image/png;base64,{b64encode(png.getvalue()).decode()}"
    return f'<img src="{source}" width="{2 * row.shape[1]}" alt="the first pictures" style="image-rendering:pixelated">'
