"""What must hold for any shapes and any programs: hypothesis draws them."""

from __future__ import annotations

from typing import Any

import hypothesis.extra.numpy as npst
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_lite as tl
from tinygrad_lite.autograd import grad
from tinygrad_lite.backward import unbroadcast

FEW = settings(max_examples=60, deadline=None, derandomize=True)
SHAPES = npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
NUMBERS = st.floats(-3, 3, allow_nan=False, width=32)


@FEW
@given(npst.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=4, min_side=0))
def test_unbroadcast_is_the_transpose_of_broadcasting(shapes: Any) -> None:
    """<broadcast x, g> = <x, unbroadcast g> for every x and g."""
    rng = np.random.default_rng(0)
    for shape in shapes.input_shapes:
        x, g = rng.standard_normal(shape), rng.standard_normal(shapes.result_shape)
        folded = unbroadcast(g, shape)
        assert folded.shape == shape
        np.testing.assert_allclose((np.broadcast_to(x, g.shape) * g).sum(), (x * folded).sum(), 1e-10, 1e-12)


BINARY = {
    "+": lambda t, x, y: x + y,
    "-": lambda t, x, y: x - y,
    "*": lambda t, x, y: x * y,
    "/": lambda t, x, y: x / (y * y + 1),
    "max": lambda t, x, y: t.maximum(x, y),
    "min": lambda t, x, y: t.minimum(x, y),
    "where": lambda t, x, y: t.where(x < y, x * y, y),
    "pow": lambda t, x, y: (x * x + 1) ** y,
}
UNARY = {
    "exp": lambda t, x: t.exp(x * 0.1),
    "log": lambda t, x: t.log(x * x + 1),
    "sqrt": lambda t, x: t.sqrt(x * x + 0.5),
    "tanh": lambda t, x: t.tanh(x),
    "sigmoid": lambda t, x: t.sigmoid(x),
    "relu": lambda t, x: t.relu(x),
    "abs": lambda t, x: t.abs(x),
    "square": lambda t, x: (x * 0.5) ** 2,
    "clamp": lambda t, x: t.clamp(x, -1, 1),
    "neg": lambda t, x: -x,
    "sum": lambda t, x: x - t.sum(x) * 0.1,
    "mean": lambda t, x: x * t.mean(x, 0, keepdim=True),
    "softmax": lambda t, x: t.softmax(x, 0),
    "transpose": lambda t, x: t.transpose(t.transpose(x, 0, 1), 0, 1),
    "matmul": lambda t, x: (x @ x.T) @ x * 0.1,
    "repeat": lambda t, x: x[[0, 0, 1]][:2],
    "cat": lambda t, x: t.cat([x, x * 2])[1:3],
}


@FEW
@given(
    st.lists(st.tuples(st.sampled_from([*BINARY, *UNARY]), st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=12),
    st.integers(0, 9),
)
def test_random_programs_equal_torch(steps: Any, seed: int) -> None:
    """A graph with shared nodes and dead ends: its value, its gradients, and a derivative of those."""
    rng = np.random.default_rng(seed)
    start = [rng.standard_normal(shape) for shape in ((2, 3), (2, 3), (1, 3))]
    upstream = rng.standard_normal((2, 3))
    found: list[list[Any]] = []
    for t, differentiate in ((tl, grad), (torch, torch.autograd.grad)):
        leaves = [t.tensor(a, requires_grad=True) for a in start]
        values = [x + 0 * leaves[0] for x in leaves]
        for name, i, j in steps:
            x, y = values[i % len(values)], values[j % len(values)]
            values.append(BINARY[name](t, x, y) if name in BINARY else UNARY[name](t, x))
        total = (values[-1] * t.tensor(upstream)).sum() + (values[len(values) // 2] * 0.5).sum()
        first = differentiate(total, leaves, create_graph=True, materialize_grads=True)
        again = sum((g * g).sum() for g in first)
        second = differentiate(again, leaves, materialize_grads=True) if again.requires_grad else [x * 0 for x in leaves]
        found.append([total, *first, *second])
    for ours, theirs in zip(*found):
        expected = theirs.numpy(force=True)
        np.testing.assert_allclose(ours.detach().numpy(), expected, 1e-9, 1e-9 * max(1.0, float(abs(expected).max())))


@FEW
@given(npst.arrays(np.float64, SHAPES, elements=NUMBERS), st.data())
def test_reductions_equal_torch(array: Any, data: Any) -> None:
    axes = data.draw(st.one_of(st.none(), npst.valid_tuple_axes(max(array.ndim, 0)) if array.ndim else st.none()))
    keep = data.draw(st.booleans())
    for name in ("sum", "mean"):
        x, z = tl.tensor(array, requires_grad=True), torch.tensor(array, requires_grad=True)
        ours, theirs = getattr(tl, name)(x, axes, keep), getattr(torch, name)(z, axes, keep)
        assert ours.shape == tuple(theirs.shape)
        np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), 1e-12, 1e-12)
        ours.sum().backward()
        theirs.sum().backward()
        assert x.grad is not None
        np.testing.assert_allclose(x.grad.numpy(), z.grad.numpy(), 1e-12)


@FEW
@given(npst.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4), st.data())
def test_basic_indexes_equal_torch(shape: Any, data: Any) -> None:
    index = data.draw(npst.basic_indices(shape, allow_newaxis=True))
    parts = index if isinstance(index, tuple) else (index,)
    index = tuple(slice(p.start, p.stop, abs(p.step) if p.step else None) if isinstance(p, slice) else p for p in parts)
    array = np.random.default_rng(0).standard_normal(shape)
    x, z = tl.tensor(array, requires_grad=True), torch.tensor(array, requires_grad=True)
    ours, theirs = x[index], z[index]
    assert ours.shape == tuple(theirs.shape)
    np.testing.assert_array_equal(ours.detach().numpy(), theirs.detach().numpy())
    (ours * ours).sum().backward()
    (theirs * theirs).sum().backward()
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), z.grad.numpy())


