"""Adagrad: the gradient divided by the root of the sum of all its squares, so that rare gradients make large steps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_lite import full_like
from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import Array

from .flat import number_dtype
from .optimizer import Arguments, Numbers, Optimizer, Options, not_negative, number


def adagrad(
    p: Array, g: Array, lr: float, eps: float, weight_decay: float, s: Array, *, decays: bool, maximize: bool, xp: Any = np
) -> None:
    """p ← p - lr·g / (√s + eps), where s ← s + g² is the sum of the squares of all gradients.

    lr is the rate of this step: lr / (1 + (t - 1)·lr_decay) in step t. Duchi, Hazan & Singer 2011;
    https://pytorch.org/docs/stable/generated/torch.optim.Adagrad.html
    """
    if maximize:
        g = -g
    if decays:
        g = g + weight_decay * p
    s += g * g
    p -= lr * g / (xp.sqrt(s) + eps)


class Adagrad(Optimizer):
    """Adagrad: p ← p - lr·g / (√s + eps), with the sum s of g² over all steps; see `adagrad`.

    s starts at initial_accumulator_value, which state_dict() has before the first step already. lr_decay makes lr smaller,
    weight_decay adds weight_decay·p to the gradient, maximize goes uphill. ValueError for negative options.
    Duchi, Hazan & Singer 2011; https://pytorch.org/docs/stable/generated/torch.optim.Adagrad.html

    >>> from tinygrad_lite import tensor
    >>> p = tensor([1.0], requires_grad=True)
    >>> (p**2).sum().backward()
    >>> Adagrad([p], lr=0.1).step(); p
    tensor([0.9000], requires_grad=True)
    """

    update = staticmethod(adagrad)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        defaults = {"lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay}
        how = {"foreach": foreach, "maximize": maximize, "differentiable": differentiable, "fused": fused}
        super().__init__(params, defaults | {"initial_accumulator_value": initial_accumulator_value} | how)
        for group in self.param_groups:
            for p in group["params"]:
                step, s = Tensor._of(np.zeros((), number_dtype())), full_like(p, initial_accumulator_value, requires_grad=False)
                self.state[p] = {"step": step, "sum": s}

    def check(self, group: Options) -> None:
        super().check(group)
        not_negative(group, "lr_decay", "weight_decay", "initial_accumulator_value", "eps")

    def remembers(self, group: Options, p: Tensor) -> tuple[dict[str, float], dict[str, float]]:
        return {"step": 0.0}, {"sum": float(self.defaults["initial_accumulator_value"])}

    def hyperparameters(self, group: Options, t: float, numbers: Numbers) -> Arguments:
        lr = number(group["lr"]) / (1 + (t - 1) * group["lr_decay"])
        flags = {"decays": group["weight_decay"] != 0, "maximize": group["maximize"]}
        return (lr, float(group["eps"]), float(group["weight_decay"])), flags
