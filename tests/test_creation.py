"""New tensors, against PyTorch: values, shapes, dtypes and errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl

SAME: dict[str, Any] = {
    "tensor float": lambda t: t.tensor(1.5),
    "tensor int": lambda t: t.tensor(3),
    "tensor bool": lambda t: t.tensor(True),
    "tensor list": lambda t: t.tensor([1, 2, 3]),
    "tensor mixed": lambda t: t.tensor([[1, 2.5], [3, 4]]),
    "tensor bools": lambda t: t.tensor([True, False]),
    "tensor tuple": lambda t: t.tensor(((1.0, 2.0), (3.0, 4.0))),
    "tensor empty": lambda t: t.tensor([]),
    "tensor nested empty": lambda t: t.tensor([[], []]),
    "tensor dtype": lambda t: t.tensor([1, 2], dtype=t.float64),
    "tensor to int": lambda t: t.tensor([1.7, -1.7], dtype=t.int64),
    "tensor to bool": lambda t: t.tensor([0, 2], dtype=t.bool),
    "tensor of array": lambda t: t.tensor(np.arange(3.0)),
    "tensor of int32": lambda t: t.tensor(np.arange(3, dtype=np.int32)),
    "tensor of scalar": lambda t: t.tensor(np.float64(2.0)),
    "tensor of 0d": lambda t: t.tensor([t.tensor(1.0), t.tensor(2.0)]),
    "tensor of numpy scalars": lambda t: t.tensor([np.float32(1), np.float32(2)]),
    "tensor of range": lambda t: t.tensor(range(3)),
    "tensor half": lambda t: t.tensor([1, 2], dtype=t.half),
    "Tensor": lambda t: t.Tensor([1, 2]),
    "Tensor nested": lambda t: t.Tensor([[1, 2], [3, 4]]),
    "Tensor none": lambda t: t.Tensor(),
    "Tensor shape": lambda t: t.Tensor(2, 3).zero_(),
    "zeros": lambda t: t.zeros(2, 3),
    "zeros tuple": lambda t: t.zeros((2, 3)),
    "zeros list": lambda t: t.zeros([2], dtype=t.int64),
    "zeros 0d": lambda t: t.zeros(()),
    "zeros 0d no size": lambda t: t.zeros([]),
    "zeros empty": lambda t: t.zeros(0, 3),
    "zeros bool": lambda t: t.zeros(2, dtype=t.bool),
    "zeros size": lambda t: t.zeros(size=(2, 3)),
    "ones size": lambda t: t.ones(size=[2]),
    "empty size": lambda t: t.empty(size=(2, 3)).zero_(),
    "rand size": lambda t: t.rand(size=(2, 3)) * 0,
    "randn size": lambda t: t.randn(size=(2, 3), dtype=t.float64) * 0,
    "zeros of a whole tensor": lambda t: t.zeros(t.tensor(2), 3),
    "ones": lambda t: t.ones(2, 1, 2),
    "ones dtype": lambda t: t.ones(2, dtype=t.float64),
    "full": lambda t: t.full((2, 2), 7.5),
    "full int": lambda t: t.full((2,), 7),
    "full bool": lambda t: t.full((2,), True),
    "full dtype": lambda t: t.full((2,), 7, dtype=t.float16),
    "full 0d": lambda t: t.full((), 1.5),
    "zeros_like": lambda t: t.zeros_like(t.ones(2, 3, dtype=t.int64)),
    "ones_like": lambda t: t.ones_like(t.zeros(2), dtype=t.float64),
    "full_like": lambda t: t.full_like(t.zeros(2, 2), 3),
    "full_like int": lambda t: t.full_like(t.zeros(2, dtype=t.int64), 3),
    "empty_like": lambda t: t.empty_like(t.zeros(2, 2)).zero_(),
    "eye": lambda t: t.eye(3),
    "eye wide": lambda t: t.eye(2, 3, dtype=t.int64),
    "eye tall": lambda t: t.eye(3, 2),
    "arange": lambda t: t.arange(5),
    "arange from": lambda t: t.arange(2, 5),
    "arange step": lambda t: t.arange(1, 10, 3),
    "arange down": lambda t: t.arange(5, 0, -2),
    "arange float": lambda t: t.arange(0, 1, 0.25),
    "arange half": lambda t: t.arange(2.5),
    "arange dtype": lambda t: t.arange(3, dtype=t.float64),
    "arange nothing": lambda t: t.arange(0),
    "arange same": lambda t: t.arange(2, 2),
    "arange tenths": lambda t: t.arange(0, 1, 0.1, dtype=t.float64),
    "linspace": lambda t: t.linspace(0, 1, 5),
    "linspace down": lambda t: t.linspace(3, -3, 4, dtype=t.float64),
    "linspace one": lambda t: t.linspace(2, 3, 1),
    "linspace none": lambda t: t.linspace(2, 3, 0),
    "as_tensor": lambda t: t.as_tensor([1.0, 2.0]),
    "as_tensor dtype": lambda t: t.as_tensor(np.arange(2), dtype=t.float32),
    "from_numpy": lambda t: t.from_numpy(np.arange(2.0)),
    "arange of floats as int64": lambda t: t.arange(0.5, 5, 1.5, dtype=t.int64),
    "arange of floats as int32": lambda t: t.arange(0.5, 5, 1.5, dtype=t.int32),
    "arange of tensors": lambda t: t.arange(t.tensor(1), t.tensor(4.0)),
    "arange keywords": lambda t: t.arange(start=1, end=7, step=2),
    "arange end": lambda t: t.arange(end=3),
    "arange uint8": lambda t: t.arange(300, dtype=t.uint8),
    "linspace int": lambda t: t.linspace(0.9, 10.9, 5, dtype=t.int64),
    "linspace tensors": lambda t: t.linspace(t.tensor(0.0), t.tensor(1.0), 3),
    "linspace keywords": lambda t: t.linspace(start=0, end=1, steps=4, dtype=t.float64),
    "logspace": lambda t: t.logspace(-1, 2, 7, dtype=t.float64),
    "logspace base": lambda t: t.logspace(0, 3, 4, base=2),
    "logspace negative base": lambda t: t.logspace(0, 2, 3, base=-2.0),
    "logspace int": lambda t: t.logspace(0.5, 3.5, 4, dtype=t.int64),
    "scalar_tensor": lambda t: t.scalar_tensor(3),
    "scalar_tensor int": lambda t: t.scalar_tensor(3, dtype=t.int64),
    "tensor of float64 scalars": lambda t: t.tensor([np.float64(2), 1.5]),
    "tensor of double tensors": lambda t: t.tensor([t.tensor(1.0, dtype=t.float64), 2]),
    "tensor negative uint8": lambda t: t.tensor([-1, 255], dtype=t.uint8),
    "asarray": lambda t: t.asarray([1, 2.0]),
    "asarray dtype": lambda t: t.asarray(3, dtype=t.float64),
    "asarray copy": lambda t: t.asarray(t.ones(2), copy=True),
    "asarray buffer": lambda t: t.asarray(bytearray(4), dtype=t.uint8),
    "asarray buffer of floats": lambda t: t.asarray(bytearray(8)),
    "frombuffer": lambda t: t.frombuffer(bytearray(range(8)), dtype=t.int32),
    "frombuffer part": lambda t: t.frombuffer(bytearray(range(8)), dtype=t.int16, count=2, offset=2),
    "from_dlpack": lambda t: t.from_dlpack(np.arange(3)),
    "empty_strided": lambda t: t.empty_strided((2, 3), (1, 2), dtype=t.float64).fill_(2),
    "full keywords": lambda t: t.full(size=(2,), fill_value=3),
    "full of a tensor": lambda t: t.full((2,), t.tensor(3.0)),
    "full_like dtype": lambda t: t.full_like(t.ones(2), 3, dtype=t.int64),
    "new_tensor": lambda t: t.ones(2, dtype=t.float64).new_tensor([1, 2]),
    "new_tensor to int": lambda t: t.ones(2, dtype=t.int64).new_tensor(2.7),
    "new_zeros": lambda t: t.ones(2, dtype=t.float64).new_zeros(2, 3),
    "new_zeros dtype": lambda t: t.ones(2).new_zeros((2,), dtype=t.int64),
    "new_ones": lambda t: t.ones(2, dtype=t.int64).new_ones(size=(2,)),
    "new_empty": lambda t: t.ones(2, dtype=t.int64).new_empty([3]) * 0,
    "new_full": lambda t: t.ones(2, dtype=t.int64).new_full((2, 1), 7),
    "new_empty_strided": lambda t: t.ones(2).new_empty_strided((2, 3), (1, 2)).fill_(1),
    "rand_like shape": lambda t: t.rand_like(t.ones(2, 3)) * 0,
    "randn_like dtype": lambda t: t.randn_like(t.ones(2, dtype=t.int64), dtype=t.float64) * 0,
    "randint_like": lambda t: t.randint_like(t.ones(2), 5) * 0,
    "randint keywords": lambda t: t.randint(low=2, high=5, size=(2,), dtype=t.int32) * 0,
    "randint high size": lambda t: t.randint(high=5, size=(2,)) * 0,
    "randint shape": lambda t: t.randint(3, (2, 2)) * 0,
    "randint low": lambda t: t.randint(3, 5, (2,)) * 0,
    "rand shape": lambda t: t.rand(2, 3) * 0,
    "randn dtype": lambda t: t.randn((2, 3), dtype=t.float64) * 0,
    "rand 0d": lambda t: t.rand(()) * 0,
    "randperm dtype": lambda t: t.randperm(4) * 0,
    "normal shape": lambda t: t.normal(0.0, 1.0, (2, 3)) * 0,
    "normal mean": lambda t: t.normal(t.zeros(3), 0.0),
    "normal std": lambda t: t.normal(2.0, t.zeros(3)),
}


@pytest.mark.parametrize("name", SAME)
def test_creation_equals_torch(name: str, close: Any) -> None:
    ours, theirs = SAME[name](tl), SAME[name](torch)
    close(ours, theirs)
    assert type(ours.array) is np.ndarray
    assert ours.is_leaf
    assert not ours.requires_grad


@pytest.mark.parametrize(
    "make",
    [
        lambda **o: tl.tensor([1.0], **o),
        lambda **o: tl.zeros(2, **o),
        lambda **o: tl.ones(2, **o),
        lambda **o: tl.empty(2, **o),
        lambda **o: tl.full((2,), 1.0, **o),
        lambda **o: tl.eye(2, **o),
        lambda **o: tl.arange(2.0, **o),
        lambda **o: tl.linspace(0, 1, 2, **o),
        lambda **o: tl.rand(2, **o) if o.get("dtype") != tl.int64 else tl.zeros(2, **o),
        lambda **o: tl.randn(2, **o) if o.get("dtype") != tl.int64 else tl.zeros(2, **o),
        lambda **o: tl.zeros_like(tl.ones(2), **o),
        lambda **o: tl.ones_like(tl.ones(2), **o),
        lambda **o: tl.full_like(tl.ones(2), 2, **o),
        lambda **o: tl.empty_like(tl.ones(2), **o),
    ],
)
def test_options(make: Any, device: str) -> None:
    x = make(dtype=tl.float64, device=device, requires_grad=True)
    assert x.dtype == tl.float64
    assert x.device.type == device
    assert x.requires_grad
    assert x.is_leaf
    with pytest.raises(RuntimeError, match="only floating-point tensors can require grad"):
        make(dtype=tl.int64, requires_grad=True)
    with pytest.raises(RuntimeError, match=r"unknown device 'gpu'.*'cpu'"):
        make(device="gpu")


@pytest.mark.parametrize("name", tl.creation.__all__)
def test_names_and_docstrings(name: str) -> None:
    function = getattr(tl, name)
    assert function.__name__ == name
    assert function.__doc__
    assert [other for other in tl.creation.__all__ if getattr(tl, other).__doc__ == function.__doc__] == [name]


@pytest.mark.parametrize(
    "text",
    """t.full(2, 3)
