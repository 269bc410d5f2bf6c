"""Errors of ops name the op and the shapes or dtypes, and say what to try."""

from __future__ import annotations

import traceback
from typing import Any

import numpy as np
import pytest

import tinygrad_lite as tl


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: tl.ones(2, 3) + tl.ones(4), RuntimeError, r"add.*float32\[2, 3\] and float32\[4\]"),
        (
            lambda: tl.ones(2, 3) @ tl.ones(4, 2),
            RuntimeError,
            r"matmul: cannot multiply \[2, 3\] @ \[4, 2\]: the inner sizes 3 and 4",
        ),
        (
            lambda: tl.ones(3) @ tl.ones(4, 2),
            RuntimeError,
            r"matmul: cannot multiply \[3\] @ \[4, 2\]: the inner sizes 3 and 4",
        ),
        (lambda: tl.ones(3) @ tl.tensor(1.0), RuntimeError, r"matmul.*at least one dimension.*\*"),
        (lambda: tl.ones(2, 2) @ tl.ones(2, 2, dtype=tl.float64), RuntimeError, r"float32 and float64 differ.*\.to"),
        (lambda: tl.ones(2) + "a", TypeError, "add.*str"),
        (lambda: tl.ones(2) * [1, 2], TypeError, "mul.*list.*tensor"),
        (lambda: tl.ones(2) ** None, TypeError, "NoneType"),
        (lambda: tl.ones(2, 3).sum(2), IndexError, "sum: dim 2 is out of range.*-2 to 1"),
        (lambda: tl.ones(2, 3).mean((0, 0)), RuntimeError, "mean: dim .* twice"),
        (lambda: tl.ones(2, 3).sum(1.0), TypeError, "dim must be an int, got float"),
        (lambda: tl.ones(2, 3).sum(0, axis=0), TypeError, "dim|axis"),
        (lambda: tl.zeros(0).max(), RuntimeError, r"max.*\[0\]"),
        (lambda: tl.zeros(2, 0).argmax(1), IndexError, r"argmax.*\[2, 0\]"),
        (lambda: tl.arange(3).mean(), RuntimeError, "mean.*int64.*float"),
        (lambda: tl.arange(3).softmax(0), RuntimeError, "softmax.*int64.*float"),
        (lambda: tl.arange(3) ** -1, RuntimeError, "negative integer powers"),
        (lambda: tl.ones(2, 3).reshape(4), RuntimeError, r"reshape.*\[2, 3\]"),
        (lambda: tl.ones(2, 3).view(-1, 4), RuntimeError, r"^view: float32\[2, 3\] has 6 numbers, .* shape \[-1, 4\]"),
        (lambda: tl.ones(2, 3).reshape(5), RuntimeError, r"^reshape: float32\[2, 3\] has 6 numbers, .* shape \[5\]$"),
        (lambda: tl.ones(2, 3).reshape(-1, -1), RuntimeError, r"shape \[-1, -1\] \(one size may be -1\)"),
        (lambda: tl.ones(2, 3).T.view(6), RuntimeError, "view.*reshape"),
        (lambda: tl.ones(2, 3).permute(0), RuntimeError, "permute: 1 dims"),
        (lambda: tl.ones(2, 3).permute(0, 0), RuntimeError, "permute: .* twice"),
        (lambda: tl.ones(2, 3).transpose(0, 5), IndexError, "transpose: dim 5"),
        (lambda: tl.ones(2, 3, 4).flatten(2, 0), RuntimeError, "start_dim 2 comes after"),
        (lambda: tl.ones(2, 3).expand(2, 4), RuntimeError, r"expand.*\[2, 3\].*\[2, 4\]"),
        (lambda: tl.ones(2, 3).expand(3), RuntimeError, "expand"),
        (
            lambda: tl.cat([tl.ones(2, 3), tl.ones(2, 2)]),
            RuntimeError,
            r"cat: all sizes except that of dim 0 must agree, got \[2, 3\], \[2, 2\]",
        ),
        (lambda: tl.cat([]), (TypeError, RuntimeError, ValueError), "cat.*non-empty"),
        (lambda: tl.cat([tl.tensor(1.0)]), RuntimeError, "cat.*stack"),
        (lambda: tl.stack([tl.ones(2), tl.ones(3)]), RuntimeError, r"stack.*\[2\], \[3\]"),
        (lambda: tl.ones(3)[3], IndexError, r"getitem.*\[3\].*out of bounds"),
        (lambda: tl.ones(3)[[0, 5]], IndexError, "out of bounds"),
        (lambda: tl.ones(3)[1.0], IndexError, "1.0"),
        (lambda: tl.ones(3)[tl.ones(1)], IndexError, r"indices must be integers.*long"),
        (lambda: tl.ones(3)[tl.tensor([True, False])], IndexError, r"getitem"),
        (lambda: tl.ones(3)[::-1], ValueError, "negative step"),
        (lambda: tl.ones(3)[0, 0], IndexError, "getitem"),
        (lambda: tl.where(tl.ones(2), 1.0, 2.0), RuntimeError, "bool"),
        (lambda: tl.clamp(tl.ones(2)), (RuntimeError, ValueError), "at least one"),
        (lambda: tl.ones(2) == tl.ones(3), RuntimeError, r"\[2\] and float32\[3\]"),
        (lambda: ~tl.ones(2), (RuntimeError, TypeError), "invert"),
        (lambda: tl.ones(2) & tl.ones(2), (RuntimeError, TypeError), "and"),
    ],
)
def test_errors_say_what_happened(call: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        call()


def test_what_is_not_a_tensor_is_told_by_its_place() -> None:
    for call in (lambda xs: tl.cat(xs), lambda xs: tl.stack(xs), lambda xs: tl.einsum("i,i", *xs)):
        with pytest.raises(TypeError, match="expected Tensors, got ndarray in place 1"):
            call([tl.ones(2), np.ones(2)])


@pytest.mark.parametrize("value", [[1.0, 2.0], 2.0, (1, 2), True, 1j])
def test_a_list_or_a_number_is_no_tensor(value: Any) -> None:
    for function in (tl.exp, tl.sqrt, tl.relu):
        with pytest.raises(TypeError, match=r"expected a Tensor or a number, got|expected a Tensor, got"):
            function(value)
    assert isinstance(tl.exp(np.ones(2)), np.ndarray)  # on arrays an op is its forward


def test_a_result_that_does_not_fit_in_place_is_told_in_our_words() -> None:
    x = tl.tensor([1, 2])
    with pytest.raises(RuntimeError, match=r"in-place add: the result float32\[2\] does not fit into int64\[2\]; write x = "):
        x += 0.5
    assert x.tolist() == [1, 2]


def test_a_traceback_names_pythons_own_error() -> None:
    with pytest.raises(AttributeError) as error:
        tl.nothing_of_the_kind  # noqa: B018
    assert traceback.format_exception_only(error.value)[-1].startswith("AttributeError: module 'tinygrad_lite' has no")
