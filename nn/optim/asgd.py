"""ASGD: gradient descent whose result is the average of the parameters over the steps, which is kept beside them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import Array

from .optimizer import Arguments, Numbers, Optimizer, Options, not_negative, number


def asgd(
    p: Array,
    g: Array,
    eta: float,
    mu: float,
    lambd: float,
    weight_decay: float,
    average: Array,
    *,
    decays: bool,
    maximize: bool,
    xp: Any = np,
) -> None:
    """p ← (1 - λ·η)·p - η·g, and average ← average + μ·(p - average).

    In step t the rate is η = lr / (1 + λ·lr·(t - 1))^alpha, which falls. μ = 1 / max(1, t - 1 - t0): up to step t0 + 2 the
    average is p itself, from then on the mean of p over the steps since. Polyak & Juditsky 1992; Xu 2011;
    https://pytorch.org/docs/stable/generated/torch.optim.ASGD.html
    """
    if maximize:
        g = -g
    if decays:
        g = g + weight_decay * p
    p *= 1 - lambd * eta
    p -= eta * g
    average += mu * (p - average)


class ASGD(Optimizer):
    """Averaged gradient descent: p ← (1 - λ·η)·p - η·g with a falling rate η; state "ax" is the average of p; see `asgd`.

    The average begins at step t0. weight_decay adds weight_decay·p to the gradient, maximize goes uphill. ValueError for a
    negative lr or weight_decay. Polyak & Juditsky 1992; https://pytorch.org/docs/stable/generated/torch.optim.ASGD.html

    >>> from tinygrad_lite import tensor
    >>> p = tensor([1.0], requires_grad=True)
    >>> (p**2).sum().backward()
    >>> optimizer = ASGD([p], lr=0.1, lambd=0.0)
    >>> optimizer.step(); p, optimizer.state[p]["ax"]
    (tensor([0.8000], requires_grad=True), tensor([0.8000]))
    """

    update = staticmethod(asgd)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        defaults = {"lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay}
        how = {"foreach": foreach, "maximize": maximize, "differentiable": differentiable, "capturable": capturable}
        super().__init__(params, defaults | how)

    def check(self, group: Options) -> None:
        super().check(group)
        not_negative(group, "weight_decay")

    def remembers(self, group: Options, p: Tensor) -> tuple[dict[str, float], dict[str, float]]:
        return {"step": 0.0, "eta": float(number(group["lr"])), "mu": 1.0}, {"ax": 0.0}

    def hyperparameters(self, group: Options, t: float, numbers: Numbers) -> Arguments:
        lr, lambd, decay = number(group["lr"]), float(group["lambd"]), float(group["weight_decay"])
        eta, mu = float(numbers["eta"]), float(numbers["mu"])  # those that the step before has left, in float32 as PyTorch's
        numbers["eta"] = lr / (1 + lambd * lr * t) ** group["alpha"]
        numbers["mu"] = 1 / max(1, t - group["t0"])
        return (eta, mu, lambd, decay), {"decays": decay != 0, "maximize": group["maximize"]}
