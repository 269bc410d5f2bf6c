"""explain(): that its own walk finds the engine's numbers and changes nothing, and what it knows of names, modules and lines.

The parts have tests of their own: test_explain_formulas.py, _data.py, _paths.py and so on.
"""

from __future__ import annotations

import gc
import re
import sys
from collections.abc import Callable
from typing import Any
from weakref import ref

import numpy as np
import pytest

import tinygrad_lite as tl
from tinygrad_lite import Tensor, autograd, nn, tensor
from tinygrad_lite.explanation.graph import Graph, Place
from tinygrad_lite.explanation.known import graph_of
from tinygrad_lite.utils.checkpoint import checkpoint


def graph(loss: Any, **options: Any) -> Graph:
    return graph_of(loss, options.get("model"), options.get("names"), None)


def at(found: Graph, x: Tensor) -> Place:
    return found.places[found.at[x.node]]


class Split(autograd.Function):
    """Two outputs from one call."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Any:
        ctx.save_for_backward(x)
        return x * 2, x**2

    @staticmethod
    def backward(ctx: Any, g: Tensor, h: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return 2 * g + 2 * x * h


def shared(x: Tensor) -> Tensor:
    return ((x * x).exp() + x.sum(0) * x[:, :1]).mean()


def two_outputs(x: Tensor) -> Tensor:
    a, b = Split.apply(x)
    return (a * b).sum()


def in_place(x: Tensor) -> Tensor:
    y = x * 2
    y[0] = y[1] * 3
    y += x
    return (y**2).sum()


def second_order(x: Tensor) -> Tensor:
    (g,) = autograd.grad((x**3).sum(), x, create_graph=True)
    return (g**2).sum()


def checkpointed(x: Tensor) -> Tensor:
    return checkpoint(lambda x: (x.exp() * x).sum(), x)


PROGRAMS = [
    shared,
    two_outputs,
    in_place,
    second_order,
    checkpointed,
    lambda x: x.half().tanh().sum(),
    lambda x: x.max(1)[0].prod(),
]
START = np.random.default_rng(0).normal(size=(3, 4))


@pytest.mark.parametrize("watched", [True, False])
@pytest.mark.parametrize("dtype", [tl.float64, tl.float32])
@pytest.mark.parametrize("program", PROGRAMS)
def test_gradients_are_the_engines_to_the_last_bit(program: Callable[[Tensor], Tensor], dtype: Any, watched: bool) -> None:
    x = tensor(START, dtype=dtype, requires_grad=True)
    loss = program(x)
    found = graph(lambda: program(x)) if watched else graph(loss)
    assert not [visit.error for visit in found.visits if visit.error]
    loss.backward()
    assert found.watched is watched
    assert x.grad is not None
    np.testing.assert_array_equal(at(found, x).gradient, x.grad.numpy())
    assert at(found, x).gradient.dtype == x.grad.dtype


def test_it_changes_nothing() -> None:
    net = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 2))
    called: list[Tensor] = []
    hidden = net[0](tensor(START, dtype=tl.float32))
    hidden.register_hook(called.append)
    loss = net[2](net[1](hidden)).square().mean()
    before = [p.clone() for p in net.parameters()]
    state, kinds = tl.get_rng_state(), [type(p.grad) for p in net.parameters()]
    for _ in range(2):
        tl.explain(loss, model=net)
    assert not called
    assert [type(p.grad) for p in net.parameters()] == kinds
    assert all(bool((p == q).all()) for p, q in zip(net.parameters(), before))
    assert bool((tl.get_rng_state() == state).all())
    loss.backward()  # nothing was freed
    assert len(called) == 1


def test_a_gradient_hook_is_counted_not_called() -> None:
    w = tensor([1.0, 2.0], requires_grad=True)
    w.register_hook(lambda g: g * 10)
    y = w * 3
    y.retain_grad()  # this is no hook of the user's
    found = graph(y.sum())
    assert (at(found, w).hooks, at(found, y).hooks) == (1, 0)
    assert at(found, w).gradient.tolist() == [3, 3]


def test_after_backward_a_watched_graph_is_still_explained_and_a_plain_one_says_why_not() -> None:
    w = tensor([1.0, 2.0], requires_grad=True)
    with tl.watch():
        seen = (w.exp() * w).sum()
    again = (w.exp() * w).sum()
    plain = (w.exp() * tl.ones(2)[:]).log().sum()
    seen.backward()
    found = graph(seen)
    assert found.freed and at(found, w).gradient.tolist() == w.grad.tolist()  # type: ignore[union-attr]
    again.backward()
    known = tl.explain(again, names={"w": w}).to_dict()  # all that mul had saved can be computed again
    gradient = known["arrays"][known["places"][0]["gradient"]]["numbers"]
    assert gradient == pytest.approx((w.exp() * (1 + w)).tolist()) and "retain_graph=True" in known["notes"][0]
    plain.backward()
    text = tl.explain(plain, names={"w": w}).text()
    assert re.search(r"stops here: RuntimeError: what \w+ saved \(\w+\) was freed by backward\(\)", " ".join(text.split()))


def test_what_was_noted_does_not_change_with_the_weights() -> None:
    w = tensor([1.0, 2.0], requires_grad=True)
    with tl.watch():
        watched = (w * w).sum()
    plain = (w * w).sum()
    with tl.no_grad():
        w += 1
    found = graph(watched)
    assert found.places[0].value.tolist() == [1, 2]
    assert any("changed in place" in visit.error for visit in found.visits), "as backward() says"
    assert any("changed in place" in visit.error for visit in graph(plain).visits)


def test_watching_changes_neither_the_tape_nor_what_may_be_written_to() -> None:
    def steps() -> list[str]:
        y = tensor(START, requires_grad=True) * 2
        y += 1
        y[0] = y[1] * 3
        return [place.op.name for place in graph_of(y.sum(), None, None, None).places if place.op]

    plain = steps()
    with tl.watch():
        assert steps() == plain


def test_gradients_that_meet() -> None:
    w = tensor(3.0, requires_grad=True)
    found = graph(lambda: w * w + w)
    place = at(found, w)
    parts = [found.visits[visit].sent[nth].x_g.item() for visit, nth in place.arrivals]
    assert sorted(parts) == [1, 3, 3] and place.gradient.item() == 7


def test_broadcasting_is_undone_over_these_axes() -> None:
    b = tensor([[1.0], [2.0]], requires_grad=True)
    found = graph(lambda: (b + tl.ones(3, 2, 4)).sum())
    (visit, nth) = at(found, b).arrivals[0]
    sent = found.visits[visit].sent[nth]
    assert sent.axes == (0, 2) and sent.raw.shape == (3, 2, 4) and sent.x_g.tolist() == [[12], [12]]


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 3), nn.ReLU())
        self.head = nn.Linear(3, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.body(x)
        scores = self.head(h)
        return scores * 2


@pytest.mark.parametrize("watched", [True, False])
def test_modules_and_the_paths_of_parameters(watched: bool) -> None:
    net, x = Net(), tensor(START, dtype=tl.float32)
    found = graph((lambda: net(x).sum()) if watched else net(x).sum(), model=net)
    assert [at(found, p).name for p in net.parameters()] == ["body.0.weight", "body.0.bias", "head.weight", "head.bias"]
    where = {place.op.name: found.modules[place.module].path for place in found.places if place.op and place.module is not None}
    assert where["relu"] == ("body.1" if watched else "")  # without a watch, the innermost module that is sure
    linear = [found.modules[place.module or 0].path for place in found.places if place.op and place.op.name == "linear"]
    assert linear == ["body.0", "head"]
    assert found.modules[0].kind == "Net" and found.modules[0].parent is None
    if watched:
        names = [place.name for place in found.places if place.op]
        assert names == ["", "h", "scores", "", "loss"]  # the variables of forward, by its lines
        assert [place.line.code for place in found.places if place.line][-2] == "return scores * 2"


def test_names_given_come_first_then_the_model_then_variables() -> None:
    w, others = tensor(1.0, requires_grad=True), [tensor(2.0, requires_grad=True)]
    by_key = {"a": others[0] * w}
    loss = by_key["a"].exp()
    found = graph_of(loss, None, {"weight": w}, sys._getframe())
    assert [place.name for place in found.places] == ["others[0]", "weight", "by_key['a']", "loss"]


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: 3.0, TypeError, "expected a Tensor"),
        (lambda: tensor(1.0), RuntimeError, "requires_grad=True"),
        (lambda: tensor([1.0, 2.0], requires_grad=True) * 2, RuntimeError, "one element"),
    ],
)
def test_what_cannot_be_explained(make: Callable[[], Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        tl.explain(make())


def test_explain_and_memory_know_the_variables_of_their_caller() -> None:
    weight = tensor([1.0, 2.0], requires_grad=True)
    product = weight * 3
    loss = (product * product).sum()
    labels = [place["label"] for place in tl.explain(loss).to_dict()["places"]]
    assert labels == ["weight", "product", "mul 2", "loss"]
    assert tl.memory(loss).rows[0].step.startswith(("mul 2", "product"))
    assert "weight" in {text.get_text() for text in loss.graph().texts}


def test_what_is_given_beside_the_loss_is_checked() -> None:
    loss = tensor(1.0, requires_grad=True) * 2
    with pytest.raises(TypeError, match=r"nn\.Module, got dict"):
        tl.explain(loss, model={})
    with pytest.raises(TypeError, match="a dict of names"):
        tl.explain(loss, names=["w"])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least 1, got 0"):
        tl.explain(loss, max_elements=0)


def test_a_function_is_recorded_within_no_grad_too() -> None:
    w = tensor(2.0, requires_grad=True)
    with tl.no_grad():
        assert at(graph(lambda: w * w), w).gradient.item() == 4


@pytest.mark.parametrize(
    ("compute", "op", "inputs"),
    [
        (lambda w: (w * 2) @ tl.ones(3, 4), "matmul", [("input", 1), ("other", None)]),
        (lambda w: w.exp() + tl.ones(3), "add", [("x", 1), ("y", None)]),
        (lambda w: nn.functional.cross_entropy(w, tensor([0, 1])), "cross_entropy", [("input", 0), ("target", None)]),
        (lambda w: (w * w).view(5, 2), "view", [("input", 1)]),
        (lambda w: tl.cat([w, w.T]), "cat", [("tensors[0]", 0), ("tensors[1]", 1)]),
        (lambda w: nn.Linear(3, 2)(w * 1), "linear", [("input", 1), ("weight", 2), ("bias", 3)]),
    ],
)
def test_what_raised_and_the_graph_up_to_it(compute: Any, op: str, inputs: list[Any]) -> None:
    w = tl.ones(3, 4, requires_grad=True)
    with pytest.raises((RuntimeError, ValueError)) as raised, tl.watch() as seen:
        compute(w)
    failure = seen.explain(names={"w": w}).to_dict()["failure"]
    assert (failure["op"], [(given["name"], given["place"]) for given in failure["inputs"]]) == (op, inputs)
    assert str(raised.value) in failure["error"] and [3, 4] in [given.get("shape") for given in failure["inputs"]]
    text = seen.explain(names={"w": w}).text()
    assert f"{op} raised" in text and "w, a leaf" in text
    with pytest.raises(KeyError), tl.watch() as other:
        raise KeyError("mine")
    with pytest.raises(RuntimeError, match="raised by no op"):
        other.explain()


def test_on_any_device(device: str) -> None:
    w = tensor([[1.0, -2.0], [0.0, 3.0]], device=device, requires_grad=True)
    x = tensor([1.0, 2.0], device=device)

    def loss() -> Tensor:
        return ((w @ x).relu() * w[0]).sum() + w.max()

    for explained in (tl.explain(loss, names={"w": w}), tl.explain(loss(), names={"w": w})):
        data = explained.to_dict()
        leaf = next(place for place in data["places"] if place["label"] == "w")
        (gradient,) = autograd.grad(loss(), w)
        assert data["arrays"][leaf["gradient"]]["numbers"] == gradient.cpu().flatten().tolist()
        assert "held until backward" in explained.text() and len(leaf["paths"]) == 4
    assert tl.memory(loss()).total > 0


def test_a_vjp_that_does_not_fit_is_said_as_backward_says_it() -> None:
    @tl.op(x=lambda g: g[:1])
    def cut_short(x: Any) -> Any:
        return x * 1

    loss = cut_short(tensor([1.0, 2.0], requires_grad=True)).sum()
    (error,) = [visit.error for visit in graph(loss).visits if visit.error]
    with pytest.raises(RuntimeError) as raised:
        loss.backward()
    assert error == f"RuntimeError: {raised.value}"
    assert "one step, which says why" in tl.explain(cut_short(tensor([1.0, 2.0], requires_grad=True)).sum()).text()


def test_records_hang_on_the_nodes_and_are_freed_with_them() -> None:
    gc.collect()
    gc.disable()
    try:
        with tl.watch() as seen:
            y = tensor([1.0, 2.0], requires_grad=True) * 2
        node = y.node
        assert node.seen.options == {} and node.seen.number
        alive = ref(node.seen.out)
        seen.last = None
        del y, node
        assert alive() is None, "by reference counting alone"
    finally:
        gc.enable()


def test_a_step_that_is_not_watched_has_no_record() -> None:
    y = tensor(1.0, requires_grad=True) * 2
    assert not hasattr(y.node, "seen")
