"""memory(loss): what it says is held is what backward() gives back; each value has the derivative that asks for it."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_lite as tl
from tinygrad_lite import Tensor, nn
from tinygrad_lite.utils.checkpoint import checkpoint


def classifier(net: nn.Module, *shape: int) -> tuple[Callable[[], Tensor], nn.Module]:
    x = tl.randn(*shape)
    return lambda: net(x).square().mean(), net


def mlp() -> tuple[Callable[[], Tensor], Any]:
    return classifier(nn.Sequential(nn.Linear(100, 200), nn.Tanh(), nn.Linear(200, 50), nn.ReLU(), nn.Linear(50, 10)), 300, 100)


def convolution() -> tuple[Callable[[], Tensor], Any]:
    return classifier(
        nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(8 * 49, 10)), 16, 3, 16, 16
    )


def views() -> tuple[Callable[[], Tensor], Any]:
    w = tl.randn(200, 300, requires_grad=True)

    def loss() -> Tensor:
        h = (w * 2).t()
        return (h[:50].exp() * h[:50]).sum() + (h * h).mean()

    return loss, None


def shared() -> tuple[Callable[[], Tensor], Any]:
    w = tl.randn(200, 300, requires_grad=True)

    def loss() -> Tensor:
        h = w.exp()
        return (h * h).sum() + (h * h.sigmoid()).sum()

    return loss, None


@pytest.mark.parametrize("make", [mlp, convolution, views, shared])
def test_the_total_is_what_freeing_the_tape_gives_back(make: Callable[[], tuple[Callable[[], Tensor], Any]]) -> None:
    tl.manual_seed(0)
    compute, model = make()
    compute().backward()  # caches are filled
    loss = compute()
    table = tl.memory(loss, model=model)
    for row in table.rows:
        assert row.holds <= row.bytes or "view" in row.why, row
    del loss
    gc.collect()
    tracemalloc.start()
    try:
        loss = compute()
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        loss.node = None
        gc.collect()
        freed = before - tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert table.total == pytest.approx(freed, rel=0.02, abs=20_000)  # nodes and tuples are some kilobytes more


def test_each_value_is_there_with_the_derivative_that_asks_for_it() -> None:
    x, w = tl.ones(100, 50), tl.ones(50, 10, requires_grad=True)
    with tl.watch():
        h = x @ w
    table = tl.memory(h.tanh().sum(), names={"w": w})
    assert [(row.step, row.values, row.holds) for row in table.rows] == [
        ("tanh 2", "out for dx", 4000), ("h = matmul", "x for dy", 0),
    ]  # fmt: skip
    assert table.rows[1].why == "a constant of yours" and "h = x @ w" in table.rows[1].line
    text = str(table)
    assert "held until backward: 3.9 KiB" in text and "float32[100, 10]" in text and "<table>" in table._repr_html_()
    assert table.to_dict()["total"] == 4000


def test_a_parameters_own_memory_is_not_counted() -> None:
    net, x = nn.Linear(300, 300), tl.ones(2, 300, requires_grad=True)
    for compute in (lambda: net(x), lambda: net(x)):
        table = tl.memory(compute().sum(), model=net)
        assert table.total == 0 and "the memory of weight" in table.rows[0].why


def test_after_backward_and_with_a_checkpoint() -> None:
    w = tl.ones(100, requires_grad=True)
    loss = w.exp().sum()
    loss.backward()
    assert "freed" in str(tl.memory(loss)) and not tl.memory(loss).rows
    again = checkpoint(lambda x: x.exp().exp().sum(), w)
    assert tl.memory(again).total == 0
    with pytest.raises(RuntimeError, match="requires_grad=True"):
        tl.memory(tl.ones(1))


def test_names_that_look_like_html_are_escaped() -> None:
    w = tl.ones(100, requires_grad=True)
    html = tl.memory((w.exp() * w).sum(), names={"<b>": w})._repr_html_()
    assert "<b>" not in html and "&lt;b&gt;" in html
    assert np.isfinite(w.array).all()
