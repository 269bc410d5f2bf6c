"""The tape and the walk: what is remembered, in which order it is walked, and what is left afterwards."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import weakref
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite import tape
from tinygrad_lite.apply import op
from tinygrad_lite.autograd import grad
from tinygrad_lite.tape import Leaf, Node


def leaf(*values: float) -> tl.Tensor:
    return tl.tensor(list(values), dtype=tl.float64, requires_grad=True)


def of(g: tl.Tensor | None) -> tl.Tensor:
    """A gradient that is there."""
    assert g is not None
    return g


# Deep and wide graphs


def test_a_chain_of_a_million_ops() -> None:
    x = tl.tensor(1.0, dtype=tl.float64, requires_grad=True)
    y = x
    for _ in range(1_000_000):
        y = y + 1e-6
    y.backward()
    assert of(x.grad).item() == 1
    assert y.item() == pytest.approx(2)
    del y  # a million nodes are let go without recursion


def test_a_deep_chain_that_keeps_arrays_is_let_go_unwalked() -> None:
    x = tl.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(200_000):
        y = y.tanh()
    del y
    assert isinstance(x.node, Leaf)


def test_a_deep_chain_twice_differentiated() -> None:
    x = tl.tensor(0.5, dtype=tl.float64, requires_grad=True)
    y = x
    for _ in range(5000):
        y = y * 1.0
    (g,) = grad(y * y, x, create_graph=True)
    (h,) = grad(g, x)
    assert (g.item(), h.item()) == (1, 2)


def test_diamonds_forty_deep() -> None:
    x = leaf(1.0)
    y = x
    for _ in range(40):
        y = y * 0.5 + y * 0.5
    y.backward()  # 2^40 paths
    assert of(x.grad).tolist() == [1]


def test_diamonds_of_unequal_arms() -> None:
    x = leaf(1.1)
    z = torch.tensor([1.1], dtype=torch.float64, requires_grad=True)
    results: list[Any] = []
    for t, a in ((tl, x), (torch, z)):
        y: Any = a
        for _ in range(12):
            y = t.tanh(t.sigmoid(y) * y) + y * 0.1 + t.exp(-y)
        y.backward()
        results.append(a.grad)
    np.testing.assert_allclose(results[0].numpy(), results[1].numpy(), 1e-12)


def test_fan_out_adds_up() -> None:
    x = leaf(2.0, 3.0)
    y = x * 2
    total = y.sum()
    for k in range(1, 50):
        total = total + (y * k).sum()
    total.backward()
    assert of(x.grad).tolist() == [2 * (1 + sum(range(50)))] * 2


def test_each_node_is_walked_once() -> None:
    calls: list[int] = []

    def vjp(g: Any) -> Any:
        calls.append(1)
        return g * 2

    try:
        twice = op(x=vjp)(_twice)
        x = leaf(1.0)
        y = twice(x)
        (y + y * y + y.exp()).backward()
    finally:
        del tape.ops["_twice"]
    assert calls == [1]


def _twice(x: Any) -> Any:
    return x * 2


def test_roots_that_depend_on_each_other() -> None:
    x = leaf(3.0)
    y = x * x
    z = y * x
    tl.autograd.backward([z, y, y], [None, tl.tensor([2.0], dtype=tl.float64), None])
    assert of(x.grad).tolist() == [27 + 3 * 6]


# Memory


def test_nothing_is_left_for_the_collector() -> None:
    def work() -> None:
        x, w = tl.randn(5, 4, requires_grad=True), tl.randn(4, 3, requires_grad=True)
        for _ in range(3):
            hidden = (x @ w).tanh()
            loss = (hidden.log_softmax(1)[:, 0] * hidden.max(1).values).mean() + tl.cat([x, x]).sum()
            (g,) = grad(loss, w, create_graph=True)
            (g * g).sum().backward()
        try:
            loss.backward()
            loss.backward()
        except RuntimeError:
            pass

    work()  # whatever is made once
    gc.collect()
    gc.disable()
    try:
        before = [o for o in gc.get_objects() if type(o) in (tl.Tensor, Node, Leaf)]
        work()
        assert [o for o in gc.get_objects() if type(o) in (tl.Tensor, Node, Leaf) and not any(o is b for b in before)] == []
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        assert [o for o in gc.garbage if type(o) in (tl.Tensor, Node, Leaf, np.ndarray)] == []
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def test_backward_lets_arrays_go_while_it_walks() -> None:
    x = leaf(1.0, 2.0)
    y = (x * 3).exp()
    z = y.tanh()
    kept = weakref.ref(y.array)
    del y
    assert kept() is not None  # exp keeps its result
    z.sum().backward()
    assert kept() is None


def test_no_grad_keeps_nothing() -> None:
    x = leaf(1.0, 2.0)
    with tl.no_grad():
        y = x * 3
        array = weakref.ref(y.array)
        z = y.exp()
    assert z.node is None
    assert not z.requires_grad
    del y
    assert array() is None


# Walking twice


def test_a_second_backward_says_what_to_do() -> None:
    y = leaf(2.0).exp().sum()
    y.backward()
    with pytest.raises(RuntimeError, match=r"exp a second time.*retain_graph=True"):
        y.backward()


def test_grad_lets_go_as_backward_does() -> None:
    x = leaf(2.0)
    y = x * x
    grad(y, x)
    with pytest.raises(RuntimeError, match="retain_graph"):
        grad(y, x)


def test_retain_graph() -> None:
    x = leaf(2.0)
    y = x * x
    y.backward(retain_graph=True)
    y.backward(retain_graph=True)
    assert of(x.grad).tolist() == [8]
    y.backward()
    assert of(x.grad).tolist() == [12]
    with pytest.raises(RuntimeError, match="retain_graph"):
        y.backward()


def test_two_losses_over_a_shared_part() -> None:
    x = leaf(2.0)
    shared = x * x
    a, b = shared * 3, shared.exp()
    a.backward()
    with pytest.raises(RuntimeError, match="mul a second time"):
        b.backward()
    assert of(x.grad).tolist() == [12]  # the failed walk changed no gradient


def test_create_graph_retains_the_graph() -> None:
    x = leaf(2.0)
    y = x**3
    grad(y, x, create_graph=True)
    assert grad(y, x)[0].tolist() == [12]


# Gradients belong to their leaves


def arrays_apart(*arrays: Any) -> bool:
    return not any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[:i])


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_plus_b_gives_two_gradients(create_graph: bool) -> None:
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    upstream = tl.tensor([5.0, 6.0], dtype=tl.float64)
    (a + b).backward(upstream, create_graph=create_graph)
    assert arrays_apart(of(a.grad).array, of(b.grad).array, upstream.array, a.array, b.array)
    of(a.grad).array *= 0
    assert of(b.grad).tolist() == upstream.tolist() == [5, 6]


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize(
    "function",
    [
        lambda x: x,
        lambda x: x.clone(),
        lambda x: x.reshape(1, 2),
        lambda x: x.T,
        lambda x: x * x,
        lambda x: x.expand(3, 2),
        lambda x: x[...],
        lambda x: tl.cat([x, x]),
        lambda x: tl.stack([x]),
        lambda x: x.exp(),
        lambda x: x + 0,
        lambda x: x.relu(),
        lambda x: x.sum(0, True),
    ],
)
def test_a_gradient_shares_no_memory(function: Any, create_graph: bool) -> None:
    x, twin = leaf(1.0, 2.0), leaf(3.0, 4.0)
    y, z = function(x), function(twin)
    upstream = tl.ones_like(y)
    (y + z).backward(upstream, retain_graph=True, create_graph=create_graph)
    saved = [array for node in (y.node, z.node) if isinstance(node, Node) for kept in node.saved for array in kept or ()]
    others = [array for array in [x.array, y.array, z.array, upstream.array, *saved] if isinstance(array, np.ndarray)]
    g, h = of(x.grad).array, of(twin.grad).array
    assert arrays_apart(g, h)
    assert not any(np.shares_memory(g, array) for array in others)


def test_backward_adds_to_the_gradient_that_is_there_in_place() -> None:
    x = leaf(1.0, 2.0)
    (x * 2).sum().backward()
    first = of(x.grad)
    array = first.array
    (x * 3).sum().backward()
    assert x.grad is first
    assert first.array is array
    assert array.tolist() == [5, 5]
    x.grad = None
    (x * 3).sum().backward()
    assert of(x.grad).tolist() == [3, 3]


def test_grads_of_a_shared_result_do_not_alias() -> None:
    x = leaf(1.0, 2.0)
    y = x + 0
    gx, gy = grad(y * 3, (x, y), tl.ones(2, dtype=tl.float64))
    assert arrays_apart(gx.array, gy.array)


def test_a_leaf_as_root() -> None:
    x = leaf(3.0)
    g = tl.tensor([2.0], dtype=tl.float64)
    x.backward(g)
    x.backward()
    assert of(x.grad).tolist() == [3]
    assert g.tolist() == [2]


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


# Recording on and off


def test_contexts_nest_and_restore() -> None:
    assert tl.is_grad_enabled()
    with tl.no_grad():
        assert not tl.is_grad_enabled()
        with tl.enable_grad():
            assert tl.is_grad_enabled()
            with tl.set_grad_enabled(False):
                assert not tl.is_grad_enabled()
            assert tl.is_grad_enabled()
        assert not tl.is_grad_enabled()
    assert tl.is_grad_enabled()


def test_contexts_restore_after_an_error() -> None:
    for context in (tl.no_grad, lambda: tl.set_grad_enabled(False)):
        with pytest.raises(KeyError), context():
            raise KeyError
        assert tl.is_grad_enabled()


def test_contexts_may_be_entered_again() -> None:
    off = tl.no_grad()
    with off, off:
        assert not tl.is_grad_enabled()
    assert tl.is_grad_enabled()
    with off:
        assert not tl.is_grad_enabled()
    setting = tl.set_grad_enabled(False)
    with setting:
        assert not tl.is_grad_enabled()
    assert tl.is_grad_enabled()
    with setting:
        assert not tl.is_grad_enabled()
    assert tl.is_grad_enabled()


def test_set_grad_enabled_acts_at_once() -> None:
    tl.set_grad_enabled(False)
    try:
        assert not tl.is_grad_enabled()
    finally:
        tl.set_grad_enabled(True)
    assert tl.is_grad_enabled()


def enabled() -> bool:
    """Whether recording is on within the call."""
    return tl.is_grad_enabled()


@pytest.mark.parametrize(
    ("decorate", "inside"), [(tl.no_grad, False), (tl.no_grad(), False), (tl.enable_grad, True), (tl.enable_grad(), True)]
)
def test_decorators(decorate: Any, inside: bool) -> None:
    function = decorate(enabled)
    assert function.__name__ == "enabled"
    assert function.__doc__ == enabled.__doc__
    for outside in (True, False):
        with tl.set_grad_enabled(outside):
            assert function() is inside
            assert tl.is_grad_enabled() is outside


def test_set_grad_enabled_decorates() -> None:
    function = tl.set_grad_enabled(False)(enabled)
    assert tl.is_grad_enabled()
    assert not function()
    with tl.no_grad():
        assert not function()
        assert not tl.is_grad_enabled()
    assert tl.is_grad_enabled()


def test_a_decorated_function_may_call_itself() -> None:
    @tl.no_grad()
    def down(n: int) -> bool:
        return down(n - 1) if n else tl.is_grad_enabled()

    assert not down(3)
    assert tl.is_grad_enabled()


def test_recording_is_per_thread() -> None:
    seen: list[bool] = []
    inside, leave = threading.Event(), threading.Event()

    @tl.no_grad()
    def hold() -> None:
        inside.set()
        leave.wait(10)

    def other() -> None:
        seen.append(tl.is_grad_enabled())
        hold()
        seen.append(tl.is_grad_enabled())

    with tl.no_grad():
        thread = threading.Thread(target=other)
        thread.start()
        assert inside.wait(10)
        quick = tl.no_grad()(enabled)
        assert not quick()
        leave.set()
        thread.join()
        assert not tl.is_grad_enabled()
    assert seen == [True, True]


def test_one_decorated_function_in_two_threads() -> None:
    first, second, left = threading.Event(), threading.Event(), threading.Event()
    seen: list[bool] = []

    @tl.no_grad()
    def meet(mine: threading.Event, theirs: threading.Event) -> None:
        mine.set()
        theirs.wait(10)

    def other() -> None:
        tl.set_grad_enabled(False)
        meet(second, left)
        seen.append(tl.is_grad_enabled())

    thread = threading.Thread(target=other)
    thread.start()
    assert second.wait(10)  # the other thread, where recording is off, is inside
    meet(first, second)
    seen.append(tl.is_grad_enabled())
    left.set()
    thread.join()
    assert seen == [True, False]


def test_requires_grad_false_switches_off() -> None:
    x = leaf(1.0)
    x.requires_grad_(False)
    assert not x.requires_grad
    assert not (x * 2).requires_grad


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


# @op


def test_a_misspelt_vjp_is_told_at_import() -> None:
    def forward(x: Any, y: Any, *, axis: int = 0) -> Any:
        return x + y

    with pytest.raises(TypeError, match=r"@op forward: the vjp z= is for no input; there are x, y, axis, out, shape"):
        op(z=lambda g: g)(forward)
    with pytest.raises(TypeError, match=r"@op forward: the vjp x= asks for \['yy'\]"):
        op(x=lambda g, yy: g)(forward)
    with pytest.raises(TypeError, match=r"asks for \['nth'\]"):
        op(x=lambda g, nth: g)(forward)
    assert "forward" not in tape.ops


def test_an_op_called_on_arrays_is_its_forward() -> None:
    for function, array in ((tl.exp, np.zeros(2)), (tl.tanh, np.ones(3)), (tl.add, np.ones(3))):
        out = function(array, array) if function is tl.add else function(array)
        assert type(out) is np.ndarray


def test_names_and_docstrings_stay() -> None:
    assert tl.exp.__name__ == "exp"
    assert "derivative" in (tl.exp.__doc__ or "")


# Errors name the op, the shapes and what to try


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: tl.ones(2, 3) + tl.ones(4), RuntimeError, r"add.*float32\[2, 3\] and float32\[4\]"),
        (lambda: tl.ones(2, 3) @ tl.ones(4, 2), RuntimeError, r"matmul.*\[2, 3\] and float32\[4, 2\]"),
        (lambda: tl.ones(3) @ tl.ones(4, 2), RuntimeError, r"matmul.*\[3\] and \[4, 2\].*inner sizes"),
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
        (lambda: tl.ones(2, 3).T.view(6), RuntimeError, "view.*reshape"),
        (lambda: tl.ones(2, 3).permute(0), RuntimeError, "permute: 1 dims"),
        (lambda: tl.ones(2, 3).permute(0, 0), RuntimeError, "permute: .* twice"),
        (lambda: tl.ones(2, 3).transpose(0, 5), IndexError, "transpose: dim 5"),
        (lambda: tl.ones(2, 3, 4).flatten(2, 0), RuntimeError, "start_dim 2 comes after"),
        (lambda: tl.ones(2, 3).expand(2, 4), RuntimeError, r"expand.*\[2, 3\].*\[2, 4\]"),
        (lambda: tl.ones(2, 3).expand(3), RuntimeError, "expand"),
        (lambda: tl.cat([tl.ones(2, 3), tl.ones(2, 2)]), RuntimeError, r"cat.*\[2, 3\] and float32\[2, 2\]"),
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


def test_a_gradient_that_is_no_tensor() -> None:
    x = tl.ones(2, requires_grad=True)
    with pytest.raises(TypeError, match=r"a gradient must be a Tensor or None, got ndarray; use tensor"):
        (x * 2).backward(np.ones(2))
    assert x.grad is None


def test_a_variadic_op_may_have_locals() -> None:
    def joined(*xs: Any) -> Any:
        ends = [x + 0 for x in xs]
        return np.concatenate(ends)

    try:
        made = tape.op(xs=lambda g, nth: g[2 * nth : 2 * nth + 2])(joined)
        x, y = (tl.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
        (made(x, y) * tl.tensor([1.0, 2.0, 3.0, 4.0])).sum().backward()
        assert (x.grad.tolist(), y.grad.tolist()) == ([1, 2], [3, 4])
    finally:
        tape.ops.pop("joined", None)


def test_backward_as_a_function_needs_no_gradient_for_one_number() -> None:
    x = tl.tensor([1.0, 2.0], requires_grad=True)
    tl.autograd.backward((x * x).sum())
    assert x.grad is not None and x.grad.tolist() == [2, 4]
