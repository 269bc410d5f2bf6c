"""How tensors are printed: letter for letter as PyTorch prints them, except for `float64` where PyTorch has `torch.float64`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl


@pytest.fixture(autouse=True)
def _default_options() -> Iterator[None]:
    yield
    tl.set_printoptions(profile="default")
    torch.set_printoptions(profile="default")


def values(rng: np.random.Generator) -> Any:
    """Random numbers: whole, tiny, huge, mixed, with nan, inf and zeros, in some shape and dtype."""
    shape = tuple(rng.integers(0, [4, 9, 40][rng.integers(3)], rng.integers(4)).tolist())
    x = np.asarray(rng.standard_normal(shape)) * 10.0 ** rng.integers(-6, 10)
    x = [x, np.round(x), x * 10.0 ** rng.integers(-5, 6, shape)][rng.integers(3)]
    odd = rng.choice([np.nan, np.inf, -np.inf, 0.0, -0.0], np.shape(x))
    x = np.where(rng.random(shape) < 0.2, odd, x) if rng.random() < 0.5 else np.asarray(x)
    dtype = ["float32", "float64", "float16", "int64", "bool", "uint8", "int8"][rng.integers(7)]
    return (np.nan_to_num(x, posinf=1e6, neginf=-1e6).clip(-1e6, 1e6) if dtype[0] != "f" else x).astype(dtype)


def options(rng: np.random.Generator) -> dict[str, Any]:
    if rng.random() < 0.5:
        return {"profile": ["default", "short", "full"][rng.integers(3)]}
    return {
        "precision": int(rng.integers(9)),
        "threshold": int(rng.integers(100)),
        "edgeitems": int(rng.integers(5)),
        "linewidth": int(rng.integers(10, 150)),
        "sci_mode": [None, True, False][rng.integers(3)],
    }


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize("seed", range(20))
def test_tensors_are_printed_as_by_torch(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(20):
        given, x = options(rng), values(rng)
        tl.set_printoptions(**given)
        torch.set_printoptions(**given)
        needs = x.dtype.kind == "f" and rng.random() < 0.3
        ours, theirs = repr(tl.tensor(x, requires_grad=needs)), repr(torch.tensor(x, requires_grad=needs))
        if "dtype" not in theirs:
            assert ours == theirs, given
        else:  # lines may break elsewhere
            assert "".join(ours.split()) == "".join(theirs.replace("dtype=torch.", "dtype=").split()), given


def test_options_stay_until_they_are_set_again() -> None:
    x = tl.tensor([1.23456, 1000.5])
    tl.set_printoptions(precision=2)
    tl.set_printoptions(linewidth=12)
    assert repr(x) == "tensor([   1.23,\n        1000.50])"
    tl.set_printoptions(sci_mode=True)
    assert "1.23e+00" in repr(x)
    tl.set_printoptions()
    assert "e+" not in repr(x)
    tl.set_printoptions(profile="full")
    assert "..." not in repr(tl.zeros(2000))
    with pytest.raises(ValueError, match="default, short, full, got 'long'"):
        tl.set_printoptions(profile="long")


def test_exponents_begin_beyond_a_factor_of_a_thousand_not_at_it() -> None:
    for x in ([1.5, 1500.0], [1.5, 1500.1], [1.0, 1e8], [1.0, 1.1e8], [0.5, 1e-4], [0.5, 0.9e-4], [1e-4 / 3]):
        assert repr(tl.tensor(x)) == repr(torch.tensor(x)), x
