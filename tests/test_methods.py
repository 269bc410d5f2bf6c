"""What methods.py installs on Tensor, and what methods.pyi declares of it for editors."""

from __future__ import annotations

import operator
from inspect import Parameter, signature
from typing import Any

import declared_methods
import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite import methods


def test_the_stub_is_up_to_date() -> None:
    on_disk = declared_methods.FILE.read_text(encoding="utf-8")
    assert on_disk == declared_methods.declared(), "methods.pyi is out of date; type: python tests/declared_methods.py"


def test_each_method_has_a_docstring_and_a_signature() -> None:
    for name, method in methods.INSTALLED.items():
        if not name.startswith("__") and not isinstance(method, property):
            assert method.__doc__, name
            assert next(iter(signature(method).parameters)) in ("self", "input"), name


def test_functions_and_methods_are_those_of_torch() -> None:
    for name in methods.INSTALLED.keys() - {"__array_ufunc__", "__array_function__", "graph"}:
        assert hasattr(torch.Tensor, name), f"Tensor.{name} is not in PyTorch"


def test_an_error_of_python_names_the_method_that_was_called() -> None:
    x = tl.ones(2)
    for call, name in ((lambda: x.add_(1, beta=2), "add_"), (lambda: x.float(1), "float")):
        with pytest.raises(TypeError, match=rf"^{name}\(\) "):
            call()
    for name, method in methods.INSTALLED.items():
        assert name.startswith("__") or "<locals>" not in getattr(method, "__qualname__", name)


def test_names_are_listed_once_and_internals_are_not() -> None:
    assert len(tl.__all__) == len(set(tl.__all__))
    shown = dir(tl)
    for name in ("tensor", "exp", "sum", "nn", "optim", "datasets", "op", "gradcheck", "einsum"):
        assert name in shown
    for name in ("as_array", "ascii_letters", "annotations", "Any", "backward", "methods", "wraps", "np"):
        assert name not in shown


def values(dtype: Any) -> Any:
    return np.array([0.5, 1.0, 2.0], dtype)


def takes_self_only(name: str) -> bool:
    parameters = list(signature(methods.IN_PLACE[name]).parameters.values())[1:]
    return all(p.default is not Parameter.empty for p in parameters) and name not in (
        "clamp_",
        "clip_",
        "bitwise_not_",
        "tril_",
        "triu_",
    )


IN_PLACE = [name for name in methods.IN_PLACE if takes_self_only(name)]
# PyTorch has no derivatives of these six, and passes the gradient of logical_not_(x) to x unchanged; here it is 0.
NOT_IN_TORCH = ("asinh_", "acosh_", "atanh_", "arcsinh_", "arccosh_", "arctanh_", "logical_not_", "digamma_")


@pytest.mark.parametrize("name", IN_PLACE)
def test_an_in_place_form_writes_to_the_same_memory(name: str, close: Any) -> None:
    x, z = tl.tensor(values("f8")), torch.tensor(values("f8"))
    view, memory = x[:2], x.array
    assert getattr(x, name)() is x
    assert x.array is memory
    close(x, getattr(z, name)())
    close(view, z[:2])


@pytest.mark.parametrize("name", [name for name in IN_PLACE if name not in NOT_IN_TORCH])
def test_an_in_place_form_is_differentiable(name: str, close: Any) -> None:
    def run(t: Any) -> tuple[Any, Any]:
        w = t.tensor(values("f8"), requires_grad=True)
        x = w * 2
        getattr(x, name)()
        x.sum().backward()
        return x.detach(), w.grad

    for ours, theirs in zip(run(tl), run(torch)):
        close(ours, theirs)


@pytest.mark.parametrize(
    "change", [lambda x: x.pow_(2), lambda x: x.clamp_(0.7, 1.5), lambda x: x.clip_(max=1.0), lambda x: operator.ipow(x, 3)]
)
def test_in_place_forms_with_arguments(change: Any, close: Any) -> None:
    x, z = tl.tensor(values("f8")), torch.tensor(values("f8"))
    memory = x.array
    assert change(x) is x and x.array is memory
    close(x, change(z))


def test_an_in_place_form_refuses_what_does_not_fit() -> None:
    for t in (tl, torch):
        x = t.tensor([1, 2])
        with pytest.raises(RuntimeError):
            x.exp_()  # floats do not fit into integers
        assert x.tolist() == [1, 2]
    with pytest.raises(RuntimeError, match=r"in-place exp: the result float32\[2\] does not fit into int64\[2\]"):
        tl.tensor([1, 2]).exp_()
    with pytest.raises(RuntimeError, match="in-place pow: the result float32\\[2, 3\\] does not fit into float32\\[3\\]"):
        tl.ones(3).pow_(tl.ones(2, 3))


def test_an_in_place_form_of_what_was_saved_is_noticed() -> None:
    x = tl.tensor(values("f8"), requires_grad=True)
    y = x.exp()
    z = y * 1
    with tl.no_grad():
        y.sqrt_()
    with pytest.raises(RuntimeError, match=r"backward through exp: .* changed in place"):
        z.sum().backward()


@pytest.mark.parametrize("name", ["sum", "exp", "relu", "max", "reshape", "view"])
def test_help_shows_tensors(name: str) -> None:
    assert "Tensor" in str(signature(getattr(tl.Tensor, name)))
    assert "Array" not in str(signature(getattr(tl.Tensor, name)))


def test_methods_have_their_names_for_help() -> None:
    for name in methods.METHODS | methods.IN_PLACE | dict.fromkeys(methods.DTYPES):
        method = getattr(tl.Tensor, name)
        method = getattr(method, "fget", method)
        if name.endswith("_") and method.__name__ != name:
            plain = getattr(getattr(tl.Tensor, name.removesuffix("_"), None), "__name__", "")
            assert method.__name__ == f"{plain}_" or name == "true_divide_"
        elif method.__name__ != name:
            assert getattr(tl.Tensor, method.__name__, None) is method, name