PART = st.one_of(
    st.integers(-2, 1),
    st.lists(st.integers(-2, 1), min_size=2, max_size=2),
    st.just(slice(None)),
    st.just(slice(0, 1)),
    st.none(),
    st.sampled_from([[True, False], [True, True]]),
)


@settings(FEW, max_examples=200)
@given(st.lists(PART, min_size=1, max_size=5), st.integers(0, 5))
def test_mixed_indexes_equal_torch(parts: Any, dots: int) -> None:
    """Ints, lists, masks, slices, None and an Ellipsis in any order: the same numbers in the same shape, or both refuse."""
    if dots <= len(parts) and dots < 3:
        parts = [*parts[:dots], Ellipsis, *parts[dots:]]
    index = tuple(parts)
    array = np.arange(16.0).reshape(2, 2, 2, 2)
    results: list[Any] = []
    for t in (tl, torch):
        x = t.tensor(array, requires_grad=True)
        try:
            y = x[index]
        except IndexError:
            results.append(None)
            continue
        (y * y).sum().backward()
        results.append((tuple(y.shape), y.detach().numpy().tolist(), x.grad.numpy().tolist()))
        written = t.tensor(array)
        written[index] = y.detach() * 10 if len({str(p) for p in parts}) else 0
        results[-1] += (written.shape == x.shape,)
    assert results[0] == results[1]


@FEW
@given(npst.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=3), st.data())
def test_matmul_of_any_batches_equals_torch(batch: Any, data: Any) -> None:
    n, k, m = (data.draw(st.integers(0, 3)) for _ in range(3))
    other = tuple(data.draw(st.sampled_from([1, size])) for size in batch)[data.draw(st.integers(0, len(batch))) :]
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((*batch, n, k)), rng.standard_normal((*other, k, m))
    xs, zs = [tl.tensor(v, requires_grad=True) for v in (a, b)], [torch.tensor(v, requires_grad=True) for v in (a, b)]
    ours, theirs = xs[0] @ xs[1], zs[0] @ zs[1]
    (ours * ours).sum().backward()
    (theirs * theirs).sum().backward()
    for x, z in zip(xs, zs):
        assert x.grad is not None
        np.testing.assert_allclose(x.grad.numpy(), z.grad.numpy(), 1e-11, 1e-12)


@FEW
@given(
    npst.arrays(np.float64, npst.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=4), elements=st.floats(-1e4, 1e4))
)
def test_softmax_sums_to_one_and_ignores_an_offset(array: Any) -> None:
    x = tl.tensor(array)
    p = x.softmax(1)
    np.testing.assert_allclose(p.sum(1).numpy(), 1, 1e-12)
    np.testing.assert_allclose((x + 7).softmax(1).numpy(), p.numpy(), 1e-9, 1e-12)
    np.testing.assert_allclose(x.log_softmax(1).exp().numpy(), p.numpy(), 1e-10, 1e-300)
    np.testing.assert_allclose((x - x.logsumexp(1, True)).numpy(), x.log_softmax(1).numpy(), 1e-9, 1e-9)


@FEW
@given(npst.arrays(np.float64, SHAPES, elements=NUMBERS), npst.arrays(np.float64, st.just(()), elements=NUMBERS))
def test_the_walk_is_linear_in_the_upstream_gradient(array: Any, factor: Any) -> None:
    x = tl.tensor(array, requires_grad=True)
    y = x.tanh() * x
    g = tl.tensor(np.random.default_rng(0).standard_normal(array.shape))
    (once,) = grad(y, x, g, retain_graph=True)
    (scaled,) = grad(y, x, g * tl.tensor(factor))
    np.testing.assert_allclose(scaled.numpy(), once.numpy() * factor, 1e-10, 1e-12)


@pytest.mark.parametrize(
    "index", [True, False, (0, slice(None), True), (slice(None), 0, True), (True, slice(None), 0), (None, True, 1)]
)
def test_a_bool_as_index(index: Any) -> None:
    a = np.arange(6.0).reshape(2, 3)
    x, z = tl.tensor(a, requires_grad=True), torch.tensor(a, requires_grad=True)
    ours, theirs = x[index], z[index]
    assert ours.shape == tuple(theirs.shape)
    np.testing.assert_array_equal(ours.detach().numpy(), theirs.detach().numpy())
    (ours * ours).sum().backward()
    (theirs * theirs).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), z.grad.numpy())
