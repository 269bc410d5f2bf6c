"""Views: what shares memory in PyTorch shares it here, a write shows through, and the write checks hold through it.

The table has every view of https://pytorch.org/docs/stable/tensor_view.html and the arrangements that are copies.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl

VIEWS: dict[str, Callable[[Any], Any]] = {
    "x[index]": lambda x: x[..., 1:, ::2],
    "x[i]": lambda x: x[0],
    "adjoint": lambda x: x.adjoint(),
    "as_strided": lambda x: x.as_strided((2, 2), (4, 1), 1),
    "atleast_3d": lambda x: atleast(x[0, 0]),
    "broadcast_to": lambda x: x.broadcast_to((2, 4, 4)),
    "chunk": lambda x: x.chunk(2, -1)[1],
    "contiguous, if it is so": lambda x: x.contiguous(),
    "detach": lambda x: x.detach(),
    "diagonal": lambda x: x.diagonal(1, -2, -1),
    "dsplit": lambda x: x.reshape(2, 4, 2).dsplit(2)[1],
    "expand": lambda x: x.expand(3, 1, 4, 4),
    "expand_as": lambda x: x.expand_as(x),
    "flatten": lambda x: x.flatten(),
    "flatten of one axis": lambda x: x.flatten(0, 0),
    "H": lambda x: x[0].H,
    "hsplit": lambda x: x[0].hsplit(2)[1],
    "mH": lambda x: x.mH,
    "movedim": lambda x: x.movedim(0, -1),
    "moveaxis": lambda x: x.moveaxis((0, 1), (1, 2)),
    "mT": lambda x: x.mT,
    "narrow": lambda x: x.narrow(1, -2, 2),
    "permute": lambda x: x.permute(2, 0, 1),
    "ravel": lambda x: x.ravel(),
    "reshape": lambda x: x.reshape(-1, 2),
    "reshape_as": lambda x: x.reshape_as(x.view(4, 4)),
    "select": lambda x: x.select(2, 1),
    "split": lambda x: x.split(3, -1)[1],
    "split_with_sizes": lambda x: x.split([1, 3], 1)[1],
    "squeeze": lambda x: x.squeeze(0),
    "swapaxes": lambda x: x.swapaxes(0, 1),
    "swapdims": lambda x: x.swapdims(1, 2),
    "T": lambda x: x[0].T,
    "t": lambda x: x[0].t(),
    "tensor_split": lambda x: x.tensor_split(3, 1)[0],
    "transpose": lambda x: x.transpose(0, 1),
    "unbind": lambda x: x.unbind(1)[2],
    "unflatten": lambda x: x.unflatten(1, (2, 2)),
    "unfold": lambda x: x.unfold(1, 3, 1),
    "unsqueeze": lambda x: x.unsqueeze(-1),
    "view": lambda x: x.view(2, 8),
    "view_as": lambda x: x.view_as(x.reshape(16)),
    "view of a dtype": lambda x: x.view(library(x).int64),
    "vsplit": lambda x: x[0].vsplit([1])[1],
    "broadcast_tensors": lambda x: library(x).broadcast_tensors(x, x.unsqueeze(0))[1],
    "meshgrid": lambda x: library(x).meshgrid(x[0, 0], x[0, 1], indexing="xy")[0],
}
COPIES: dict[str, Callable[[Any], Any]] = {
    "contiguous, if it was not so": lambda x: x.mT.contiguous(),
    "flatten of what lies otherwise": lambda x: x.mT.flatten(),
    "ravel of every second number": lambda x: x[0, 0, ::2].ravel(),
    "reshape of what lies otherwise": lambda x: x.mT.reshape(-1),
    "flip": lambda x: x.flip(0),
    "flip of nothing": lambda x: x.flip(()),
    "fliplr": lambda x: x.fliplr(),
    "flipud": lambda x: x.flipud(),
    "rot90": lambda x: x.rot90(1, (1, 2)),
    "rot90 by nothing": lambda x: x.rot90(0, (1, 2)),
    "roll": lambda x: x.roll(1, 1),
    "roll by nothing": lambda x: x.roll(0),
    "repeat once": lambda x: x.repeat(1, 1, 1),
    "repeat of one number": lambda x: x[0, 0, 0].repeat(3),
    "tile once": lambda x: x.tile(1),
    "repeat_interleave once": lambda x: x.repeat_interleave(1, 0),
    "hstack of one": lambda x: library(x).hstack([x]),
    "cat of one": lambda x: library(x).cat([x]),
    "pad by nothing": lambda x: library(x).nn.functional.pad(x, (0, 0)),
    "pixel_shuffle by one": lambda x: library(x).nn.functional.pixel_shuffle(x, 1),
    "narrow_copy": lambda x: x.narrow_copy(1, 0, 2),
    "select_scatter": lambda x: x.select_scatter(x[:, 0], 1, 0),
    "index by a list": lambda x: x[[0]],
}


def library(x: Any) -> Any:
    return torch if isinstance(x, torch.Tensor) else tl


def atleast(x: Any) -> Any:
    return library(x).atleast_3d(x)


def made(t: Any) -> Any:
    return t.tensor(np.arange(1.0, 17.0).reshape(1, 4, 4))


@pytest.mark.parametrize("name", VIEWS | COPIES)
def test_a_view_is_a_view_and_a_copy_is_a_copy(name: str) -> None:
    function = (VIEWS | COPIES)[name]
    x, z = made(tl), made(torch)
    v, u = function(x), function(z)
    shares = u.untyped_storage().data_ptr() == z.untyped_storage().data_ptr()
    assert shares == (name in VIEWS)
    assert np.shares_memory(v.array, x.array) == shares == (v.untyped_storage().data_ptr() == x.untyped_storage().data_ptr())
    assert tuple(u.shape) == v.shape and str(u.dtype) == f"torch.{v.dtype}"
    if shares:
        assert u.storage_offset() == v.storage_offset()
        assert [n for n, m in zip(u.stride(), u.shape) if m > 1] == [n for n, m in zip(v.stride(), v.shape) if m > 1]
    assert u.is_contiguous() == v.is_contiguous()
    for y in (x, z):
        y.mul_(3)
    assert v.tolist() == u.tolist()  # a write is seen through a view
    if not any(n == 0 for n in u.stride()) and name != "unfold":  # what is expanded may not be written to
        for y in (v, u):
            y[..., 0] = 2
        assert x.tolist() == z.tolist()  # and one to the view is seen in what it is a view of


@pytest.mark.parametrize("name", VIEWS)
def test_a_saved_value_overwritten_through_a_view_is_told(name: str) -> None:
    for t in (tl, torch):
        w, x = t.ones(1, 4, 4, dtype=t.float64, requires_grad=True), made(t)
        y = (w * x).sum()
        v = VIEWS[name](x)
        v[tuple(slice(0, 1) for _ in v.shape)].zero_()  # one number, because what is expanded may not be written to
        with pytest.raises(RuntimeError):
            y.backward()
        assert w.grad is None


DIFFERENTIABLE = [name for name in VIEWS if name not in ("detach", "view of a dtype")]


@pytest.mark.parametrize("name", DIFFERENTIABLE)
@pytest.mark.parametrize("write", ["to the view", "to the base", "to the view, in part"])
def test_a_recorded_write_reaches_all_that_see_it(name: str, write: str, close: Any) -> None:
    """torch refuses some, the views of functions with several results; where both run, all gradients are equal."""

    def run(t: Any) -> Any:
        x, w = made(t).requires_grad_(), (made(t) / 7).requires_grad_()
        y = x * 1
        other, v = y[..., :2], VIEWS[name](y)
        if write == "to the base":
            y.mul_(w)
        elif write == "to the view":
            v.mul_(VIEWS[name](w))
        else:
            v[..., 0] = w[0, 0, 0]
        out = (y * w).sum() + (v**2).sum() + (other**3).sum()
        (g,) = t.autograd.grad(out, [x], create_graph=True)
        return (out, g, *t.autograd.grad((g**2).sum(), [x, w]))

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = run(torch)
    except RuntimeError as error:
        assert "multiple views" in str(error) or "single memory location" in str(error) or "written-to" in str(error)
        return
    if name == "unfold" and write != "to the base":
        with pytest.raises(RuntimeError, match="windows that overlap"):  # what torch computes depends on the order of its loop
            run(tl)
        return
    for a, b in zip(run(tl), theirs):
        close(a, b)


def filled(t: Any, x: Any, w: Any) -> Any:
    out = t.zeros(1, 4, 4, dtype=t.float64)
    out[0, 0] += w[0, 0]
    for i in range(1, 4):
        out[0, i] += x[0, i] * w[0, 0]
    out[..., 0] *= w[..., 1]
    return out * out


def row_of_zeros(t: Any, x: Any, w: Any) -> Any:
    out = t.zeros(4, 4, dtype=t.float64)
    row = out[1]
    row += w[0, 0]
    row *= x[0, 0]
    return (out * out).sum() + (row * w[0, 1]).sum()


def through_flat(t: Any, x: Any, w: Any) -> Any:
    out = t.zeros(16, dtype=t.float64).view(4, 4)  # nothing but the view is left of what owns the memory
    out[:, 1].copy_(w[0, 0])
    out.view(-1)[::2] = x.reshape(-1)[:8]
    out.view(-1)[3] *= 3
    return out * out


def overlapping(t: Any, x: Any, w: Any) -> Any:
    y = x * 1
    a, b = y[..., :3], y[..., 1:]
    a.mul_(w[..., :3])
    b.add_(w[..., 1:])
    y.t_() if y.ndim == 2 else y.squeeze_(0)
    y[0] -= y[0].mean()
    return (a * b).sum() + (y * w).sum()


def of_what_is_gone(t: Any, x: Any, w: Any) -> Any:
    a, b = (lambda y: (y[..., :3], y[..., 1:]))(x * 1)
    a.mul_(w[..., :3])
    return (a**2).sum() + (b**2).sum()


@pytest.mark.parametrize("program", [filled, row_of_zeros, through_flat, overlapping, of_what_is_gone])
def test_programs_that_write_to_parts(program: Any, close: Any) -> None:
    results = []
    for t in (tl, torch):
        x, w = made(t).requires_grad_(), (made(t) / 7).requires_grad_()
        out = program(t, x, w).sum()
        gs = [g for g in t.autograd.grad(out, [x, w], create_graph=True, allow_unused=True) if g is not None]
        again = t.autograd.grad(sum((g**2).sum() for g in gs), [x, w])
        results.append([out, *gs, *again])
    for a, b in zip(*results, strict=True):
        close(a, b)


def test_a_recorded_write_finds_old_and_young_views() -> None:
    import gc

    x = tl.ones(3, dtype=tl.float64, requires_grad=True)
    y = x * 1
    old = y[1:]
    gc.collect()
    assert not gc.get_objects(0) or not any(thing is old for thing in gc.get_objects(0))
    y[:2].mul_(5)
    (old.sum() + y.sum()).backward()
    assert x.grad is not None and x.grad.tolist() == [5, 10, 2]


def test_a_detached_tensor_shows_a_recorded_write_and_stays_detached() -> None:
    for t in (tl, torch):
        x = t.ones(2, requires_grad=True)
        y = x * 1
        d = y.detach()
        y[0].mul_(3)
        assert d.tolist() == [3, 1] and not d.requires_grad
        y.sum().backward()
        assert x.grad.tolist() == [3, 1]


def test_a_leaf_written_with_its_own_view_is_refused() -> None:
    for t in (tl, torch):
        x = t.ones(2, requires_grad=True)
        with pytest.raises(RuntimeError, match="leaf"):
            x.copy_(x[...])


def test_an_augmented_write_to_a_part_of_a_view_is_whole_or_not_at_all() -> None:
    x = tl.tensor([2.0, 3.0], requires_grad=True)
    y = x * 1
    part = y[:1]
    part[...] *= part
    assert y.tolist() == [4, 3] and part.tolist() == [4]
    with pytest.raises(RuntimeError, match="changed in place"):  # as in torch: the product has kept what it overwrote
        y.sum().backward()


def test_retain_grad_is_of_the_new_values() -> None:
    for t in (tl, torch):
        x = t.ones(2, requires_grad=True)
        y = x * 1
        y.retain_grad()
        y[0].mul_(3)
        (y * y).sum().backward()
        assert y.grad.tolist() == [6, 2] and x.grad.tolist() == [18, 2]


# Changes of shape in place


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.squeeze_(0),
        lambda x: x.squeeze_(),
        lambda x: x.unsqueeze_(-1),
        lambda x: x.transpose_(0, 2),
        lambda x: x.swapaxes_(0, 1),
        lambda x: x.swapdims_(1, 2),
        lambda x: x.squeeze_(0).t_(),
        lambda x: x.as_strided_((2, 3), (8, 1), 1),
    ],
)
def test_a_shape_is_changed_in_place(change: Any, close: Any) -> None:
    results = []
    for t in (tl, torch):
        plain, seen = made(t), []
        view = plain[0]
        assert change(plain) is plain
        plain.add_(1)
        seen += [plain, view]
        w = made(t).requires_grad_()
        y = w * 2
        change(y)
        y.mul_(y.detach().clone())
        (g,) = t.autograd.grad(y.sum(), [w])
        results.append([*seen, y, g])
        with pytest.raises(RuntimeError):
            change(w)
        assert tuple(w.shape) == (1, 4, 4)
    for a, b in zip(*results):
        close(a, b)


def test_what_is_not_possible_says_so() -> None:
    x = tl.zeros(2)
    for attempt in (lambda: x.resize_(3), lambda: x.resize_as_(tl.zeros(3)), lambda: x.set_(tl.zeros(3))):
        with pytest.raises(NotImplementedError, match=r"(resize_|set_): .*x\."):
            attempt()
    for refused in (x.contiguous, x.clone, x.to, x.double, partial(tl.zeros_like, x)):
        with pytest.raises(RuntimeError, match="channels_last is for 4 dimensions"):
            refused(memory_format=tl.channels_last)
    with pytest.raises(RuntimeError, match=r"as_strided: .* reach number 2 of a memory of 2 numbers"):
        x.as_strided((2,), (1,), 1)


def test_memory_formats() -> None:
    for t in (tl, torch):
        x = t.zeros(2, 3, requires_grad=True).T
        y = x.clone(memory_format=t.contiguous_format)
        assert y.is_contiguous()
        assert y.requires_grad
        assert str(t.zeros(2, layout=t.strided).numpy().dtype) == "float32"
        assert str(t.preserve_format) == "torch.preserve_format"
        assert t.ones_like(x, memory_format=t.contiguous_format).stride() == (2, 1)
        assert t.ones_like(x, memory_format=t.preserve_format).stride() == (1, 3)
        assert x.double(memory_format=t.preserve_format).dtype == t.float64
        assert x.to(t.float32, non_blocking=True) is x
        assert x.to(t.float32, False, True) is not x
        assert x.to("cpu", t.float32, True) is x
        images = t.zeros(2, 3, 4, 5, requires_grad=True)
        last = images.contiguous(memory_format=t.channels_last)
        assert last.stride() == t.ones_like(images, memory_format=t.channels_last).stride() == (60, 1, 15, 3)
        assert last.is_contiguous(memory_format=t.channels_last)
        assert not x.is_contiguous(memory_format=t.channels_last)
        assert last.to(memory_format=t.channels_last) is last
        assert last.to(memory_format=t.contiguous_format).is_contiguous()
        assert images.double(memory_format=t.channels_last).stride() == (60, 1, 15, 3)
        assert images.transpose(2, 3).to(memory_format=t.contiguous_format).stride() == (60, 20, 1, 5)
        last.sum().backward()
        assert images.grad.stride() == (60, 20, 5, 1)


def test_detach_in_place() -> None:
    for t in (tl, torch):
        x = t.ones(2, requires_grad=True)
        y = x * 2
        assert y.detach_() is y and y.is_leaf and not y.requires_grad
        assert not x.detach_().requires_grad


def test_questions_about_memory() -> None:
    for t in (tl, torch):
        x = t.zeros(2, 3, dtype=t.float64)
        assert (x.numel(), x.nelement(), t.numel(x), x.ndimension(), x.element_size(), x.itemsize, x.nbytes) == (6,) * 3 + (
            2,
            8,
            8,
            48,
        )
        assert (tuple(x.stride()), x.stride(-1), x.T.stride(0), x[1:, 1:].storage_offset()) == ((3, 1), 1, 1, 4)
        assert x.is_contiguous() and not x.T.is_contiguous() and x[:1].T.is_contiguous() and x[:, :0].is_contiguous()
        assert x[1].data_ptr() - x.data_ptr() == 24 and t.zeros(0).data_ptr() == 0
        assert x.is_same_size(x + 1) and not x.is_same_size(x[0]) and x.is_set_to(x[:]) and not x.is_set_to(x[:1])
        assert x.untyped_storage().nbytes() == 48 and x.contiguous() is x
        with pytest.raises(IndexError):
            x.stride(2)
