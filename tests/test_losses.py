"""Losses: values and gradients as in PyTorch in float64, for every shape, option and edge; errors of the same types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite import nn

Close = Callable[..., None]
F, T = nn.functional, torch.nn.functional
RNG = np.random.default_rng(0)
SHAPES = [(6, 4), (4,), (3, 4, 5), (2, 4, 3, 2), (1, 4), (6, 1)]


def check(name: str, arrays: list[Any], close: Close, wrt: tuple[int, ...] = (0,), **options: Any) -> None:
    """One loss with our function and torch's, and the gradients of the arrays named in `wrt` for a non-unit upstream one."""
    ours = [tl.tensor(a, requires_grad=i in wrt) for i, a in enumerate(arrays)]
    theirs = [torch.tensor(a, requires_grad=i in wrt) for i, a in enumerate(arrays)]
    weight = options.pop("weight", None)
    ours_w, theirs_w = (None, None) if weight is None else (tl.tensor(weight), torch.tensor(weight))
    extra = {} if name in ("mse_loss", "l1_loss", "binary_cross_entropy_with_logits") else {"weight": ours_w}
    out = getattr(F, name)(*ours, **extra, **options)
    expected = getattr(T, name)(*theirs, **({"weight": theirs_w} if extra else {}), **options)
    close(out, expected)
    g = RNG.standard_normal(out.shape)
    out.backward(tl.tensor(g))
    expected.backward(torch.tensor(g))
    for i in wrt:
        close(ours[i].grad, theirs[i].grad)


def targets(shape: tuple[int, ...], ignored: int | None = None) -> Any:
    size = shape[:1] + shape[2:] if len(shape) > 1 else ()
    t = RNG.integers(0, shape[1] if len(shape) > 1 else shape[0], size)
    return np.where(RNG.random(size) < 0.4, ignored, t) if ignored is not None else t


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("ignored", [None, -100, 1])
def test_cross_entropy_of_indices(
    shape: tuple[int, ...], reduction: str, smoothing: float, weighted: bool, ignored: int | None, close: Close
) -> None:
    classes = shape[1] if len(shape) > 1 else shape[0]
    options = {"reduction": reduction, "label_smoothing": smoothing, "weight": RNG.random(classes) if weighted else None}
    if ignored is not None:
        options["ignore_index"] = ignored
    check("cross_entropy", [RNG.standard_normal(shape), targets(shape, ignored=ignored)], close, **options)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy_of_probabilities(
    shape: tuple[int, ...], reduction: str, smoothing: float, weighted: bool, close: Close
) -> None:
    classes = shape[1] if len(shape) > 1 else shape[0]
    weight = RNG.random(classes) if weighted else None
    arrays = [RNG.standard_normal(shape), RNG.random(shape)]
    check("cross_entropy", arrays, close, (0, 1), reduction=reduction, label_smoothing=smoothing, weight=weight)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("ignored", [None, 2])
def test_nll(shape: tuple[int, ...], reduction: str, weighted: bool, ignored: int | None, close: Close) -> None:
    classes = shape[1] if len(shape) > 1 else shape[0]
    options = {"reduction": reduction, "weight": RNG.random(classes) if weighted else None}
    if ignored is not None:
        options["ignore_index"] = ignored
    check("nll_loss", [RNG.standard_normal(shape), targets(shape, ignored=ignored)], close, **options)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "binary_cross_entropy_with_logits"])
@pytest.mark.parametrize("shape", [(3, 4), (), (5,), (0, 2)])
def test_regression(name: str, reduction: str, shape: tuple[int, ...], close: Close) -> None:
    x, y = RNG.standard_normal(shape), RNG.random(shape)
    check(name, [x, y], close, (0, 1) if name != "binary_cross_entropy_with_logits" else (0,), reduction=reduction)


