"""Losses that are primitives, because every training step computes them or because no composition has the right derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...apply import op
from ...backend import Array
from ..choice import clip
from ..exponential import log
from ..indexing import index_add
from .activation import sigmoid


# Indexing, negation and mean in one step, because every training step of a classifier computes it.
@op(x=lambda g, shape, index, n: index_add(-g / n, shape=shape, index=index, once=True))
def nll(x: Array, *, index: Any, n: int) -> Array:
    """-Σ x[index] / n: the negative log-likelihood, for log-probabilities x and one index a row."""
    return -x[index].sum() / n

# One step, because no composition has the right derivative at 0, where max and |x| have a kink, and at ±∞; and because
# σ(x) - y, unlike (1 - y) - σ(-x), does not lose digits where it is small.
@op(x=lambda g, x, y: g * (sigmoid(x) - y), y=lambda g, x: -g * x)
def bce_with_logits(x: Array, y: Array) -> Array:
    """-y log σ(x) - (1 - y) log(1 - σ(x)) of each logit x and target y, without overflow."""
    return (1 - y) * x + np.maximum(-x, 0) + np.log1p(np.exp(-np.absolute(x)))

# One step, because at 0 and 1 a composition's derivative is 0 · inf.
@op(x=lambda g, x, y: g * ((x - y) / clip((1 - x) * x, min=1e-12, max=np.inf)),
    y=lambda g, x: g * (logarithm(1 - x) - logarithm(x)))
def bce(x: Array, y: Array) -> Array:
    """-y log x - (1 - y) log(1 - x) of each probability x and target y, where a logarithm counts as -100 if it is less."""
    return (y - 1) * np.maximum(np.log1p(-x), -100) - y * np.maximum(np.log(x), -100)

# One step, because the derivative of both pieces together is a clip: half the time of the composition.
@op(x=lambda g, x, delta: g * clip(x, min=-delta, max=delta))
def huber(x: Array, *, delta: float) -> Array:
    """x²/2 where |x| <= delta, delta (|x| - delta/2) elsewhere; with c = x limited to [-delta, delta] it is c (x - c/2)."""
    c = clip(x, min=-delta, max=delta)
    out = c * -0.5
    out += x
    out *= c
    return out


def logarithm(x: Any) -> Any:
    """log x, but at least -100."""
    return clip(log(x), min=-100, max=np.inf)
