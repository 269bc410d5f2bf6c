"""Adafactor: Adam's step for each number, with its memory of a matrix of squares kept as one column and one row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import Array, array_module

from .optimizer import Arguments, Numbers, Optimizer, Options, not_negative, number


def adafactor(
    p: Array,
    g: Array,
    lr: float,
    rate: float,
    weight: float,
    eps1: float | None,
    eps2: float,
    d: float,
    weight_decay: float,
    *moments: Array,
    decays: bool,
    maximize: bool,
    xp: Any = np,
) -> None:
    """p ← p - α·u / max(1, rms(u) / d), where u = g / √v and α = max(eps2, rms(p))·rate: a step relative to the size of p.

    For a vector, v is the running mean of g², the new g² with weight t^beta2_decay in step t. Of a matrix only the means of its
    rows, r, and of its columns, c, are remembered, and v = r·c / mean(r). rate = min(lr, 1/√t); rms is the root of the mean
    square. Weight decay shrinks p itself, by lr. Shazeer & Stern 2018;
    https://pytorch.org/docs/stable/generated/torch.optim.Adafactor.html
    """
    if maximize:
        g = -g
    eps1 = float(np.finfo(p.dtype).eps) if eps1 is None else eps1
    alpha = xp.maximum(rms(p), eps2) * rate
    if decays:
        p *= 1 - lr * weight_decay
    if g.ndim > 1:
        (r, c), squares = moments, g * g
        r += weight * (squares.mean(-1, keepdims=True) - r)
        c += weight * (squares.mean(-2, keepdims=True) - c)
        v = r @ c / xp.maximum(r.mean(-2, keepdims=True), eps1)
    else:
        (v,) = moments
        v += weight * (g * g - v)
    u = g / xp.sqrt(xp.maximum(v, eps1**2))
    p -= (alpha / xp.maximum(rms(u) / d, 1.0)).astype(p.dtype) * u


def rms(x: Array) -> Array:
    """The root of the mean square, in float64."""
    found: Array = np.sqrt(array_module(x).vdot(x, x).astype(np.float64) / x.size)
    return found


class Adafactor(Optimizer):
    """Adafactor: p ← p - α·u / max(1, rms(u) / d), with u = g / √v and v from means of g² by row and column; see `adafactor`.

    eps are the least mean of squares (None: that of the dtype) and the least rms of a parameter that counts; d bounds the rms
    of a step; maximize goes uphill. ValueError for beta2_decay > 0, d < 1 and other options that are negative.
    Shazeer & Stern 2018; https://pytorch.org/docs/stable/generated/torch.optim.Adafactor.html

    >>> from tinygrad_lite import tensor
    >>> p = tensor([[1.0, 2.0]], requires_grad=True)
    >>> (p**2).sum().backward()
    >>> Adafactor([p], lr=0.1).step(); p
    tensor([[0.8419, 1.8419]], requires_grad=True)
    """

    update = staticmethod(adafactor)
    shaped = True

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        defaults = {"lr": lr, "beta2_decay": beta2_decay, "eps": eps, "d": d, "weight_decay": weight_decay}
        super().__init__(params, defaults | {"foreach": foreach, "maximize": maximize})

    def check(self, group: Options) -> None:
        super().check(group)
        not_negative(group, "weight_decay")
        for i, eps in enumerate(group["eps"], 1):
            if not (i == 1 and eps is None) and not eps >= 0:
                raise ValueError(f"epsilon{i} should be >= 0 but is: {eps}")
        if not group["beta2_decay"] <= 0:
            raise ValueError(f"beta2_decay should be <= 0 but is: {group['beta2_decay']}")
        if not group["d"] >= 1:
            raise ValueError(f"Clipping threshold d should be >= 1 but is: {group['d']}")

    def remembers(self, group: Options, p: Tensor) -> tuple[dict[str, float], dict[str, float]]:
        return {"step": 0.0}, {"row_var": 0.0, "col_var": 0.0} if p.ndim > 1 else {"variance": 0.0}

    def state_shape(self, name: str, p: Tensor) -> tuple[int, ...]:
        *batch, m, n = (1, 1, *p.shape)
        return {"row_var": (*batch[2:], m, 1), "col_var": (*batch[2:], 1, n)}.get(name, p.shape)

    def hyperparameters(self, group: Options, t: float, numbers: Numbers) -> Arguments:
        lr, (eps1, eps2) = number(group["lr"]), group["eps"]
        scalars = (lr, min(lr, t**-0.5), t ** group["beta2_decay"], eps1, eps2, group["d"], group["weight_decay"])
        return scalars, {"decays": group["weight_decay"] != 0, "maximize": group["maximize"]}
