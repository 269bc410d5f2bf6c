"""Sizes, kinds of tensors, settings, and questions about hardware, beside PyTorch's."""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite import settings

BOTH = pytest.mark.parametrize("t", [tl, torch], ids=["ours", "torch"])
KINDS = ["Half", "Float", "Double", "Char", "Short", "Int", "Long", "Byte", "Bool"]
DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]


@BOTH
def test_size(t: Any) -> None:
    size = t.zeros(2, 3, 4).shape
    assert repr(size) == "torch.Size([2, 3, 4])" and size == (2, 3, 4) and size.numel() == 24
    assert repr(size[1:]) == "torch.Size([3, 4])" and size[0] == 2 and isinstance(size[-1], int)
    five = (5,)
    assert repr(size[:1] + five) == repr(size[:1] + t.Size(five)) == "torch.Size([2, 5])"
    assert repr(five + size[:1]) == "torch.Size([5, 2])"
    assert repr(size[:1] * 2) == repr(2 * size[:1]) == "torch.Size([2, 2])"
    assert isinstance(size, t.Size) and isinstance(size, tuple)
    assert t.zeros(size).size() == size and t.zeros(*size).size(-1) == 4
    assert pickle.loads(pickle.dumps(size)) == copy.deepcopy(size) == size
    assert t.Size().numel() == 1 and [*t.Size((1, 2))] == [1, 2]


@BOTH
@pytest.mark.parametrize("name", KINDS)
def test_tensors_of_one_dtype(t: Any, name: str) -> None:
    kind, x = getattr(t, f"{name}Tensor"), t.ones(2, 3)
    assert x.type(kind).type() == x.type(f"torch.{name}Tensor").type() == f"torch.{name}Tensor"
    made = kind([[1, 0], [1, 1]])
    assert made.type() == f"torch.{name}Tensor" and made.tolist() == [[1, 0], [1, 1]]
    assert kind(2, 3).shape == (2, 3) and kind(4).shape == (4,) and kind().shape == (0,)
    assert kind(t.Size([2, 1])).shape == (2, 1)
    assert isinstance(made, kind) and isinstance(x, kind) == (name == "Float") and isinstance(made, t.Tensor)


def test_dtypes_by_names_of_python_and_numpy() -> None:
    x = tl.tensor([1.7])
    assert x.type(tl.int64).tolist() == [1] and x.type("float64").dtype == tl.float64
    for wrong in ("torch.NoTensor", "complex64", object):
        with pytest.raises(TypeError):
            x.type(wrong)
    w = tl.ones(2, requires_grad=True)
    w.type(tl.DoubleTensor).sum().backward()
    assert w.grad is not None and w.grad.dtype == tl.float32


@pytest.mark.parametrize("a", DTYPES)
@pytest.mark.parametrize("b", DTYPES)
def test_promotion_and_casts(a: str, b: str) -> None:
    ours, theirs = (getattr(tl, a), getattr(tl, b)), (getattr(torch, a), getattr(torch, b))
    assert str(tl.promote_types(*ours)) == str(torch.promote_types(*theirs)).removeprefix("torch.")
    assert tl.can_cast(*ours) == torch.can_cast(*theirs)
    for x, y in (((2,), ()), ((), (2,)), ((2,), (2,))):
        mine = tl.result_type(tl.zeros(x, dtype=ours[0]), tl.zeros(y, dtype=ours[1]))
        twin = torch.result_type(torch.zeros(x, dtype=theirs[0]), torch.zeros(y, dtype=theirs[1]))
        assert str(mine) == str(twin).removeprefix("torch.")


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
def test_finfo(name: str) -> None:
    ours, theirs = tl.finfo(getattr(tl, name)), torch.finfo(getattr(torch, name))
    for limit in ("bits", "eps", "min", "max", "tiny", "smallest_normal", "resolution", "dtype"):
        assert getattr(ours, limit) == getattr(theirs, limit), limit
    assert repr(ours) == repr(theirs)
    with pytest.raises(TypeError):
        tl.iinfo(getattr(tl, name))


@pytest.mark.parametrize("name", ["uint8", "int8", "int16", "int32", "int64"])
def test_iinfo(name: str) -> None:
    ours, theirs = tl.iinfo(getattr(tl, name)), torch.iinfo(getattr(torch, name))
    assert (ours.bits, ours.min, ours.max, ours.dtype) == (theirs.bits, theirs.min, theirs.max, theirs.dtype)
    assert repr(ours) == repr(theirs)
    with pytest.raises(TypeError):
        tl.finfo(getattr(tl, name))


