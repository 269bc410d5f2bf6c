"""loss.graph(): the boxes are all there and readable, edges lead down, and the layout is right with igraph and without."""

from __future__ import annotations

import sys
from itertools import combinations
from typing import Any

import pytest
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

import tinygrad_lite as tl
from tinygrad_lite import Tensor, nn, tensor
from tinygrad_lite.explanation import layers
from tinygrad_lite.explanation.drawing import Item, draw, items, settle
from tinygrad_lite.explanation.known import graph_of

from .benchmarks.explain_pages import iris, lenet, neuron, resnet


@pytest.fixture(params=["igraph", "our own"])
def order(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "our own":
        monkeypatch.setitem(sys.modules, "igraph", None)  # import igraph raises


def boxes(loss: Tensor, model: Any = None) -> list[Item]:
    draw(loss, model=model)  # as a user does
    root, _ = items(graph_of(loss, model, None, None))
    settle(root)
    return [item for item in root.all() if item.kind in ("leaf", "step", "loss", "fold")]


@pytest.mark.parametrize("make", [neuron, iris, lenet, resnet])
def test_no_box_lies_on_another(make: Any, order: None) -> None:
    tl.manual_seed(0)
    loss, model = make()
    found = boxes(loss(), model)
    assert len(found) > 5
    for one, other in combinations(found, 2):
        apart = abs(one.x - other.x) >= (one.width + other.width) / 2 - 1e-9
        above = abs(one.y - other.y) >= (one.height + other.height) / 2 - 1e-9
        assert apart or above, (one.title, other.title)


def test_every_edge_leads_down(order: None) -> None:
    edges = [(0, 2, 0.0, 0.0), (1, 2, 0.0, 0.0), (2, 4, 0.0, 0.0), (0, 4, 0.0, 0.0), (3, 4, 0.0, 0.0)]
    arranged = layers.arrange([(1.0, 0.4)] * 5, edges, set(), set())
    for start, end, *_ in edges:
        assert arranged.middles[start][1] < arranged.middles[end][1]
    again = layers.arrange([(1.0, 0.4)] * 5, edges, set(), set())
    assert again.middles == arranged.middles, "nothing is random"


@pytest.mark.parametrize("make", [neuron, lenet])
def test_every_arrow_points_down(make: Any) -> None:
    loss, model = make()
    arrows = [patch for patch in loss().graph(model=model).patches if isinstance(patch, FancyArrowPatch)]
    assert len(arrows) > 5
    for arrow in arrows:
        before, end = arrow._path_original.vertices[-2:]  # type: ignore[attr-defined]
        assert end[1] - before[1] > 1e-6, "a last line of no length has no direction; y grows downwards"


def test_names_shapes_and_a_shared_weight_are_drawn() -> None:
    w, x = tensor([[1.0, 2.0]], requires_grad=True), tensor([3.0, 4.0])
    loss = ((w * x + w) ** 2).sum()
    ax = loss.graph()
    texts = {text.get_text() for text in ax.texts}
    assert {"w", "[1, 2]"} <= texts and any("loss = sum" in text for text in texts), texts
    assert loss.graph(names={"weight": w}).texts[0].get_text()


def test_it_draws_on_given_axes_and_shows_in_a_notebook() -> None:
    loss = (tensor([1.0, 2.0], requires_grad=True) ** 2).sum()
    ax = Figure().add_subplot()
    assert loss.graph(ax) is ax and len(ax.texts) > 2
    alone = loss.graph()
    picture: Any = alone
    assert picture._repr_png_().startswith(b"\x89PNG")


def test_a_large_graph_is_folded_and_says_so() -> None:
    loss, model = resnet()
    ax = loss().graph(model=model)
    assert "one box" in ax.get_title() or "folded" in ax.get_title(), ax.get_title()


def test_second_order_and_no_graph() -> None:
    x = tensor(2.0, requires_grad=True)
    (g,) = tl.autograd.grad(x**3, x, create_graph=True)
    assert g.graph().texts
    with pytest.raises(RuntimeError, match="no graph"):
        tensor(1.0).graph()
    assert nn.Linear(1, 1).weight.graph().texts, "a leaf alone"
