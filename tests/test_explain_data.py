"""The plain data of an explanation and its text: exact numbers, the source of every vjp, the numbers in its line, thinning."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_lite as tl
from tinygrad_lite import autograd, nn, tape, tensor
from tinygrad_lite.explanation.arrays import Thinning, described, exact, plain_array, spaced
from tinygrad_lite.explanation.source import source_of, with_numbers


def test_every_vjp_has_its_source() -> None:
    for op in [op for op in tape.ops.values() if not tape.own(op)]:
        source = source_of(op)
        vjps = [next(op.vjps)] if op.variadic else op.vjps
        for name, vjp in zip(op.inputs, vjps):
            assert (vjp is None) == (name not in source.vjps), (op.name, name)
            if vjp is not None:
                found = source.vjps[name]
                assert found.text.startswith(f"{name}=") and (found.body or source.calls), op.name
                file = Path(tl.__path__[0], source.file.removeprefix("tinygrad_lite/"))
                line = file.read_text(encoding="utf-8").splitlines()[found.line - 1]
                assert found.text.split()[0] in line.replace(" ", "") or found.text[:12] in line, (op.name, line)


@pytest.mark.parametrize(
    ("body", "values", "expected"),
    [
        ("g * y", {"g": "0.5", "y": "2."}, "0.5 * 2."),
        ("-g * ((x / y) / y)", {"g": "-1.", "x": "3", "y": "-2."}, "-(-1.) * ((3 / (-2.)) / (-2.))"),
        ("f(g, axis=axis, g=g)", {"g": "-1.", "axis": "(0,)"}, "f(-1., axis=(0,), g=-1.)"),
        ("g.g + x[g]", {"g": "2", "x": "[1., 2.]"}, "2.g + [1., 2.][2]"),
        ("[x for x in g]", {"g": "[1.]"}, "[x for x in [1.]]"),
        ("σ(g) * g", {"g": "1."}, "σ(1.) * 1."),
    ],
)
def test_numbers_stand_where_the_names_stood(body: str, values: dict[str, str], expected: str) -> None:
    assert with_numbers(body, values) == expected


def test_float16_and_an_autograd_function_and_a_users_op_have_their_source() -> None:
    class Double(autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: tl.Tensor) -> tl.Tensor:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: tl.Tensor) -> tl.Tensor:
            return g * 2

    x = tensor([1.0, 2.0], requires_grad=True)
    ops = tl.explain(lambda: (Double.apply(x).half() * x.half()).sum()).to_dict()["ops"]
    assert ops["mul"]["inputs"]["x"]["vjp"] == "x=lambda g, y: g * y"
    assert "return g * 2" in ops["DoubleBackward"]["inputs"]["inputs"]["vjp"]


def test_an_op_of_the_user_is_not_taken_for_ours_of_the_same_name() -> None:
    before = tape.ops["mul"]

    @tl.op(
        x=lambda g, y: (
            g  # twice
            * y
            * 2
        ),
        y=None,
    )
    def mul(x: Any, y: Any) -> Any:
        return x * y

    tape.ops["mul"] = before
    x = tensor([1.0], requires_grad=True)
    data = tl.explain(lambda: (mul(x, tensor([7.0])) * x).sum()).to_dict()
    assert data["ops"]["mul"]["inputs"]["x"] == {
        "vjp": "x=lambda g, y: g * y * 2",
        "line": data["ops"]["mul"]["inputs"]["x"]["line"],
    }
    assert data["ops"]["mul (2)"]["inputs"]["x"]["formula"] == "g · y"
    sent = {visit["sent"][0]["numbers"] for visit in data["visits"]}
    assert "[1.] * [7.] * 2" in sent, sent


def test_an_op_without_source_and_one_whose_vjp_has_a_name() -> None:
    space: dict[str, Any] = {"op": tl.op}
    exec("@op(x=lambda g: g * 3)\ndef unsourced(x):\n    return x * 3", space)

    def tripled(g: Any) -> Any:
        return g * 3

    @tl.op(x=tripled)
    def named(x: Any) -> Any:
        return x * 3

    x = tensor([1.0], requires_grad=True)
    explained = tl.explain(lambda: named(space["unsourced"](x)).sum())
    assert "backward through unsourced" in explained.text()
    op = explained.to_dict()["ops"]["named"]
    assert op["inputs"]["x"]["vjp"] == "x=tripled" and "return g * 3" in op["calls"][0]["source"]


def test_a_mean_that_overflows_is_quiet() -> None:
    assert plain_array(np.full(8, 1e308), Thinning(64, 8))["mean"] in ("inf", 1e308)


def test_numbers_read_back_as_they_were() -> None:
    for x in (np.float32(0.1), np.float64(1 / 3), np.float16(0.1), np.float32(1e-30), np.int64(2**60), np.bool_(True)):
        back = json.loads(json.dumps(exact(x)))
        assert x.dtype.type(back) == x and len(repr(back)) <= 20
    data = plain_array(np.array([np.nan, np.inf, -np.inf, 0.0, 1, 2, 3]), Thinning(64, 8))
    assert data["numbers"] == ["nan", "inf", "-inf", 0.0, 1, 2, 3] and (data["nan"], data["inf"], data["zero"]) == (1, 2, 1)
    assert plain_array(np.zeros((0, 3), np.float32), Thinning(64, 8))["numbers"] == []
    assert described(np.array([[1.0, 2.0]])) == "[[1., 2.]]" and described(np.zeros((3, 4))) == "float64[3, 4]"


def test_thinning_shows_the_first_and_the_last() -> None:
    x = np.arange(200.0 * 300).reshape(200, 300)
    data = plain_array(x, Thinning(64, 10))
    assert len(data["numbers"]) == 100 and data["rows"][0] == 0 and data["rows"][-1] == 199
    assert data["numbers"][-1] == pytest.approx(x[199, 299], rel=1e-3) and data["mean"] == pytest.approx(x.mean())
    assert spaced(5, 10) == [0, 1, 2, 3, 4]


def test_many_arrays_share_a_budget_and_the_rule_says_so() -> None:
    assert Thinning.of([64] * 100, 64) == Thinning(64, 48)
    many = Thinning.of([1000] * 20_000, 64)
    assert many.side == 0 and "too many larger ones" in many.rule()
    data = plain_array(np.arange(1000.0), many)
    assert data["numbers"] == data["rows"] == data["columns"] == [] and (data["min"], data["max"]) == (0, 999)


@pytest.mark.parametrize("x", [[[1.0, -2.0], [0.5, 3.0]], [[float("nan"), 1.0], [0.0, 2.0]]])
def test_the_data_is_json_and_has_the_engines_numbers(x: Any) -> None:
    w = tensor(x, requires_grad=True)

    def loss() -> tl.Tensor:
        return (w.exp() * w).sum()

    data = json.loads(json.dumps(tl.explain(loss, names={"w": w}).to_dict(), allow_nan=False))
    loss().backward()
    assert w.grad is not None
    gradient = np.array(data["arrays"][data["places"][0]["gradient"]]["numbers"], np.float32).reshape(2, 2)
    np.testing.assert_array_equal(gradient, w.grad.numpy())


def test_the_axes_that_broadcasting_added() -> None:
    b = tensor([[1.0], [2.0]], requires_grad=True)
    (visit,) = [v for v in tl.explain(lambda: (b + tl.ones(3, 2, 4)).sum()).to_dict()["visits"] if v["sent"][0].get("axes")]
    assert visit["sent"][0]["axes"] == [0, 2]


def test_max_elements_decides_what_is_whole() -> None:
    w = tl.ones(4, 5, requires_grad=True)
    few, all_of_them = (tl.explain(lambda: (w * 2).sum(), max_elements=n).to_dict() for n in (4, 20))
    assert "rows" in few["arrays"][few["places"][0]["value"]] and "rows" not in all_of_them["arrays"][0]
    assert "at most 4 numbers" in few["rule"]


def test_the_text_says_all_of_it() -> None:
    tl.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    x, b = tl.randn(3, 2), tensor([1.0, 2.0], requires_grad=True)
    text = tl.explain(lambda: ((net(x) + b) * b).sum(), model=net, names={"b": b}).text()
    for part in (
        "0.weight, a leaf, float32[2, 2], in 0 (Linear)",
        "backward through relu",
        "2 gradients meet here, and are added:",
        "broadcasting is undone: summed over axis 0",
        "dy = g · x",
        "by difference:",
        "held until backward, all steps together",
        "test_explain_data.py, line",
    ):
        assert part in text, part
    assert max(map(len, text.splitlines())) < 200


def test_the_text_of_many_steps_is_short() -> None:
    x = tensor(0.5, requires_grad=True)

    def chain() -> tl.Tensor:
        h = x
        for _ in range(600):
            h = h * 1.01
        return h

    text = tl.explain(chain).text()
    assert "more like these" in text and len(text) < 200_000
