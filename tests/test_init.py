"""Initial weights: bounds, spread, fans, seeds and errors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite import nn

init = nn.init
SHAPE = (80, 120)


@pytest.mark.parametrize(
    "nonlinearity", ["linear", "conv2d", "conv_transpose1d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"]
)
@pytest.mark.parametrize("param", [None, 0.2])
def test_gain(nonlinearity: str, param: float | None) -> None:
    assert init.calculate_gain(nonlinearity, param) == torch.nn.init.calculate_gain(nonlinearity, param)


def test_fans() -> None:
    for shape in ((3, 4), (3, 4, 5), (2, 3, 5, 5)):
        ours = init._calculate_fan_in_and_fan_out(tl.zeros(*shape))
        assert ours == torch.nn.init._calculate_fan_in_and_fan_out(torch.zeros(*shape))


def spread(name: str, **options: Any) -> list[tuple[float, float, float]]:
    """Mean, standard deviation and largest size of 9,600 numbers, ours and torch's."""
    ours, theirs = tl.empty(*SHAPE), torch.empty(*SHAPE)
    assert getattr(init, name)(ours, **options) is ours
    getattr(torch.nn.init, name)(theirs, **options)
    return [(float(np.mean(x)), float(np.std(x)), float(np.abs(x).max())) for x in (ours.numpy(), theirs.numpy())]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("uniform_", {"a": -2, "b": 3}),
        ("normal_", {"mean": 1, "std": 2}),
        ("xavier_uniform_", {"gain": 2}),
        ("xavier_normal_", {}),
        ("kaiming_uniform_", {"a": math.sqrt(5)}),
        ("kaiming_uniform_", {"mode": "fan_out", "nonlinearity": "relu"}),
        ("kaiming_normal_", {"nonlinearity": "relu"}),
        ("kaiming_normal_", {"mode": "fan_out"}),
    ],
)
def test_spread_is_torchs(name: str, options: dict[str, Any]) -> None:
    (mean, std, largest), (their_mean, their_std, their_largest) = spread(name, **options)
    assert abs(mean - their_mean) < 0.06 * their_std
    assert abs(std / their_std - 1) < 0.03
    if "uniform" in name:  # the bounds themselves
        assert abs(largest / their_largest - 1) < 2e-3
    generator = tl.Generator().manual_seed(5)
    first = getattr(init, name)(tl.empty(*SHAPE), **options, generator=generator).tolist()
    tl.manual_seed(7)
    assert getattr(init, name)(tl.empty(*SHAPE), **options, generator=generator.manual_seed(5)).tolist() == first
    drawn = tl.rand(3).tolist()  # what comes first after the seed: the default generator was left alone
    tl.manual_seed(7)
    assert tl.rand(3).tolist() == drawn


def test_constants_and_no_trace() -> None:
    w = nn.Parameter(tl.empty(2, 3))
    assert init.zeros_(w) is w and w.is_leaf and w.requires_grad and not w.array.any()
    assert init.ones_(w).tolist() == [[1.0] * 3] * 2
    assert init.constant_(w, 0.5).tolist() == [[0.5] * 3] * 2


def test_a_backward_through_changed_weights_is_refused() -> None:
    w = nn.Parameter(tl.ones(3))
    y = (w * w).sum()
    init.normal_(w)
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def test_errors() -> None:
    with pytest.raises(ValueError, match="Unsupported nonlinearity 'foo'"):
        init.calculate_gain("foo")
    for fill in (init.xavier_uniform_, init.xavier_normal_, init.kaiming_uniform_, init.kaiming_normal_):
        with pytest.raises(ValueError, match="fewer than 2 dimensions"):
            fill(tl.ones(3))
    with pytest.raises(ValueError, match="Mode x not supported"):
        init.kaiming_uniform_(tl.ones(3, 2), mode="x")
    with pytest.raises(RuntimeError, match="std -1"):
        init.normal_(tl.ones(2), std=-1)
    with pytest.raises(RuntimeError, match="from=1 > to=0"):
        init.uniform_(tl.ones(2), 1, 0)
    assert init.kaiming_uniform_(tl.ones(3, 0)).shape == (3, 0)


SEEDED = [
    ("uniform_", {"a": -1, "b": 2}),
    ("normal_", {"mean": 1, "std": 0.5}),
    ("trunc_normal_", {}),
    ("trunc_normal_", {"a": 0.5, "b": 3}),
    ("xavier_uniform_", {"gain": 2}),
    ("xavier_normal_", {}),
    ("kaiming_uniform_", {"mode": "FAN_OUT"}),
    ("kaiming_normal_", {"nonlinearity": "relu"}),
    ("sparse_", {"sparsity": 0.3}),
    ("eye_", {}),
    ("constant_", {"val": 3}),
]


@pytest.mark.parametrize(("name", "options"), SEEDED)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_seed_gives_the_same_numbers(name: str, options: dict[str, Any], dtype: str) -> None:
    for shape in ((3, 4), (20, 30)):
        for seeded in (False, True):
            made = []
            for lib in (tl, torch):
                lib.manual_seed(0)
                more = {"generator": lib.Generator().manual_seed(3)} if seeded and name not in ("eye_", "constant_") else {}
                x = getattr(lib.nn.init, name)(lib.zeros(*shape, dtype=getattr(lib, dtype)), **options, **more)
                made.append(x.numpy())
            assert np.array_equal(*made)


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 2, 3)])
def test_orthogonal_with_the_same_seed(shape: tuple[int, ...]) -> None:
    made = []
    for lib in (tl, torch):
        lib.manual_seed(0)
        made.append(lib.nn.init.orthogonal_(lib.zeros(*shape, dtype=lib.float64), 2).numpy())
    assert np.abs(made[0] - made[1]).max() < 1e-14


def test_old_names() -> None:
    names = [name for name in vars(torch.nn.init) if not name.startswith("_") and f"{name}_" in vars(torch.nn.init)]
    assert len(names) == 11
    for name in names:
        made = []
        for lib in (tl, torch):
            lib.manual_seed(0)
            args = {"constant": (2,), "sparse": (0.5,)}.get(name, ())
            x = lib.zeros(3, 4, 2) if name == "dirac" else lib.zeros(3, 4)
            with pytest.warns(FutureWarning, match=f"{name}_"):
                made.append(getattr(lib.nn.init, name)(x, *args).numpy())
        assert np.abs(made[0] - made[1]).max() < 1e-6
        assert getattr(init, name).__name__ == name


def test_gains_that_are_refused() -> None:
    for lib in (tl, torch):
        for args in (("leaky_relu", True), ("leaky_relu", "a"), ("gelu",), ("conv_transpose4d",)):
            with pytest.raises(ValueError):
                lib.nn.init.calculate_gain(*args)
