"""To and from NumPy: its functions and operators on Tensors, and Tensors where it expects arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl


def leaf(*values: Any) -> tl.Tensor:
    return tl.tensor(list(values), dtype=tl.float64, requires_grad=True)


A = np.array([0.5, 1.5, 2.5])
OF_TWO = (
    "add subtract multiply divide power maximum minimum arctan2 logaddexp logaddexp2 fmod remainder hypot copysign fmax fmin"
)


@pytest.mark.parametrize("name", OF_TWO.split())
def test_ufuncs_of_two_are_differentiable(name: str) -> None:
    ufunc = getattr(np, name)
    for call in (
        lambda x: ufunc(x, A),
        lambda x: ufunc(A, x),
        lambda x: ufunc(x, 2.0),
        lambda x: ufunc(3.0, x),
        lambda x: ufunc(x, x + 0.1),
    ):
        x = leaf(1.2, 2.3, 3.7)
        y = call(x)
        assert isinstance(y, tl.Tensor)
        np.testing.assert_array_equal(y.detach().numpy(), call(x.detach().numpy()))
        assert tl.autograd.gradcheck(call, x)


OF_ONE = (
    "negative absolute exp log sqrt tanh sign sin cos tan arctan sinh cosh arcsinh log1p log2 log10 expm1 exp2 reciprocal "
    "square floor ceil trunc rint deg2rad degrees positive"
)


@pytest.mark.parametrize("name", OF_ONE.split())
def test_ufuncs_of_one_are_differentiable(name: str) -> None:
    ufunc = getattr(np, name)
    x = leaf(1.25, 2.25, 3.25)
    y = ufunc(x)
    assert isinstance(y, tl.Tensor)
    np.testing.assert_array_equal(y.detach().numpy(), ufunc(x.detach().numpy()))
    assert tl.autograd.gradcheck(ufunc, x)


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "**", "@"])
def test_an_array_on_the_left_makes_a_tensor(symbol: str) -> None:
    x = leaf(1.0, 2.0, 3.0)
    for left in (A, np.stack([A, A + 1])):
        y = eval(f"left {symbol} x", {"left": left, "x": x})
        assert type(y) is tl.Tensor
        assert y.requires_grad
        np.testing.assert_allclose(y.detach().numpy(), eval(f"left {symbol} x", {"left": left, "x": x.detach().numpy()}), 1e-15)


@pytest.mark.parametrize("symbol", ["<", "<=", ">", ">=", "==", "!="])
def test_comparisons_with_arrays(symbol: str) -> None:
    x, a = tl.tensor([0.5, 2.0, 2.5], dtype=tl.float64), A
    for text in (f"x {symbol} a", f"a {symbol} x", f"one {symbol} x", f"x {symbol} one"):
        y = eval(text, {"x": x, "a": a, "one": np.float64(2.0)})
        assert isinstance(y, tl.Tensor)
        assert y.dtype == tl.bool
        assert y.tolist() == eval(text, {"x": x.numpy(), "a": a, "one": 2.0}).tolist()


@pytest.mark.parametrize(
    "scalar", [np.float64(2), np.float32(2), np.float16(2), np.int64(2), np.int32(2), np.uint8(2), np.bool_(True)]
)
def test_numpy_scalars_on_either_side_are_weak(scalar: Any) -> None:
    for x in (tl.ones(2, requires_grad=True), tl.tensor(1.0, requires_grad=True)):
        for y in (scalar * x, x * scalar, scalar + x, x - scalar, scalar / x, x / scalar, x**scalar, scalar**x):
            assert type(y) is tl.Tensor
            assert y.dtype == tl.float32
            assert y.shape == x.shape
            assert y.requires_grad


def test_an_integer_one_hot_stays_float32() -> None:
    one_hot = np.eye(3, dtype=np.int64)
    x = tl.ones(3, 3, requires_grad=True)
    y = x * one_hot
    assert y.dtype == tl.float32
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.dtype == tl.float32
    assert (x * np.eye(3)).dtype == tl.float64  # an array counts in full


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.sum(x),
        lambda x: np.sum(x, axis=0),
        lambda x: np.sum(x, axis=(0, 1), keepdims=True),
        lambda x: np.mean(x, axis=1),
        lambda x: np.max(x, axis=1),
        lambda x: np.min(x),
        lambda x: np.argmax(x, axis=1),
        lambda x: np.argmin(x),
        lambda x: np.reshape(x, (3, 2)),
        lambda x: np.transpose(x),
        lambda x: np.transpose(x, (1, 0)),
        lambda x: np.transpose(x, axes=(1, 0)),
        lambda x: np.squeeze(x[:1]),
        lambda x: np.squeeze(x[:1], axis=0),
        lambda x: np.expand_dims(x, 1),
        lambda x: np.expand_dims(x, axis=-1),
        lambda x: np.broadcast_to(x, (4, 2, 3)),
        lambda x: np.concatenate([x, x]),
        lambda x: np.concatenate([x, x], axis=1),
        lambda x: np.stack([x, x], axis=-1),
        lambda x: np.where(x > 0, x, 0.0),
        lambda x: np.clip(x, -0.5, 0.5),
        lambda x: np.matmul(x, x.T),
    ],
)
def test_numpy_functions_stay_on_the_tape(call: Any) -> None:
    values = np.random.default_rng(0).standard_normal((2, 3))
    x = tl.tensor(values, requires_grad=True)
    y = call(x)
    assert type(y) is tl.Tensor
    np.testing.assert_allclose(y.detach().numpy(), call(values), 1e-15)
    assert y.requires_grad == (y.dtype == tl.float64)
    if y.requires_grad:
        assert tl.autograd.gradcheck(call, x)


def test_other_numpy_functions_run_on_what_requires_no_grad() -> None:
    x = tl.tensor([3.0, 1.0, 2.0])
    assert np.sort(x).tolist() == [1, 2, 3]
    assert np.cumsum(x).tolist() == [3, 4, 6]
    assert np.isfinite(x).all()
    assert np.add.reduce(x) == 6
    assert np.allclose(x, [3, 1, 2])
    assert np.array_equal(x, np.array([3, 1, 2]))
    x.requires_grad_()
    for function in (np.sort, np.cumsum, np.cbrt, np.add.reduce):
        with pytest.raises(TypeError, match=r"no derivative.*detach"):
            function(x)


def test_asarray() -> None:
    x = tl.tensor([1.0, 2.0])
    assert np.asarray(x) is x.array
    assert np.shares_memory(np.asarray(x), x.array)
    assert not np.shares_memory(np.array(x), x.array)
    assert np.asarray(x, dtype="float64").dtype == np.float64
    assert np.asarray([tl.tensor(1.0), tl.tensor(2.0)]).tolist() == [1, 2]
    assert x.numpy() is x.array
    x.requires_grad_()
    for export in (np.asarray, lambda x: x.numpy()):
        with pytest.raises(RuntimeError, match=r"requires grad.*detach\(\)"):
            export(x)
    assert x.detach().numpy() is x.array


def test_asarray_without_a_copy_that_is_needed() -> None:
    x = tl.tensor([1.0])
    assert np.asarray(x, copy=False) is not None
    with pytest.raises(ValueError, match="copy"):
        np.asarray(x, dtype="float64", copy=False)


def test_dlpack() -> None:
    x = tl.tensor([1.0, 2.0])
    z = torch.from_dlpack(x)
    assert z.tolist() == [1, 2]
    x[0] = 5
    assert z.tolist() == [5, 2]
    assert np.from_dlpack(x).tolist() == [5, 2]
    assert x.__dlpack_device__()[0] == 1
    with pytest.raises(BufferError, match="detach"):
        x.requires_grad_().__dlpack__()


def test_from_numpy_shares_memory() -> None:
    a = np.zeros(3)
    x = tl.from_numpy(a)
    a[0] = 1
    x[1] = 2
    assert x.tolist() == a.tolist() == [1, 2, 0]
    assert tl.as_tensor(a).array is a
    assert tl.tensor(a).array is not a
    with pytest.raises(TypeError, match=r"from_numpy.*list"):
        tl.from_numpy([1, 2])
    with pytest.raises(TypeError, match="complex128"):
        tl.from_numpy(np.zeros(2, complex))


def test_zero_dimensional_results_stay_tensors_on_arrays() -> None:
    x = leaf(1.0, 2.0)
    for y in (
        x.sum(),
        x[0],
        x.mean() * 2,
        x.max(),
        x.sum() * x.sum(),
        -x.sum(),
        x.sum().exp(),
        x.sum() > 1,
        x @ x,
        x.max(0).values,
        x.sum() ** 2,
    ):
        assert type(y) is tl.Tensor
        assert type(y.array) is np.ndarray
        assert y.shape == ()
    (g,) = tl.autograd.grad(x.sum().exp() * x[0], x)
    assert type(g.array) is np.ndarray
    s = tl.tensor(2.0, requires_grad=True)
    (s * s + s.exp()).backward()
    assert s.grad is not None
    assert type(s.grad.array) is np.ndarray


def test_out_takes_several_results_and_what_fits() -> None:
    x, whole, part = tl.tensor([1.5, -2.25]), tl.zeros(2), tl.zeros(2)
    out = np.modf(x, out=(part, whole))
    assert out[0] is part and out[1] is whole
    assert (part.tolist(), whole.tolist()) == ([0.5, -0.25], [1, -2])
    assert np.exp(x, out=part) is part
    counts, long = tl.zeros(2, dtype=tl.int64), tl.zeros(3)
    with pytest.raises(ValueError, match=r"add: the result float32\[2\] does not fit into int64\[2\]"):
        np.add(x, 1, out=counts)
    with pytest.raises(ValueError, match=r"add: the result float32\[2\] does not fit into float32\[3\]"):
        np.add(x, 1, out=long)
    assert counts.tolist() == [0, 0] and long.tolist() == [0, 0, 0]


def test_out_with_where_leaves_the_rest() -> None:
    x = tl.tensor([3.0, 4.0])
    assert np.add(x, 10, out=x, where=np.array([True, False])) is x
    assert x.tolist() == [13, 4]


def test_numpys_keywords_reach_the_function() -> None:
    x = tl.tensor([[1.0, 4.0], [3.0, 2.0]], requires_grad=True)
    for function in (np.sum, np.mean, np.max, np.min):
        y = function(x, axis=1, keepdims=True)
        assert isinstance(y, tl.Tensor) and y.requires_grad and y.shape == (2, 1)
    assert np.argmax(x.detach(), axis=0, keepdims=True).tolist() == [[1, 0]]


def test_an_array_cannot_take_in_what_requires_grad() -> None:
    a, w = np.ones(2, np.float32), tl.ones(2, requires_grad=True)
    with pytest.raises(TypeError, match=r"would write a Tensor that requires grad into an array.*a = a \+ x, not a \+= x"):
        a += w
    a += w.detach()
    assert a.tolist() == [2.0, 2.0]


def test_bitwise_operators_with_arrays_on_either_side() -> None:
    m = tl.tensor([True, False])
    for other in (np.array([True, True]), np.bool_(True)):
        for got in (m & other, other & m, m | other, other | m, m ^ other, other ^ m):
            assert isinstance(got, tl.Tensor) and got.dtype == tl.bool
    n = np.array([6, 3]) & tl.tensor([3, 5])
    assert isinstance(n, tl.Tensor) and n.tolist() == [2, 1]
