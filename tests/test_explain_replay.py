"""The check by difference: it agrees with the gradient of every op where that is smooth, and says where and why it does not."""

from __future__ import annotations

import random
from time import perf_counter
from typing import Any

import numpy as np
import pytest

import tinygrad_lite as tl
from tinygrad_lite import nn, tape
from tinygrad_lite.autograd.function import Function
from tinygrad_lite.backend import put
from tinygrad_lite.explanation.again import RECOMPUTED
from tinygrad_lite.explanation.collect import collect
from tinygrad_lite.explanation.graph import Graph
from tinygrad_lite.explanation.paths import choose
from tinygrad_lite.explanation.recover import recover
from tinygrad_lite.explanation.replay import Check, check, checks
from tinygrad_lite.explanation.walk import walk
from tinygrad_lite.nn import functional as F
from tinygrad_lite.utils.checkpoint import checkpoint

from .test_explain_paths import Both, Clipped, graph_of, graphs_of_rows


def leaf(*numbers: Any) -> Any:
    return tl.tensor(numbers if len(numbers) > 1 else numbers[0], dtype=tl.float64, requires_grad=True)


def checked(graph: Graph, x: Any, *elements: int) -> list[Check]:
    return list(check(graph, graph.at[x.node], elements or (0,)).values())


CANNOT = {"symmetric matrix", "lower triangle", "too small", "loss is nan"}  # of the reasons that rows may give


