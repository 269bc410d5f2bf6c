"""Derivatives checked against central differences: df/dx ≈ (f(x + ε) - f(x - ε)) / 2ε, for one number of x at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..backend import put
from ..backward import as_tuple, grad


def gradcheck(
    func: Any, inputs: Any, eps: float = 1e-6, atol: float = 1e-5, rtol: float = 1e-3, raise_exception: bool = True
) -> bool:
    """Whether func's gradients agree with central differences, for every output and every input that requires grad.
    `inputs` must be float64 tensors (ValueError otherwise: float32 is too coarse for differences). If they disagree, a
    RuntimeError shows both Jacobians; with raise_exception=False the result is False.
    https://pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradcheck.html
    >>> gradcheck(exp, tensor([0.5, 1.0], dtype=float64, requires_grad=True))
    True
    """
    inputs = as_tuple(inputs)
    checked = [x for x in inputs if isinstance(x, Tensor) and x.requires_grad]
    if not checked:
        raise ValueError("gradcheck: no input requires grad")
    for x in checked:
        if x.dtype != np.float64:
            raise ValueError(f"gradcheck: differences need float64, an input is {x.dtype}; use x.double()")
    for k, y in enumerate(as_tuple(func(*inputs))):
        for i, x in enumerate(checked):
            expected, got = _by_differences(func, inputs, x, k, eps), _by_derivative(y, x)
            if not np.allclose(got, expected, rtol, atol, equal_nan=True):
                if not raise_exception:
                    return False
                what = f"the Jacobian of output {k} with respect to differentiable input {i} is wrong"
                raise RuntimeError(f"gradcheck: {what}\nby differences:\n{expected}\nby the derivative:\n{got}")
    return True


def gradgradcheck(func: Any, inputs: Any, *args: Any, **options: Any) -> bool:
    """Whether func's second derivatives agree with central differences: gradcheck applied to its gradient.
    The upstream gradients are fixed numbers around 1, different from each other. The options are those of gradcheck.
    >>> gradgradcheck(tanh, tensor([0.5, 1.0], dtype=float64, requires_grad=True))
    True
    """
    inputs = as_tuple(inputs)
    upstream = [_weights(y).requires_grad_() for y in as_tuple(func(*inputs))]

    def gradient(*inputs_and_upstream: Any) -> tuple[Any, ...]:
        xs, gs = inputs_and_upstream[: len(inputs)], inputs_and_upstream[len(inputs) :]
        checked = [x for x in xs if isinstance(x, Tensor) and x.requires_grad]
        return grad(as_tuple(func(*xs)), checked, gs, create_graph=True, materialize_grads=True)

    return gradcheck(gradient, (*inputs, *upstream), *args, **options)


def _weights(y: Tensor) -> Tensor:
    count = np.arange(y.numel(), dtype=np.float64).reshape(y.shape)
    return Tensor._of(put(np.asarray(1 + 0.1 * np.cos(count)), y.device))


def _by_derivative(y: Tensor, x: Tensor) -> np.ndarray[Any, Any]:
    """The Jacobian dy/dx, of shape (numbers in y, numbers in x). Each row, for one number of y, takes one walk."""
    jacobian = np.zeros((y.numel(), x.numel()))
    for row, upstream in zip(jacobian, np.eye(y.numel())):
        if y.node is not None:  # otherwise y is constant: nothing leads from it to x
            g = Tensor._of(put(upstream.reshape(y.shape), y.device))
            row[:] = put(grad(y, x, g, retain_graph=True, materialize_grads=True)[0].array, "cpu").ravel()
    return jacobian


def _by_differences(func: Any, inputs: Sequence[Any], x: Tensor, output: int, eps: float) -> np.ndarray[Any, Any]:
    """The Jacobian dy/dx. Each column, for one number of x, takes two evaluations of func."""

    def value(index: Any, step: float) -> Any:
        moved = Tensor._of(x.array.copy()).requires_grad_()
        moved.array[index] += step
        return put(as_tuple(func(*[moved if given is x else given for given in inputs]))[output].array, "cpu").ravel()

    columns = [(value(index, eps) - value(index, -eps)) / (2 * eps) for index in np.ndindex(x.shape)]
    return np.array(columns).T if columns else np.zeros((as_tuple(func(*inputs))[output].numel(), 0))