def test_bce_at_the_extremes(close: Close) -> None:
    x = np.array([0.0, 1e4, -1e4, 1e4, -1e4, 0.0])
    check("binary_cross_entropy_with_logits", [x, np.array([1.0, 1, 0, 0, 1, 0.5])], close, reduction="none")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bce_at_infinity_and_near_the_largest_number(dtype: str, close: Close) -> None:
    inf, big = np.inf, 0.99 * float(np.finfo(dtype).max)
    x = np.repeat([inf, -inf, big, -big, np.nan, 0.0, 50.0, -50.0], 3).astype(dtype)
    y = np.tile([0.0, 0.5, 1.0], 8).astype(dtype)
    found = []
    for lib, loss in ((tl, F), (torch, T)):
        a, b = lib.tensor(x, requires_grad=True), lib.tensor(y, requires_grad=True)
        out = loss.binary_cross_entropy_with_logits(a, b, reduction="none")
        first = lib.autograd.grad(out.sum(), [a, b], create_graph=True)
        found.append([out, *first, *lib.autograd.grad(first[0].sum(), [a, b])])
    for ours, theirs in zip(*found, strict=True):
        close(ours, theirs)
    small = tl.tensor([-50.0], requires_grad=True)
    F.binary_cross_entropy_with_logits(small, tl.tensor([0.0])).backward()
    assert small.grad.item() == pytest.approx(np.exp(-50.0), rel=1e-6)  # not 1 - 1


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_cross_entropy_at_the_extremes(reduction: str, close: Close) -> None:
    inf = np.inf
    t = np.array([0, 1, 2, 0, 1])
    logits = np.array([[1e4, -1e4, 0], [1e4, -1e4, 0], [0, 0, 0], [-1e4, -1e4, 1e4], [1e-300, 1e300, 0]])
    check("cross_entropy", [logits, t], close, reduction=reduction)
    some = np.array([[-inf, 0, 1], [0, -inf, 1], [-inf, -inf, 0], [0, 1, -inf], [-inf, 0, 0]])
    check("cross_entropy", [some, np.array([1, 0, 2, 0, 1])], close, reduction=reduction)
    check("cross_entropy", [np.full((2, 3), -inf), t[:2]], close, reduction=reduction)
    out = F.cross_entropy(tl.tensor(some), tl.tensor([0, 1, 2, 0, 1]), reduction=reduction)
    close(out, T.cross_entropy(torch.tensor(some), torch.tensor([0, 1, 2, 0, 1]), reduction=reduction))


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_empty_batches_and_all_ignored(name: str, reduction: str, close: Close) -> None:
    check(name, [np.zeros((0, 3)), np.zeros(0, int)], close, reduction=reduction)
    check(name, [RNG.standard_normal((4, 3)), np.full(4, -100)], close, reduction=reduction)
    if name == "cross_entropy":
        check(name, [np.zeros((0, 3)), np.zeros((0, 3))], close, reduction=reduction)
        check(name, [RNG.standard_normal((4, 3)), np.full(4, -100)], close, reduction=reduction, label_smoothing=0.1)
    ours = getattr(F, name)(tl.zeros(4, 3), tl.tensor([-100] * 4), reduction=reduction)
    assert {"mean": np.isnan, "sum": lambda x: x == 0, "none": lambda x: (x == 0).all()}[reduction](ours.numpy())


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_sizes_of_0(name: str, reduction: str, close: Close) -> None:
    for shape in ((0, 3), (0, 3, 2), (2, 3, 0), (0, 0), (0, 3, 0), (0, 0, 2), (2, 0, 0)):
        check(name, [np.zeros(shape), np.zeros(shape[:1] + shape[2:], int)], close, reduction=reduction)
    for shape in ((0,), (2, 0)):  # no class at all: every row must be ignored
        ignored = np.full(shape[:-1], -100)
        check(name, [np.zeros(shape), ignored], close, reduction=reduction)
        with pytest.raises(IndexError, match="Target 0 is out of bounds"):
            getattr(F, name)(tl.zeros(shape), tl.tensor(ignored * 0))
    if name == "cross_entropy":
        for shape in ((0, 3), (2, 3, 0)):
            check(name, [np.zeros(shape), np.zeros(shape)], close, reduction=reduction)


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_a_target_of_one_for_an_input_without_a_batch(name: str, reduction: str, close: Close) -> None:
    x, t = RNG.standard_normal(4), np.array([2])
    ours = getattr(F, name)(tl.tensor(x, requires_grad=True), tl.tensor(t), reduction=reduction)
    close(ours, getattr(T, name)(torch.tensor(x), torch.tensor(t), reduction=reduction))
    ours.backward()  # torch's own fails here
    with pytest.raises(RuntimeError, match=r"target of shape \[\] for an input of shape \[4\], got int64\[2\]"):
        getattr(F, name)(tl.tensor(x), tl.tensor([2, 2]))


