"""Derivatives of a function of Tensors: its Jacobian and Hessian, and their products with vectors.

`func` takes Tensors and returns one or several; `inputs` is a Tensor or a tuple of them, and the results have the same
structure. backward gives vᵀJ: one row of the Jacobian J, if v is a unit vector. Jv comes from it by a second backward: uᵀJ is
linear in u, and its derivative in the direction v is Jv. Each function has PyTorch's options: create_graph lets the result be
differentiated again, and strict refuses an output that does not depend on an input, where the derivative would be zeros.
https://pytorch.org/docs/stable/autograd.html#functional-higher-level-api
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._tensor import Tensor
from ..backend import array_module
from ..backward import grad
from ..creation import zeros_like
from ..functional.shape import reshape, stack
from ..grad_mode import enable_grad
from ..ops import shape
from ..suggest import missing_from, names_in

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]


def jacobian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """J_ij = ∂ func_i / ∂ x_j: the shape of the output followed by that of the input. It takes one walk for each number of the
    output. For several outputs or inputs, a tuple. `vectorize` and `strategy` do not change the result.
    >>> jacobian(lambda x: x**2, tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    with enable_grad():
        xs = _tracked("jacobian", inputs, create_graph)
        ys = func(*xs)
        rows = []
        for i, y in enumerate(_tensors("jacobian: the outputs of func", ys)):
            each = [_gradient("jacobian", i, y, xs, unit(y, n), create_graph, strict) for n in range(y.array.size)]
            rows.append(_like(inputs, [stacked([row[j] for row in each], y, x) for j, x in enumerate(xs)]))
    return _like(ys, rows)


def hessian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """H_ij = ∂² func / ∂x_i ∂x_j of a function with one number as its result: the Jacobian of its gradient. For several inputs,
    a tuple of tuples.
    >>> hessian(lambda x: (x**3).sum(), tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """

    def gradient(*xs: Tensor) -> Any:
        found = jacobian(lambda *xs: _number("hessian", func(*xs)), xs, create_graph=True, strict=strict)
        return found if isinstance(inputs, tuple) else found[0]

    return jacobian(gradient, inputs, create_graph, strict)


def vjp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The outputs of func, and vᵀJ. v has the structure of the outputs; it may be left out if there is one number.
    >>> vjp(lambda x: x**2, tensor([1.0, 2.0]), tensor([1.0, 10.0]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    with enable_grad():
        xs = _tracked("vjp", inputs, create_graph)
        ys = func(*xs)
        outputs = _tensors("vjp: the outputs of func", ys)
        vs = _vectors("vjp", "output", v, outputs)
        found = _sum_of_gradients("vjp", outputs, xs, vs, create_graph, strict)
    return _plain(ys, outputs, create_graph), _like(inputs, found)


def jvp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The outputs of func, and Jv: its derivative in the direction v. v has the structure of the inputs; it may be left out if
    there is one number.
    >>> jvp(lambda x: x**2, tensor([1.0, 2.0]), tensor([1.0, 10.0]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    with enable_grad():
        xs = _tracked("jvp", inputs, create_graph)
        vs = _vectors("jvp", "input", v, xs)
        ys = func(*xs)
        outputs = _tensors("jvp: the outputs of func", ys)
        us = [zeros_like(y).requires_grad_() for y in outputs]
        uJ = _sum_of_gradients("jvp", outputs, xs, us, True, strict)
        found = _sum_of_gradients("jvp", uJ, us, vs, create_graph, strict)
    return _plain(ys, outputs, create_graph), _like(ys, found)


def vhp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The result of func, which is one number, and vᵀH, with its Hessian H.
    >>> vhp(lambda x: (x**3).sum(), tensor([1.0, 2.0]), tensor([1.0, 10.0]))
    (tensor(9.), tensor([  6., 120.]))
    """
    with enable_grad():
        xs = _tracked("vhp", inputs, create_graph)
        vs = _vectors("vhp", "input", v, xs)
        y = func(*xs)
        gradient = _sum_of_gradients("vhp", [_number("vhp", y)], xs, [None], True, strict)
        found = _sum_of_gradients("vhp", gradient, xs, vs, create_graph, strict)
    return _plain(y, _tensors("vhp", y), create_graph), _like(inputs, found)


def hvp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The result of func, and Hv. The Hessian is symmetric, so the numbers are those of vhp.
    >>> hvp(lambda x: (x**3).sum(), tensor([1.0, 2.0]), tensor([1.0, 10.0]))
    (tensor(9.), tensor([  6., 120.]))
    """
    return vhp(func, inputs, v, create_graph, strict)


def _tensors(what: str, given: Any) -> list[Tensor]:
    """A Tensor, or a tuple or list of them, as a list. TypeError for anything else."""
    found = list(given) if isinstance(given, (tuple, list)) else [given]
    for x in found:
        if not isinstance(x, Tensor):
            raise TypeError(f"{what} must be Tensors, got {type(x).__name__}")
    return found


def _like(given: Any, found: list[Any]) -> Any:
    """The results in the structure of what was given: one, or a tuple."""
    return tuple(found) if isinstance(given, (tuple, list)) else found[0]


def _plain(ys: Any, outputs: list[Tensor], create_graph: bool) -> Any:
    return ys if create_graph else _like(ys, [y.detach() for y in outputs])


def _tracked(what: str, inputs: Any, create_graph: bool) -> list[Tensor]:
    """The inputs as tensors to differentiate by. With create_graph their history stays."""
    xs = _tensors(f"{what}: inputs", inputs)
    return [shape.reshape(x, shape=x.shape) if create_graph and x.node else x.detach().requires_grad_() for x in xs]


def _number(what: str, y: Any) -> Tensor:
    if not isinstance(y, Tensor) or y.array.size != 1:
        got = f"shape {list(y.shape)}" if isinstance(y, Tensor) else type(y).__name__
        raise RuntimeError(f"{what}: func must return a Tensor of one number, got {got}; reduce it: y.sum()")
    return y


def _vectors(what: str, of: str, v: Any, like: list[Tensor]) -> list[Any]:
    """v as a list, checked against what it is multiplied with."""
    if v is None:
        if len(like) != 1 or like[0].array.size != 1:
            raise RuntimeError(f"{what}: v may be left out only if the {of} is one number; give a v of the {of}'s shape")
        return [Tensor._of(array_module(like[0].array).ones_like(like[0].array))]
    vs = _tensors(f"{what}: v", v)
    if [x.shape for x in vs] != [y.shape for y in like]:
        shapes = f"{[list(x.shape) for x in vs]} and {[list(y.shape) for y in like]}"
        raise RuntimeError(f"{what}: v must have the shapes of the {of}s, got {shapes}")
    return vs


def unit(y: Tensor, n: int) -> Tensor:
    """Zeros in the shape of y, and a 1 in place of its nth number."""
    one = array_module(y.array).zeros(y.array.size, y.array.dtype)
    one[n] = 1
    return Tensor._of(one.reshape(y.array.shape))


def stacked(rows: list[Tensor], y: Tensor, x: Tensor) -> Tensor:
    """The rows of dy/dx as one tensor, in the shape of y followed by that of x."""
    return reshape(stack(rows) if rows else zeros_like(x), (*y.array.shape, *x.array.shape))


def _gradient(what: str, i: int, y: Tensor, xs: Any, v: Any, create_graph: bool, strict: bool) -> list[Tensor]:
    """vᵀ dy/dx for each x."""
    if y.node is None:
        if strict:
            raise RuntimeError(f"{what}: output {i} does not depend on the inputs, and strict=True refuses zeros")
        return [zeros_like(x) for x in xs]
    found = grad(y, xs, v, retain_graph=True, create_graph=create_graph, allow_unused=True)
    for j, g in enumerate(found):
        if g is None and strict:
            raise RuntimeError(f"{what}: output {i} does not depend on input {j}, and strict=True refuses zeros")
    return [zeros_like(x) if g is None else g for x, g in zip(xs, found)]


def _sum_of_gradients(what: str, ys: Any, xs: Any, vs: Any, create_graph: bool, strict: bool) -> list[Tensor]:
    each = [_gradient(what, i, y, xs, v, create_graph, strict) for i, (y, v) in enumerate(zip(ys, vs))]
    total = each[0]
    for more in each[1:]:
        total = [g + h for g, h in zip(total, more)]
    return total


if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__, __dir__ = missing_from(__name__), names_in(__name__)
