"""What explain(loss) knows of a computation that nobody watched: values (recover.py) and lines (lines.py).

explain_programs.txt has programs as users write them. Each runs while a Recorder notes the true line of each step; then the
lines are found from the source and the tape alone. None may be wrong.
"""

from __future__ import annotations

import linecache
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_lite as tl
from tinygrad_lite import nn, no_grad, randn, tensor
from tinygrad_lite.explanation.collect import collect
from tinygrad_lite.explanation.graph import UNKNOWN
from tinygrad_lite.explanation.lines import find_lines
from tinygrad_lite.explanation.noting import place
from tinygrad_lite.explanation.recover import recover
from tinygrad_lite.recorder import Recorder
from tinygrad_lite.tape import Node

PROGRAMS = (Path(__file__).parent / "explain_programs.txt").read_text(encoding="utf-8").split("\n### ")[1:]
NAMES = [
    "tensor",
    "randn",
    "randint",
    "nn",
    "optim",
    "utils",
    "no_grad",
    "enable_grad",
    "cat",
    "stack",
    "autograd",
    "float64",
    "zeros",
    "op",
]


class Lines(Recorder):
    """Notes the user's line of each step."""

    def __init__(self):
        self.seen = {}

    def applied(self, op, inputs, options, out):
        if isinstance(out.node, Node):
            self.seen.setdefault(out.node.birth, place(sys._getframe(1))[:2])


def run(file, source, check, **names):
    """Run a program as a cell of a notebook is run; check(loss, truth, frame) is called where it calls check(loss)."""
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    called = []
    space = {name: getattr(tl, name) for name in NAMES} | {"F": nn.functional, "__name__": "__main__"} | names
    with Lines() as lines:

        def here(loss):
            called.append(check(loss, lines.seen, sys._getframe(1)))

        exec(compile(source, file, "exec"), space | {"check": here})
    assert len(called) == 1
    return called[0]


def found(loss, truth, frame):
    """How many lines are found, of how many steps. None is wrong."""
    graph = collect([loss.node])
    for step in graph.places:
        step.line = None
    find_lines(graph, frame)
    steps = [step for step in graph.places if step.op]
    for step in steps:
        if step.line:
            assert (step.line.file, step.line.number) == truth[step.node.birth], f"{step.op.name}: {step.line.code}"
            assert not step.line.seen
    return sum([step.line is not None for step in steps]), len(steps)


@pytest.mark.parametrize("program", PROGRAMS, ids=[program.partition(":")[0] for program in PROGRAMS])
def test_lines_found_afterwards(program):
    title, _, source = program.partition("\n")
    name, _, counts = title.partition(": ")
    n, all_of_them = found_in = run(f"<explained {name}>", source, found)
    assert f"{n} of {all_of_them}" == counts, found_in


def test_most_lines_are_found():
    """More than 85 % in the first 46 programs, which are plain ones; those after them try to mislead."""
    counts = [list(map(int, program.partition("\n")[0].partition(": ")[2].split(" of "))) for program in PROGRAMS[:46]]
    n, of = np.sum(counts, 0)
    assert n > 0.85 * of


def known(loss):
    graph = collect([loss.node])
    recover(graph)
    return graph


def values(graph):
    return [None if place.value is None else place.value.tolist() for place in graph.places]


def test_values_before_and_after_backward():
    w, x, b = tensor([1.0, 2.0], requires_grad=True), tensor([3.0, 4.0]), tensor(1.0, requires_grad=True)
    loss = ((w * x).sum() - b) ** 2
    before = known(loss)
    assert values(before) == [[1, 2], [3, 8], 11, 1, 10, 100]
    assert before.places[1].inputs[1].value is x.array
    assert before.places[2].options == {"axis": (0,), "keepdims": False}
    assert before.places[5].options == {"y": 2} and before.notes == []
    loss.backward()
    after = known(loss)  # x is gone with what mul had saved
    assert values(after) == [[1, 2], None, None, 1, None, 100]
    assert after.places[1].inputs[1].value is UNKNOWN
    assert after.notes[0].startswith("3 of 6 values were not kept")
    (y := (w * w).sum().exp()).backward()
    assert values(known(y)) == [[1, 2], [1, 4], 5, y.item()]  # computed again from w


def test_constants_that_only_the_source_names():
    """sub does not save what is subtracted, and after backward the constants of mul are gone too."""
    source = """
w, x, y = tensor([1.0, 2.0], requires_grad=True), tensor([3.0, 4.0]), tensor(1.0)
def model(x):
    return (w * x).sum() * 2
loss = (model(x) - y) ** 2
loss.backward()
check(loss)
"""

    def look(loss, truth, frame):
        graph = collect([loss.node])
        recover(graph, frame)
        assert values(graph) == [[1, 2], [3, 8], 11, 22, 21, 441] and not graph.notes
        return [
            x.value if isinstance(x.value, int) else x.value.tolist() for p in graph.places for x in p.inputs if x.place is None
        ]

    assert run("<explained constants>", source, look) == [[3, 4], 2, 1]


