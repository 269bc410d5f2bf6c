"""Muon: momentum whose matrix is made nearly orthogonal, so that a step changes all directions of a weight matrix alike."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import Array, array_module

from .optimizer import Arguments, Numbers, Optimizer, Options, not_negative, number


def muon(
    p: Array,
    g: Array,
    lr: float,
    weight_decay: float,
    momentum: float,
    abc: tuple[float, float, float],
    steps: int,
    eps: float,
    b: Array,
    *,
    nesterov: bool,
    match_rms: bool,
    xp: Any = np,
) -> None:
    """p ← (1 - lr·weight_decay)·p - lr·r·O(b), where the momentum b ← momentum·b + (1 - momentum)·g; O is `orthogonalized`.

    With nesterov, the matrix is momentum·b + (1 - momentum)·g. r is for the shape of p, m rows and n columns: √max(1, m/n), or
    with match_rms 0.2·√max(m, n), which makes a step about as long as AdamW's.
    Jordan et al. 2024; Liu et al. 2025; https://pytorch.org/docs/stable/generated/torch.optim.Muon.html
    """
    m, n = p.shape
    b[...] = between(b, g, 1 - momentum)
    r = 0.2 * max(m, n) ** 0.5 if match_rms else max(1, m / n) ** 0.5
    p *= 1 - lr * weight_decay
    p -= lr * r * orthogonalized(between(g, b, momentum) if nesterov else b, abc, steps, eps).astype(p.dtype)


def orthogonalized(x: Array, abc: tuple[float, float, float], steps: int, eps: float) -> Array:
    """A matrix with the singular vectors of x and singular values near 1: in each step x ← a·x + (b·s + c·s²)·x with s = x·xᵀ.

    That is an odd polynomial of the singular values, which are at most 1 at first, because x is divided by its norm. As in
    PyTorch, every result is rounded to bfloat16; products are summed in float32, in an order that may differ from PyTorch's.
    """
    a, b, c = map(np.float32, abc)  # PyTorch's product adds a·x in float32 with one rounding: here in float64
    wide = x.shape[0] <= x.shape[1]
    x = bfloat16(x if wide else x.T)
    xp = array_module(x)
    norm = bfloat16(xp.sqrt((x * x).sum()))
    x = bfloat16(x / xp.maximum(norm, bfloat16(xp.asarray(eps))))
    for _ in range(steps):
        s = bfloat16(x @ x.T)
        s = bfloat16(b * s.astype(np.float64) + c * (s @ s))
        x = bfloat16(a * x.astype(np.float64) + s @ x)
    return x if wide else x.T


def bfloat16(x: Array) -> Array:
    """Numbers rounded to bfloat16, the upper 16 bits of a float32, to the nearest and in the middle to the even one.

    >>> bfloat16(np.array([1.0, 3.14159265]))
    array([1.      , 3.140625], dtype=float32)
    """
    bits = x.astype(np.float32).view(np.uint32)
    bits += ((bits >> 16) & 1) + 0x7FFF
    bits &= 0xFFFF0000
    return bits.view(np.float32)


def between(x: Array, y: Array, weight: float) -> Array:
    """x + weight·(y - x), counted from the nearer end: rounded as PyTorch does."""
    return x + weight * (y - x) if weight < 0.5 else y - (1 - weight) * (y - x)


class Muon(Optimizer):
    """Muon: p ← (1 - lr·weight_decay)·p - lr·r·O(b), with the nearly orthogonal matrix O of the momentum b; see `muon`.

    For the weight matrices of hidden layers only; biases, embeddings and the last layer are left to AdamW. adjust_lr_fn is
    "original" (None) or "match_rms_adamw", the number by which lr is multiplied. ValueError for parameters that are no
    matrices, for negative options, and for 100 ns_steps or more. Jordan et al. 2024;
    https://pytorch.org/docs/stable/generated/torch.optim.Muon.html

    >>> from tinygrad_lite import tensor
    >>> p = tensor([[3.0, 0.0], [0.0, 1.0]], requires_grad=True)
    >>> (p**2).sum().backward()
    >>> Muon([p], lr=0.1, weight_decay=0).step(); p
    tensor([[2.9250, 0.0000],
            [0.0000, 0.8867]], requires_grad=True)
    """

    update = staticmethod(muon)
    shaped = True

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        defaults = {"lr": lr, "weight_decay": weight_decay, "momentum": momentum, "nesterov": nesterov, "eps": eps}
        newton_schulz = {"ns_coefficients": ns_coefficients, "ns_steps": ns_steps, "adjust_lr_fn": adjust_lr_fn}
        super().__init__(params, defaults | newton_schulz)

    def check(self, group: Options) -> None:
        super().check(group)
        not_negative(group, "momentum", "weight_decay")
        if group["adjust_lr_fn"] not in (None, "original", "match_rms_adamw"):
            raise ValueError(
                f"Adjust learning rate function {group['adjust_lr_fn']} is not supported: it is None, 'original' or "
                f"'match_rms_adamw'"
            )
        if len(group["ns_coefficients"]) != 3:
            raise ValueError(f"Coefficients must be a tuple of exactly 3 values, got {group['ns_coefficients']}")
        if group["ns_steps"] >= 100:
            raise ValueError(f"Number of steps must be less than 100 for computational efficiency, got {group['ns_steps']}")
        for p in group.get("params", ()):
            if p.ndim != 2:
                raise ValueError(f"Muon only supports 2D parameters whereas we found a parameter with size: {p.shape}")

    def remembers(self, group: Options, p: Tensor) -> tuple[dict[str, float], dict[str, float]]:
        return {}, {"momentum_buffer": 0.0}

    def hyperparameters(self, group: Options, t: float, numbers: Numbers) -> Arguments:
        names = ("momentum", "ns_coefficients", "ns_steps", "eps")
        scalars = (number(group["lr"]), group["weight_decay"], *[group[name] for name in names])
        return scalars, {"nesterov": group["nesterov"], "match_rms": group["adjust_lr_fn"] == "match_rms_adamw"}
