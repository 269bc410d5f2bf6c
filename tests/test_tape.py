"""The tape and the walk: which values are saved, in which order nodes are visited, and what is freed."""

from __future__ import annotations

import gc
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
    del y  # a million nodes are freed without recursion


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
