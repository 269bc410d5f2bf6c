"""The terms of an element of a gradient: they are the ones of the chain rule, and their sum is the element."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan
from time import perf_counter
from typing import Any

import numpy as np
import pytest

import tinygrad_lite as tl
from tinygrad_lite import nn, tape, watch
from tinygrad_lite.autograd.function import Function, once_differentiable
from tinygrad_lite.explanation import paths
from tinygrad_lite.explanation.collect import collect
from tinygrad_lite.explanation.graph import Graph
from tinygrad_lite.explanation.paths import Path, choose, path
from tinygrad_lite.explanation.walk import walk
from tinygrad_lite.nn import functional as F

from .cases import CASES, Case


def graph_of(make: Callable[[], Any]) -> Graph:
    """The Graph of the loss that a function computes, watched, with its Visits."""
    with watch():
        loss = make()
    graph = collect([loss.node])
    graph.places[graph.loss or 0].value = loss.array
    with np.errstate(all="ignore"):
        walk(graph)
    return graph


def loss_of(row: Case) -> Any:
    """The numbers that a row of the table makes, each times another one, in one sum; None if there is no gradient."""
    xs = [tl.from_numpy(x.copy()).clone() for x in row.inputs]
    xs = [x.requires_grad_() if x.is_floating_point() else x for x in xs]
    made = row.ours(*xs)
    live = [y for y in (made if isinstance(made, tuple) else (made,)) if y.requires_grad]
    noise = [np.random.default_rng(n).standard_normal(y.shape) for n, y in enumerate(live)]
    parts = [(y * tl.from_numpy(factors).to(y.dtype)).sum().to(tl.float64) for y, factors in zip(live, noise)]
    return sum(parts[1:], parts[0]) if parts else None


def graphs_of_rows(keep: Callable[[Case], bool]) -> Any:
    """The rows that `keep` wants, and their Graphs; those without a gradient are left out."""
    for row in CASES.values():
        if not keep(row):
            continue
        with np.errstate(all="ignore"):
            with watch():
                loss = loss_of(row)
            if loss is not None:
                yield row, graph_of(lambda loss=loss: loss)


def shown(found: Path) -> float:
    return sum(term.product for term in found.terms) + found.rest


@pytest.mark.filterwarnings("ignore")
def test_the_terms_of_every_op_add_up_to_its_gradient() -> None:
    seen = set()
    for row, graph in graphs_of_rows(lambda row: row.smooth):
        for place in graph.places:
            size = 0 if place.gradient is None else place.gradient.size
            for element in {0, size // 2, size - 1} if size else ():
                found = path(graph, place.number, element)
                assert not found.text or place.number == graph.loss, (row.name, found)
                loose = place.gradient.dtype != np.float64
                coarse: Any = {"rel": 1e-4, "abs": 1e-5} if loose else {"rel": 1e-9, "abs": 1e-11}
                assert shown(found) == pytest.approx(float(place.gradient.reshape(-1)[element]), **coarse), row.name
                seen.update([graph.places[term.place].op.name for term in found.terms])
    assert len(seen) > 160


@pytest.mark.filterwarnings("ignore")
def test_where_an_op_is_said_to_be_element_by_element_the_jacobian_is_diagonal() -> None:
    """out[j] depends on x[j] only: the gradient of out[j] is 0 elsewhere, once x is as large as the result."""
    modules, others = paths.SEPARATE
    ours = [op for op in tape.ops.values() if not tape.own(op)]
    separate = {op.name for op in ours if op.forward.__module__ in modules or op.name in others}
    assert {"mul", "where", "relu", "erf", "huber"} <= separate and not {"sum", "softmax", "matmul"} & separate
    proved = set()
    for row, graph in graphs_of_rows(lambda row: row.op in separate and row.smooth):
        for nth, visit in enumerate(graph.visits):
            place = graph.places[visit.place]
            for sent in visit.sent if place.op.name in separate and 0 < visit.g.size < 30 else ():
                assert sent.raw.shape == visit.g.shape, row.name
                for j in range(visit.g.size):
                    unit = np.zeros_like(visit.g)
                    unit.reshape(-1)[j] = 1
                    made = paths.pulled(place, sent, unit).reshape(-1)
                    assert not np.delete(made, j).any(), (row.name, nth)
                proved.add(place.op.name)
    assert separate - proved <= {"cast"}, separate - proved


def test_a_product_of_matrices_with_a_bias_that_broadcasts() -> None:
    x, w, b = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0], [6.0]]), np.array([0.5])
    wt, bt = tl.tensor(w, requires_grad=True), tl.tensor(b, requires_grad=True)
    graph = graph_of(lambda: ((tl.tensor(x) @ wt + bt) ** 2).sum())
    by_name = {place.op.name: place.number for place in graph.places if place.op}
    out = x @ w + b
    found = path(graph, graph.at[wt.node], 1)
    assert found.total == (2 * out[:, 0] * x[:, 1]).sum() and found.count == 2 and found.rest == 0
    assert [tuple(term) for term in found.terms] == [
        (by_name["matmul"], row, x[row, 1], 2 * out[row, 0], 2 * out[row, 0] * x[row, 1]) for row in (1, 0)
    ]
    assert [term[:4] for term in path(graph, graph.at[bt.node], 0).terms] == [
        (by_name["add"], row, 1.0, 2 * out[row, 0]) for row in (1, 0)
    ]
    assert path(graph, graph.loss or 0, 0).text == "backward begins here"


def test_the_most_listed_and_the_sum_of_the_rest() -> None:
    x = tl.tensor(np.arange(10.0), requires_grad=True)
    w = tl.tensor(2.0, dtype=tl.float64, requires_grad=True)
    graph = graph_of(lambda: (x * w).sum())
    found = path(graph, graph.at[w.node], 0, most=3)
    assert [term.element for term in found.terms] == [9, 8, 7] and found.count == 9 and found.rest == 21 and found.total == 45


def test_a_shared_weight_has_the_terms_of_both_uses() -> None:
    w = tl.tensor(3.0, requires_grad=True)
    graph = graph_of(lambda: w * w.exp())
    names = [graph.places[term.place].op.name for term in path(graph, graph.at[w.node], 0).terms]
    assert sorted(names) == ["exp", "mul"]


def test_nan_and_inf_come_first() -> None:
    x = tl.tensor([0.0, 1.0, 2.0], requires_grad=True)
    s = tl.tensor(1.0, requires_grad=True)
    graph = graph_of(lambda: ((x * s).log() * tl.tensor([1.0, 5.0, 7.0])).sum())
    found = path(graph, graph.at[s.node], 0)
    assert isnan(found.total) and found.terms[0].element == 0 and isnan(found.terms[0].product)
    assert [term.product for term in found.terms[1:]] == [7.0, 5.0]


def test_a_tie_of_max_and_a_mask_of_inf() -> None:
    x = tl.tensor([2.0, 2.0, 1.0], requires_grad=True)
    graph = graph_of(lambda: x.amax() * 3)
    assert path(graph, graph.at[x.node], 0).terms[0][2:] == (0.5, 3.0, 1.5)
    assert path(graph, graph.at[x.node], 2).count == 0
    y = tl.tensor([0.0, 4.0], requires_grad=True)
    graph = graph_of(lambda: y.clamp(min=1.0).sub(1).sqrt().sum())  # g is inf where the derivative is 0: no term
    assert path(graph, graph.at[y.node], 0).count == 0


class Both(Function):
    @staticmethod
    def forward(ctx: Any, x: Any, y: Any) -> Any:
        ctx.save_for_backward(x, y)
        return x * y, (x + y).sum()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Any, h: Any) -> Any:
        x, y = ctx.saved_tensors
        return tl.from_numpy(g.numpy() * y.numpy()) + h, g * x + h


class Cube(Function):
    calls = 0

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        Cube.calls += 1
        (x,) = ctx.saved_tensors
        return g * 3 * x**2


class Clipped(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x * 1

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g.clamp(-1, 1)


def test_a_function_of_the_user_is_differentiated_or_asked_with_unit_vectors() -> None:
    many = tl.arange(1.0, 100.0).requires_grad_()
    graph = graph_of(lambda: (Cube.apply(many) * 2).sum())
    assert [path(graph, graph.at[many.node], i).terms[0].local for i in (0, 98)] == [3.0, 3.0 * 99**2]
    assert Cube.calls <= 3
    x = tl.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = tl.tensor([4.0, 5.0, 6.0], requires_grad=True)

    def loss() -> Any:
        product, total = Both.apply(x, y)
        return (product**2).sum() + total * 7

    graph = graph_of(loss)
    found = path(graph, graph.at[x.node], 1)
    assert shown(found) == found.total == 2 * 2.0 * 25 + 7
    assert [(term.local, term.g) for term in found.terms] == [(5.0, 20.0), (1.0, 7.0)]
    step = graph.places[found.terms[0].place]
    assert [term.local for term in path(graph, step.number, 1).terms] == [1.0]  # the first output has it
    graph = graph_of(lambda: (Clipped.apply(x) ** 2).sum())
    found = path(graph, graph.at[x.node], 0)
    assert "not known" in found.text and found.rest == found.total == 1.0 and not found.terms
    wide = tl.ones(paths.PROBES + 1, requires_grad=True)
    graph = graph_of(lambda: Both.apply(wide, wide * 2)[0].sum())
    assert "outside of the tape" in path(graph, graph.at[wide.node], 0).text


def test_nothing_of_the_tape_is_changed() -> None:
    w = tl.randn(3, 3, requires_grad=True)
    with watch():
        loss = nn.LayerNorm(3)(w).softmax(1).norm()
    graph = graph_of(lambda: loss)
    before = [id(place.node.saved) for place in graph.places if place.op]
    choose(graph, 64)
    assert w.grad is None and [id(place.node.saved) for place in graph.places if place.op] == before
    loss.backward()
    np.testing.assert_array_equal(w.grad.numpy(), graph.places[graph.at[w.node]].gradient)


def test_a_chosen_path_leads_from_a_weight_to_the_loss() -> None:
    tl.manual_seed(0)
    net = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    x, y = tl.rand(256, 784), tl.randint(0, 10, (256,))
    graph = graph_of(lambda: F.cross_entropy(net(x), y))
    began = perf_counter()
    chosen = choose(graph, 64)
    assert perf_counter() - began < 2
    weight = graph.at[net[0].weight.node]
    g = np.absolute(graph.places[weight].gradient.reshape(-1))
    assert next(iter(chosen[weight])) == int(g.argmax())
    assert {0, 783, g.size - 784, g.size - 1} <= set(chosen[weight])
    place, element, steps = weight, int(g.argmax()), 0
    while place != graph.loss:
        place, element = chosen[place][element].terms[0][:2]
        steps += 1
    assert steps == 4
    assert set(chosen[graph.at[net[2].bias.node]]) == set(range(10))
    assert chosen == choose(graph, 64)  # the same on every machine
    assert sum(len(found.terms) for of in chosen.values() for found in of.values()) <= paths.LISTED


def test_a_long_chain_has_a_path_for_each_step() -> None:
    x = tl.tensor(0.5, requires_grad=True)

    def chain() -> Any:
        y = x
        for _ in range(3000):
            y = y * 1.001
        return y

    graph = graph_of(chain)
    assert len(choose(graph, 64)) == 3001