def test_an_ignored_row_may_hold_anything(close: Close) -> None:
    x = np.array([[0.0, 1.0], [np.inf, -np.inf], [np.nan, 0.0]])
    ours = F.nll_loss(tl.tensor(x), tl.tensor([0, -100, -100]))
    close(ours, T.nll_loss(torch.tensor(x), torch.tensor([0, -100, -100])))


def test_float32_stays_float32() -> None:
    x = tl.zeros(2, 3, requires_grad=True)
    w = tl.ones(3)
    for loss in (
        F.cross_entropy(x, tl.tensor([0, 1]), w),
        F.cross_entropy(x, tl.tensor([0, -100]), label_smoothing=0.1),
        F.cross_entropy(x, tl.ones(2, 3), label_smoothing=0.1),
        F.nll_loss(x, tl.tensor([0, 1])),
        F.mse_loss(x, tl.ones(2, 3)),
    ):
        assert loss.dtype == tl.float32
        (g,) = tl.autograd.grad(loss, x)
        assert g.dtype == tl.float32


def test_second_derivative(close: Close) -> None:
    a, t = RNG.standard_normal((3, 4)), [0, 3, 1]
    x, y = tl.tensor(a, requires_grad=True), torch.tensor(a, requires_grad=True)
    (g,) = tl.autograd.grad(F.cross_entropy(x, tl.tensor(t)), x, create_graph=True)
    (h,) = torch.autograd.grad(T.cross_entropy(y, torch.tensor(t)), y, create_graph=True)
    (g * g).sum().backward()
    (h * h).sum().backward()
    close(x.grad, y.grad)


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
def test_errors(name: str) -> None:
    loss, x, t = getattr(F, name), tl.zeros(3, 5, requires_grad=True), tl.tensor
    for target, error, message in (
        (t([0, 1, 5]), IndexError, "Target 5 is out of bounds"),
        (t([0, 1, -1]), IndexError, "Target -1 is out of bounds"),
        (t([0, 1]), ValueError, r"batch_size \(3\) to match target batch_size \(2\)"),
        (t(1), ValueError, r"target batch_size \(0\)"),
        (t([[0, 1, 2]]), ValueError, r"target batch_size \(1\)"),
        (t([0.0, 1, 2]), RuntimeError, r"target\.long\(\)"),
        (t([True, False, True]), RuntimeError, "integer target"),
        (t([[0], [1], [2]]), RuntimeError, r"target of shape \[3\]"),
    ):
        with pytest.raises(error, match=message):
            loss(x, target)
    with pytest.raises(RuntimeError, match=r"target of shape \[2, 4\]"):
        loss(tl.zeros(2, 5, 4), tl.zeros(2, 3, dtype=tl.int64))
    with pytest.raises(RuntimeError, match="one number per class"):
        loss(x, t([0, 1, 2]), tl.ones(4))
    with pytest.raises(RuntimeError, match="one number per class"):
        loss(x, t([0, 1, 2]), tl.ones(5, dtype=tl.float64))
    with pytest.raises(ValueError, match="'avg' is not a valid value for reduction"):
        loss(x, t([0, 1, 2]), reduction="avg")
    with pytest.raises(RuntimeError, match="expected floats"):
        loss(tl.zeros(3, 5, dtype=tl.int64), t([0, 1, 2]))
    assert x.grad is None
    assert loss(x, tl.zeros(3, dtype=tl.uint8)).shape == ()


def test_errors_of_options() -> None:
    x = tl.zeros(3, 5)
    with pytest.raises(RuntimeError, match="label_smoothing must be between"):
        F.cross_entropy(x, tl.tensor([0, 1, 2]), label_smoothing=1.5)
    with pytest.raises(RuntimeError, match="ignore_index is not supported"):
        F.cross_entropy(x, tl.zeros(3, 5), ignore_index=1)
    with pytest.raises(RuntimeError, match="class probabilities"):
        F.cross_entropy(x, tl.zeros(3, 4))
    with pytest.raises(ValueError, match="reduction"):
        nn.MSELoss(reduction="avg")
    for name in ("mse_loss", "l1_loss", "binary_cross_entropy_with_logits"):
        with pytest.raises(ValueError, match="'avg' is not a valid value for reduction"):
            getattr(F, name)(x, x, reduction="avg")
    with pytest.raises(ValueError, match="same as input size"):
        F.binary_cross_entropy_with_logits(x, tl.zeros(3))
    with pytest.warns(UserWarning, match="broadcasting"):
        F.mse_loss(tl.zeros(3, 1), tl.zeros(3))


