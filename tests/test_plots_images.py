"""show_images: how many images stand in a row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tinygrad_lite import tensor
from tinygrad_lite.nn import plots

IMAGES = np.arange(10 * 3 * 4, dtype=np.float32).reshape(10, 3, 4)


def drawn(kind: str, columns: int) -> Any:
    if kind == "weights":
        return plots.show_weights(tensor(IMAGES.reshape(10, 12)), (3, 4), count=10, columns=columns)
    if kind == "wrong":
        return plots.show_wrong_predictions(IMAGES, [0] * 10, [1] * 10, ["cat", "dog"], count=10, columns=columns)
    return plots.show_images(IMAGES, columns=columns)


@pytest.mark.parametrize("kind", ["images", "weights", "wrong"])
@pytest.mark.parametrize(("columns", "rows"), [(5, 2), (4, 3), (1, 10), (20, 1)])
def test_images_stand_in_columns(kind: str, columns: int, rows: int) -> None:
    ax = drawn(kind, columns)
    boxes = [image.get_extent() for image in ax.get_images()]
    assert len(boxes) == 10
    assert len({left for left, *_ in boxes}) == min(columns, 10)
    assert len({top for *_, top in boxes}) == rows
    order = [(top, left) for left, _, _, top in boxes]
    assert order == sorted(order), "row by row"
