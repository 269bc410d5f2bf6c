"""Rprop: a step size for each number that grows while its gradient keeps its sign, and shrinks when it changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import Array

from .optimizer import Arguments, Numbers, Optimizer, Options, number


def rprop(
    p: Array,
    g: Array,
    eta_minus: float,
    eta_plus: float,
    smallest: float,
    largest: float,
    g_old: Array,
    size: Array,
    *,
    maximize: bool,
    xp: Any = np,
) -> None:
    """p ← p - sign(g)·size, where size is multiplied by η+ if g has the sign of the last step's g, and by η- if it changed.

    Where the sign changed, a minimum was passed: there p stays for one step, and so does size in the next one, because g counts
    as 0. size stays between `smallest` and `largest`. Only signs of gradients count, so it is for whole data sets, not for
    batches. Riedmiller & Braun 1993; https://pytorch.org/docs/stable/generated/torch.optim.Rprop.html
    """
    if maximize:
        g = -g
    same, changed = g * g_old > 0, g * g_old < 0
    size[...] = eta_plus * (same * size) + eta_minus * (changed * size) + ~(same | changed) * size
    xp.minimum(xp.maximum(size, smallest), largest, out=size)
    g_old[...] = xp.where(changed, 0, g)
    p -= (g_old > 0) * size - (g_old < 0) * size  # a gradient of nan has no sign


class Rprop(Optimizer):
    """Rprop: p ← p - sign(g)·size, with a size for each number that starts at lr and adapts by the factors etas; see `rprop`.

    step_sizes are the smallest and the largest size; maximize goes uphill. ValueError unless lr ≥ 0 and
    0 < etas[0] < 1 < etas[1]. Riedmiller & Braun 1993; https://pytorch.org/docs/stable/generated/torch.optim.Rprop.html

    >>> from tinygrad_lite import tensor
    >>> p = tensor([1.0], requires_grad=True)
    >>> (p**2).sum().backward()
    >>> Rprop([p], lr=0.1).step(); p
    tensor([0.9000], requires_grad=True)
    """

    update = staticmethod(rprop)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        how = {"foreach": foreach, "maximize": maximize, "differentiable": differentiable, "capturable": capturable}
        super().__init__(params, {"lr": lr, "etas": etas, "step_sizes": step_sizes} | how)

    def check(self, group: Options) -> None:
        super().check(group)
        eta_minus, eta_plus = group["etas"]
        if not 0 < eta_minus < 1 < eta_plus:
            raise ValueError(f"Invalid eta values: {eta_minus}, {eta_plus}; they must be 0 < etas[0] < 1 < etas[1]")

    def remembers(self, group: Options, p: Tensor) -> tuple[dict[str, float], dict[str, float]]:
        return {"step": 0.0}, {"prev": 0.0, "step_size": float(number(group["lr"]))}

    def hyperparameters(self, group: Options, t: float, numbers: Numbers) -> Arguments:
        return tuple(map(float, (*group["etas"], *group["step_sizes"]))), {"maximize": group["maximize"]}