def test_modules_are_the_functions(close: Close) -> None:
    x, t, w = RNG.standard_normal((4, 3)), np.array([0, 2, 1, 2]), RNG.random(3)
    for name, arrays, options in (
        ("CrossEntropyLoss", (x, t), {"ignore_index": 1, "reduction": "sum", "label_smoothing": 0.1}),
        ("CrossEntropyLoss", (x, t), {}),
        ("NLLLoss", (x, t), {"ignore_index": 1, "reduction": "none"}),
        ("MSELoss", (x, x + 1), {"reduction": "sum"}),
        ("L1Loss", (x, x + 1), {}),
        ("BCEWithLogitsLoss", (x, np.abs(np.tanh(x))), {"reduction": "none"}),
    ):
        ours, theirs = getattr(nn, name)(**options), getattr(torch.nn, name)(**options)
        close(ours(*map(tl.tensor, arrays)), theirs(*map(torch.tensor, arrays)))
        assert repr(ours) == repr(theirs)
    ours, theirs = nn.CrossEntropyLoss(tl.tensor(w)), torch.nn.CrossEntropyLoss(torch.tensor(w))
    close(ours(tl.tensor(x), tl.tensor(t)), theirs(torch.tensor(x), torch.tensor(t)))
    assert list(ours.state_dict()) == list(theirs.state_dict()) == ["weight"]


def test_the_message_names_what_was_called() -> None:
    with pytest.raises(IndexError, match=r"^size: dim 3"):
        tl.ones(2).size(3)
    with pytest.warns(UserWarning, match=r"^mse_loss: the target size"):
        nn.functional.mse_loss(tl.ones(2, 1), tl.ones(2))
    with pytest.warns(UserWarning, match=r"^l1_loss: the target size"):
        nn.functional.l1_loss(tl.ones(2, 1), tl.ones(2))


def test_class_probabilities_have_no_index_to_ignore() -> None:
    x = tl.zeros(2, 3)
    for index in (0, 2):
        with pytest.raises(RuntimeError, match="ignore_index is not supported"):
            nn.functional.cross_entropy(x, x + 0.5, ignore_index=index)


def test_warnings_point_to_the_line_that_called() -> None:
    for call in (
        lambda: nn.functional.mse_loss(tl.ones(2, 1), tl.ones(2)),
        lambda: nn.functional.softmax(tl.ones(2, 2)),
        lambda: nn.functional.log_softmax(tl.ones(2, 2)),
    ):
        with pytest.warns(UserWarning) as found:
            call()
        assert found[0].filename == __file__


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
def test_swapped_arguments_are_named(name: str) -> None:
    with pytest.raises(RuntimeError, match=rf"^{name}: the input is int64\[2\] and the target float32\[2, 3\]; .* swapped\?$"):
        getattr(F, name)(tl.tensor([0, 1]), tl.zeros(2, 3))


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "binary_cross_entropy_with_logits", "cross_entropy", "nll_loss"])
@pytest.mark.parametrize(("other", "kind"), [([0, 1], "list"), (np.zeros(2), "ndarray"), (torch.zeros(2), r"torch\.Tensor")])
def test_losses_of_something_else_than_tensors(name: str, other: Any, kind: str) -> None:
    x = tl.zeros(2, 3)
    with pytest.raises(TypeError, match=rf"^{name}: target must be a Tensor, got {kind}; make it one with tensor"):
        getattr(F, name)(x, other)
    with pytest.raises(TypeError, match=rf"^{name}: input must be a Tensor, got {kind}"):
        getattr(F, name)(other, x)
    if name in ("cross_entropy", "nll_loss"):
        with pytest.raises(TypeError, match=rf"^{name}: weight must be a Tensor, got {kind}"):
            getattr(F, name)(x, tl.tensor([0, 1]), other)
