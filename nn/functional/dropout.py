"""Dropout: random zeros against overfitting. In the 1d, 2d and 3d versions whole channels are zero, not single numbers.

Every function gives x itself if not training. The masks are PyTorch's for the same seed of the default generator. With
`inplace`, the result is written to the memory of x. ValueError unless 0 <= p <= 1.
"""

from __future__ import annotations

import warnings
from math import sqrt
from typing import Any

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.creation import empty, empty_like
from tinygrad_lite.dtypes import float16, float32
from tinygrad_lite.functional.random import bernoulli_

__all__ = ["dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout"]


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """x · mask / (1 - p), where each element of the mask is 0 with probability p, else 1: the expected value stays x.

    Srivastava et al. 2014; https://pytorch.org/docs/stable/generated/torch.nn.functional.dropout.html

    >>> from tinygrad_lite import ones
    >>> sorted(set(dropout(ones(100), 0.5).tolist())), dropout(ones(2), training=False)
    ([0.0, 2.0], tensor([1., 1.]))
    """
    return _dropped("dropout", input, p, training, inplace)


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """dropout of whole channels: for x (N, C, L) or (C, L), all L numbers of a channel are kept or none.

    RuntimeError for another number of axes. Tompson et al. 2015;
    https://pytorch.org/docs/stable/generated/torch.nn.functional.dropout1d.html

    >>> from tinygrad_lite import ones
    >>> [sorted(set(row)) in ([0.0], [2.0]) for row in dropout1d(ones(2, 50)).tolist()]
    [True, True]
    """
    _check(p)
    if input.ndim not in (2, 3):
        raise RuntimeError(f"dropout1d: expected (N, C, L) or (C, L), but received a {input.ndim}D input")
    return _dropped("dropout1d", input, p, training, inplace, channel=input.ndim - 2)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """dropout of whole channels: for x (N, C, H, W), all H · W numbers of a channel are kept or none.

    x (C, H, W) is taken for (N, C, L), with a warning, as in PyTorch.
    https://pytorch.org/docs/stable/generated/torch.nn.functional.dropout2d.html

    >>> from tinygrad_lite import ones
    >>> sorted(set(dropout2d(ones(1, 1, 5, 5)).sum((2, 3)).flatten().tolist())) in ([0.0], [50.0])
    True
    """
    _check(p)
    if input.ndim == 3:
        warnings.warn("dropout2d: a 3D input is taken for (N, C, L), not (C, H, W); use dropout1d", UserWarning, stacklevel=2)
    elif input.ndim != 4:
        warnings.warn(f"dropout2d: expected (N, C, H, W), got a {input.ndim}-D input; use dropout", UserWarning, stacklevel=2)
    return _dropped("dropout2d", input, p, training, inplace, channel=1)


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """dropout of whole channels: for x (N, C, D, H, W) or (C, D, H, W), all D · H · W numbers of a channel are kept or none.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.dropout3d.html

    >>> from tinygrad_lite import ones
    >>> dropout3d(ones(1, 2, 3, 3, 3), 1.0).sum()
    tensor(0.)
    """
    _check(p)
    if input.ndim not in (4, 5):
        what = f"expected (N, C, D, H, W) or (C, D, H, W), got a {input.ndim}-D input"
        warnings.warn(f"dropout3d: {what}; use dropout", UserWarning, stacklevel=2)
    return _dropped("dropout3d", input, p, training, inplace, channel=1 if input.ndim == 5 else 0)


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """a · (x where the mask is 1, -1.7581 elsewhere) + b: the dropout for selu, whose smallest value is -1.7581. a and b are
    such that mean 0 and variance 1 stay the same.

    Klambauer et al. 2017; https://pytorch.org/docs/stable/generated/torch.nn.functional.alpha_dropout.html

    >>> from tinygrad_lite import zeros
    >>> len(set(alpha_dropout(zeros(100), 0.5, training=True).tolist()))
    2
    """
    return _alpha_dropped("alpha_dropout", input, p, training, inplace)


def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """alpha_dropout of whole channels of x (N, C, ...).

    https://pytorch.org/docs/stable/generated/torch.nn.functional.feature_alpha_dropout.html

    >>> from tinygrad_lite import ones
    >>> len(set(feature_alpha_dropout(ones(1, 1, 50), 0.5, training=True).flatten().tolist()))
    1
    """
    return _alpha_dropped("feature_alpha_dropout", input, p, training, inplace, channel=1)


def _check(p: float) -> None:
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _dropped(what: str, x: Tensor, p: float, training: bool, inplace: bool, channel: int | None = None) -> Tensor:
    _check(p)
    if not training or p == 0 or not x.array.size:
        return x
    if p == 1:
        return x.mul_(0) if inplace else x * 0
    mask = _mask(what, x, p, channel)
    mask.array *= _ratio(mask.dtype, 1 - p)
    return x.mul_(mask) if inplace else x * mask


def _alpha_dropped(what: str, x: Tensor, p: float, training: bool, inplace: bool, channel: int | None = None) -> Tensor:
    _check(p)
    if not training or p == 0 or not x.array.size:
        return x
    if p == 1:
        return x.mul_(0) if inplace else x * 0
    mask = _mask(what, x, p, channel)
    low = 1.7580993408473766  # the limit of -selu far below 0
    a = 1 / sqrt((low * low * p + 1) * (1 - p))
    shift = (mask - 1) * (low * a) + float(x.dtype.type(low * a * p))  # rounded as in PyTorch
    mask = mask * a
    return x.mul_(mask).add_(shift) if inplace else x * mask + shift


def _mask(what: str, x: Tensor, p: float, channel: int | None) -> Tensor:
    """1 with probability 1 - p, else 0: for each number of x, or for each channel, whose axis is given."""
    if channel is not None and x.ndim <= channel:
        raise RuntimeError(f"{what}: needs at least 2 dimensions in the input, got {list(x.shape)}")
    if x.array.dtype.kind != "f":
        raise RuntimeError(f"{what}: the result would be float and not {x.dtype}; cast to float first: x.float()")
    if channel is None:
        return bernoulli_(empty_like(x), 1 - p)
    shape = (*x.shape[: channel + 1], *[1] * (x.ndim - channel - 1))
    return bernoulli_(empty(shape, dtype=x.dtype, device=x.device), 1 - p)


def _ratio(dtype: Any, keep: float) -> Any:
    """1 / keep, rounded as PyTorch's division in this dtype; that of float16 is computed in float32."""
    kind = float32.type if dtype == float16 else dtype.type
    return dtype.type(kind(1) / kind(keep))
