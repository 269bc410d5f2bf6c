"""How many digits are right: sums and statistics of many numbers, float16, and gradients at nan and inf."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite import nn
from tinygrad_lite.autograd import grad

inf, nan = float("inf"), float("nan")
EPSILON = float(np.finfo(np.float32).eps)

# Numbers that lose their digits


def epsilons(ours: tl.Tensor, exact: Any) -> float:
    """How far a float32 result is from the exact one, relative to it, in float32 epsilons."""
    return float(np.abs(ours.detach().numpy() / exact - 1).max() / EPSILON)


def test_the_mean_of_many_rows_of_large_numbers() -> None:
    x = np.random.default_rng(0).standard_normal((500_000, 3), dtype=np.float32) + np.float32(1000)
    assert epsilons(tl.from_numpy(x).mean(0), x.mean(0, dtype=np.float64)) < 2
    centred = tl.from_numpy(x) - tl.from_numpy(x).mean(0)
    assert abs(float((centred * centred).mean(0).max()) - 1) < 0.01


def in_order(x: np.ndarray[Any, Any], order: str) -> np.ndarray[Any, Any]:
    """x in another order of memory."""
    if order == "strided":
        wide = np.repeat(x, 2, axis=-1)
        return wide[..., ::2]
    return np.asarray(x, order="F" if order == "columns" else "C")


@pytest.mark.parametrize("order", ["rows", "columns", "strided"])
@pytest.mark.parametrize("shape", [(256, 784), (2000, 60), (10_000, 5), (40, 500, 30), (300, 129, 17), (127, 6), (3, 100_000)])
def test_a_sum_over_any_axes_is_as_accurate_as_pairwise(shape: tuple[int, ...], order: str) -> None:
    rng = np.random.default_rng(0)
    for x in (np.full(shape, 0.1, np.float32), rng.random(shape, dtype=np.float32) + np.float32(0.5)):
        x = in_order(x, order)
        for n in range(1, len(shape) + 1):
            for axes in itertools.combinations(range(len(shape)), n):
                ours = tl.from_numpy(x).sum(axes)
                assert epsilons(ours, x.sum(axes, dtype=np.float64)) <= 4, axes


def test_twenty_million_rows() -> None:
    x = np.full((20_000_000, 2), 0.1, np.float32)
    exact = np.float32(0.1).astype(np.float64) * len(x)
    assert epsilons(tl.from_numpy(x).sum(0), exact) <= 4
    b = tl.zeros(2, requires_grad=True)
    (tl.from_numpy(x) * b).sum().backward()  # the undoing of broadcasting
    assert b.grad is not None and epsilons(b.grad, exact) <= 4
    b.grad = None
    y = nn.functional.linear(tl.from_numpy(x[:, :1]), tl.ones(2, 1), b)
    y.backward(tl.ones_like(y))
    assert b.grad.tolist() == [20_000_000, 20_000_000]  # stood still at 16,777,216


OF_MANY: dict[str, Any] = {  # ours, the same in float64, and numbers to try it on
    "var": (lambda x, axis: x.var(axis), lambda x, axis: x.var(axis, ddof=1), ("noise", "noise + 10,000")),
    "std": (lambda x, axis: x.std(axis), lambda x, axis: x.std(axis, ddof=1), ("noise", "noise + 10,000")),
    "norm": (lambda x, axis: x.norm(dim=axis), lambda x, axis: np.sqrt((x * x).sum(axis)), ("noise", "0.1")),
    "norm 3": (lambda x, axis: x.norm(3, axis), lambda x, axis: np.cbrt((abs(x) ** 3).sum(axis)), ("noise", "0.1")),
    "cumsum": (lambda x, axis: x.cumsum(axis), lambda x, axis: x.cumsum(axis), ("0.1", "noise + 10,000")),
    "logsumexp": (
        lambda x, axis: x.logsumexp(axis),
        lambda x, axis: np.log(np.exp(x - x.max()).sum(axis)) + x.max(),
        ("0.1", "noise + 10,000"),
    ),
    "prod": (lambda x, axis: x.prod(axis), lambda x, axis: x.prod(axis), ("near 1",)),
    "cumprod": (lambda x, axis: x.cumprod(axis), lambda x, axis: x.cumprod(axis), ("near 1",)),
}


def numbers(kind: str, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    if kind == "0.1":
        return np.full(shape, 0.1, np.float32)
    noise = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
    return {"noise": noise, "noise + 10,000": noise + np.float32(10_000), "near 1": 1 + noise * np.float32(1e-5)}[kind]


@pytest.mark.parametrize("shape", [(100_000,), (3000, 40), (50, 2003), (30_000, 3), (2, 5000, 5)])
@pytest.mark.parametrize("name", OF_MANY)
def test_statistics_of_many_float32_numbers(name: str, shape: tuple[int, ...]) -> None:
    ours, exact, kinds = OF_MANY[name]
    for kind in kinds:
        x = numbers(kind, shape)
        for axis in range(len(shape)):
            if shape[axis] > 2:  # the spread of two large numbers is what float32 left of it
                assert epsilons(ours(tl.from_numpy(x), axis), exact(x.astype(np.float64), axis)) <= 4, (kind, axis)


def test_the_gradient_of_a_variance_after_a_large_offset() -> None:
    for n in (500, 50_000):
        x = numbers("noise + 10,000", (n,))
        z = tl.tensor(x, requires_grad=True)
        (g,) = grad(z.var() * ((n - 1) / 2), z)
        exact = x - x.mean(dtype=np.float64)
        assert np.abs(g.numpy() - exact).max() <= 4 * EPSILON * np.abs(exact).max()


def test_distances_do_not_cancel() -> None:
    """Rows that are far from 0 and near each other: PyTorch's product leaves no digit of their distances."""
    x = np.random.default_rng(0).standard_normal((60, 30)).astype(np.float32) + np.float32(1000)
    x = np.concatenate([x, x[:10] + np.float32(0.001)])
    exact = np.sqrt(((x[:, None].astype(np.float64) - x[None]) ** 2).sum(-1))
    np.testing.assert_allclose(tl.cdist(tl.from_numpy(x), tl.from_numpy(x)).numpy(), exact, 8 * EPSILON)


