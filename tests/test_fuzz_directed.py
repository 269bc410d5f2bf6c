"""Random inputs to chosen places: what the programs of test_fuzz.py, which compute in float64, do not reach."""

from __future__ import annotations

import warnings
from math import inf, nan
from typing import Any

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_lite as tl

from .fuzz.twins import compiled

FEW = settings(max_examples=150, deadline=None, derandomize=True)
DTYPES = ("float16", "float32", "float64", "int32", "int64", "uint8", "bool")
OPS = ("+", "-", "*", "/", "**", "<", "<=", "==", "!=", ">", ">=")


@FEW
@given(st.sampled_from(DTYPES), st.sampled_from(DTYPES), st.sampled_from(OPS), st.booleans(), st.booleans())
def test_pairs_of_dtypes_equal_torch(first: str, second: str, op: str, first_0d: bool, second_0d: bool) -> None:
    results: list[Any] = []
    for t in (tl, torch):
        x = t.tensor(3 if first_0d else [0, 1, 2, 3], dtype=getattr(t, first))
        y = t.tensor(2 if second_0d else [1, 3, 2, 0], dtype=getattr(t, second))
        t.set_default_dtype(t.float32)
        try:
            results.append(compiled_result(f"x {op} y", x=x, y=y))
        except RuntimeError:
            results.append(None)
    if results[1] is not None:  # what torch has not written for bools may run here
        ours, theirs = results[0].numpy(), results[1].numpy()
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, 2e-3 if ours.dtype == "float16" else 1e-6)


def compiled_result(text: str, **names: Any) -> Any:
    return eval(compiled(text, "eval"), names)


FAR: tuple[Any, ...] = (-1, 0, 1, 255, 256, 300, -(2**31), 2**31, 2**40, -(2**40), 2**53, 0.5, -0.5, 1e30, True, inf, nan)


@settings(FEW, max_examples=300)
@given(
    st.sampled_from(DTYPES),
    st.sampled_from(OPS[5:]),
    st.sampled_from(FAR),
    st.lists(st.integers(0, 255), max_size=4),
    st.booleans(),
)
def test_comparisons_with_numbers_equal_torch(dtype: str, op: str, number: Any, values: list[int], mirrored: bool) -> None:
    """uint8 == -1 and int32 < 2**40: the number is cast to the tensor's dtype, and may wrap around, as in torch."""
    text, results = (f"n {op} x" if mirrored else f"x {op} n"), []
    for t in (tl, torch):
        t.set_default_dtype(t.float32)
        x = t.tensor(values, dtype=getattr(t, dtype))
        results.append(compiled_result(text, x=x, n=number).tolist())
    assert results[0] == results[1]


@FEW
@given(st.data())
def test_sums_are_accurate_along_any_axes(data: Any) -> None:
    """Of float32 to four epsilons of the sum of all |x|, as of float64 rounded once; float16 is summed in float32."""
    sizes = [(40, 30, 7), (20_000, 3), (3, 20_000), (1000, 17), (9000,), (100, 2, 100), (1, 4000), (0, 3)]
    size = data.draw(st.sampled_from(sizes))
    order = data.draw(st.permutations(range(len(size))))
    step = data.draw(st.sampled_from([1, 2, -1]))
    dim = data.draw(st.one_of(st.none(), st.lists(st.integers(0, len(size) - 1), min_size=1, unique=True).map(tuple)))
    dtype, what = data.draw(st.sampled_from(["float32", "float16"])), data.draw(st.sampled_from(["sum", "mean"]))
    offset = data.draw(st.sampled_from([0, 0.1, 100]))
    values = (np.random.default_rng(len(order)).standard_normal(size) + offset).astype(dtype).transpose(order)[::step]
    exact, size = getattr(np, what), getattr(np, what)(abs(values.astype(float)), dim) if values.size else 0
    x = tl.from_numpy(values)
    out = getattr(x, what)(dim).numpy().astype(float)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = exact(values.astype(float), dim)
        once = np.asarray(expected).astype(dtype)
        allowed = 4 * np.finfo(np.float32).eps * size + np.spacing(abs(once)).astype(float) / 2
        right = (abs(out - expected) <= allowed) | (out == once) | (np.isnan(out) & np.isnan(once))
    assert right.all(), (size, values.shape, dim, out, expected)


EMPTY = st.sampled_from([(0,), (2, 3), (0, 3), (2, 0), (1, 3), (3,), (0, 0)])


@FEW
@given(st.lists(EMPTY, min_size=1, max_size=4), st.integers(-2, 1), st.booleans())
def test_cat_and_stack_of_empty_operands_equal_torch(shapes: list[tuple[int, ...]], dim: int, stack: bool) -> None:
    results: list[Any] = []
    for t in (tl, torch):
        xs = [t.ones(*shape, requires_grad=True) for shape in shapes]
        try:
            y = t.stack(xs, dim) if stack else t.cat(xs, dim)
        except (RuntimeError, IndexError):
            results.append(None)
            continue
        (y * 2).sum().backward()
        results.append((tuple(y.shape), [x.grad.tolist() for x in xs], [tuple(x.grad.shape) for x in xs]))
    assert results[0] == results[1]
