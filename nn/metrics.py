"""Metrics: how good a model's outputs are, as one number. For Trainer(metrics={name: function}), or to be called directly."""

from __future__ import annotations

from typing import cast

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.recorder import here


def accuracy(output: Tensor, target: Tensor) -> float:
    """The share of rows whose largest score is at the target: scores (N, C) and N class indices -> a number in [0, 1].

    ValueError if the shapes do not match.

    >>> from tinygrad_lite import tensor
    >>> accuracy(tensor([[2.0, 1.0], [0.0, 3.0], [1.0, 0.0]]), tensor([0, 1, 1]))
    0.6666666666666666
    """
    if output.ndim != 2 or target.shape != output.shape[:1]:
        raise ValueError(
            f"accuracy: scores of shape (N, C) go with N class indices, got {list(output.shape)} and {list(target.shape)}"
        )
    share = (output.array.argmax(1) == target.array).mean()
    if here.recording is not None:  # of capture(): as a tensor it is another one at each replay
        return cast("float", Tensor._of(share))
    return float(share)