# float16


HALF: dict[str, Any] = {
    "mean of many": lambda t: t.ones(10_000, 2, dtype=t.float16).mean(0),
    "mean beyond the largest": lambda t: t.full((1000,), 100.0, dtype=t.float16).mean(),
    "sum": lambda t: t.full((3000, 2), 0.1, dtype=t.float16).sum(0),
    "mse_loss": lambda t: t.nn.functional.mse_loss(t.full((1000,), 100.0, dtype=t.float16), t.zeros(1000, dtype=t.float16)),
    "softmax of many": lambda t: t.zeros(100_000, dtype=t.float16).softmax(0),
    "sigmoid": lambda t: t.tensor([-12.0, 12.0, -16.0], dtype=t.float16).sigmoid(),
    "tanh": lambda t: t.tensor([-0.001, 2.0], dtype=t.float16).tanh(),
    "a large number": lambda t: t.tensor([0.01, 1.0], dtype=t.float16) * 100_000 / 200_000,
    "matmul": lambda t: t.full((2, 5000), 0.1, dtype=t.float16) @ t.full((5000, 2), 0.1, dtype=t.float16),
    "var": lambda t: (t.arange(3000.0) / 3).to(t.float16).var(),
    "norm": lambda t: t.full((1000,), 30.0, dtype=t.float16).norm(),
    "cumsum": lambda t: t.full((3000,), 0.1, dtype=t.float16).cumsum(0),
    "expand": lambda t: t.ones(1, dtype=t.float16).expand(3000).sum(),
}


@pytest.mark.parametrize("name", HALF)
def test_float16_is_stored_in_16_bits_and_computed_in_32(name: str) -> None:
    ours, theirs = HALF[name](tl), HALF[name](torch)
    assert ours.dtype == np.float16
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), 1e-3, 1e-7)  # one unit in the last place


def test_float16_where_torch_itself_sums_in_float16() -> None:
    """PyTorch on the CPU gives -inf, inf and inf here."""
    assert tl.tensor([300.0, 300.0, 0.0009765625], dtype=tl.float16).prod().item() == 87.875
    n = 100_000
    assert tl.zeros(n, dtype=tl.float16).log_softmax(0)[0].item() == float(np.float16(-np.log(n)))
    assert tl.ones(n, dtype=tl.float16).logsumexp(0).item() == float(np.float16(1 + np.log(n)))