@BOTH
def test_questions(t: Any) -> None:
    x = t.ones(2, 3)
    assert t.is_tensor(x) and not t.is_tensor([1]) and t.numel(x) == 6
    assert t.is_nonzero(t.tensor(2)) and not t.is_nonzero(t.tensor([0.0]))
    with pytest.raises(RuntimeError):
        t.is_nonzero(x)
    assert t.typename(x) == "torch.FloatTensor" and t.typename([1]) == "list"
    assert (t.inf, t.pi, t.e) == (np.inf, np.pi, np.e) and t.nan != t.nan and x[t.newaxis].shape == (1, 2, 3)
    assert t.finfo().eps == t.finfo(t.float32).eps


def test_default_tensor_type() -> None:
    tl.set_default_tensor_type(tl.DoubleTensor)
    try:
        assert tl.tensor(1.0).dtype == tl.get_default_dtype() == tl.float64
    finally:
        tl.set_default_tensor_type("torch.FloatTensor")


@BOTH
def test_devices(t: Any) -> None:
    d = t.device("cuda", 1)
    assert (d.type, d.index, str(d), repr(d)) == ("cuda", 1, "cuda:1", "device(type='cuda', index=1)")
    assert t.device("cuda:1") == d != t.device("cuda") and t.device("cpu") == t.ones(1).device
    with pytest.raises(RuntimeError):
        t.device("gpu")


# Without a GPU (with one, the marked tests run on it)


@pytest.mark.skipif("tl.cuda.is_available()", reason="these are the answers without a GPU")
def test_questions_about_a_gpu_that_is_not_there() -> None:
    cuda = tl.cuda
    assert not cuda.is_available() and not cuda.is_initialized() and cuda.device_count() == 0
    assert cuda.memory_allocated() == cuda.memory_reserved() == cuda.max_memory_allocated() == 0
    before = tl.get_rng_state()
    for call in (cuda.synchronize, cuda.empty_cache, cuda.reset_peak_memory_stats):
        assert call() is None
    for seed in (cuda.manual_seed, cuda.manual_seed_all):
        seed(3)
    assert (tl.get_rng_state() == before).all()  # as in PyTorch: they seed the GPU's generators only
    for call in (cuda.get_device_name, cuda.current_device, cuda.get_device_properties, cuda.mem_get_info):
        with pytest.raises(RuntimeError, match=r"CuPy is not installed|no usable driver|no NVIDIA GPU"):
            call()
    with pytest.raises(RuntimeError):
        cuda.set_device(0)


def test_flags_of_backends_are_accepted() -> None:
    before = vars(tl.backends.cudnn).copy()
    tl.backends.cudnn.benchmark = tl.backends.cudnn.deterministic = True
    tl.backends.cudnn.enabled = False
    tl.backends.cuda.matmul.allow_tf32 = True
    assert tl.backends.cudnn.benchmark and not tl.backends.mps.is_available() and not tl.backends.cudnn.is_available()
    vars(tl.backends.cudnn).update(before)


def test_threads() -> None:
    before = tl.get_num_threads()
    assert before >= 1
    try:
        tl.set_num_threads(1)
        assert tl.get_num_threads() == 1
        with pytest.raises(RuntimeError):
            tl.set_num_threads(0)
        with pytest.raises(TypeError):
            tl.set_num_threads(1.5)
    finally:
        tl.set_num_threads(before)


def test_switches() -> None:
    tl.use_deterministic_algorithms(True)
    assert tl.are_deterministic_algorithms_enabled()
    tl.use_deterministic_algorithms(False)
    tl.set_float32_matmul_precision("high")
    assert tl.get_float32_matmul_precision() == "high"
    tl.set_float32_matmul_precision("highest")
    with pytest.raises(RuntimeError):
        tl.set_float32_matmul_precision("low")
    tl.set_default_device("cpu")
    assert tl.get_default_device() == tl.device("cpu")
    with pytest.raises(RuntimeError, match="give device='cuda'"):
        tl.set_default_device("cuda")


def test_compile_is_the_identity_and_warns_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings._chosen, "warned", False)

    def f(x: Any) -> Any:
        return x

    with pytest.warns(UserWarning, match="no compiler"):
        assert tl.compile(f) is f
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert tl.compile(mode="max-autotune")(f) is f
