"""Names that old or rare programs type: windows, copies of views, questions that are answered with False, Python loops."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl

BOTH = (tl, torch)


def shown(value: Any) -> Any:
    """A value of either library in the same form: dtype, shape and numbers of a tensor; other things as they are."""
    if isinstance(value, (tuple, list)):
        return [shown(v) for v in value]
    if isinstance(value, (tl.Tensor, torch.Tensor)):
        return str(value.dtype).removeprefix("torch."), list(value.shape), value.tolist()
    return value


def outcome(program: Any, t: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return shown(program(t))
        except Exception as error:
            return type(error)


ROWS: list[Any] = [
    lambda t: t.range(1, 4),
    lambda t: t.range(0, 1, 0.25),
    lambda t: t.range(3, 1, -1),
    lambda t: t.range(0, 3, dtype=t.int64),
    lambda t: t.range(1, 0),
    lambda t: t.fill(t.ones(2, dtype=t.int64), 3),
    lambda t: t.fill(t.ones(2), t.tensor(4.0)),
    lambda t: t.unravel_index(t.tensor([5, 2, 7, -1]), (2, 3)),
    lambda t: t.unravel_index(t.tensor([[1234], [5678]]), (10, 10, 10, 10)),
    lambda t: t.unravel_index(t.tensor(3), 4),
    lambda t: t.unravel_index(t.tensor([1.0]), (2, 3)),
    lambda t: t.unravel_index(t.tensor([1]), (2, -3)),
    lambda t: t.nonzero_static(t.tensor([[0, 1], [1, 0]]), size=3),
    lambda t: t.tensor([0, 1, 1]).nonzero_static(size=1, fill_value=9),
    lambda t: t.zeros(3, 3).fill_diagonal_(5),
    lambda t: t.zeros(7, 3).fill_diagonal_(5),
    lambda t: t.zeros(7, 3).fill_diagonal_(5, wrap=True),
    lambda t: t.zeros(3, 7).fill_diagonal_(5, wrap=True),
    lambda t: t.zeros(2, 2, 2).fill_diagonal_(5),
    lambda t: t.zeros(2, 3, 2).fill_diagonal_(5),
    lambda t: t.zeros(3).fill_diagonal_(5),
    lambda t: t.ones(2, dtype=t.int64).new([1, 2]),
    lambda t: t.ones(2).new(),
    lambda t: list(t.ones(2).new(2, 3).shape),
    lambda t: t.tensor([1.0, 2.0]).apply_(lambda x: x * x),
    lambda t: t.tensor([[1.0, 2.0]]).t().apply_(lambda x: x + 1),
    lambda t: t.tensor([1.0, 2.0]).map_(t.tensor([3.0, 4.0]), lambda x, y: x * y),
    lambda t: t.ones(2, requires_grad=True).apply_(lambda x: x),
    lambda t: t.ones(2).imag,
    lambda t: [t.ones(2, dtype=getattr(t, d)).is_signed() for d in ("float32", "int8", "uint8", "bool")],
    lambda t: [t.ones(2).get_device(), t.is_inference(t.ones(2)), t.ones(2).is_pinned(), t.ones(2).is_cpu, t.ones(2).output_nr],
    lambda t: [getattr(t.ones(2), f"is_{kind}") for kind in ("sparse", "quantized", "meta", "mkldnn", "nested", "xla", "mps")],
    lambda t: (lambda x: [x.share_memory_() is x, x.name, x.is_distributed()])(t.ones(2)),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(ROWS)))
def test_odd_names(number: int) -> None:
    ours, theirs = outcome(ROWS[number], tl), outcome(ROWS[number], torch)
    assert ours == theirs


def test_range_warns_as_in_pytorch() -> None:
    for t in BOTH:
        with pytest.warns(UserWarning, match="deprecated"):
            t.range(1, 2)


@pytest.mark.parametrize("name", ["hann_window", "hamming_window", "blackman_window", "bartlett_window", "kaiser_window"])
def test_windows(name: str) -> None:
    for n in (0, 1, 2, 5, 8):
        for options in ({}, {"periodic": False}):
            ours, theirs = (
                getattr(tl, name)(n, dtype=tl.float64, **options),
                getattr(torch, name)(n, dtype=torch.float64, **options),
            )
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-15)
    assert getattr(tl, name)(3).dtype == tl.float32
    for t in BOTH:
        for wrong in (lambda t: getattr(t, name)(-1), lambda t: getattr(t, name)(3, dtype=t.int64)):
            with pytest.raises(RuntimeError):
                wrong(t)


COPIES: dict[str, tuple[Any, ...]] = {
    "alias": (), "t": (), "squeeze": (), "unsqueeze": (0,), "transpose": (0, 1), "permute": ((1, 0),),
    "view": ((4, 3),), "expand": ((2, 3, 4),), "diagonal": (), "select": (0, 1), "slice": (1, 1, 3), "split": (2,),
    "split_with_sizes": ([1, 2],), "unbind": (), "unfold": (1, 2, 1), "as_strided": ((2, 2), (1, 2)),
}  # fmt: skip


@pytest.mark.parametrize("name", COPIES)
def test_copies_of_views(name: str) -> None:
    results = []
    for t in BOTH:
        x = t.arange(12, dtype=t.float64).reshape(3, 4).requires_grad_()
        out = getattr(t, f"{name}_copy")(x, *COPIES[name])
        for part in out if isinstance(out, tuple) else (out,):
            if part.requires_grad:
                (part * part).sum().backward()
            part.detach().zero_()
        results.append([shown(out), shown(x), shown(x.grad) if x.grad is not None else None])
    assert results[0] == results[1]
    assert results[0][1][2][0] == [0, 1, 2, 3]  # the tensor is not written to


GRADIENTS: list[Any] = [
    lambda t, x: t.gradient(x[0]),
    lambda t, x: t.gradient(x),
    lambda t, x: t.gradient(x, spacing=2.0, edge_order=2),
    lambda t, x: t.gradient(x, spacing=[3.0, 2.0], dim=(1, 0)),
    lambda t, x: t.gradient(x, dim=-1, spacing=[t.tensor([0.0, 1.0, 3.0, 3.5], dtype=t.float64)]),
    lambda t, x: t.gradient(x, dim=-1, spacing=[t.tensor([0.0, 1.0, 3.0, 3.5], dtype=t.float64)], edge_order=2),
    lambda t, x: t.gradient(x[:, :3], spacing=[t.tensor(c, dtype=t.float64) for c in ([0, 1, 3], [0, -1, 4])]),
]


@pytest.mark.parametrize("program", GRADIENTS)
def test_gradient(program: Any) -> None:
    results = []
    for t in BOTH:
        x = t.tensor([[1.0, 2.0, 4.0, 9.0], [0.5, 0.25, 3.0, -1.0], [2.0, 1.0, 7.0, 2.5]], dtype=t.float64, requires_grad=True)
        out = program(t, x)
        (w,) = t.autograd.grad(sum((part**2).sum() for part in out), x)
        results.append([np.array(part.tolist()) for part in (*out, w)])
    assert len(results[0]) == len(results[1])
    for ours, theirs in zip(*results):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "program",
    [
        lambda t: t.gradient(t.tensor([1, 2, 4, 9])),
        lambda t: t.gradient(t.tensor(1.0)),
        lambda t: t.gradient(t.ones(1)),
        lambda t: t.gradient(t.ones(2), edge_order=2),
        lambda t: t.gradient(t.ones(3), edge_order=3),
        lambda t: t.gradient(t.ones(3, 3), spacing=[1.0]),
        lambda t: t.gradient(t.ones(3, 3), dim=(0, 0)),
        lambda t: t.gradient(t.ones(3, 3), dim=2),
        lambda t: t.gradient(t.ones(3, dtype=t.bool)),
        lambda t: t.gradient(t.ones(3, dtype=t.uint8)),
    ],
)
def test_gradient_of_ints_and_what_it_refuses(program: Any) -> None:
    assert outcome(program, tl) == outcome(program, torch)


def test_a_hook_after_the_gradient_has_arrived() -> None:
    for t in BOTH:
        v = t.tensor([1.0, 2.0], requires_grad=True)
        seen: list[Any] = []
        v.grad = t.ones(2)
        handle = v.register_post_accumulate_grad_hook(lambda p, seen=seen: seen.append(p.grad.tolist()))
        v.register_post_accumulate_grad_hook(lambda p: p.sub_(p.grad, alpha=0.5))
        (v * v).sum().backward()
        assert seen == [[3, 5]] and v.tolist() == [-0.5, -0.5]
        handle.remove()
        t.autograd.grad((v * v).sum(), v)  # adds to no gradient
        (v * v).sum().backward()
        assert seen == [[3, 5]] and v.tolist() == [-1.5, -2.5]
        with pytest.raises(RuntimeError):
            (v * 2).register_post_accumulate_grad_hook(print)


def test_the_end_of_the_tape_has_no_next_functions() -> None:
    for t in BOTH:
        x = t.tensor(2.0, requires_grad=True)
        end = (x.sin() * 2 + 1).grad_fn.next_functions[0][0].next_functions[0][0].next_functions[0][0]
        assert end.next_functions == ()
