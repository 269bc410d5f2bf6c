"""Marks: each convention is named where it holds, and is what the engine does; dead units, births of nan, reasons for 0."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_lite as tl
from tinygrad_lite import Tensor, nn, tensor
from tinygrad_lite.explanation.conventions import CONVENTIONS, CUTS, FLAT, TIES
from tinygrad_lite.explanation.known import graph_of
from tinygrad_lite.explanation.marks import Mark, marks
from tinygrad_lite.tape import ops

F = nn.functional


def found(loss: Callable[[], Tensor], kind: str, **options: Any) -> list[Mark]:
    graph = graph_of(loss, options.get("model"), options.get("names"), None)
    return [mark for mark in marks(graph) if mark.kind == kind]


def leaf(*numbers: float) -> Tensor:
    return tensor(list(numbers), dtype=tl.float64, requires_grad=True)


# Each: what is computed of x, x with one element at the special point (the last), and the derivative that the sentence names.
POINTS = {
    "relu": (lambda x: x.relu(), (1.0, 0.0), 0),
    "abs": (lambda x: x.abs(), (1.0, 0.0), 0),
    "leaky_relu": (lambda x: F.leaky_relu(x, 0.1), (1.0, 0.0), 0.1),
    "elu": (lambda x: F.elu(x, 2.0), (1.0, 0.0), 2),
    "threshold": (lambda x: F.threshold(x, 0.5, 9.0), (1.0, 0.5), 0),
    "hardtanh": (lambda x: F.hardtanh(x), (0.5, 1.0), 0),
    "hardsigmoid": (lambda x: F.hardsigmoid(x), (0.5, 3.0), 0),
    "hardswish": (lambda x: F.hardswish(x), (0.5, 3.0), 1),
    "hardshrink": (lambda x: F.hardshrink(x), (2.0, 0.5), 0),
    "softshrink": (lambda x: F.softshrink(x), (2.0, 0.5), 0),
    "clip": (lambda x: x.clamp(0, 1), (0.5, 1.0), 1),
    "clamp": (lambda x: x.clamp(tensor([0.0, 0.0]).double(), tensor([1.0, 1.0]).double()), (0.5, 1.0), 1),
    "clamp_min": (lambda x: x.clamp_min(tensor([0.0, 0.0]).double()), (0.5, 0.0), 1),
    "clamp_max": (lambda x: x.clamp_max(tensor([1.0, 1.0]).double()), (0.5, 1.0), 1),
    "maximum": (lambda x: x.maximum(tensor([0.0, 2.0]).double()), (1.0, 2.0), 0.5),
    "minimum": (lambda x: x.minimum(tensor([0.0, 2.0]).double()), (1.0, 2.0), 0.5),
    "fmax": (lambda x: x.fmax(tensor([0.0, 2.0]).double()), (1.0, 2.0), 1),
    "fmin": (lambda x: x.fmin(tensor([0.0, 2.0]).double()), (1.0, 2.0), 1),
    "sqrt": (lambda x: x.sqrt(), (1.0, 0.0), np.inf),
    "log": (lambda x: x.log(), (1.0, 0.0), np.inf),
    "pow_scalar": (lambda x: x**0.5, (1.0, 0.0), np.inf),
    "atan2": (lambda x: x.atan2(x * 0), (1.0, 0.0), 0),
    "copysign": (lambda x: x.copysign(tensor([1.0, 1.0]).double()), (1.0, 0.0), 0),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", POINTS)
def test_a_convention_is_marked_where_it_holds_and_is_what_the_engine_does(name: str) -> None:
    function, numbers, derivative = POINTS[name]
    x = leaf(*numbers)
    (mark,) = [mark for mark in found(lambda: function(x).sum(), "convention") if mark.text == CONVENTIONS[name][1]]
    assert mark.elements == [1] and mark.count == 1
    function(x).sum().backward()
    assert x.grad is not None and x.grad[1].item() == derivative
    assert not found(lambda: function(leaf(numbers[0], numbers[1] - 0.125)).sum(), "convention"), "only there"
    words = {0: "0", 0.5: "half", 1: ("passes", "all", "outside"), np.inf: "inf", 0.1: "below", 2: "below"}[derivative]
    assert any(word in mark.text for word in ([words] if isinstance(words, str) else words))


@pytest.mark.parametrize(
    ("function", "shared"),
    [
        (lambda x: x.amax(0), [0.5, 0.5, 0]),
        (lambda x: x.max(), [0.5, 0.5, 0]),
        (lambda x: x.max(0)[0], [1, 0, 0]),
        (lambda x: -(-x).amin(0), [0.5, 0.5, 0]),
    ],
)
def test_ties_are_marked_and_shared_as_the_sentence_says(function: Callable[[Tensor], Tensor], shared: list[float]) -> None:
    x = leaf(2, 2, 1)
    (mark,) = found(lambda: function(x), "convention")
    assert mark.elements == [0, 1] and ("equally" in mark.text) == (shared[0] == 0.5)
    function(x).backward()
    assert x.grad is not None and x.grad.tolist() == shared
    assert not found(lambda: function(leaf(3, 2, 1)), "convention")


def test_tables_name_ops_that_there_are() -> None:
    assert not {*CONVENTIONS, *TIES, *CUTS, *FLAT} - ops.keys()


def test_dead_units_in_a_batch_and_units_that_are_off_for_one_input() -> None:
    tl.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU())
    with tl.no_grad():
        net[0].bias[1] = -100
    (mark,) = found(lambda: net(tl.randn(4, 1, 5, 5)).sum(), "dead", model=net)
    assert "unit 1 is 0 for all 4 inputs" in mark.text and mark.count == 4 * 9
    (mark,) = found(lambda: net(tl.randn(1, 1, 5, 5)).sum(), "dead", model=net)
    assert "off for this input" in mark.text
    assert not found(lambda: tl.ones(3, 4, requires_grad=True).relu().sum(), "dead")


def test_saturation() -> None:
    (mark,) = found(lambda: leaf(0, 20, -30).tanh().sum(), "saturated")
    assert mark.elements == [1, 2] and "2 of 3" in mark.text
    assert not found(lambda: leaf(0, 1).sigmoid().sum(), "saturated")


def test_where_a_nan_and_an_inf_are_born_forward_and_backward() -> None:
    x = leaf(0, 2, -1)
    born = found(lambda: (x.log() * x).exp().sum(), "nan")
    assert [(mark.of, mark.elements) for mark in born] == [("value", [2]), ("value", [0])], (
        "log(-1), and 0 times log 0; not exp"
    )
    assert "log made nan at [2], from x = -1" in born[0].text and "x = -inf, y = 0" in born[1].text.replace("y = 0", "y = 0")
    (mark,) = found(lambda: x.sqrt()[0] * 3, "inf")
    assert mark.of == "gradient" and "backward through sqrt made inf at [0]" in mark.text
    inside = leaf(1, float("nan"))
    (mark,) = found(lambda: (inside * 2).sum(), "nan")
    assert "in this leaf itself" in mark.text and mark.elements == [1]


REASONS: list[tuple[Callable[[Tensor], Tensor], str]] = [
    (lambda x: (x - 9).relu().sum(), "ReLU was off"),
    (lambda x: x.clamp(5, 6).sum(), "the clamp cut it off"),
    (lambda x: (x * 0).exp().sum(), "multiplied by 0"),
    (lambda x: x.floor().sum(), "floor is 0 everywhere"),
    (lambda x: x.softmax(0).sum(), "softmax does not change"),
    (lambda x: (x - x.mean()).sum() * 2, "cancel"),
    (lambda x: (x * 50 + 500).sigmoid().sum(), "saturated"),
    (lambda x: x[:0].sum() + 0 * x.sum(), "multiplied by 0"),
]


@pytest.mark.parametrize(("function", "words"), REASONS)
def test_why_a_gradient_is_0(function: Callable[[Tensor], Tensor], words: str) -> None:
    x = leaf(1, 2)
    zero = [mark for mark in found(lambda: function(x), "zero", names={"x": x}) if mark.of == "gradient"]
    assert any(words in mark.text for mark in zero), zero


def test_a_leaf_without_a_gradient() -> None:
    x = leaf(1, 2)
    (mark,) = found(lambda: tl.linalg.slogdet(tl.eye(2).double() * x)[0], "zero")
    assert mark.text.startswith("all of it")

    @tl.op(x=lambda g: g[:1])
    def broken(x: Any) -> Any:
        return x * 1

    assert not found(lambda: broken(leaf(1, 2)).sum(), "zero"), "backward stopped before; nothing is known"


def test_rows_of_an_embedding_and_the_bias_before_batch_norm() -> None:
    tl.manual_seed(0)
    table = nn.Embedding(4, 2)
    (mark,) = found(lambda: table(tensor([1, 3])).sum(), "zero", model=table)
    assert mark.text.startswith("row 0 and row 2") and "not looked up" in mark.text
    net = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    shown = found(lambda: (net(tl.randn(8, 3)) ** 3).sum(), "zero", model=net)
    assert any("0 but for rounding" in mark.text and "batch norm subtracts the mean" in mark.text for mark in shown)
