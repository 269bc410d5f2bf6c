"""Twenty questions about gradients, answered from the page alone.

Three models have the things that people ask about: a shared weight, a bias that is broadcast and a maximum with a tie; a
network with a dead unit; batch norm, and a nan that comes from log 0. Each row of QUESTIONS has the question, where on the page
the answer stands (its link), and what must stand there. The expected numbers are computed here by hand. The page shows the
plain data, so the answer is looked for in the data of that place; test_the_page_shows_the_answers looks at the page itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import tinygrad_lite as tl
from tinygrad_lite import Explanation, nn, tensor

from . import chromium

X = np.array([[1.0, 2.0], [3.0, -1.0]])
W = np.array([[0.5, -1.0], [1.0, 2.0]])
B = np.array([0.25, -0.5])


@cache
def shared() -> Explanation:
    """w is used twice, b is broadcast over two rows, and m has a tie in its first row."""
    w, b = tensor(W, requires_grad=True), tensor(B, requires_grad=True)
    m = tensor([[2.0, 2.0, 1.0], [0.0, 3.0, 5.0]], dtype=tl.float64, requires_grad=True)
    x = tensor(X)

    def loss() -> tl.Tensor:
        h = x @ w + b
        largest = m.amax(1)
        return (h * h).sum() + 0.5 * (w * w).sum() + largest.sum()

    return tl.explain(loss, names={"w": w, "b": b, "m": m})


@cache
def network() -> Explanation:
    """A network of which unit 1 is off for all rows; its second weight has a name that looks like HTML."""
    tl.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 3, dtype=tl.float64), nn.ReLU(), nn.Linear(3, 2, dtype=tl.float64))
    with tl.no_grad():
        net[0].bias[1] = -50
    x, y = tensor([[1.0, 2.0], [3.0, -1.0], [0.5, 0.5]], dtype=tl.float64), tensor([0, 1, 0])
    names = {"<script>alert(1)</script>": net[2].weight}
    return tl.explain(lambda: nn.functional.cross_entropy(net(x), y), model=net, names=names)


@cache
def normalized() -> Explanation:
    """A bias before batch norm, and p log p with p = 0."""
    tl.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 2, dtype=tl.float64), nn.BatchNorm1d(2, dtype=tl.float64))
    x = tensor([[1.0, 2.0], [3.0, -1.0], [0.5, 0.5]], dtype=tl.float64)
    p = tensor([0.0, 0.5, 0.5], dtype=tl.float64, requires_grad=True)
    z = tensor([30.0, 0.0], dtype=tl.float64, requires_grad=True)

    def loss() -> tl.Tensor:
        logs = p.log()
        entropy = p * logs
        gates = z.sigmoid()
        return (net(x) ** 3).mean() + entropy.sum() + gates.sum()

    return tl.explain(loss, model=net, names={"p": p, "z": z})


class Place:
    """What the page shows of one place: its record, its backward step, and arrays as NumPy's."""

    def __init__(self, explained: Explanation, label: str) -> None:
        self.data = explained.to_dict()
        self.number = next(n for n, place in enumerate(self.data["places"]) if label in (place["label"], place.get("op")))
        self.record = self.data["places"][self.number]
        self.visits = [n for n, visit in enumerate(self.data["visits"]) if visit["place"] == self.number]
        self.visit = self.data["visits"][self.visits[0]] if self.visits else {}

    def array(self, index: int | None) -> Any:
        found = self.data["arrays"][index or 0]
        assert index is not None and "rows" not in found
        return np.array(found["numbers"], float).reshape(found["shape"])

    @property
    def gradient(self) -> Any:
        return self.array(self.record["gradient"])

    @property
    def arrived(self) -> list[Any]:
        return [self.array(self.data["visits"][visit]["sent"][nth]["x_g"]) for visit, nth in self.record["arrivals"]]

    @property
    def line(self) -> str:
        return str(self.data["lines"][self.record["line"]]["code"])

    def sent(self, input: str) -> dict[str, Any]:
        return next(sent for sent in self.visit["sent"] if sent["input"] == input)

    def marks(self, kind: str) -> list[dict[str, Any]]:
        return [mark for mark in self.record.get("marks", ()) if mark["kind"] == kind]

    def formula(self, input: str) -> str:
        return str(self.data["ops"][self.record["op"]]["inputs"][input]["formula"])

    def vjp(self, input: str) -> str:
        return str(self.data["ops"][self.record["op"]]["inputs"][input]["vjp"])

    def term(self, element: int) -> list[Any]:
        return self.record["paths"][str(element)]["terms"]  # type: ignore[no-any-return]

    def module(self) -> str:
        return str(self.data["modules"][self.record["module"]]["path"])


