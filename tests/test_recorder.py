"""Recorder: it sees each op and each vjp. detect_anomaly: it finds the first nan or inf."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite import nn
from tinygrad_lite.autograd import detect_anomaly, grad, set_detect_anomaly
from tinygrad_lite.recorder import Recorder, seam


class Log(Recorder):
    """Notes the names of what it sees."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def applied(self, op: Any, inputs: Any, options: Any, out: Any) -> None:
        assert isinstance(out, tl.Tensor)
        self.seen.append(f"{op.name}{list(out.shape)}")

    def written(self, what: str, x: Any, others: Any) -> None:
        self.seen.append(f"in place {what}")

    def differentiated(self, node: Any, nth: int, g: Any, x_g: Any) -> None:
        self.seen.append(f"d {node.op.name} {node.op.inputs[0 if node.op.variadic else nth]}")


def test_a_recorder_sees_each_op_and_each_vjp() -> None:
    x, y = tl.ones(2, 3, requires_grad=True), tl.ones(3, requires_grad=True)
    with Log() as log:
        z = tl.where(x > 0, x * y, 0.0)  # one input, two, and several
        loss = tl.cat([z, z]).sum()
        loss.backward()
        with tl.no_grad():
            x += 1
            (x * 2).exp_()
    assert log.seen == [
        *("mul[2, 3]", "where[2, 3]", "cat[4, 3]", "sum[]"),
        *("d sum x", "d cat xs", "d cat xs", "d where x", "d mul x", "d mul y"),
        *("in place add", "mul[2, 3]", "exp[2, 3]", "in place exp"),
    ]
    x.sum()
    assert len(log.seen) == 14  # closed


def test_float16_and_promotion_are_seen_once() -> None:
    with Log() as log:
        tl.ones(2, dtype=tl.float16) * 2
        tl.tensor([1, 2]).exp()
    assert log.seen == ["mul[2]", "cast[2]", "exp[2]"]  # the integers are cast first


def test_create_graph_shows_what_vjps_do() -> None:
    x = tl.tensor(2.0, requires_grad=True)
    with Log() as log:
        grad(x**3, x, create_graph=True)
    assert log.seen[0] == "pow_scalar[]" and log.seen[-1] == "d pow_scalar x"
    assert "mul[]" in log.seen


def test_several_recorders_and_errors_inside() -> None:
    with Log() as outer, Log() as inner:
        tl.ones(1) * 2
    assert outer.seen == inner.seen == ["mul[1]"]
    with pytest.raises(ZeroDivisionError), Log():
        _ = 1 / 0
    assert seam.recorders == ()


# detect_anomaly


def test_the_op_that_makes_a_nan_in_forward_is_named() -> None:
    x = tl.tensor([[1.0, -1.0], [4.0, -2.0]])
    with detect_anomaly(), pytest.raises(RuntimeError) as error:
        y = x.sqrt()  # this line
        y.sum()
    text = str(error.value)
    assert text.startswith("sqrt made 2 nan of 4 elements at [0, 1], [1, 1], from float32[2, 2]. It was called in ")
    assert text.endswith("y = x.sqrt()  # this line") and "test_recorder.py" in text


def test_the_op_whose_vjp_makes_an_inf_is_named_with_the_line_of_its_forward() -> None:
    x = tl.tensor([0.0, 1.0], requires_grad=True)
    with detect_anomaly(), pytest.raises(RuntimeError) as error:
        y = x.sqrt()  # forward
        (y * 2).sum().backward()
    assert re.match(
        r"backward through sqrt made 1 inf of 2 elements at \[0\] of the gradient with respect to its input x of shape \[2\], "
        r"from a gradient that was finite. sqrt was called in .*test_recorder.py, line \d+: y = x.sqrt\(\)  # forward$",
        str(error.value),
    )


def test_a_line_in_nn_is_the_users() -> None:
    layer = nn.Linear(2, 1)
    with tl.no_grad():
        layer.weight.fill_(3e38)
    with detect_anomaly(), pytest.raises(RuntimeError, match=r"linear made 1 inf .*test_recorder.py, line \d+: layer\("):
        layer(tl.ones(1, 2))


def test_what_was_given_broken_is_not_blamed() -> None:
    x = tl.tensor([1.0, float("inf")], requires_grad=True)
    with detect_anomaly():
        y = x * 2
        masked = tl.where(tl.tensor([True, False]), y, float("-inf"))
        masked.softmax(0).sum().backward()
        (y - y).sum()  # inf - inf is nan, but y was broken before


def test_in_place_writes_are_looked_at() -> None:
    x = tl.ones(3)
    with detect_anomaly(), pytest.raises(RuntimeError, match=r"in-place div left 3 inf of 3 elements.*x /= 0"):
        x /= 0
    with detect_anomaly():
        x.fill_(float("inf"))  # what was given


def test_it_can_be_switched_on_and_off_and_nested() -> None:
    assert seam.recorders == ()
    set_detect_anomaly(True)
    with pytest.raises(RuntimeError, match="log made 1 inf"):
        tl.zeros(1).log()
    set_detect_anomaly(False)
    tl.zeros(1).log()
    with set_detect_anomaly(True):
        assert len(seam.recorders) == 1
        with set_detect_anomaly(False):
            tl.zeros(1).log()
    assert seam.recorders == ()

    @detect_anomaly()
    def step() -> tl.Tensor:
        return tl.zeros(1).log()

    with pytest.raises(RuntimeError, match="log made 1 inf"):
        step()
    with detect_anomaly(check_nan=False):
        tl.zeros(1).log()


def test_torch_stops_at_a_nan_in_backward_as_well() -> None:
    z = torch.tensor([0.0], requires_grad=True)
    with pytest.warns(UserWarning), torch.autograd.detect_anomaly(), pytest.raises(RuntimeError, match=r"SqrtBackward0.*nan"):
        (z.sqrt() * 0).sum().backward()
    x = tl.tensor([0.0], requires_grad=True)
    with detect_anomaly(), pytest.raises(RuntimeError, match="backward through sqrt made 1 nan"):
        (x.sqrt() * 0).sum().backward()


def test_memory_is_freed_as_without() -> None:
    with detect_anomaly() as found:
        for _ in range(3):
            (tl.ones(2, requires_grad=True) * 2).sum().backward()
    assert len(found.lines) == 6 and all(isinstance(line, str) for line in found.lines.values())
    np.testing.assert_array_equal(list(found.lines), sorted(found.lines))


def test_it_can_be_switched_within_itself() -> None:
    with detect_anomaly():
        set_detect_anomaly(False)
        tl.zeros(1).log()
    x = tl.zeros(1, requires_grad=True)
    with detect_anomaly():
        y = x.sqrt()  # remembered
        set_detect_anomaly(True)
        with pytest.raises(RuntimeError, match=r"sqrt was called in .*# remembered"):
            y.sum().backward()
    assert seam.recorders == ()
    with set_detect_anomaly(True):
        log = Log().__enter__()
    assert seam.recorders == (log,)  # what was opened within stays open
    log.__exit__()


def test_numpys_in_place_methods_are_seen() -> None:
    x = tl.ones(3)
    with Log() as log:
        np.add.at(x, [0], 1.0)
    assert log.seen == ["in place add.at"]


def test_the_line_of_code_without_a_module_name() -> None:
    text = "with anomaly():\n    zeros(1).log()"
    with pytest.raises(RuntimeError, match=r"log made 1 inf .*<string>, line 2"):
        exec(text, {"__name__": None, "anomaly": detect_anomaly, "zeros": tl.zeros})
