"""PyTorch's promotion rule for all pairs of dtypes, alone and in the results of arithmetic."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite.dtypes import SUPPORTED, as_dtype, result_type

DTYPES = [str(dtype) for dtype in SUPPORTED]
NUMBERS: dict[str, Any] = {"True": True, "2": 2, "2.5": 2.5}
NUMPY: dict[str, Any] = {
    "np.bool": np.bool_(True),
    "np.int32": np.int32(2),
    "np.int64": np.int64(2),
    "np.float32": np.float32(2.5),
    "np.float64": np.float64(2.5),
}
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
}


@contextmanager
def default(name: str) -> Iterator[None]:
    """Another default dtype in both libraries."""
    tl.set_default_dtype(name)
    torch.set_default_dtype(getattr(torch, name))
    try:
        yield
    finally:
        tl.set_default_dtype("float32")
        torch.set_default_dtype(torch.float32)


def torch_name(x: Any) -> str:
    return str(x if isinstance(x, torch.dtype) else x.dtype).removeprefix("torch.")


def kinds(dtype: str) -> list[np.ndarray[Any, Any]]:
    """An array with a dimension, and a 0-d one."""
    return [np.array([1, 1], dtype), np.array(1, dtype)]


@pytest.mark.parametrize("default_dtype", ["float32", "float64"])
@pytest.mark.parametrize("first", DTYPES)
def test_result_type_equals_torch(first: str, default_dtype: str) -> None:
    with default(default_dtype):
        for a in kinds(first):
            for b in [*[b for second in DTYPES for b in kinds(second)], *NUMBERS.values()]:
                theirs = torch.result_type(torch.from_numpy(a), torch.from_numpy(b) if isinstance(b, np.ndarray) else b)
                assert str(result_type(a, b)) == torch_name(theirs)
            for scalar in NUMPY.values():  # weak, as Python's numbers are
                assert result_type(a, scalar) == result_type(a, scalar.item())


def outcome(function: Callable[[], Any]) -> Any:
    try:
        return function()
    except (RuntimeError, TypeError):
        return None


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("first", DTYPES)
def test_arithmetic_of_all_pairs_equals_torch(first: str, name: str, close: Any) -> None:
    op = OPERATORS[name]
    for a in kinds(first):
        for second in DTYPES:
            for b in kinds(second):
                ours = outcome(lambda a=a, b=b: op(tl.tensor(a), tl.tensor(b)))
                theirs = outcome(lambda a=a, b=b: op(torch.tensor(a), torch.tensor(b)))
                if theirs is None:  # a bool in a difference, bool ** bool
                    assert (name == "-" and "bool" in (first, second)) or (name == "**" and first == second == "bool")
                else:
                    close(ours, theirs)


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("first", DTYPES)
def test_arithmetic_with_numbers_equals_torch(first: str, name: str, close: Any) -> None:
    op = OPERATORS[name]
    for a in kinds(first):
        for number in NUMBERS.values():
            for call in (lambda x, y=number: op(x, y), lambda x, y=number: op(y, x)):
                theirs = outcome(lambda a=a, call=call: call(torch.tensor(a)))
                if theirs is not None:
                    close(call(tl.tensor(a)), theirs)
        for scalar in NUMPY.values():
            for call in (lambda x, y: op(x, y), lambda x, y: op(y, x)):
                plain = outcome(lambda a=a, s=scalar, call=call: call(tl.tensor(a), s.item()))
                if plain is not None:
                    ours = call(tl.tensor(a), scalar)
                    assert isinstance(ours, tl.Tensor)
                    close(ours, plain)


@pytest.mark.parametrize("name", OPERATORS)
def test_gradients_come_back_in_the_dtype_of_each_input(name: str, close: Any) -> None:
    for first in ("float16", "float32", "float64"):
        for second in ("float16", "float32", "float64"):
            grads = []
            for t, make in ((tl, tl.tensor), (torch, torch.tensor)):
                x = make(np.array([1.5, 2.0], first)).requires_grad_()
                y = make(np.array([[0.5], [3.0]], second)).requires_grad_()
                t.sum(OPERATORS[name](x, y)).backward()
                grads.append((x.grad, y.grad))
            for ours, theirs in zip(*grads):
                close(ours, theirs)


def test_default_dtype() -> None:
    assert tl.get_default_dtype() == tl.float32
    with default("float64"):
        assert tl.tensor(1.0).dtype == tl.float64
        assert (tl.tensor([1, 2]) / 2).dtype == tl.float64
        assert tl.arange(2).exp().dtype == tl.float64
        assert tl.zeros(2).dtype == tl.rand(2).dtype == tl.eye(2).dtype == tl.linspace(0, 1, 3).dtype == tl.float64
        assert (tl.tensor([1]) + 1.5).dtype == tl.float64
        assert repr(tl.tensor([1.5])) == "tensor([1.5000])"
        assert repr(tl.tensor([1.5], dtype=tl.float32)) == "tensor([1.5000], dtype=float32)"
    for wrong in ("int64", bool, np.uint8):
        with pytest.raises(TypeError, match="floating-point"):
            tl.set_default_dtype(wrong)
    assert tl.get_default_dtype() == tl.float32


def test_names_of_dtypes() -> None:
    assert (tl.float, tl.double, tl.half, tl.long, tl.int) == (tl.float32, tl.float64, tl.float16, tl.int64, tl.int32)
    for name in DTYPES:
        assert str(getattr(tl, name)) == name
        assert as_dtype(name) is getattr(tl, name)
        assert tl.zeros(2, dtype=name).dtype == tl.zeros(2, dtype=getattr(np, name if name != "bool" else "bool_")).dtype
    for wrong in ("complex64", "uint16", "U3", object):
        with pytest.raises(TypeError, match="float16, float32, float64, int8, int16, int32, int64, uint8, bool"):
            tl.zeros(2, dtype=wrong)


@pytest.mark.parametrize("source", DTYPES)
def test_casts_equal_torch(source: str, close: Any) -> None:
    a = np.array([0, 1, 3]).astype(source)
    x, z = tl.tensor(a), torch.tensor(a)
    for method in ("half", "float", "double", "int", "long", "byte", "bool"):
        close(getattr(x, method)(), getattr(z, method)())
    for target in DTYPES:
        close(x.to(getattr(tl, target)), z.to(getattr(torch, target)))
        close(x.type(getattr(tl, target)), z.type(getattr(torch, target)))
    assert x.type() == z.type()
    assert x.to(x.dtype) is x


def test_only_floats_require_grad() -> None:
    for dtype in ("int32", "int64", "uint8", "bool"):
        with pytest.raises(RuntimeError, match=f"only floating-point.*{dtype}"):
            tl.tensor([1], dtype=dtype, requires_grad=True)
        with pytest.raises(RuntimeError, match="only floating-point"):
            tl.tensor([1], dtype=dtype).requires_grad_()
        assert not tl.tensor([1.0], requires_grad=True).to(dtype).requires_grad
    x = tl.tensor([1.0, 2.0], requires_grad=True)
    for y in (x.argmax(), x > 1, x.int(), x.max(0).indices, x.any(), x == x):
        assert not y.requires_grad