t.full((-1,), 3)
t.full((2,), "a")
t.zeros(-1)
t.zeros()
t.eye(-1)
t.eye(2, -1)
t.eye(2.0)
t.arange(float("nan"))
t.arange(float("inf"))
t.arange(2, dtype=t.bool)
t.arange("3")
t.arange(5, 0)
t.linspace(0, 1, -1)
t.linspace(0, 1, 2.0)
t.linspace(0, 1)
t.linspace(0, 1, 2, dtype=t.bool)
t.linspace(t.ones(2), 1, 3)
t.logspace(0, 1, -2)
t.scalar_tensor([1])
t.tensor(300, dtype=t.uint8)
t.tensor(-300, dtype=t.uint8)
t.tensor([1, 2**40], dtype=t.int32)
t.tensor(float("nan"), dtype=t.int64)
t.tensor(1e30, dtype=t.int64)
t.tensor([[1], [2, 3]])
t.tensor("a")
t.tensor()
t.asarray([1, 2], copy=False)
t.asarray(t.ones(2), dtype=t.int64, copy=False)
t.frombuffer(bytearray(7), dtype=t.int32)
t.frombuffer(bytearray(0), dtype=t.int32)
t.frombuffer(bytearray(8), dtype=t.int32, offset=9)
t.frombuffer(bytearray(8), dtype=t.int32, count=3)
t.frombuffer(bytearray(8), dtype=t.int32, count=0)
t.frombuffer(bytearray(8), dtype=t.int32, requires_grad=True)
t.frombuffer([1], dtype=t.int32)
t.frombuffer(bytearray(8))
t.from_numpy([1])
t.from_dlpack([1])
t.ones(2, dtype=t.int64).new_zeros(2, requires_grad=True)""".splitlines(),
)
def test_errors_are_those_of_torch(text: str) -> None:
    found = []
    for t in (tl, torch):
        with pytest.raises(Exception) as error:
            eval(text, {"t": t})
        found.append(error.type)
    assert found[0] is found[1]


def test_who_shares_memory() -> None:
    a = np.zeros(3)
    x = tl.zeros(3, dtype=tl.float64)
    buffer = bytearray(8)
    for shared in (tl.from_dlpack(a), tl.asarray(a), tl.as_tensor(a), tl.from_numpy(a), tl.asarray(a, copy=False)):
        assert shared.array is a or np.shares_memory(shared.array, a)
    for copied in (tl.asarray(a, copy=True), tl.asarray(a, dtype=tl.float32), tl.tensor(a)):
        assert not np.shares_memory(copied.array, a)
    assert tl.asarray(x) is x and tl.from_dlpack(x).array.ctypes.data == x.array.ctypes.data
    tl.frombuffer(buffer, dtype=tl.int64).fill_(1)
    assert buffer[0] == 1
    y = tl.asarray(x, requires_grad=True)
    assert y.requires_grad and not x.requires_grad and np.shares_memory(x.array, y.array)


@pytest.mark.parametrize("n", [1, 2, 5, 8, 101])
def test_linspace_is_symmetric_and_exact_at_the_ends(n: int) -> None:
    for dtype in (tl.float32, tl.float64):
        x = tl.linspace(-0.7, 0.7, n, dtype=dtype).numpy()
        assert x[0] == dtype.type(-0.7) and (n == 1 or x[-1] == dtype.type(0.7))
        assert n == 1 or (x == -x[::-1]).all()


def test_tensor_copies() -> None:
    a = np.zeros(2)
    x = tl.tensor(a)
    y = tl.tensor(x)
    a[0] = 1
    assert x.tolist() == y.tolist() == [0, 0]
    assert y.array is not x.array
    source = tl.tensor([1.0], requires_grad=True)
    assert not tl.tensor(source).requires_grad


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: tl.tensor([[1, 2], [3]]), ValueError, "ragged"),
        (lambda: tl.tensor("abc"), TypeError, "tensor"),
        (lambda: tl.tensor(None), TypeError, "tensor"),
        (lambda: tl.tensor([1 + 2j]), TypeError, "complex"),
        (lambda: tl.tensor([1, 2], requires_grad=True), RuntimeError, "int64"),
        (lambda: tl.tensor(np.zeros(2, "complex64")), TypeError, "complex64"),
        (lambda: tl.arange(0, 5, 0), RuntimeError, "steps of 0"),
        (lambda: tl.arange(5, 0), RuntimeError, "steps of 1 do not lead from 5 to 0"),
        (lambda: tl.randint(5, 5, (2,)), RuntimeError, "range is empty, from 5 up to but not including 5"),
        (lambda: tl.randint(5), (RuntimeError, TypeError), "randint"),
        (lambda: tl.normal(0.0, 1.0), TypeError, "size"),
        (lambda: tl.normal(0.0, -1.0, (2,)), RuntimeError, "negative"),
        (lambda: tl.zeros(-1), (RuntimeError, ValueError), "negative"),
        (lambda: tl.zeros(128 / 2, 3), TypeError, r"a size must be an int, got float 64.0; // divides ints"),
        (lambda: tl.ones("3"), TypeError, "a size must be an int, got str '3'"),
        (lambda: tl.ones(6).reshape(2.0, 3), TypeError, "got float 2.0"),
        (lambda: tl.ones(6).view(2, tl.tensor(3.0)), TypeError, "got Tensor"),
        (lambda: tl.randn(2, size=(3,)), TypeError, "given twice"),
        (lambda: tl.zeros(2, dtpye=tl.float64), TypeError, r"^zeros\(\) got an unexpected keyword argument 'dtpye'"),
        (lambda: tl.Tensor(2.5, 3), (TypeError, ValueError), "."),
        (lambda: tl.linspace(0, 1, -2), (RuntimeError, ValueError), "-2|negative"),
    ],
)
def test_bad_input(call: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        call()


# Randomness


def test_the_same_seed_draws_the_same() -> None:
    draws: list[Any] = [
        lambda **o: tl.rand(3, **o),
        lambda **o: tl.randn(3, **o),
        lambda **o: tl.randint(0, 100, (5,), **o),
        lambda **o: tl.randperm(10, **o),
        lambda **o: tl.normal(0.0, 1.0, (3,), **o),
    ]
    for draw in draws:
        tl.manual_seed(3)
        first, second = draw().tolist(), draw().tolist()
        tl.manual_seed(3)
        assert draw().tolist() == first
        assert draw().tolist() == second != first
        assert draw(generator=tl.Generator().manual_seed(3)).tolist() == first


def test_a_generator_has_a_stream_of_its_own() -> None:
    g = tl.Generator().manual_seed(1)
    tl.manual_seed(5)
    before = tl.rand(2).tolist()
    first = tl.rand(3, generator=g).tolist()
    tl.manual_seed(5)
    tl.rand(3, generator=g)
    assert tl.rand(2).tolist() == before
    assert tl.rand(3, generator=g.manual_seed(1)).tolist() == first
    assert g.initial_seed() == 1


def test_distributions() -> None:
    uniform, normal, ints = tl.rand(20000), tl.randn(20000), tl.randint(2, 5, (20000,))
    assert 0 <= uniform.min().item() < uniform.max().item() < 1
    assert uniform.mean().item() == pytest.approx(0.5, abs=0.02)
    assert normal.mean().item() == pytest.approx(0, abs=0.04)
    assert normal.numpy().std() == pytest.approx(1, abs=0.04)
    assert set(ints.tolist()) == {2, 3, 4}
    assert sorted(tl.randperm(50).tolist()) == list(range(50))
    scaled = tl.normal(tl.full((20000,), 3.0), 0.5)
    assert scaled.mean().item() == pytest.approx(3, abs=0.04)
    assert scaled.numpy().std() == pytest.approx(0.5, abs=0.04)


def test_as_tensor_of_a_tensor() -> None:
    x = tl.tensor([1.0, 2.0], requires_grad=True)
    assert tl.as_tensor(x) is x
    assert tl.as_tensor(x, dtype=tl.float64).dtype == tl.float64
    assert tl.as_tensor(tl.tensor([1, 2])).dtype == tl.int64
    assert tl.as_tensor(x, device="cpu").device == "cpu"


def test_normal_takes_the_options_of_creation() -> None:
    x = tl.normal(0.0, 1.0, (3,), dtype=tl.float64, requires_grad=True)
    assert x.dtype == tl.float64 and x.requires_grad
    assert tl.normal(tl.zeros(2, dtype=tl.float64), 1.0).dtype == tl.float64


def test_what_is_no_number_is_said() -> None:
    for data in (["a"], [1j], [object()]):
        with pytest.raises(TypeError, match=r"tensor: cannot make a tensor of .*numbers are needed"):
            tl.tensor(data)


def test_a_negative_number_as_uint8_wraps_around_as_in_pytorch() -> None:
    for t in (tl, torch):
        x = t.ones(2, dtype=t.uint8)
        assert t.full_like(x, -9).tolist() == [247, 247]
        assert x.fill_(-255).tolist() == [1, 1]
        for wrong in (-256, 256):
            with pytest.raises(RuntimeError):
                t.full_like(x, wrong)