H = X @ W + B


class Question(NamedTuple):
    """A question; the model and the place on its page (`back` for its backward step) where the answer is, and a check of it."""

    words: str
    model: Callable[[], Explanation]
    place: str
    back: bool
    answered: Callable[[Place], Any]
    shown: str = ""  # what one reads there on the page


def close(x: Any, y: Any) -> bool:
    return np.shape(x) == np.shape(y) and bool(np.allclose(x, y, rtol=1e-12, atol=1e-14))


def one(marks: list[dict[str, Any]], *words: str) -> bool:
    return any(all(word in mark["text"] for word in words) for mark in marks)


QUESTIONS = [
    Question(
        "w is used twice. Which two gradients meet there, and what is their sum?", shared, "w", False,
        lambda w: close(sum(w.arrived), X.T @ (2 * H) + W) and any(close(part, X.T @ (2 * H)) for part in w.arrived)
        and len(w.arrived) == 3 and close(w.gradient, X.T @ (2 * H) + W),
        "3 gradients meet",
    ),
    Question(
        "b has two numbers, and the loss sees four of them. Over which axis is the gradient summed?", shared, "h", True,
        lambda h: h.sent("y")["axes"] == [0] and close(h.array(h.sent("y")["raw"]), 2 * H)
        and close(h.array(h.sent("y")["x_g"]), (2 * H).sum(0)),
        "summed over axis 0",
    ),
    Question(
        "Row 0 of m has two largest numbers. Which gets the gradient, and who decides?", shared, "m", False,
        lambda m: close(m.gradient, [[0.5, 0.5, 0], [0, 0, 1]])
        and one(m.marks("convention"), "tie", "share the gradient equally") and m.marks("convention")[0]["elements"] == [0, 1],
        "share the gradient equally",
    ),
    Question(
        "Why is the gradient of m[0, 2] 0?", shared, "m", False,
        lambda m: one(m.marks("zero"), "[0, 2]", "not the largest"), "not the largest",
    ),
    Question(
        "Of which terms is the gradient of w[0, 1] the sum?", shared, "w", False,
        lambda w: sum(term[4] for term in w.term(1)) == pytest.approx((X.T @ (2 * H) + W)[0, 1], rel=1e-5),  # six digits each
    ),
    Question(
        "Is the gradient of w[1, 0] right? What does the difference say?", shared, "w", False,
        lambda w: abs(w.record["checks"]["2"]["difference"] - (X.T @ (2 * H) + W)[1, 0]) < 1e-6
        and w.record["checks"]["2"]["digits"] >= 8,
    ),
    Question("Which line of mine made h?", shared, "h", False, lambda h: h.line == "h = x @ w + b", "h = x @ w + b"),
    Question(
        "What is the derivative of a product, as mathematics and in the engine?", shared, "mul", True,
        lambda mul: (mul.formula("x"), mul.formula("y")) == ("g · y", "g · x") and mul.vjp("x") == "x=lambda g, y: g * y",
        "x=lambda g, y: g * y",
    ),
    Question(
        "What does the matrix product keep until backward, why, and how much is it?", shared, "matmul", False,
        lambda mm: [(k["name"], k["inputs"], k["bytes"]) for k in mm.record["kept"]] == [("x", ["y"], 32)]
        and mm.record["kept"][0]["freed"] == mm.visits[0],
        "32 B",
    ),
    Question(
        "Where does the gradient of h go on to?", shared, "h", True,
        lambda h: [h.data["places"][sent["to"]]["label"] for sent in h.visit["sent"]][1] == "b",
        "b",
    ),
    Question(
        "Why is row 1 of the first weight's gradient 0?", network, "0.weight", False,
        lambda w: close(w.gradient[1], [0, 0]) and one(w.marks("zero"), "row 1", "ReLU was off"), "ReLU was off",
    ),
    Question(
        "Which unit is dead?", network, "relu", False,
        lambda a: one(a.marks("dead"), "unit 1", "all 3 inputs") and a.marks("dead")[0]["count"] == 3, "dead for this batch",
    ),
    Question(
        "In which layer was this step computed?", network, "relu", False, lambda a: a.module() == "1", "ReLU",
    ),
    Question(
        "What is the gradient of the scores, and where is the softmax in it?", network, "cross_entropy", True,
        lambda p: "softmax(x) - 1 at the index" in p.formula("x") and close(p.array(p.sent("x")["x_g"]).sum(1), np.zeros(3)),
        "softmax",
    ),
    Question(
        "Does a name that looks like HTML stay text?", network, "<script>alert(1)</script>", False,
        lambda w: w.record["name"] == "<script>alert(1)</script>" and len(w.gradient) == 2, "<script>alert(1)</script>",
    ),
    Question(
        "Why does the bias before batch norm get no gradient?", normalized, "0.bias", False,
        lambda b: np.abs(b.gradient).max() < 1e-14 and one(b.marks("zero"), "batch norm subtracts the mean"),
        "batch norm subtracts the mean",
    ),
    Question(
        "Where was the nan of the loss born?", normalized, "entropy", False,
        lambda e: one(e.marks("nan"), "born here: mul made nan at [0]", "x = 0", "y = -inf"), "mul made nan at [0]",
    ),
    Question(
        "Which number gave the first infinity, and in which step?", normalized, "logs", False,
        lambda log: one(log.marks("inf"), "log made -inf at [0]", "x = 0"), "log made -inf at [0]",
    ),
    Question(
        "Which gates are saturated?", normalized, "gates", False,
        lambda s: s.marks("saturated")[0]["elements"] == [0] and "1 of 2" in s.marks("saturated")[0]["text"], "1 of 2",
    ),
    Question(
        "Why can the gradient of p not be checked by difference?", normalized, "p", False,
        lambda p: p.record["checks"]["1"]["text"] == "the loss is nan", "Check by difference",
    ),
]  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS, ids=[question.words for question in QUESTIONS])
def test_the_answer_is_there(question: Question) -> None:
    place = Place(question.model(), question.place)
    assert question.answered(place), place.record


def test_the_answers_are_in_the_text_too() -> None:
    for question in QUESTIONS:
        if question.shown and question.shown not in ("ReLU", "softmax", "32 B", "summed over axis 0", "Check by difference"):
            assert question.shown in " ".join(question.model().text().split()), question.words


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Question], str]]:
    folder: Path = tmp_path_factory.mktemp("pages")
    with chromium.browser() as browser:
        tab = browser.new_page()

        def read(question: Question) -> str:
            path = folder / f"{question.model.__name__}.html"
            if not path.exists():
                question.model().save(path)
            place = Place(question.model(), question.place)
            tab.goto(f"{path.as_uri()}#{f'back-{place.visits[0]}' if question.back else f'step-{place.number}'}")
            tab.wait_for_selector("#detail h1")
            return " ".join(tab.inner_text("#detail").split())

        yield read


if chromium.PROGRAM:

    @pytest.mark.parametrize("question", QUESTIONS, ids=[question.words for question in QUESTIONS])
    def test_the_page_shows_the_answers(question: Question, pages: Callable[[Question], str]) -> None:
        shown = pages(question)
        assert question.shown in shown, shown