@pytest.mark.parametrize(
    "program",
    [
        lambda t, x: x[[0] * 70_000].mean(),
        lambda t, x: (x[:2].expand(5000, 2) * 0.1).sum(),
        lambda t, x: x[:9].reshape(3, 3).expand(3000, 3, 3).mean(),
        lambda t, x: (x * -8).sigmoid().sum() * 100,
        lambda t, x: (x * 300).softmax(0)[-1] * 1000,
        lambda t, x: (x * x).sum().sqrt(),
    ],
)
def test_float16_gradients_are_computed_in_32_bits_too(program: Any) -> None:
    a = np.linspace(0.5, 2, 3000).astype(np.float16)
    x, z = tl.tensor(a, requires_grad=True), torch.tensor(a, requires_grad=True)
    program(tl, x).backward()
    program(torch, z).backward()
    assert x.grad is not None and x.grad.dtype == np.float16
    np.testing.assert_allclose(x.grad.numpy(), z.grad.numpy(), 2e-3, 1e-6)


def test_a_float16_view_is_a_view() -> None:
    x = tl.zeros(2, 3, dtype=tl.float16)
    for part in (x.T, x[0], x.reshape(6), x.expand(1, 2, 3)):
        part += 1
    assert x.tolist() == [[4, 4, 4], [3, 3, 3]]


def test_the_norm_of_float16_gradients() -> None:
    p = tl.zeros(2, dtype=tl.float16, requires_grad=True)
    p.grad = tl.tensor([300.0, 400.0], dtype=tl.float16)
    assert nn.utils.clip_grad_norm_(p, 5.0).item() == 500
    np.testing.assert_allclose(p.grad.tolist(), [3, 4], 1e-3)


# nan and inf


EDGES: dict[str, Any] = {
    "sign": (lambda t, x: t.sign(x), [0.0, 1.0, -2.0]),
    "x**0": (lambda t, x: x**0, [0.0, 1.0, inf]),
    "maximum of equals": (lambda t, x: t.maximum(x, t.ones_like(x)), [1.0, 2.0, 0.0, nan]),
    "minimum of equals": (lambda t, x: t.minimum(x, t.ones_like(x)), [1.0, 2.0, 0.0, nan]),
    "0**0": (lambda t, x: x ** t.zeros_like(x), [0.0, 2.0]),
    "the largest is nan": (lambda t, x: x.max(), [1.0, nan, 3.0, nan]),
    "the smallest is nan": (lambda t, x: x.min(), [1.0, nan, 3.0]),
    "the largest twice": (lambda t, x: x.max(), [1.0, 3.0, 3.0]),
    "amax of nan": (lambda t, x: x.amax(), [1.0, nan]),
    "clamp by Tensors": (
        lambda t, x: t.clamp(x, t.tensor([1.0, 1, 1, nan, 3, 3, 2]), t.tensor([2.0, 2, nan, 2, 1, 1, 2])),
        [0.0, 1.0, 1.0, 1.0, 2.0, 5.0, 2.0],
    ),
    "clamp by one Tensor": (lambda t, x: t.clamp(x, min=t.tensor([1.0, nan, 1])), [1.0, 1.0, nan]),
    "clamp by nan": (lambda t, x: t.clamp(x, min=nan), [1.0, 2.0]),
}


@pytest.mark.parametrize("upstream", [1.0, inf])
@pytest.mark.parametrize("name", EDGES)
def test_a_gradient_of_0_stays_0_at_nan_and_inf(name: str, upstream: float) -> None:
    function, values = EDGES[name]
    results = []
    for t, differentiate in ((tl, grad), (torch, torch.autograd.grad)):
        x = t.tensor(values, requires_grad=True)
        y = function(t, x)
        (g,) = differentiate(y, x, t.full_like(y, upstream))
        results.append((y.detach().numpy(), g.numpy()))
    for ours, theirs in zip(*results):
        np.testing.assert_array_equal(ours, theirs)


def test_bce_of_infinite_logits() -> None:
    found = []
    for lib in (tl, torch):
        x = lib.tensor([float("inf"), float("-inf"), 3.4e38], requires_grad=True)
        y = lib.nn.functional.binary_cross_entropy_with_logits(x, lib.tensor([0.0, 1.0, 0.5]), reduction="none")
        found.append((y.tolist(), lib.autograd.grad(y.sum(), x)[0].tolist()))
    np.testing.assert_array_equal(*[values for values, _ in found])
    np.testing.assert_array_equal(*[gradients for _, gradients in found])
