"""Every op against PyTorch and against differences, from the rows of cases/."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite import tape
from tinygrad_lite.autograd import grad, gradcheck, gradgradcheck
from tinygrad_lite.ops import choice

from .cases import CASES, Case, hint

ROWS = list(CASES.values())
OPS = [name for name, made in tape.ops.items() if Path(tape.place_of(made.forward)[0]).is_relative_to(hint.ENGINE)]


def each(rows: list[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", rows, ids=[row.name for row in rows])


def ours_of(array: Any, device: str = "cpu") -> tl.Tensor:
    """A leaf on a copy of an array with the same strides; it requires grad if it can."""
    copy = np.lib.stride_tricks.as_strided(array, array.shape, array.strides) if array.size else array
    x = tl.from_numpy(copy).to(device)
    return x.requires_grad_() if array.dtype.kind == "f" else x


def theirs_of(array: Any) -> torch.Tensor:
    x = torch.from_numpy(array)
    return x.requires_grad_() if array.dtype.kind == "f" else x


def outputs(y: Any) -> list[Any]:
    return list(y) if isinstance(y, tuple) else [y]


def noise(x: Any, seed: int) -> np.ndarray[Any, Any]:
    """An upstream gradient that is not all ones, in x's shape and dtype."""
    dtype = np.asarray(x.detach()).dtype if isinstance(x, torch.Tensor) else x.dtype
    return np.random.default_rng(seed).standard_normal(tuple(x.shape)).astype(dtype)


