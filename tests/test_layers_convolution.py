"""Convolution beside PyTorch: layers, functions, shapes at the limit, errors; and what it promises of accuracy and memory."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite.ops.neural import convolution
from tinygrad_lite.ops.neural.grid import grid

Make = Callable[[Any], Any]
LAYERS: list[tuple[Make, tuple[int, ...]]] = [
    (lambda n: n.Conv1d(2, 3, 3), (2, 2, 7)),
    (lambda n: n.Conv1d(4, 6, 3, 2, 3, 2, 2, False), (2, 4, 9)),
    (lambda n: n.Conv1d(2, 3, 5, padding="same", padding_mode="reflect"), (2, 7)),
    (lambda n: n.Conv2d(3, 4, (3, 2), (2, 1), (1, 2)), (2, 3, 6, 5)),
    (lambda n: n.Conv2d(2, 2, 3, padding="valid", groups=2), (2, 2, 4, 5)),
    (lambda n: n.Conv2d(1, 2, 4, padding="same", dilation=(1, 2), padding_mode="circular"), (2, 1, 7, 8)),
    (lambda n: n.Conv2d(1, 2, (3, 2), padding=(1, 2), padding_mode="replicate"), (1, 4, 5)),
    (lambda n: n.Conv3d(2, 3, (1, 2, 3), padding=1), (1, 2, 3, 4, 5)),
    (lambda n: n.ConvTranspose1d(2, 3, 4, 2, 1), (2, 2, 5)),
    (lambda n: n.ConvTranspose2d(4, 6, 3, (2, 3), 1, (1, 2), 2, False, 2), (2, 4, 3, 4)),
    (lambda n: n.ConvTranspose3d(2, 3, 2, 2, output_padding=1), (2, 2, 2, 3)),
    (lambda n: n.LazyConv1d(3, 3), (2, 2, 7)),
    (lambda n: n.LazyConv2d(4, 3, groups=2, padding="same"), (2, 4, 5, 5)),
    (lambda n: n.LazyConv3d(2, 2, bias=False), (3, 3, 4, 5)),
    (lambda n: n.LazyConvTranspose1d(3, 3, 2), (2, 5)),
    (lambda n: n.LazyConvTranspose2d(4, 2, 2, groups=2), (1, 2, 3, 3)),
    (lambda n: n.LazyConvTranspose3d(2, 2), (1, 2, 2, 2, 2)),
    (lambda n: n.Unfold((2, 3), 1, 1, 2), (2, 3, 5, 6)),
    (lambda n: n.Fold((4, 5), 2, padding=1, dilation=2), (2, 8, 20)),
]


def numbers(*shape: int) -> Any:
    return np.random.default_rng(list(shape)).standard_normal(shape)


def equal(ours: Any, theirs: Any) -> None:
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.filterwarnings("ignore:Lazy modules")
@pytest.mark.parametrize(("make", "shape"), LAYERS, ids=[repr(make(torch.nn)) for make, _ in LAYERS])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_layers_equal_torch(make: Make, shape: tuple[int, ...], dtype: str) -> None:
    layers = []
    for t in (tl, torch):
        t.manual_seed(5)
        t.set_default_dtype(getattr(t, dtype))
        try:
            layers.append(make(t.nn))
        finally:
            t.set_default_dtype(t.float32)
    ours, theirs = layers
    assert repr(ours) == repr(theirs)
    parameters = list(ours.parameters())
    x, y = tl.tensor(numbers(*shape).astype(dtype)), torch.tensor(numbers(*shape).astype(dtype))
    for t in (tl, torch):
        t.manual_seed(6)  # lazy layers draw now
    outs = [ours(x.requires_grad_()), theirs(y.requires_grad_())]
    assert repr(ours) == repr(theirs) and type(ours).__name__ == type(theirs).__name__
    assert all(p is q for p, q in zip(parameters, ours.parameters(), strict=True))
    state = theirs.state_dict()
    assert list(ours.state_dict()) == list(state)
    for key, value in ours.state_dict().items():
        assert (value.numpy() == state[key].numpy()).all() and value.dtype == dtype  # drawn alike, to the last bit
    for out in outs:
        (out * out).sum().backward()
    if dtype == "float64":
        equal(outs[0], outs[1])
        for a, b in zip([x, *ours.parameters()], [y, *theirs.parameters()], strict=True):
            equal(a.grad, b.grad)
    assert outs[0].dtype == dtype and outs[0].shape == outs[1].shape


def test_a_lazy_layer_is_loaded_before_its_first_input() -> None:
    for n in ("Conv2d", "ConvTranspose2d"):
        full = getattr(tl.nn, n)(4, 6, 3, groups=2)
        lazy = getattr(tl.nn, "Lazy" + n)(6, 3, groups=2)
        lazy.load_state_dict(full.state_dict())
        x = tl.randn(2, 4, 5, 5)
        assert (lazy(x) == full(x)).all() and repr(lazy) == repr(full)


def test_output_size_chooses_the_output_padding() -> None:
    ours, theirs = tl.nn.ConvTranspose2d(1, 2, 3, 2, 1), torch.nn.ConvTranspose2d(1, 2, 3, 2, 1)
    theirs.load_state_dict({k: torch.tensor(v.numpy()) for k, v in ours.state_dict().items()})
    for shape, size in (((2, 1, 3, 4), [6, 7]), ((1, 3, 4), (5, 8)), ((2, 1, 3, 4), (2, 2, 6, 8))):
        x = numbers(*shape).astype("f4")
        a, b = ours(tl.tensor(x), size), theirs(torch.tensor(x), output_size=size)
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-5, atol=1e-6)
    for size in ([4, 7], [6, 9], [6]):
        with pytest.raises(ValueError, match=r"ConvTranspose2d: output_size must"):
            ours(tl.ones(2, 1, 3, 4), size)


def drawn(choice: random.Random) -> tuple[str, list[Any], dict[str, Any]]:
    """A random convolution: its name, its arrays and its options."""
    d, groups, transposed = choice.choice([1, 2, 2, 3]), choice.choice([1, 1, 2, 3]), choice.random() < 0.4
    sizes, window = [choice.randint(1, 8 - d) for _ in range(d)], [choice.randint(1, 5 - d) for _ in range(d)]
    stride, dilation = [choice.randint(1, 4) for _ in range(d)], [choice.choice([1, 1, 2, 3]) for _ in range(d)]
    options: dict[str, Any] = {"stride": stride, "dilation": dilation, "groups": groups}
    options["padding"] = [choice.choice([0, 0, 1, 2, 6]) for _ in range(d)]
    if transposed:
        options["output_padding"] = [choice.randint(0, max(a, b) - 1) for a, b in zip(stride, dilation)]
    c, o = choice.randint(1, 3), choice.randint(1, 3)
    weight = (c * groups, o, *window) if transposed else (o * groups, c, *window)
    inputs = [numbers(choice.randint(1, 3), c * groups, *sizes), numbers(*weight), numbers(o * groups)]
    return f"conv{'_transpose' if transposed else ''}{d}d", inputs, options


def test_random_convolutions_to_the_second_derivative() -> None:
    """Strides larger than the kernel, padding larger than it, dilation with stride, what does not fit."""
    choice = random.Random(0)
    for _ in range(120):
        name, inputs, options = drawn(choice)
        results: list[list[Any]] = []
        for t in (tl, torch):
            xs = [t.tensor(x, requires_grad=True) for x in inputs]
            try:
                out = getattr(t.nn.functional, name)(*xs, **options)
            except RuntimeError:
                results.append([])
                continue
            g = t.tensor(numbers(*out.shape), requires_grad=True)
            first = t.autograd.grad(out, xs, g, create_graph=True)
            bent = sum([(dx * dx).sum() for dx in first])
            results.append([out, *first, *t.autograd.grad(bent, [*xs[:2], g])])
        assert len(results[0]) == len(results[1]), (name, options)
        for ours, theirs in zip(*results):
            equal(ours, theirs)


def test_what_is_computed_does_not_depend_on_how_much_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """All images, two of five, one, or some rows of one; and images that are merged, as they have more channels than places."""
    for shape, weight in (((5, 2, 4, 5), (2, 2, 3, 3)), ((5, 2, 35, 5), (2, 2, 3, 3)), ((5, 3, 3, 3), (8, 3, 3, 3))):
        found, ways = [], []
        for room in (1, 1000, 1 << 20):
            monkeypatch.setattr(convolution, "CACHE", room)
            x, w = (tl.tensor(numbers(*n), requires_grad=True) for n in (shape, weight))
            out = tl.nn.functional.conv2d(x, w, padding=1, stride=2)
            (out * out).sum().backward()
            found.append([y.detach().numpy() for y in (out, x.grad, w.grad)])
            places = grid(shape[2:], (3, 3), tuple(out.shape[2:]), (2, 2), (1, 1), (1, 1), 1)
            plans, images, merged = convolution.at_once(x.detach().numpy()[:, None], weight[0], places, False)
            ways.append((len(plans), min(images, 5), merged))
        for ys in zip(*found):
            np.testing.assert_allclose(ys[0], ys[1], rtol=1e-12, atol=1e-14)
            np.testing.assert_allclose(ys[0], ys[2], rtol=1e-12, atol=1e-14)
        assert (
            ways
            == {
                (5, 2, 4, 5): [(1, 1, False), (1, 2, False), (1, 5, False)],
                (5, 2, 35, 5): [(3, 1, False), (3, 1, False), (1, 5, False)],
                (5, 3, 3, 3): [(1, 2, True), (1, 2, True), (1, 5, True)],
            }[shape]
        ), ways


def test_the_weights_gradient_loses_no_digits_over_many_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convolution, "CACHE", 1)  # one image at a time
    x = tl.full((6000, 1, 2, 2), 0.1)
    w = tl.ones(1, 1, 2, 2, requires_grad=True)
    tl.nn.functional.conv2d(x, w).sum().backward()
    exact = 6000 * float(np.float32(0.1))
    assert abs(w.grad.numpy().astype("f8") / exact - 1).max() < 2e-7


@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_shapes_at_the_limit_and_other_dtypes() -> None:
    def results(t: Any) -> list[Any]:
        f, one = t.nn.functional, t.ones
        x = t.tensor(numbers(2, 2, 5, 6))
        return [
            f.conv2d(x, t.tensor(numbers(3, 2, 2, 4)), padding="same"),
            f.conv2d(x.permute(0, 1, 3, 2), t.tensor(numbers(3, 2, 2, 4)), stride=[2]),
            f.conv2d(one(1, 0, 4, 4), one(3, 0, 2, 2)),  # no channels
            f.conv2d(one(0, 4, 4), one(3, 0, 2, 2), one(3)),
            f.conv1d(one(0, 2, 1), one(3, 2, 1)),
            f.conv2d(one(1, 2, 4, 4).long(), one(3, 2, 2, 2).long(), 2 * one(3).long()),
            f.conv1d((200 * one(1, 1, 4)).to(t.uint8), one(1, 1, 2).to(t.uint8)),
            f.conv_transpose2d(one(2, 3, 3).long(), one(2, 1, 2, 2).long()),
            f.conv_transpose3d(one(0, 2, 3, 3, 3), one(2, 3, 2, 2, 2)),
            f.conv_transpose1d(one(0, 1, 1), one(1, 1, 2), padding=1),
            f.conv2d(x.half(), x[:, :, :2, :2].half()),
            f.unfold(one(0, 2, 3, 3), 2),
            f.unfold(x > 0, 3),
            f.fold(one(0, 4, 9).half(), 4, 2),
        ]

    for ours, theirs in zip(results(tl), results(torch), strict=True):
        assert ours.shape == theirs.shape and ours.numpy().dtype == theirs.numpy().dtype
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=2e-3 if theirs.dtype == torch.float16 else 1e-12)


ERRORS: list[tuple[Callable[[Any], Any], str]] = [
    (lambda t: t.nn.functional.conv2d(t.ones(1, 2, 4, 4), t.ones(1, 1, 2, 2)), "does not fit a weight"),
    (lambda t: t.nn.functional.conv2d(t.ones(1, 2, 4, 4), t.ones(3, 1, 2, 2), groups=2), "groups must"),
    (lambda t: t.nn.functional.conv2d(t.ones(1, 1, 4, 4), t.ones(1, 1, 2, 2), groups=0), "groups must"),
    (lambda t: t.nn.functional.conv2d(t.ones(1, 1, 4, 4), t.ones(1, 1, 2, 2), groups=1.0), "groups must"),
    (lambda t: t.nn.functional.conv2d(t.ones(1, 1, 4, 4), t.ones(1, 1, 2, 2), t.ones(2)), "a bias of shape"),
    (lambda t: t.nn.functional.conv2d(t.ones(1, 1, 1, 4), t.ones(1, 1, 2, 2)), "is larger than the input"),
    (lambda t: t.nn.functional.conv2d(t.ones(4, 4), t.ones(1, 1, 2, 2)), "expected an input of shape"),
    (lambda t: t.nn.functional.conv2d(t.ones(1, 1, 4), t.ones(1, 2, 2)), "expected a weight with 4 axes"),
    (lambda t: t.nn.functional.conv2d(t.ones(1, 1, 0, 4), t.ones(1, 1, 1, 1), padding=1), "must not be empty"),
    (lambda t: t.nn.functional.conv1d(t.ones(1, 1, 4), t.ones(1, 1, 2), stride=0), "stride must be at least 1"),
    (lambda t: t.nn.functional.conv1d(t.ones(1, 1, 4), t.ones(1, 1, 2), padding=-1), "padding must be at least 0"),
    (lambda t: t.nn.functional.conv1d(t.ones(1, 1, 4), t.ones(1, 1, 2), dilation=0), "dilation must be at least 1"),
    (lambda t: t.nn.functional.conv1d(t.ones(1, 1, 4), t.ones(1, 1, 2), stride=1.5), "stride must be an int"),
    (lambda t: t.nn.functional.conv2d(t.ones(1, 1, 4, 4), t.ones(1, 1, 2, 2), stride=(1, 1, 1)), "a tuple of 2 ints"),
    (lambda t: t.nn.functional.conv1d(t.ones(1, 1, 4), t.ones(1, 1, 2), padding="some"), "padding must be 'same'"),
    (lambda t: t.nn.functional.conv1d(t.ones(1, 1, 4), t.ones(1, 1, 2), padding="same", stride=2), "needs stride 1"),
    (lambda t: t.nn.functional.conv1d(t.ones(1, 1, 4), t.ones(1, 1, 2).double()), "but the weight is float64"),
    (lambda t: t.nn.functional.conv1d(t.ones(1, 1, 4), t.ones(1, 1, 2), t.ones(1).long()), "but the bias is int64"),
    (lambda t: t.nn.functional.conv1d(t.ones(1, 1, 4) > 0, t.ones(1, 1, 2) > 0), "not implemented for bool"),
    (lambda t: t.nn.functional.conv1d([1.0], t.ones(1, 1, 2)), "input must be a Tensor"),
    (lambda t: t.nn.functional.conv_transpose1d(t.ones(1, 2, 4), t.ones(1, 1, 2)), "does not fit a weight"),
    (lambda t: t.nn.functional.conv_transpose1d(t.ones(1, 1, 4), t.ones(1, 1, 2), output_padding=1), "output_padding must"),
    (lambda t: t.nn.functional.conv_transpose1d(t.ones(1, 1, 1), t.ones(1, 1, 2), padding=1), "nothing is left"),
    (lambda t: t.nn.functional.conv_transpose1d(t.ones(1, 1, 1), t.ones(1, 1, 2), padding="same"), "padding must be an int"),
    (lambda t: t.nn.functional.conv_transpose1d(t.ones(1, 1, 2).int(), t.ones(1, 1, 2).int()), "not implemented for int32"),
    (lambda t: t.nn.functional.unfold(t.ones(4, 4), 2), "expected an input"),
    (lambda t: t.nn.functional.unfold(t.ones(1, 0, 4, 4), 2), "none 0 but N"),
    (lambda t: t.nn.functional.unfold(t.ones(1, 1, 4), 2), "no window"),
    (lambda t: t.nn.functional.unfold(t.ones(1, 1, 4, 4), 2, stride=0), "stride must be positive"),
    (lambda t: t.nn.functional.unfold(t.ones(1, 1, 4, 4), (2,)), "kernel_size must be an int or two"),
    (lambda t: t.nn.functional.unfold(t.ones(1, 1, 4, 4), 2.0), "kernel_size must be an int or two"),
    (lambda t: t.nn.functional.unfold(t.ones(1, 1, 4, 4).long(), 2), "not implemented for int64"),
    (lambda t: t.nn.functional.fold(t.ones(1, 4, 8), 4, 2), "does not fit"),
    (lambda t: t.nn.functional.fold(t.ones(1, 5, 9), 4, 2), "does not fit"),
    (lambda t: t.nn.functional.fold(t.ones(1, 1, 4, 9), 4, 2), "expected an input"),
    (lambda t: t.nn.Conv2d(3, 4, 1, groups=2), "groups must"),
    (lambda t: t.nn.ConvTranspose2d(4, 3, 1, groups=-1), "groups must"),
    (lambda t: t.nn.Conv2d(1, 1, 1, padding="some"), "padding must be"),
    (lambda t: t.nn.Conv2d(1, 1, 1, padding="same", stride=2), "needs stride 1"),
    (lambda t: t.nn.Conv2d(1, 1, 1, padding_mode="some"), "padding_mode must be one of"),
    (lambda t: t.nn.ConvTranspose2d(1, 1, 1, padding_mode="reflect"), "padding_mode must be 'zeros'"),
    (lambda t: t.nn.LazyConv2d(4, 1)(t.ones(5, 5)), "expected an input of 3 or 4"),
    (lambda t: t.nn.LazyConv2d(4, 1, groups=2)(t.ones(3, 5, 5)), "does not divide the 3 channels"),
]


@pytest.mark.filterwarnings("ignore:Lazy modules")
@pytest.mark.parametrize(("call", "said"), ERRORS, ids=[f"{i}-{said}" for i, (_, said) in enumerate(ERRORS)])
def test_errors_have_torchs_types(call: Callable[[Any], Any], said: str) -> None:
    with pytest.raises((RuntimeError, TypeError, ValueError, NotImplementedError, IndexError)) as theirs:
        call(torch)
    with pytest.raises(theirs.type, match=said) as ours:
        call(tl)
    assert ours.type is theirs.type