def test_what_was_written_to_is_not_believed():
    w, b = tensor([1.0, 2.0], requires_grad=True), tensor(1.0, requires_grad=True)
    loss = (w * 2 + b).sum()
    with no_grad():
        w += 1
    assert values(known(loss)) == [None, None, 1, None, 9 - 1]
    assert known(loss).notes[0] == "Changed in place since it was used, so its numbers then are not known: a leaf."
    y = b * 3
    loss = y.exp()
    with no_grad():
        y += 1
    graph = known(loss)
    assert values(graph) == [1, None, loss.item()] or values(graph) == [1, 3, loss.item()]


def test_what_was_replaced_is_not_believed():
    w, b = tensor([1.0, 2.0], requires_grad=True), tensor(1.0, requires_grad=True)
    out = w + b
    loss = out.sum()
    assert values(known(loss)) == [[1, 2], 1, [2, 3], 5]
    b.data = tensor(7.0)  # no write, but another array: it does not agree with what is alive
    assert values(known(loss))[1] is None
    assert values(known(loss))[3] == 5


def test_kinds_of_values():
    x = randn(2, 3, dtype=tl.float16).requires_grad_()
    half = known(x.exp().sum())
    assert [place.dtype for place in half.places] == ["float16"] * 3
    nothing = randn(0, 3).requires_grad_()
    empty = known(nothing.exp().sum())
    assert all(place.value is not None for place in empty.places)
    x = randn(4, 6).requires_grad_()
    views = known(x.T.reshape(3, 8)[1:].unsqueeze(0).expand(2, 2, 8).sum())
    assert all(place.value is not None for place in views.places)
    assert views.places[2].options["shape"] == (3, 8)
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3))
    loss = nn.functional.cross_entropy(net(randn(2, 1, 6, 6)), tensor([0, 2]))
    assert all(place.value is not None for place in known(loss).places)


def test_functions_of_the_user_and_checkpoints():
    class Twice(tl.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, g, h):
            return g * 2 + h * 3

    x = tensor([1.0, 2.0], requires_grad=True)
    a, b = Twice.apply(x.exp())
    graph = known((a * b).sum())
    assert [place.value is None for place in graph.places] == [False, False, True, False, False, False, False]
    np.testing.assert_array_equal(graph.places[3].value, a.array if graph.at[a.node] == 3 else b.array)

    drawn = []

    def noise(x):
        drawn.append(np.random.default_rng().normal())
        return x + drawn[-1]

    noisy = tl.op(x=lambda g: g)(noise)
    loss = noisy(x).exp().sum()
    graph = known(loss)  # what noise would make now is another number: it is not taken for what it made
    out = graph.places[1].value
    assert out is None or np.array_equal(out, x.array + np.float32(drawn[0]))

    made = []
    y = tl.utils.checkpoint.checkpoint(lambda x: made.append(1) or (x * 2).exp(), x).sum()
    known(y)
    assert made == [1]  # the function did not run again


def test_explaining_leaves_the_random_numbers_alone():
    drawing = tl.op(x=lambda g: g)(_drawing)
    y = drawing(tensor([1.0], requires_grad=True)).sum()
    before = tl.random.get_rng_state()
    graph = known(y)
    assert graph.places[1].value is None
    np.testing.assert_array_equal(np.asarray(before), np.asarray(tl.random.get_rng_state()))


def _drawing(x):
    return x + randn(1).array


def test_cells_of_a_notebook(monkeypatch):
    """Names lead to the cells that ran before; of one that failed, only to what ran."""
    cells = [
        "",
        "w = tensor([1.0, 2.0], requires_grad=True)\ndef f(x):\n    return w * x",
        "y = f(tensor([3.0, 4.0]))\nk = y.exp()",
        "m = k * 2\n1 / 0\nm = k * 3",
        "loss = m.sum()\ncheck(loss)",
    ]
    space = {name: getattr(tl, name) for name in NAMES} | {"In": cells, "get_ipython": None, "__name__": "__main__"}
    with Lines() as lines:
        space["check"] = lambda loss: counted.append(found(loss, lines.seen, sys._getframe(1)))
        counted = []
        for number, cell in enumerate(cells):
            file = f"<ipython-input-{number}-0123>"
            linecache.cache[file] = (len(cell), None, cell.splitlines(True), file)
            try:
                exec(compile(cell, file, "exec"), space)
            except ZeroDivisionError as error:
                monkeypatch.setattr(sys, "last_traceback", error.__traceback__, raising=False)
    assert counted == [(4, 4)]


def test_ten_thousand_steps():
    """A loop that ran 5,000 times is not written out; its lines are found."""
    source = "h, w = tensor(1.0, requires_grad=True), tensor(0.99, requires_grad=True)\n"
    source += "for i in range(5000):\n    h = h * w\n    h = h.sin()\ncheck(h)\n"
    assert run("<explained ten thousand>", source, found) == (10_000, 10_000)


def test_a_changed_file_names_no_line(tmp_path):
    file = tmp_path / "script.py"
    file.write_text("x = tensor(2.0, requires_grad=True)\nprevious = x * 3\nloss = previous.exp()\ncheck(loss)\n")
    source = file.read_text()
    run(str(file), source, lambda *given: linecache.cache.pop(str(file)) and file.write_text("y = 1\n" * 5) and nothing(*given))


def nothing(loss, truth, frame):
    assert found(loss, truth, frame) == (0, 2)
    return True
