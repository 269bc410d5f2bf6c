"""RMSprop: the gradient divided by the root of a running mean of its square, so that steep and flat directions count alike."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import Array

from .optimizer import Arguments, Numbers, Optimizer, Options, not_negative, number


def rmsprop(
    p: Array,
    g: Array,
    lr: float,
    alpha: float,
    eps: float,
    weight_decay: float,
    momentum: float,
    v: Array,
    *more: Array,
    decays: bool,
    centered: bool,
    maximize: bool,
    xp: Any = np,
) -> None:
    """p ← p - lr·g / (√v + eps), where v ← α·v + (1 - α)·g² is the running mean of g².

    Centered, v is replaced by v - m², the variance of g, with its running mean m ← m + (1 - α)·(g - m). With momentum, p moves
    by lr·b, where b ← momentum·b + g / (√v + eps). `more` are b and m, those that are used.
    Tieleman & Hinton 2012; https://pytorch.org/docs/stable/generated/torch.optim.RMSprop.html
    """
    if maximize:
        g = -g
    if decays:
        g = g + weight_decay * p
    v *= alpha
    v += (1 - alpha) * g * g
    if centered:
        *more, m = more  # type: ignore[assignment]
        m += (1 - alpha) * (g - m)
        v = v - m * m
    step = g / (xp.sqrt(v) + eps)
    for b in more:
        b *= momentum
        b += step
        step = b
    p -= lr * step


class RMSprop(Optimizer):
    """RMSprop: p ← p - lr·g / (√v + eps), with a running mean v of g²; see `rmsprop`.

    centered divides by the root of g's variance, momentum adds up the steps, weight_decay adds weight_decay·p to the gradient,
    maximize goes uphill. ValueError for negative options. Tieleman & Hinton 2012, Graves 2013 (centered);
    https://pytorch.org/docs/stable/generated/torch.optim.RMSprop.html

    >>> from tinygrad_lite import tensor
    >>> p = tensor([1.0], requires_grad=True)
    >>> (p**2).sum().backward()
    >>> RMSprop([p], lr=0.01).step(); p
    tensor([0.9000], requires_grad=True)
    """

    update = staticmethod(rmsprop)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {"lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered}
        how = {"capturable": capturable, "foreach": foreach, "maximize": maximize, "differentiable": differentiable}
        super().__init__(params, defaults | {"weight_decay": weight_decay} | how)

    def check(self, group: Options) -> None:
        super().check(group)
        not_negative(group, "eps", "momentum", "weight_decay", "alpha")

    def remembers(self, group: Options, p: Tensor) -> tuple[dict[str, float], dict[str, float]]:
        buffer = {"momentum_buffer": 0.0} if group["momentum"] else {}
        mean = {"grad_avg": 0.0} if group["centered"] else {}
        return {"step": 0.0}, {"square_avg": 0.0} | buffer | mean

    def hyperparameters(self, group: Options, t: float, numbers: Numbers) -> Arguments:
        names = ("alpha", "eps", "weight_decay", "momentum")
        flags = {"decays": group["weight_decay"] != 0, "centered": group["centered"], "maximize": group["maximize"]}
        return (number(group["lr"]), *[float(group[name]) for name in names]), flags
