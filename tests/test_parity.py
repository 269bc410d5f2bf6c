"""The certificate: the first samples of every covered entry of PyTorch's databases, and tests of what compares them.

All samples run by `python tests/parity.py`; tests/PARITY.md is what it says.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from certificate import exceptions, page
from certificate.modules import MODULES, Module
from certificate.optimizers import OPTIMIZERS, Optimizer
from certificate.run import Difference, Entry, chosen, our_function, title

import tinygrad_lite as tl

CHUNKS = 20
FEW = (torch.float64, torch.float32, torch.int64, torch.bool)
pytestmark = pytest.mark.filterwarnings("ignore")
ENTRIES = [info for info in chosen([]) if our_function(info) is not None]


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_first_samples_equal_torch(chunk: int) -> None:
    wrong = []
    for info in ENTRIES[chunk::CHUNKS]:
        found = Entry(info, 4).run(FEW).differences
        wrong += [f"{title(info)}: {d.kind} {d.dtype} [{d.form}] #{d.number}: {d.text}\n  {d.sample[:300]}" for d in found]
    assert not wrong, "\n".join([f"{len(wrong)} differences", *wrong[:20]])


@pytest.mark.parametrize("chunk", range(8))
def test_first_samples_of_modules_equal_torch(chunk: int) -> None:
    wrong = []
    for info in [info for info in MODULES.chosen([]) if MODULES.ours(info) is not None][chunk::8]:
        found = Module(info, 3).run().differences
        wrong += [f"{info.name}: {d.kind} {d.dtype} [{d.form}] #{d.number}: {d.text}\n  {d.sample[:300]}" for d in found]
    assert not wrong, "\n".join([f"{len(wrong)} differences", *wrong[:20]])


def test_first_configurations_of_optimizers_equal_torch() -> None:
    wrong = []
    for info in [info for info in OPTIMIZERS.chosen([]) if OPTIMIZERS.ours(info) is not None]:
        wrong += [f"optim.{info.name}: {d.kind}: {d.text} {d.sample}" for d in Optimizer(info, 1).run().differences]
    assert not wrong, "\n".join(wrong)


# The page


def test_page_is_up_to_date() -> None:
    assert not page.stale(page.PAGE.read_text()), "write it anew: python tests/parity.py --write -j 2"


def test_page_shows_what_is_promised() -> None:
    totals = page.totals(page.PAGE.read_text())
    assert " (0)\n" not in page.PAGE.read_text(), "an exception that no sample needs; see the reasons"
    assert totals["entries"] >= 300
    assert totals["wrong"] == 0
    assert totals["errors_agreed"] >= 0.97 * totals["errors"]
    modules = page.totals(page.PAGE.read_text(), MODULES.heading)
    assert modules["entries"] >= 100
    assert modules["wrong"] == 0
    assert modules["errors_agreed"] >= 0.97 * modules["errors"]
    optimizers = page.totals(page.PAGE.read_text(), OPTIMIZERS.heading)
    assert optimizers["entries"] == 14
    assert optimizers["wrong"] == 0


def test_page_notices_what_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    then = page.text([])
    assert [line for line in page.stale(then) if "not covered" in line or "excepted" in line] == []
    monkeypatch.setattr(exceptions, "NOT_COVERED", {})
    assert "not covered on the page, but not now: Fourier transforms: fft.fft" in page.stale(then)
    monkeypatch.setattr(torch, "__version__", "9.0")
    assert "it was not written with PyTorch 9.0" in page.stale(then)


def test_every_entry_is_covered_or_has_a_reason() -> None:
    assert "no reason given" not in page.left_out()


# What breaks is seen


def found(name: str, function: Any) -> set[str]:
    """The kinds of differences of an entry if our function were another one."""
    info = next(info for info in chosen([name]) if title(info) == name)
    return {f"{d.kind} {d.dtype}".strip() for d in Entry(info, 3, function).run().differences if d.form == "function"}


def test_right_functions_have_no_difference() -> None:
    assert not found("exp", tl.exp)
    assert not found("squeeze.multiple", tl.squeeze)


def test_a_wrong_value_is_seen() -> None:
    assert "values float64" in found("exp", lambda x: tl.exp(x) * (1 + 1e-13))
    assert "values float32" in found("exp", lambda x: tl.exp(x) * (1 + 1e-5 * (x.dtype == tl.float32)))
    assert "values int64" in found("maximum", lambda x, y: tl.maximum(x, y) + (x.dtype == tl.int64))


def test_a_wrong_derivative_is_seen() -> None:
    @tl.op(x=lambda g, out: g * out * (1 + 1e-13))
    def wrong_first(x: Any) -> Any:
        return np.exp(x)

    @tl.op(x=lambda g, out: g * (out.detach() if isinstance(out, tl.Tensor) else out))
    def wrong_second(x: Any) -> Any:
        return np.exp(x)

    @tl.op(x=lambda g: g * 0)
    def wrong_none(x: Any) -> Any:
        return np.exp(x)

    assert "first float64" in found("exp", wrong_first)
    assert found("exp", wrong_second) == {"second float64"}
    assert "first float32" in found("exp", wrong_none)


def test_a_wrong_dtype_shape_or_error_is_seen() -> None:
    assert "dtype int64" in found("exp", lambda x: tl.exp(x).double())
    assert "shape float64" in found("sum", lambda x, *args, **how: tl.sum(x, *args, **how)[None])
    assert "error float64" in found("exp", lambda x: tl.exp(x, 1))
    assert "refusal" in found("neg", lambda x: tl.neg(x.float()))


def test_a_wrong_view_is_seen() -> None:
    assert "view float64" in found("squeeze.multiple", lambda x, dim: tl.squeeze(x, dim).clone())
    assert "view float64" in found("abs", lambda x: x)

    def written(x: Any) -> Any:
        y = tl.exp(x)
        x.array[...] = 0
        return y

    assert "memory int64" in found("exp", written)


def test_an_exception_is_for_its_samples_only(monkeypatch: pytest.MonkeyPatch) -> None:
    (info,) = chosen(["exp"])
    exempt = exceptions.Exempt("exp", "for this test", "values", "float64", when=lambda sample: sample.input.ndim == 0)
    monkeypatch.setattr(exceptions, "EXEMPT", [exempt])
    row = Entry(info, 5, lambda x: tl.exp(x) * (1 + 1e-13 * (x.dtype == tl.float64))).run()
    assert row.excepted["for this test"]
    assert row.differences
    assert all(isinstance(d, Difference) for d in row.differences)


# What breaks in a module is seen


def found_with(monkeypatch: pytest.MonkeyPatch, **changed: Any) -> set[str]:
    """The kinds of differences of nn.Linear with some of its methods changed."""
    with monkeypatch.context() as patch:
        for name, method in changed.items():
            patch.setattr(tl.nn.Linear, name, method)
        return {f"{d.kind} {d.dtype}" for d in Module(MODULES.chosen(["nn.Linear"])[0], 3).run().differences}


def test_a_wrong_start_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    make = tl.nn.Linear.__init__

    def other_order(self: Any, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        vars(self)["weight"] = vars(self).pop("weight")

    other_values = found_with(monkeypatch, reset_parameters=lambda self: tl.nn.init.uniform_(self.weight, -1, 1))
    assert other_values == {"state float64", "state float32"}
    assert "state float64" in found_with(monkeypatch, __init__=other_order)
    assert found_with(monkeypatch, extra_repr=lambda self: "") == {"repr float64", "repr float32"}


def test_a_wrong_forward_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    forward = tl.nn.Linear.forward

    def bias_detached(self: Any, input: Any) -> Any:
        return tl.nn.functional.linear(input, self.weight, self.bias if self.bias is None else self.bias.detach())

    def trained(self: Any, input: Any) -> Any:
        return forward(self, input) * (1 if self.training else 1 + 1e-13)

    assert "first float64" in found_with(monkeypatch, forward=bias_detached)
    assert "values float64" in found_with(monkeypatch, forward=trained)


def test_a_wrong_optimizer_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def seen(name: str, value: Any) -> set[str]:
        (info,) = OPTIMIZERS.chosen(["optim.Adam"])
        with monkeypatch.context() as changed:
            changed.setattr(tl.optim.Adam, name, value)
            return {d.kind for d in Optimizer(info, 1).run().differences}

    right = {name: getattr(tl.optim.Adam, name) for name in ("fast", "state_dict", "load_state_dict", "check")}
    assert seen("fast", right["fast"]) == set()
    assert {"parameters", "states"} <= seen(
        "fast", lambda p, g, step, beta1, *rest, **how: right["fast"](p, g, step, beta1 * 1.0001, *rest, **how)
    )
    assert seen("state_dict", lambda self: right["state_dict"](self) | {"state": {}}) == {"states", "loaded"}
    assert seen("load_state_dict", lambda self, state: None) == {"loaded"}
    assert seen("check", lambda self, group: None) == {"refusal"}
