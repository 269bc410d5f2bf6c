"""Layers of pooling, padding and resampling: values, gradients, names and refusals as in PyTorch; and the last digits."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite.ops.neural.pooling import adaptive, regular

RNG = np.random.default_rng(0)
LINE, IMAGE, VOLUME = (2, 4, 9), (2, 4, 7, 9), (2, 4, 4, 5, 6)
SHAPES = [LINE, IMAGE, VOLUME]

LAYERS: list[tuple[Any, tuple[int, ...]]] = []
for d, shape in enumerate(SHAPES, 1):
    LAYERS += [
        (lambda nn, d=d: getattr(nn, f"MaxPool{d}d")(2), shape),
        (lambda nn, d=d: getattr(nn, f"MaxPool{d}d")(3, 2, 1, ceil_mode=True), shape[1:]),
        (lambda nn, d=d: getattr(nn, f"MaxPool{d}d")((2,) * d, 1, dilation=2, return_indices=True), shape),
        (lambda nn, d=d: getattr(nn, f"AvgPool{d}d")(2, padding=1, count_include_pad=False), shape),
        (lambda nn, d=d: getattr(nn, f"AvgPool{d}d")(3, 1, ceil_mode=True), shape[1:]),
        (lambda nn, d=d: getattr(nn, f"AdaptiveMaxPool{d}d")(3, return_indices=True), shape),
        (lambda nn, d=d: getattr(nn, f"AdaptiveAvgPool{d}d")(3), shape),
        (lambda nn, d=d: getattr(nn, f"LPPool{d}d")(2, 2, ceil_mode=True), shape),
        *[(lambda nn, d=d, kind=kind: getattr(nn, f"{kind}Pad{d}d")(1), shape[1:])
          for kind in ("Zero", "Reflection", "Replication", "Circular")],
        (lambda nn, d=d: getattr(nn, f"ZeroPad{d}d")((-1, 2) * d), shape),
        (lambda nn, d=d: getattr(nn, f"ConstantPad{d}d")(tuple(range(2 * d)), 3.5), shape),
    ]  # fmt: skip
LAYERS += [
    (lambda nn: nn.AvgPool2d((2, 3), divisor_override=5), IMAGE),
    (lambda nn: nn.AdaptiveAvgPool2d((None, 2)), IMAGE),
    (lambda nn: nn.Upsample(scale_factor=2), LINE),
    (lambda nn: nn.Upsample((3, 10), mode="bilinear", align_corners=True), IMAGE),
    (lambda nn: nn.Upsample(scale_factor=(1.7, 0.6), mode="bicubic", recompute_scale_factor=True), IMAGE),
    (lambda nn: nn.UpsamplingNearest2d(scale_factor=3), IMAGE),
    (lambda nn: nn.UpsamplingBilinear2d((5, 20)), IMAGE),
    (lambda nn: nn.PixelShuffle(2), IMAGE),
    (lambda nn: nn.PixelUnshuffle(3), (2, 1, 6, 9)),
    (lambda nn: nn.ChannelShuffle(2), IMAGE),
    (lambda nn: nn.Unflatten(1, (2, -1)), IMAGE),
    (lambda nn: nn.Unflatten(-1, [3, 3]), LINE),
]


@pytest.mark.parametrize(("make", "shape"), LAYERS, ids=[repr(make(torch.nn)) for make, _ in LAYERS])
def test_layers_equal_torchs(make: Any, shape: tuple[int, ...]) -> None:
    ours, theirs = make(tl.nn), make(torch.nn)
    assert repr(ours) == repr(theirs) and not ours.state_dict()
    a = RNG.standard_normal(shape)
    x, y = tl.tensor(a, requires_grad=True), torch.tensor(a, requires_grad=True)
    found, expected = ours(x), theirs(y)
    if isinstance(expected, tuple):
        np.testing.assert_array_equal(found[1].numpy(), expected[1].numpy())
        found, expected = found[0], expected[0]
    np.testing.assert_allclose(found.detach().numpy(), expected.detach().numpy(), rtol=1e-12, atol=1e-14)
    g = RNG.standard_normal(found.shape)
    found.backward(tl.tensor(g))
    expected.backward(torch.tensor(g))
    np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("size", [(3, 4), (12, 7), (7, 20)])
@pytest.mark.parametrize(
    ("mode", "align_corners"),
    [("bilinear", False), ("bilinear", True), ("bicubic", False), ("bicubic", True), ("lanczos", False)],
)
def test_antialias(mode: str, size: tuple[int, int], align_corners: bool) -> None:
    a, results = RNG.standard_normal(IMAGE), []
    for t in (tl, torch):
        x = t.tensor(a, requires_grad=True)
        out = t.nn.functional.interpolate(x, size, mode=mode, align_corners=align_corners, antialias=True)
        (out * out).sum().backward()
        results.append((out.detach().numpy(), x.grad.numpy()))
    for found, expected in zip(*results):
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("antialias", [False, True])
def test_bytes_equal_torchs(mode: str, antialias: bool) -> None:
    x = RNG.integers(0, 256, (2, 3, 21, 34)).astype(np.uint8)
    for size in ((9, 40), (50, 34)):
        options: Any = {"mode": mode, "antialias": antialias and mode != "nearest"}
        found = tl.nn.functional.interpolate(tl.tensor(x), size, **options)
        assert (found.numpy() == torch.nn.functional.interpolate(torch.tensor(x), size, **options).numpy()).all()


@pytest.mark.parametrize("d", [1, 2, 3])
def test_max_unpool_undoes_max_pool(d: int) -> None:
    a = RNG.standard_normal(SHAPES[d - 1])
    results = []
    for t in (tl, torch):
        x = t.tensor(a, requires_grad=True)
        unpool = getattr(t.nn, f"MaxUnpool{d}d")(2)
        y, at = getattr(t.nn, f"MaxPool{d}d")(2, return_indices=True)(x)
        out = unpool(y, at, output_size=a.shape)
        (out * out).sum().backward()
        results.append((repr(unpool), unpool(y, at * 0).shape, out.detach().numpy(), x.grad.numpy()))
    assert results[0][:2] == results[1][:2]
    np.testing.assert_array_equal(results[0][2], results[1][2])
    np.testing.assert_array_equal(results[0][3], results[1][3])


def test_relu_in_place_may_follow_max_pool() -> None:
    x = tl.tensor([[-1.0, 2.0, -3.0, -4.0]], requires_grad=True)
    tl.nn.functional.relu_(tl.nn.functional.max_pool1d(x * 1, 2)).sum().backward()
    assert x.grad.tolist() == [[0.0, 1.0, 0.0, 0.0]]


def test_long_windows_in_float32() -> None:
    x = np.full((1, 20_000), 0.1, np.float32)
    found = tl.nn.functional.avg_pool1d(tl.tensor(x), 5000, 1000).numpy()
    assert abs(found - np.float32(0.1)).max() <= np.spacing(np.float32(0.1))


def test_float16_is_rounded_once() -> None:
    x = tl.full((1, 64, 64), 60_000.0, dtype=tl.float16)  # the sum is beyond float16
    assert tl.nn.functional.avg_pool2d(x, 3, 2).unique().tolist() == [60_000.0]
    a = RNG.standard_normal((1, 1, 5, 5)).astype(np.float16)
    found = tl.nn.functional.interpolate(tl.tensor(a), 9, mode="bilinear").numpy()
    wide = tl.nn.functional.interpolate(tl.tensor(a).float(), 9, mode="bilinear").half().numpy()
    np.testing.assert_array_equal(found, wide)


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "linear"])
@pytest.mark.parametrize(("old", "new"), [(999, 3001), (4096, 1234), (777, 776)])
def test_places_in_float32(mode: str, old: int, new: int) -> None:
    """In float32 a place may lie on the other side of a number than in float64: where PyTorch has it."""
    a = np.random.default_rng(0).standard_normal((1, 1, old)).astype(np.float32)
    found = tl.nn.functional.interpolate(tl.tensor(a), new, mode=mode).numpy()
    np.testing.assert_allclose(found, torch.nn.functional.interpolate(torch.tensor(a), new, mode=mode).numpy(), atol=2e-6)


IMAGES = np.zeros(IMAGE)
REFUSED: list[tuple[str, Any, Any]] = [
    ("F.max_pool2d(x, 2, padding=2)", IMAGES, None),
    ("F.max_pool2d(x, 2, padding=-1)", IMAGES, None),
    ("F.max_pool2d(x, 2, 0)", IMAGES, None),
    ("F.max_pool2d(x, 0)", IMAGES, None),
    ("F.max_pool2d(x, (2, 2, 2))", IMAGES, None),
    ("F.max_pool2d(x, 2.0)", IMAGES, None),
    ("F.max_pool2d(x, 8)", IMAGES, None),
    ("F.max_pool2d(x, 2)", IMAGES[0, 0], None),
    ("F.max_pool2d(x, 2)", IMAGES[:, :0], None),
    ("F.max_pool2d(x, 2)", IMAGES > 0, None),
    ("F.max_pool2d(x.numpy(), 2)", IMAGES, None),
    ("F.avg_pool2d(x, 2, divisor_override=0)", IMAGES, None),
    ("F.avg_pool2d(x, 2)", IMAGES.astype(np.int32), None),
    ("F.adaptive_avg_pool2d(x, -1)", IMAGES, None),
    ("F.adaptive_avg_pool2d(x, None)", IMAGES, None),
    ("F.adaptive_avg_pool2d(x, (2,))", IMAGES, None),
    ("F.adaptive_avg_pool2d(x, (2, 2))", IMAGES[0, 0], None),
    ("F.adaptive_max_pool2d(x, 2)", IMAGES.astype(np.int64), None),
    ("F.max_unpool2d(x, i - 1, 2)", IMAGES, np.zeros(IMAGE, np.int64)),
    ("F.max_unpool2d(x, i + 252, 2)", IMAGES, np.zeros(IMAGE, np.int64)),
    ("F.max_unpool2d(x, i, 2)", IMAGES, np.zeros(IMAGE, np.int32)),
    ("F.max_unpool2d(x, i[:1], 2)", IMAGES, np.zeros(IMAGE, np.int64)),
    ("F.max_unpool2d(x, i, 2, output_size=(20, 18))", IMAGES, np.zeros(IMAGE, np.int64)),
    ("F.interpolate(x)", IMAGES, None),
    ("F.interpolate(x, 2, 2)", IMAGES, None),
    ("F.interpolate(x, (2,))", IMAGES, None),
    ("F.interpolate(x, scale_factor=(2,))", IMAGES, None),
    ("F.interpolate(x, (2.5, 2))", IMAGES, None),
    ("F.interpolate(x, 0)", IMAGES, None),
    ("F.interpolate(x, 2, mode='linear')", IMAGES, None),
    ("F.interpolate(x, 2, mode='sinc')", IMAGES, None),
    ("F.interpolate(x, 2, align_corners=True)", IMAGES, None),
    ("F.interpolate(x, 2, recompute_scale_factor=True)", IMAGES, None),
    ("F.interpolate(x, 2, antialias=True)", IMAGES, None),
    ("F.interpolate(x, 2)", IMAGES.astype(np.int64), None),
    ("F.interpolate(x, 2, mode='lanczos')", IMAGES, None),
    ("F.channel_shuffle(x, 3)", IMAGES, None),
    ("nn.Unflatten(1, 4)", IMAGES, None),
    ("nn.Unflatten(1, (2, 'a'))", IMAGES, None),
    ("nn.Unflatten(1, (2, 3))(x)", IMAGES, None),
    ("nn.CircularPad2d(1)(x)", IMAGES[0, 0], None),
    ("nn.ReflectionPad2d(1)(x)", IMAGES[0, 0], None),
]


@pytest.mark.parametrize(("call", "x", "i"), REFUSED, ids=[f"{call}-{np.shape(x)}-{x.dtype}" for call, x, _ in REFUSED])
def test_refused_as_in_torch(call: str, x: Any, i: Any) -> None:
    kinds = []
    for t in (tl, torch):
        names = {"F": t.nn.functional, "nn": t.nn, "x": t.tensor(x), "i": None if i is None else t.tensor(i)}
        with pytest.raises(Exception) as error:
            eval(call, names)
        kinds.append(error.type)
    assert kinds[0] is kinds[1]


def test_old_names_warn() -> None:
    x = tl.zeros(1, 1, 2, 2)
    for name in ("upsample", "upsample_nearest", "upsample_bilinear"):
        with pytest.warns(UserWarning, match=f"nn.functional.{name}` is deprecated"):
            assert getattr(tl.nn.functional, name)(x, scale_factor=2).shape == (1, 1, 4, 4)


def test_axes_have_no_names() -> None:
    with pytest.raises(NotImplementedError, match="names"):
        tl.nn.Unflatten("channels", (2, 2))  # type: ignore[arg-type]


@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_steps_reach_each_place_once(size: int, dilation: int) -> None:
    """Where windows are apart, a gradient is written, not added; where they are whole, into memory that is not zeroed."""
    for length, stride, n in product(range(1, 8), range(1, 5), range(1, 5)):
        for padding in range(((size - 1) * dilation + 1) // 2 + 1):
            windows = regular(length, n, 0, size, stride, padding, dilation)
            seen, reached = np.zeros((n, size), int), np.zeros(length, int)
            for place, (_, there), (_, here) in windows.steps:
                seen[there, place] += 1
                reached[here] += 1
            at = np.arange(n)[:, None] * stride - padding + np.arange(size) * dilation
            assert (seen == ((at >= 0) & (at < length))).all()
            assert not windows.apart or reached.max() <= 1
            assert not windows.whole or (windows.apart and reached.min() == 1)


def test_adaptive_windows_cover_the_axis() -> None:
    for length, n in product(range(1, 13), range(1, 16)):
        windows, found = adaptive(length, n, 0), np.zeros((n, length), int)
        for _, (_, there), (_, here) in windows.steps:
            found[np.arange(n)[there], np.arange(length)[here]] += 1
        expected = [[j * length // n <= x < -(-(j + 1) * length // n) for x in range(length)] for j in range(n)]
        assert (found == expected).all()
        assert not windows.whole or (found.sum(0) == 1).all()
