"""backward() and grad(): their arguments, what they return, and derivatives of derivatives."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite.autograd import grad


def leaf(*values: float) -> tl.Tensor:
    return tl.tensor(list(values), dtype=tl.float64, requires_grad=True)


def of(g: tl.Tensor | None) -> tl.Tensor:
    """A gradient that is there."""
    assert g is not None
    return g


# grad()


def test_grad_of_inputs_that_are_results() -> None:
    x = leaf(2.0)
    y = x * x
    z = y * y
    gx, gy = grad(z, [x, y], retain_graph=True)
    assert (gx.tolist(), gy.tolist()) == ([32], [8])
    assert grad(z, z, tl.tensor([7.0], dtype=tl.float64))[0].tolist() == [7]
    assert x.grad is None


def test_grad_with_respect_to_a_result_leaves_what_is_below_alone() -> None:
    x = leaf(2.0)
    y = x * x
    (gy,) = grad(y * y, y)
    y.backward(gy)  # as torch allows
    assert of(x.grad).tolist() == [32]


def test_grad_of_several_outputs() -> None:
    x, w = leaf(2.0), leaf(5.0)
    gx, gw = grad([x * w, x * x], [x, w], [tl.tensor([1.0], dtype=tl.float64), tl.tensor([10.0], dtype=tl.float64)])
    assert (gx.tolist(), gw.tolist()) == ([45], [2])


def test_grad_of_an_unused_input() -> None:
    x, w = leaf(2.0), leaf(5.0, 6.0)
    with pytest.raises(RuntimeError, match=r"do not depend on input 1.*allow_unused"):
        grad(x * x, (x, w))
    assert grad(x * x, (x, w), allow_unused=True)[1] is None
    zeros = grad(x * x, (x, w), materialize_grads=True)[1]
    assert zeros.tolist() == [0, 0]
    assert zeros.dtype == tl.float64


def test_arguments_of_grad_and_backward_stand_in_the_order_of_pytorch() -> None:
    def penalty(lib: Any, x: Any) -> Any:
        (g,) = lib.autograd.grad(outputs=x**3, inputs=x, grad_outputs=x, create_graph=True, only_inputs=True)
        (h,) = lib.autograd.grad((g**2).sum(), x, None, None, True, True, True, False, False)
        lib.autograd.backward((h, g), (x.detach(), None), True, False, None, (x,))
        return x.grad

    ours, theirs = (penalty(lib, lib.tensor([2.0], requires_grad=True)) for lib in (tl, torch))
    assert ours.tolist() == theirs.tolist()
    x = leaf(2.0)
    tl.autograd.backward([x * x], grad_variables=[x.detach()])
    assert of(x.grad).item() == 8
    with pytest.raises(NotImplementedError, match="once for each"):
        grad(x * x, x, is_grads_batched=True)
    with pytest.raises(RuntimeError, match="old name"):
        tl.autograd.backward(x * x, x.detach(), grad_variables=x.detach())
    with pytest.warns(FutureWarning, match="only_inputs"):
        grad(x * x, x, only_inputs=False)


def test_grad_of_an_input_that_requires_none() -> None:
    x = leaf(2.0)
    with pytest.raises(RuntimeError, match="input 0 does not require grad"):
        grad(x * x, tl.tensor([1.0]))
    with pytest.raises(RuntimeError, match="does not require grad"):
        grad(tl.tensor([1.0]), x)


def test_grad_touches_no_grad() -> None:
    x, w = leaf(2.0), leaf(3.0)
    grad(x * w, x)
    assert x.grad is None
    assert w.grad is None


def test_grad_lets_go_only_what_lies_on_the_way() -> None:
    a, b = leaf(3.0), leaf(2.0)
    z = a * a + b * b
    assert (grad(z, a)[0].item(), grad(z, b)[0].item()) == (6, 4)
    z, kept = a * a + b * b, b * 1
    side = kept * kept
    out = (z + side).sum()
    with tl.no_grad():
        kept += 1  # changes what only the way to b needs
    assert grad(out, a, retain_graph=True)[0].item() == 6
    with pytest.raises(RuntimeError, match="changed in place"):
        grad(out, b)
    middle = a * a
    last = (middle * b).sum()
    assert grad(last, middle)[0].item() == 2
    (middle * 1).sum().backward(inputs=[a])  # `middle` was not walked through
    assert a.grad is not None and a.grad.item() == 6


# backward()'s arguments


def test_backward_to_chosen_inputs() -> None:
    x, w = leaf(2.0), leaf(5.0)
    (x * w).backward(inputs=[x])
    assert of(x.grad).tolist() == [5]
    assert w.grad is None
    (x * w).backward(inputs=w)
    assert of(w.grad).tolist() == [2]
    for wrong in ([], [tl.tensor(1.0)], [x * 2]):
        with pytest.raises(RuntimeError, match="inputs must be leaves"):
            (x * w).backward(inputs=wrong)


def test_backward_of_more_than_one_number_needs_a_gradient() -> None:
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match=r"only for scalar outputs.*\[2\].*sum"):
        (x * 2).backward()
    with pytest.raises(RuntimeError, match=r"shape \[3\] for a tensor of shape \[2\]"):
        (x * 2).backward(tl.ones(3))
    with pytest.raises(RuntimeError, match=r"shape \[\] for a tensor of shape \[2\]"):
        (x * 2).backward(tl.tensor(1.0))
    with pytest.raises(RuntimeError, match="2 tensors but 1 gradients"):
        tl.autograd.backward([x * 2, x * 3], [tl.ones(2)])
    (x[:1] * 2).backward()  # one number, though not 0-d
    assert of(x.grad).tolist() == [2, 0]


def test_backward_takes_a_gradient_of_another_float_dtype() -> None:
    x = tl.ones(2, requires_grad=True)
    (x * 2).backward(tl.ones(2, dtype=tl.float64))
    assert of(x.grad).dtype == tl.float32


def test_backward_of_what_requires_no_grad() -> None:
    with pytest.raises(RuntimeError, match=r"does not require grad.*requires_grad=True"):
        tl.tensor(1.0).backward()
    x = leaf(1.0)
    with tl.no_grad():
        y = x * 2
    with pytest.raises(RuntimeError, match="no_grad"):
        y.backward()


def test_empty_tensors_walk() -> None:
    x = tl.zeros(0, 3, requires_grad=True)
    (x * 2).sum().backward()
    assert of(x.grad).shape == (0, 3)


def test_a_gradient_that_is_no_tensor() -> None:
    x = tl.ones(2, requires_grad=True)
    with pytest.raises(TypeError, match=r"a gradient must be a Tensor or None, got ndarray; use tensor"):
        (x * 2).backward(np.ones(2))
    assert x.grad is None


def test_backward_as_a_function_needs_no_gradient_for_one_number() -> None:
    x = tl.tensor([1.0, 2.0], requires_grad=True)
    tl.autograd.backward((x * x).sum())
    assert x.grad is not None and x.grad.tolist() == [2, 4]


# Higher orders


def test_three_orders_equal_torch() -> None:
    results: list[list[Any]] = []
    for t, differentiate in ((tl, grad), (torch, torch.autograd.grad)):
        x = t.tensor([0.3, 0.7, 1.1], dtype=t.float64, requires_grad=True)
        w = t.tensor([[0.2, -0.5, 0.9]], dtype=t.float64, requires_grad=True)
        y = ((w * x).tanh() + (x * x).exp() / w).sum() + t.softmax(x, 0)[0] * x[2]
        found = []
        for _ in range(3):
            (y,) = (differentiate(y, x, create_graph=True)[0].pow(2).sum(),)
            found.append(y)
        results.append(found)
    for ours, theirs in zip(*results):
        np.testing.assert_allclose(ours.item(), theirs.item(), 1e-11)


def test_create_graph_under_no_grad_still_records() -> None:
    x = leaf(2.0)
    y = x * x * x + x.exp() * 0 + x * x
    with tl.no_grad():
        (g,) = grad(y, x, create_graph=True)
    assert grad(g, x)[0].tolist() == [14]
    z = x**3
    with tl.no_grad():
        z.backward(create_graph=True)
    g = of(x.grad)
    x.grad = None
    g.backward()
    assert of(x.grad).tolist() == [12]


def test_backward_through_a_gradient() -> None:
    x = leaf(2.0)
    (x**3).backward(create_graph=True)
    (x**2).backward(create_graph=True)
    g = of(x.grad)
    assert g.tolist() == [16]
    assert g.requires_grad
    assert grad(g, x)[0].tolist() == [14]


def test_without_create_graph_a_gradient_is_a_constant() -> None:
    x = leaf(2.0)
    (x**3).backward()
    assert not of(x.grad).requires_grad
    assert not grad(x**3, x)[0].requires_grad


# The same numbers under every hash seed


def test_results_do_not_depend_on_the_hash_seed() -> None:
    program = (
        "import tinygrad_lite as tl\n"
        "tl.manual_seed(0)\n"
        "xs = [tl.randn(3, dtype=tl.float64, requires_grad=True) for _ in range(20)]\n"
        "y = sum((a * b.exp()).sum() for a in xs for b in xs)\n"
        "y.backward()\n"
        "print([x.grad.tolist() for x in xs])\n"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "12345")
    }
    assert len(printed) == 1


@pytest.mark.parametrize("t", [tl, torch], ids=["ours", "torch"])
def test_inputs_may_be_any_iterable(t: Any) -> None:
    w, b = t.ones(2, requires_grad=True), t.ones(2, requires_grad=True)
    named = {"w": w, "b": b}
    grads = t.autograd.grad((w * 3 + b).sum(), (p for p in (w, b)))
    assert [g.tolist() for g in grads] == [[3.0, 3.0], [1.0, 1.0]]
    (w * 3 + b).sum().backward(inputs=named.values())
    assert w.grad.tolist() == [3.0, 3.0]


def test_what_is_not_a_tensor_is_named() -> None:
    x = tl.ones(2, requires_grad=True)
    with pytest.raises(TypeError, match="expected a Tensor to differentiate, got float"):
        grad(3.0, x)
    with pytest.raises(TypeError, match="input 1 must be a Tensor, got int"):
        grad(x.sum(), [x, 3])
