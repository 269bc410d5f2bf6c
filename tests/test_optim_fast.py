"""The fast form of an optimizer's update is its formula, in other memory: for all flags, dtypes and sizes."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from tinygrad_lite.nn import optim

FLAGS = {"Adam": ("decays", "decoupled", "maximize"), "SGD": ("decays", "nesterov", "maximize")}
SCALARS = {"Adam": (0.02, 0.9, 0.99, 1e-6, 0.3, 0.1, 0.998), "SGD": (0.02, 0.1, 0.9, 0.25)}
STATES = {"Adam": (2, 3), "SGD": (0, 1)}


def numbers(n: int, dtype: Any, seed: int) -> Any:
    x = np.random.default_rng(seed).standard_normal(n).astype(dtype)
    return x if seed < 3 else np.absolute(x)  # the second state and the third are means of squares


@pytest.mark.parametrize("name", FLAGS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_fast_form_is_the_formula(name: str, dtype: Any) -> None:
    kind = getattr(optim, name)
    digits = 8 * float(np.finfo(dtype).eps)
    for values, states, n in product(product([False, True], repeat=3), STATES[name], (0, 1, 1000)):
        flags = dict(zip(FLAGS[name], values))
        if flags.get("nesterov") and not states:
            continue
        ours, theirs = [[numbers(n, dtype, seed) for seed in range(2 + states)] for _ in range(2)]
        s, t = np.full((2, n), np.nan, dtype)
        for _ in range(3):
            kind.fast(ours[0], ours[1], *SCALARS[name], *ours[2:], s=s, t=t, **flags)
            kind.update(theirs[0], theirs[1], *SCALARS[name], *theirs[2:], **flags)
        assert (ours[1] == theirs[1]).all(), "the gradient is not changed"
        for x, y in zip(ours, theirs):
            np.testing.assert_allclose(x, y, rtol=digits, atol=digits)
