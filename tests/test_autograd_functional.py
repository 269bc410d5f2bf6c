"""autograd.functional and func: derivatives of functions, beside PyTorch's."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.func

import tinygrad_lite as tl
from tinygrad_lite import nn


def numbers(t: Any, *values: Any) -> list[Any]:
    return [t.tensor(v, dtype=t.float64) for v in values]


def compare(ours: Any, theirs: Any, close: Any) -> None:
    """Two nested results: the same structure, the same numbers."""
    if isinstance(theirs, torch.Tensor):
        assert isinstance(ours, tl.Tensor) and ours.requires_grad == theirs.requires_grad
        close(ours, theirs)
    elif isinstance(theirs, dict):
        assert ours.keys() == theirs.keys()
        for name in theirs:
            compare(ours[name], theirs[name], close)
    elif isinstance(theirs, (tuple, list)):
        assert type(ours) is type(theirs) and len(ours) == len(theirs)
        for a, b in zip(ours, theirs):
            compare(a, b, close)
    else:
        assert ours == theirs


X, Y, V = [1.0, -2.0, 0.5], [[0.5, 1.0, 2.0], [1.5, -1.0, 0.25]], [0.3, 0.1, -2.0]
PROGRAMS: dict[str, Callable[..., Any]] = {
    "jacobian": lambda t, x, y, v: t.autograd.functional.jacobian(lambda x: (y @ x).exp(), x),
    "jacobian of two": lambda t, x, y, v: t.autograd.functional.jacobian(lambda x, y: ((y @ x).exp(), x * x), (x, y)),
    "jacobian without dependence": lambda t, x, y, v: t.autograd.functional.jacobian(lambda x, y: x**2, (x, y)),
    "jacobian of a number": lambda t, x, y, v: t.autograd.functional.jacobian(lambda x: (x**3).sum(), x),
    "jacobian with graph": lambda t, x, y, v: t.autograd.functional.jacobian(
        lambda x: x**3, x.requires_grad_(), create_graph=True
    ),
    "hessian": lambda t, x, y, v: t.autograd.functional.hessian(lambda x: (y @ x).exp().sum(), x),
    "hessian of two": lambda t, x, y, v: t.autograd.functional.hessian(lambda x, y: (y @ x).exp().sum(), (x, y)),
    "vjp": lambda t, x, y, v: t.autograd.functional.vjp(lambda x: (y * x).tanh(), x, y),
    "vjp of a number": lambda t, x, y, v: t.autograd.functional.vjp(lambda x: (x**2).sum(), x),
    "vjp of two": lambda t, x, y, v: t.autograd.functional.vjp(lambda x, z: (x * z, x + z), (x, v), (v, x)),
    "jvp": lambda t, x, y, v: t.autograd.functional.jvp(lambda x: (y * x).tanh(), x, v),
    "jvp of two": lambda t, x, y, v: t.autograd.functional.jvp(lambda x, z: (x * z, x.exp()), (x, v), (v, x)),
    "jvp of a linear function": lambda t, x, y, v: t.autograd.functional.jvp(lambda x: y @ x, x, v),
    "vhp": lambda t, x, y, v: t.autograd.functional.vhp(lambda x: (y @ x).exp().sum(), x, v),
    "hvp": lambda t, x, y, v: t.autograd.functional.hvp(lambda x: (y @ x).exp().sum(), x, v),
    "hvp of two": lambda t, x, y, v: t.autograd.functional.hvp(lambda x, z: (x**2 * z.exp()).sum(), (x, v), (v, x)),
    "func.grad": lambda t, x, y, v: t.func.grad(lambda x: (y @ x).exp().sum())(x),
    "func.grad of grad": lambda t, x, y, v: t.func.grad(t.func.grad(lambda x: x**3 * v[0]))(x[0]),
    "func.grad, argnums": lambda t, x, y, v: t.func.grad(lambda a, b: (a * b.exp()).sum(), argnums=(1, 0))(x, v),
    "func.grad, negative argnums": lambda t, x, y, v: t.func.grad(lambda a, b: (a * b.exp()).sum(), argnums=-1)(x, v),
    "func.grad, has_aux": lambda t, x, y, v: t.func.grad(lambda a: ((a**2).sum(), a.sum()), has_aux=True)(x),
    "func.grad of a dict": lambda t, x, y, v: t.func.grad(lambda p, x: (p["w"] @ x + p["b"][0]).sum())(
        {"w": y, "b": [x[:2]]}, x
    ),
    "func.grad within no_grad": lambda t, x, y, v: t.no_grad()(lambda: t.func.grad(lambda a: (a**2).sum())(x))(),
    "grad_and_value": lambda t, x, y, v: t.func.grad_and_value(lambda x: (y @ x).exp().sum())(x),
    "grad_and_value, has_aux": lambda t, x, y, v: t.func.grad_and_value(lambda x: ((x**2).sum(), {"n": x}), has_aux=True)(x),
    "func.vjp": lambda t, x, y, v: [f(y) if callable(f) else f for f in t.func.vjp(lambda x: (y * x).tanh(), x)],
    "func.vjp of two": lambda t, x, y, v: [
        f((v, x)) if callable(f) else f for f in t.func.vjp(lambda a, b: (a * b, a.exp()), x, v)
    ],
    "func.jvp": lambda t, x, y, v: t.func.jvp(lambda x: (y * x).tanh(), (x,), (v,)),
    "jacrev": lambda t, x, y, v: t.func.jacrev(lambda x: (y @ x).exp())(x),
    "jacrev, argnums": lambda t, x, y, v: t.func.jacrev(lambda a, b: (b @ a).exp(), argnums=(0, 1))(x, y),
    "jacfwd": lambda t, x, y, v: t.func.jacfwd(lambda x: (y @ x).exp())(x),
    "func.hessian": lambda t, x, y, v: t.func.hessian(lambda x: (y @ x).exp().sum())(x),
    "jacrev of jacrev of jacrev": lambda t, x, y, v: t.func.jacrev(t.func.jacrev(t.func.jacrev(lambda x: (x**4).sum())))(x),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_derivatives_of_functions_equal_torch(name: str, close: Any) -> None:
    ours = PROGRAMS[name](tl, *numbers(tl, X, Y, V))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch.func warns of its own torch.jit
        theirs = PROGRAMS[name](torch, *numbers(torch, X, Y, V))
    compare(ours, theirs, close)


def test_value_and_grad_is_grad_and_value_in_the_other_order() -> None:
    (x,) = numbers(tl, X)
    value, g = tl.func.value_and_grad(lambda x: (x**2).sum())(x)
    assert value.item() == 5.25 and g.tolist() == [2.0, -4.0, 1.0]


def test_a_result_can_be_differentiated_by_what_the_function_uses(close: Any) -> None:
    found = []
    for t in (tl, torch):
        x, w = numbers(t, X, V)
        w.requires_grad_()
        t.func.grad(lambda a, w=w: ((a * w) ** 2).sum())(x).sum().backward()
        found.append(w.grad)
    close(*found)


def test_functional_call(close: Any) -> None:
    net, x = nn.Sequential(nn.Linear(3, 2), nn.Tanh()), numbers(tl, X)[0].float()
    before = net[0].weight
    parameters = {name: p.detach() * 2 for name, p in net.named_parameters()}
    out = tl.func.functional_call(net, parameters, (x,))
    close(out, (x @ parameters["0.weight"].T + parameters["0.bias"]).tanh())
    assert net[0].weight is before
    gradients = tl.func.grad(lambda p: tl.func.functional_call(net, p, x).sum())(parameters)
    assert gradients.keys() == parameters.keys() and gradients["0.weight"].shape == (2, 3)
    assert net[0].weight is before and before.grad is None
    with pytest.raises(RuntimeError, match=r"no parameter or buffer named 1\.weight"):
        tl.func.functional_call(net, {"1.weight": x}, x)


REFUSED: dict[str, Callable[..., Any]] = {
    "strict jacobian": lambda t, x, y: t.autograd.functional.jacobian(lambda x, y: x**2, (x, y), strict=True),
    "hessian of a vector": lambda t, x, y: t.autograd.functional.hessian(lambda x: x**2, x),
    "vjp without v": lambda t, x, y: t.autograd.functional.vjp(lambda x: x**2, x),
    "v of another shape": lambda t, x, y: t.autograd.functional.vjp(lambda x: x**2, x, y),
    "an input that is a list of numbers": lambda t, x, y: t.autograd.functional.vjp(lambda x: x, 1.0),
    "func.grad of a vector": lambda t, x, y: t.func.grad(lambda x: x**2)(x),
    "argnums out of range": lambda t, x, y: t.func.grad(lambda x: (x**2).sum(), argnums=1)(x),
    "func.vjp, v of another shape": lambda t, x, y: t.func.vjp(lambda x: x**2, x)[1](y),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_torch_refuses_is_refused(name: str) -> None:
    for t in (tl, torch):
        with pytest.raises((RuntimeError, TypeError, ValueError)):
            REFUSED[name](t, *numbers(t, X, Y))