def derivatives(differentiate: Any, make: Any, function: Any, xs: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
    """Outputs, first derivatives, and the derivatives of those with respect to inputs and upstream gradients."""
    ys = outputs(function(*xs))
    live = [y for y in ys if y.requires_grad]
    leaves = [x for x in xs if x.requires_grad]
    if not live:
        return ys, [], []
    upstream = [make(noise(y, seed)) for seed, y in enumerate(live)]
    options: dict[str, Any] = {"create_graph": True, "allow_unused": True}
    first = differentiate(live, leaves, upstream, **options)
    again = {seed: g for seed, g in enumerate(first) if g is not None and g.requires_grad}
    if not again:
        return ys, list(first), []
    more = [make(noise(g, 10 + seed)).detach() for seed, g in again.items()]
    return ys, list(first), list(differentiate(list(again.values()), [*leaves, *upstream], more, **options))


@each(ROWS)
def test_values_and_two_derivatives_equal_torch(row: Case, device: str, close: Any) -> None:
    ours = derivatives(grad, lambda a: ours_of(a, device), row.ours, [ours_of(a, device) for a in row.inputs])
    theirs = derivatives(torch.autograd.grad, theirs_of, row.theirs, [theirs_of(a) for a in row.inputs])
    coarse = {"rtol": 1e-6, "atol": 1e-6} if any(y.dtype == tl.float32 for y in ours[0]) else {}  # computed in float32
    for y, z in zip(ours[0], theirs[0], strict=True):
        close(y, z)
        assert y.requires_grad == z.requires_grad
    for x, (g, h) in zip([a for a in row.inputs if a.dtype.kind == "f"], zip(ours[1], theirs[1], strict=True)):
        if g is None:
            assert h is None or not h.numel()  # an empty input of cat is passed over
        else:
            close(g, h, **coarse)
            assert g.shape == x.shape
    if not row.twice:
        return
    longest = max(len(ours[2]), len(theirs[2]))
    for g, h in zip(ours[2] or [None] * longest, theirs[2] or [None] * longest, strict=True):
        if g is not None and h is not None:
            close(g, h, **(coarse or {"rtol": 1e-11, "atol": 1e-12}))
        else:  # one library leaves out what the other finds to be zero
            zero = g if h is None else h
            assert zero is None or not zero.detach().cpu().numpy().any()


@each(ROWS)
def test_backward_equals_create_graph_and_leaves_inputs_alone(row: Case, device: str) -> None:
    before = [a.copy() for a in row.inputs]
    xs = [ours_of(a, device) for a in row.inputs]
    live = [y for y in outputs(row.ours(*xs)) if y.requires_grad]
    if live:
        upstream = [ours_of(noise(y, seed), device).detach() for seed, y in enumerate(live)]
        tl.autograd.backward(live, upstream)
        again = [ours_of(a, device) for a in row.inputs]
        live = [y for y in outputs(row.ours(*again)) if y.requires_grad]
        tl.autograd.backward(live, upstream, create_graph=True)
        for x, z in zip(xs, again):
            assert (x.grad is None) == (z.grad is None)
            if x.grad is not None:
                assert not x.grad.requires_grad
                assert x.grad.dtype == x.dtype
                assert x.grad.device == x.device
                np.testing.assert_array_equal(x.grad.cpu().numpy(), z.grad.detach().cpu().numpy())
    for a, b in zip(row.inputs, before):
        np.testing.assert_array_equal(a, b)


@each([row for row in ROWS if row.smooth])
def test_derivatives_equal_differences(row: Case) -> None:
    xs = [ours_of(a) for a in row.inputs]

    def live(*xs: Any) -> tuple[Any, ...]:
        return tuple(y for y in outputs(row.ours(*xs)) if y.requires_grad)

    if live(*xs):
        assert gradcheck(live, xs)
        assert gradgradcheck(live, xs)


@each(ROWS)
def test_float32_and_float16_stay_what_they_are(row: Case) -> None:
    for dtype in ("float32", "float16"):
        xs = [ours_of(a.astype(dtype) if a.dtype.kind == "f" else a) for a in row.inputs]
        ys = outputs(row.ours(*xs))
        theirs = [torch.from_numpy(a.astype(dtype) if a.dtype.kind == "f" else a) for a in row.inputs]
        expected = [str(z.dtype).removeprefix("torch.") for z in outputs(row.theirs(*theirs))]
        assert [str(y.dtype) for y in ys] == expected
        live = [y for y in ys if y.requires_grad]
        if live:
            tl.autograd.backward(live, [tl.ones_like(y) for y in live])
            assert {x.grad.dtype for x in xs if x.grad is not None} == {np.dtype(dtype)}


def nodes(*roots: Any) -> list[tape.Node]:
    """All nodes that can be reached."""
    found: dict[tape.Node, None] = {}
    todo = [root for root in roots if isinstance(root, tape.Node)]
    while todo:
        node = todo.pop()
        if node not in found:
            found[node] = None
            todo += [edge for edge in node.edges if isinstance(edge, tape.Node)]
    return list(found)


@each(ROWS)
def test_a_row_uses_the_op_that_it_is_for(row: Case) -> None:
    xs = [ours_of(a) for a in row.inputs]
    used = {node.op.name for node in nodes(*[y.node for y in outputs(row.ours(*xs))])}
    assert row.op in used


# What a primitive keeps for backward: arrays only, input by input. This is the memory that training needs.


@pytest.mark.parametrize("op", OPS)
def test_every_op_has_a_row_that_says_what_it_keeps(op: str) -> None:
    made = tape.ops[op]
    rows = [row for row in ROWS if row.op == op]
    assert rows, hint.row_is_missing(made)
    assert any(row.keeps is not None for row in rows), hint.keeps_is_missing(made)


def test_every_row_is_for_an_op() -> None:
    for row in ROWS:
        assert row.op in tape.ops, f"{row.name} ({row.place}): there is no op {row.op!r}"


KEEPING = [row for row in ROWS if row.keeps is not None]


def called(row: Case, requires: Any = lambda nth: True) -> tuple[list[Any], Any]:
    """A row's inputs, those not required without a gradient, and its result: one node, that of the primitive alone."""
    xs = [x if requires(nth) else x.detach() for nth, x in enumerate(ours_of(a) for a in row.inputs)]
    out = outputs(row.ours(*xs))[0]
    made, edges = out.node, [x.node for x in xs if x.requires_grad]
    single = made.op.name == row.op and all(edge in edges for edge in made.edges if edge)
    assert single, f"{row.name} ({row.place}) has keeps=, so it must be one call of {row.op!r}, on the row's inputs"
    return xs, out


@each(KEEPING)
def test_a_node_keeps_exactly_the_arrays_that_the_row_says(row: Case) -> None:
    xs, out = called(row)
    made = tape.ops[row.op]
    names = {id(x.array): name for name, x in zip(made.inputs, xs)} | {id(out.array): "out"}
    keeps = []
    for needs, kept in zip(made.needs, out.node.saved):  # index arrays are options; other options that are arrays have names
        arrays = [(name, value) for name, value in zip(needs, kept or ()) if isinstance(value, np.ndarray)]
        found = [names.get(id(a), name if a.dtype.kind not in "iub" else "") for name, a in arrays]
        keeps.append(" ".join([name for name in found if name]))
    does = hint.written(tuple(sorted(set(keeps)) if made.variadic else keeps))  # a variadic op has one vjp for all its inputs
    assert row.keeps and hint.written(row.keeps) == does, hint.keeps_is_wrong(row, does)


@each(KEEPING)
def test_what_no_vjp_names_dies_at_once(row: Case) -> None:
    leaves, out = called(row)
    xs = [x * 1 if x.requires_grad else x for x in leaves]
    out = outputs(row.ours(*xs))[0]
    made = tape.ops[row.op]
    named = {name for edge, names in zip(out.node.edges, row.keeps or ()) if edge for name in names.split()}
    result = out + 1
    view = out.array.base is not None
    watched = {name: weakref.ref(x.array) for name, x in zip(made.inputs, xs) if x.requires_grad}
    watched["out"] = weakref.ref(out.array)
    gc.disable()
    try:
        del xs, out
        alive = {name for name, array in watched.items() if array() is not None}
        assert alive == named & set(watched) if not view else alive <= named | set(watched)
        result.sum().backward()
        assert not view or not {name for name, array in watched.items() if array() is not None} - named
    finally:
        gc.enable()


def test_no_row_leaves_a_cycle() -> None:
    """Memory is freed by reference counting alone: nothing waits for the garbage collector."""
    left = []
    gc.collect()
    gc.disable()
    try:
        for row in ROWS:
            xs = [ours_of(a) for a in row.inputs]
            watched = [weakref.ref(x) for x in xs]
            out = row.ours(*xs)
            if isinstance(out, tl.Tensor):
                watched.append(weakref.ref(out))
                if out.requires_grad:
                    out.sum().backward()
            del xs, out
            if any(ref() is not None for ref in watched):
                left.append(row.name)
    finally:
        gc.enable()
    assert not left


NOT_IMPLEMENTED = {("zeta", "x"), ("igamma", "a"), ("igammac", "a")}  # derivatives that are errors, as in PyTorch


@each([row for row in KEEPING if len(row.inputs) > 1])
def test_only_needed_gradients_are_computed(row: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tape.ops[row.op]
    for needed in [nth for nth, a in enumerate(row.inputs) if a.dtype.kind == "f"]:
        if (row.op, made.inputs[0 if made.variadic else needed]) in NOT_IMPLEMENTED:
            continue
        xs, out = called(row, lambda nth, needed=needed: nth == needed)
        at = [nth for nth, edge in enumerate(out.node.edges) if edge is not None]
        assert len(at) == 1
        assert all(kept is None for nth, kept in enumerate(out.node.saved) if nth not in at)
        if not made.variadic:
            asked: list[int] = []

            def refuse(*args: Any, asked: list[int] = asked) -> Any:
                asked.append(1)
                raise AssertionError("the gradient of an input that needs none was asked for")

            spied = [vjp if nth in at else refuse for nth, vjp in enumerate(made.vjps)]
            with monkeypatch.context() as patch:
                patch.setattr(made, "vjps", tuple(spied))
                out.sum().backward()
            assert not asked
        else:
            out.sum().backward()
        assert [nth for nth, x in enumerate(xs) if x.grad is not None] == [needed]


# What PyTorch does with integers, bools and mixtures: the same values and dtypes, or an error on both sides.

UNARY: dict[str, Any] = {
    "abs": lambda t, x: t.abs(x),
    "neg": lambda t, x: -x,
    "sign": lambda t, x: t.sign(x),
    "exp": lambda t, x: t.exp(x),
    "log": lambda t, x: t.log(x),
    "sqrt": lambda t, x: t.sqrt(x),
    "tanh": lambda t, x: t.tanh(x),
    "sigmoid": lambda t, x: t.sigmoid(x),
    "relu": lambda t, x: t.relu(x),
    "square": lambda t, x: x**2,
    "cube_float": lambda t, x: x**3.0,
    "power0": lambda t, x: x**0,
    "power_negative": lambda t, x: x**-1,
    "rpow": lambda t, x: 2**x,
    "rpow_float": lambda t, x: 2.5**x,
    "half": lambda t, x: x / 2,
    "inverse": lambda t, x: 1 / x,
    "add_int": lambda t, x: x + 1,
    "add_float": lambda t, x: x + 1.5,
    "add_bool": lambda t, x: x + True,
    "rsub": lambda t, x: 3 - x,
    "clamp": lambda t, x: t.clamp(x, 1, 2),
    "clamp_float": lambda t, x: t.clamp(x, 0.5, 1.5),
    "clamp_min": lambda t, x: t.clamp(x, min=1),
    "sum": lambda t, x: t.sum(x),
    "sum_dim": lambda t, x: t.sum(x, 0),
    "mean": lambda t, x: t.mean(x),
    "mean_dtype": lambda t, x: t.mean(x, dtype=t.float64),
    "amax": lambda t, x: t.amax(x, 0),
    "amin": lambda t, x: t.amin(x, 0),
    "max": lambda t, x: t.max(x),
    "min_dim": lambda t, x: tuple(t.min(x, 0)),
    "argmax": lambda t, x: t.argmax(x),
    "argmax_dim": lambda t, x: t.argmax(x, 0),
    "argmin_keep": lambda t, x: t.argmin(x, 1, keepdim=True),
    "argmin_flat_keep": lambda t, x: t.argmin(x, keepdim=True),
    "all": lambda t, x: t.all(x),
    "any_dim": lambda t, x: t.any(x, 1),
    "all_keep": lambda t, x: x.all(0, keepdim=True),
    "any_axis": lambda t, x: t.any(x, axis=1, keepdims=True),
    "argmax_axis": lambda t, x: t.argmax(x, axis=1, keepdims=True),
    "logsumexp": lambda t, x: t.logsumexp(x, 0),
    "softmax": lambda t, x: t.softmax(x, 0),
    "softmax_dtype": lambda t, x: t.softmax(x, 0, dtype=t.float64),
    "log_softmax": lambda t, x: t.log_softmax(x, 1),
    "matmul": lambda t, x: x @ x.T,
    "reshape": lambda t, x: x.reshape(-1),
    "transpose": lambda t, x: x.transpose(0, 1),
    "expand": lambda t, x: x.expand(2, 2, 3),
    "cat": lambda t, x: t.cat([x, x]),
    "stack": lambda t, x: t.stack([x, x], -1),
    "getitem": lambda t, x: x[[0, 0], 1:],
    "where": lambda t, x: t.where(x > 1, x, 0),
    "where_float": lambda t, x: t.where(x > 1, x, 0.5),
    "invert": lambda t, x: ~x,
    "and": lambda t, x: x & x,
    "equal": lambda t, x: x == 1,
    "less": lambda t, x: x < 1.5,
}
DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]
# Where we go further than PyTorch, or not as far, with bools; whatever is not listed must agree.
OURS_ONLY = {"abs", "relu", "rsub", "argmax", "argmax_dim", "argmin_keep", "argmin_flat_keep", "argmax_axis", "matmul"}
THEIRS_ONLY = {"sigmoid"}


def outcome(function: Any, *args: Any) -> list[Any] | None:
    """What a call returns, as arrays; None if it is refused."""
    try:
        return [np.asarray(y) for y in outputs(function(*args))]
    except (RuntimeError, TypeError, IndexError):
        return None


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes_of_results_equal_torch(name: str, dtype: str, close: Any) -> None:
    for values in ([[0, 1, 2], [3, 2, 1]], [[1, 0, 0], [0, 0, 0]]):
        a = np.array(values, dtype)
        ours, theirs = outcome(UNARY[name], tl, tl.tensor(a)), outcome(UNARY[name], torch, torch.tensor(a))
        assert (ours is None) == (theirs is None) or (dtype == "bool" and name in (THEIRS_ONLY if ours is None else OURS_ONLY))
        for y, z in zip(ours or (), theirs or ()):
            close(y, z)


BINARY: dict[str, Any] = {
    "maximum": lambda t, x, y: t.maximum(x, y),
    "minimum": lambda t, x, y: t.minimum(x, y),
    "where": lambda t, x, y: t.where(x > y, x, y),
    "cat": lambda t, x, y: t.cat([x, y]),
    "equal": lambda t, x, y: x == y,
    "not_equal": lambda t, x, y: x != y,
    "less_equal": lambda t, x, y: x <= y,
    "greater_equal": lambda t, x, y: x >= y,
    "clamp": lambda t, x, y: t.clamp(x, y, y),
}


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("first", DTYPES)
def test_dtypes_of_mixed_results_equal_torch(name: str, first: str, close: Any) -> None:
    for second in DTYPES:
        a, b = np.array([0, 1, 2]).astype(first), np.array([1, 1, 0]).astype(second)
        ours = outcome(BINARY[name], tl, tl.tensor(a), tl.tensor(b))
        theirs = outcome(BINARY[name], torch, torch.tensor(a), torch.tensor(b))
        assert (ours is None) == (theirs is None) or (name == "clamp" and first == second == "bool")  # ours goes further
        for y, z in zip(ours or (), theirs or ()):
            close(y, z)


@pytest.mark.parametrize("dtype", [tl.float16, tl.float32, tl.float64])
@pytest.mark.parametrize("bounds", [(np.float64(0.5), None), (None, np.float32(0.5)), (np.int64(0), np.float64(1))])
def test_numpy_bounds_of_clamp_are_weak(dtype: Any, bounds: Any) -> None:
    x = tl.tensor([-1.0, 0.75, 2.0], dtype=dtype, requires_grad=True)
    y = x.clamp(*bounds)
    y.sum().backward()
    expected = torch.tensor(x.tolist()).clamp(*(None if b is None else b.item() for b in bounds))
    assert y.dtype == x.grad.dtype == dtype and y.tolist() == expected.tolist()


def test_an_op_that_cannot_keep_its_dtype_says_so() -> None:
    with pytest.raises(RuntimeError, match="clip: its result on float32 is of another dtype"):
        choice.clip(tl.ones(2), min=np.float64(0), max=np.float64(1))