@pytest.mark.filterwarnings("ignore")
def test_the_difference_agrees_with_the_gradient_of_every_op() -> None:
    """An op that disagrees has an option that must be computed again, see RECOMPUTED."""
    agreed = set()
    for row, graph in graphs_of_rows(lambda row: row.smooth):
        for place in graph.places:
            size = 0 if place.gradient is None else place.gradient.size
            digits = 5 if size and place.gradient.dtype != np.float64 else 7
            for element, found in check(graph, place.number, {0, size // 2, size - 1} if size else ()).items():
                wanted = float(place.gradient.reshape(-1)[element])
                if found.text:
                    assert any(reason in found.text for reason in CANNOT), (row.name, found)
                    continue
                assert found.difference is not None and found.digits is not None
                assert found.digits >= digits or abs(found.difference - wanted) < 1e-8, (row.name, place.number, wanted, found)
                agreed.update([graph.places[graph.visits[visit].place].op.name for visit, _ in place.arrivals])
    ours = {name for name, op in tape.ops.items() if not tape.own(op)}
    assert ours - agreed <= {"cast"}, ours - agreed
    assert set(RECOMPUTED) <= agreed


def test_digits_and_both_slopes() -> None:
    x = leaf(-1.0, 0.0, 2.0)
    found = checked(graph_of(lambda: (x.relu() * tl.tensor([1.0, 3.0, 5.0])).sum().exp()), x, 0, 1, 2)
    assert found[0] == Check(0.0, 16)
    assert found[1].digits == 0 and found[1].left == 0 and found[1].right == pytest.approx(3 * np.exp(10), rel=1e-5)
    assert found[2].digits is not None and found[2].digits >= 9 and found[2].left is None


def test_a_wrong_derivative_is_found() -> None:
    x = leaf(3.0, 0.5)
    found = checked(graph_of(lambda: (Clipped.apply(x) ** 2).sum()), x, 0, 1)  # its backward clips g at 1
    assert found[0].digits == 0 and found[0].difference == pytest.approx(6) and found[0].left == pytest.approx(6)
    assert found[1].digits is not None and found[1].digits >= 9


def test_where_there_is_no_difference_it_says_why() -> None:
    x = leaf(1.0, 2.0)
    assert "the loss is nan" in checked(graph_of(lambda: (x - 3).log().sum()), x)[0].text
    assert "the loss is inf" in checked(graph_of(lambda: (1 / (x - 1)).sum()), x)[0].text
    beside = checked(graph_of(lambda: (x - 1).sqrt().sum()), x)[0]
    assert "not finite" in beside.text and beside.difference is None and beside.right
    rows = leaf([1.0, 2.0], [3.0, 4.0])
    found = checked(graph_of(lambda: F.embedding(tl.tensor([0, 1]), rows, padding_idx=0).sum()), rows)
    assert "padding_idx" in found[0].text
    a = leaf(2.0)
    one = tl.tensor(1.0, dtype=tl.float64)
    assert "random" in checked(graph_of(lambda: tl.distributions.Gamma(a, one).rsample() * 2), a)[0].text


class Noisy(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x + tl.randn(3).to(x.dtype) + random.random() + float(np.random.rand())

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g


def test_random_numbers_stay_as_they_were() -> None:
    x = leaf(1.0, 2.0, 3.0)
    graph = graph_of(lambda: Noisy.apply(x).sum())
    states = tl.get_rng_state().numpy().copy(), random.getstate(), np.random.get_state()[1].copy()  # type: ignore[index]
    assert "random" in checked(graph, x)[0].text
    np.testing.assert_array_equal(tl.get_rng_state().numpy(), states[0])
    assert random.getstate() == states[1]
    np.testing.assert_array_equal(np.random.get_state()[1], states[2])  # type: ignore[index]


def test_a_function_with_two_outputs_a_checkpoint_and_a_dropout_mask() -> None:
    x, y = leaf(1.0, 2.0, 3.0), leaf(4.0, 5.0, 6.0)

    def loss() -> Any:
        product, total = Both.apply(x, y)
        dropped = F.dropout(checkpoint(lambda z: (z * x).sin() ** 2, product), 0.5)
        return (dropped * total).sum()

    graph = graph_of(loss)
    for z in (x, y):
        for element, found in check(graph, graph.at[z.node], range(3)).items():
            gradient = graph.places[graph.at[z.node]].gradient[element]
            assert found.difference == pytest.approx(gradient, rel=1e-7, abs=1e-9)


def test_lower_precision_broadcasting_views_and_several_uses() -> None:
    for dtype, rel in ((tl.float16, 1e-2), (tl.float32, 1e-5)):
        w = tl.tensor([[0.5, -1.0, 2.0]], dtype=dtype, requires_grad=True)
        x = tl.tensor([[1.0], [2.0]], dtype=dtype)
        graph = graph_of(lambda w=w, x=x: ((w * x).tanh() + w[0, 1:].sum() * w.T[0] + w.float().to(w.dtype)).sum())
        gradient = graph.places[graph.at[w.node]].gradient.reshape(-1)
        for element, found in check(graph, graph.at[w.node], range(3)).items():
            assert found.difference == pytest.approx(float(gradient[element]), rel=rel)


def unwatched(loss: Any) -> Graph:
    """The Graph of a loss of which only that is known which the steps hold."""
    graph = collect([loss.node])
    graph.places[graph.loss or 0].value = loss.array
    recover(graph)
    walk(graph)
    return graph


def test_without_watch_what_no_vjp_asks_for_changes_nothing() -> None:
    x, w = leaf(1.0, 2.0), leaf(0.5, -1.0)
    for loss in (
        ((x * w + tl.tensor([3.0, 4.0])) ** 2 - tl.tensor([5.0, 6.0])).sum(),  # pow keeps the sum that it got
        (x - 3.0 + w).mean() * 7 + 1,
        F.linear(x[None], w[None], tl.ones(1, dtype=tl.float64)).tanh().reshape(()),  # tanh keeps its result only
    ):
        graph = unwatched(loss)
        for place in graph.places:
            for element, found in check(graph, place.number, range(place.gradient.size)).items():
                wanted = float(place.gradient.reshape(-1)[element])
                if "watch()" in found.text:
                    assert any(step.op.name == "tanh" for step in graph.places if step.op)
                else:
                    assert found.difference == pytest.approx(wanted, rel=1e-9), found


def test_the_checks_of_a_page_are_fast() -> None:
    tl.manual_seed(0)
    net = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    x, y = tl.rand(256, 784), tl.randint(0, 10, (256,))
    graph = graph_of(lambda: F.cross_entropy(net(x), y))
    chosen = choose(graph, 64)
    began = perf_counter()
    made = checks(graph, chosen)
    assert perf_counter() - began < 2
    leaves = [graph.at[p.node] for p in net.parameters()]
    assert all(len(made[at]) >= 4 for at in leaves)
    assert min(found.digits or 0 for at in leaves for found in made[at].values() if not found.text) >= 3
    z = tl.tensor(1.0, requires_grad=True)

    def chain() -> Any:
        y = z
        for _ in range(5000):
            y = y * 1.0001
        return y

    graph = graph_of(chain)
    began = perf_counter()
    made = checks(graph, choose(graph, 64))
    assert perf_counter() - began < 3 and (made[0][0].digits or 0) >= 3  # float32 rounded 5000 times


def test_on_any_device(device: str) -> None:
    tl.manual_seed(1)
    parts = nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.GELU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 5), nn.LayerNorm(5)
    net = nn.Sequential(*parts, nn.SiLU()).to(device)
    x, y = tl.randn(3, 1, 6, 6).to(device), tl.tensor([0, 3, 1]).to(device)
    graph = graph_of(lambda: F.cross_entropy(net(x)[:, :4] * F.dropout(tl.ones(4).to(device), 0.5), y).to("cpu"))
    made = checks(graph, choose(graph, 30))
    for p in list(net.parameters())[1:]:
        at = graph.at[p.node]
        wanted = put(graph.places[at].gradient, "cpu").reshape(-1)
        for element, found in made[at].items():
            assert found.difference == pytest.approx(float(wanted[element]), rel=1e-3, abs=1e-6)


def test_a_loss_made_of_gradients() -> None:
    """The steps that create_graph records are steps as others are: max pooling's derivative, say."""
    x = tl.tensor(np.random.default_rng(0).standard_normal((1, 1, 4, 4)), requires_grad=True)

    def loss() -> Any:
        y = F.max_pool2d(F.silu(x) ** 2, 2).sum() + F.gelu(F.layer_norm(x, (4,))).sum()
        (dx,) = tl.autograd.grad(y, x, create_graph=True)
        return (dx**2).sum()

    graph = graph_of(loss)
    gradient = graph.places[graph.at[x.node]].gradient.reshape(-1)
    for element, found in check(graph, graph.at[x.node], range(16)).items():
        assert found.difference == pytest.approx(gradient[element], rel=1e-6, abs=1e-8)


def test_writes_in_place_and_views() -> None:
    w, y = leaf([1.0, 2.0], [3.0, 4.0]), leaf(0.5, 0.25)

    def loss() -> Any:
        x = w * w
        row = x[1]
        x[0] = y.exp()
        row *= y
        x.sub_(w.T)
        return (x.flip(0) ** 2 * w).sum() + x.as_strided((2, 2), (1, 1)).cumsum(0).sin().sum()

    graph = graph_of(loss)
    for z in (w, y):
        gradient = graph.places[graph.at[z.node]].gradient.reshape(-1)
        for element, found in check(graph, graph.at[z.node], range(gradient.size)).items():
            assert found.difference == pytest.approx(gradient[element], rel=1e-8), found
