"""Tensor: its properties, how it is printed, and how Python's own functions treat it."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import tracemalloc
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite import nn

# How it is shown: to the letter as PyTorch shows it, but that dtypes have no module in front

RNG = np.random.default_rng(0)
SHOWN: list[Any] = [
    [1.0, 2.0],
    [1.5, 2.25],
    [0.1],
    [1, 2, 3],
    [True, False],
    [[True], [False]],
    [-1, 10, 100],
    [[1, 2], [30, -4]],
    [1e-5, 1.0],
    [1e5, 1.0],
    [1e5, 1.5],
    [12345.678],
    [1e8, 2e8],
    [1e9, 2e9],
    [1e10],
    [1e-10],
    [0.0],
    [-0.0],
    [0.0, 1e-3],
    [1e-4, 1e-4],
    [9.9999e-5],
    [float("nan")],
    [float("inf"), 1.0],
    [float("-inf"), float("nan"), 1.5],
    [float("nan"), 1e-7, 3.0],
    [float("inf")],
    [100000.0, 0.5],
    [1000.5, 1.0],
    [1000.5, 0.5],
    [999.0, 0.001],
    [2.0, -3.5],
    [[1.0, -20.0], [300.5, 4.0]],
    [123456789.0],
    [99999999.0, 1.0],
    1.0,
    2.5,
    3,
    True,
    -1e-8,
    float("nan"),
    [],
    [[]],
    [[], []],
    [[[1.0]]],
    [[[1, 2], [3, 4]], [[5, 6], [7, 8]]],
    [[[[0.5]]]],
    list(range(30)),
    [float(i) for i in range(40)],
    [i / 7 for i in range(25)],
    [[float(i * j) for i in range(20)] for j in range(3)],
]
ARRAYS: list[Any] = [
    RNG.standard_normal((3, 4)).astype("float32"),
    RNG.standard_normal((2, 3, 4)).astype("float32"),
    RNG.standard_normal((2, 2, 2, 3)).astype("float32"),
    RNG.standard_normal(1000).astype("float32"),
    np.arange(1001, dtype="float32"),
    RNG.standard_normal(1001).astype("float32"),
    np.arange(2000),
    RNG.standard_normal((40, 40)).astype("float32"),
    RNG.standard_normal((8, 8, 20)).astype("float32"),
    np.arange(10000).reshape(100, 100),
    RNG.integers(0, 255, (5, 5)).astype("uint8"),
    RNG.standard_normal(3),
    RNG.standard_normal(3).astype("float16"),
    np.arange(3, dtype="int32"),
    np.zeros((0, 3), "float32"),
    np.zeros((2, 0, 3), "float32"),
    np.zeros(0, "int64"),
    np.zeros((0, 2), "int64"),
    np.zeros(0),
    np.zeros((0, 2), bool),
    RNG.standard_normal((2, 30)).astype("float32"),
    1e6 * RNG.standard_normal((3, 3)).astype("float32"),
    (RNG.standard_normal(50) > 0),
    np.full((3, 3), 1e-3, "float32"),
    np.concatenate([np.zeros(600), np.full(600, 1e9)]).astype("float32"),
    np.concatenate([np.ones(600), np.full(600, 0.5)]).astype("float32"),
    np.concatenate([np.ones(500), np.full(3, 0.5), np.ones(600)]).astype("float32"),
]


def theirs(x: Any) -> str:
    return repr(x).replace("torch.", "")


@pytest.mark.parametrize("data", [*SHOWN, *ARRAYS], ids=lambda data: str(getattr(data, "shape", data))[:40])
def test_repr_equals_torch(data: Any) -> None:
    assert repr(tl.tensor(data)) == theirs(torch.tensor(data))


def test_repr_of_what_requires_grad() -> None:
    assert repr(tl.tensor([1.0, 2.5], requires_grad=True)) == "tensor([1.0000, 2.5000], requires_grad=True)"
    assert repr(tl.tensor([1.0], requires_grad=True) * 2) == "tensor([2.], grad_fn=<mul>)"
    assert repr(tl.tensor([1.0], dtype=tl.float64, requires_grad=True)) == "tensor([1.], dtype=float64, requires_grad=True)"
    assert str(tl.tensor(1.5)) == "tensor(1.5000)"


def test_repr_keeps_nothing_alive_and_changes_nothing() -> None:
    x = tl.randn(5, 5)
    before = x.array.copy()
    options = np.get_printoptions()
    repr(x)
    assert np.get_printoptions() == options
    np.testing.assert_array_equal(x.numpy(), before)


def test_format() -> None:
    x = tl.tensor(3.14159)
    assert f"{x:.2f}" == "3.14"
    assert f"{x}" == f"{torch.tensor(3.14159)}" == str(x.item())
    assert f"{x.requires_grad_() * 2}" == f"{torch.tensor(3.14159) * 2}"
    assert f"{tl.tensor(3)}" == f"{torch.tensor(3)}" == "3"
    assert f"{nn.Parameter(tl.tensor(2.0))}" == str(nn.Parameter(tl.tensor(2.0)))
    assert f"{tl.tensor([1.5]):.1f}" == "1.5"
    assert f"{tl.tensor(7):3d}" == "  7"
    assert f"{tl.tensor([1, 2])}" == "tensor([1, 2])"
    with pytest.raises((RuntimeError, TypeError)):
        f"{tl.tensor([1.0, 2.0]):.2f}"


# What it says of itself


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 2), (2, 1, 4)])
def test_attributes_equal_torch(shape: Any) -> None:
    x, z = tl.zeros(shape), torch.zeros(shape)
    assert x.shape == tuple(z.shape)
    assert x.ndim == x.dim() == z.dim()
    assert x.numel() == z.numel()
    assert x.size() == tuple(z.size())
    assert x.is_floating_point() == z.is_floating_point()
    assert x.requires_grad == z.requires_grad
    assert x.is_leaf == z.is_leaf
    assert x.grad is z.grad is None
    if shape:
        assert x.size(-1) == z.size(-1)
        assert len(x) == len(z)
    assert x.T.shape == shape[::-1]
    if len(shape) >= 2:
        assert x.mT.shape == tuple(z.mT.shape)
    else:
        with pytest.raises(RuntimeError, match="mT"):
            x.mT  # noqa: B018
    with pytest.raises(IndexError, match="dim 7"):
        x.size(7)


def test_leaves_and_results() -> None:
    x = tl.tensor([1.0], requires_grad=True)
    y = x * 2
    plain = tl.tensor([1.0])
    assert (x.is_leaf, y.is_leaf, plain.is_leaf, (plain * 2).is_leaf) == (True, False, True, True)
    assert (x.requires_grad, y.requires_grad, plain.requires_grad) == (True, True, False)
    assert x.grad_fn is None
    assert repr(y.grad_fn) == "<mul>"
    assert not y.detach().requires_grad
    assert y.detach().is_leaf
    assert y.detach().array is y.array
    assert (y * plain).requires_grad


def test_requires_grad_rules() -> None:
    x = tl.tensor([1.0])
    assert x.requires_grad_() is x
    assert x.requires_grad
    assert x.requires_grad_(True).requires_grad
    (x * 3).sum().backward()
    x.requires_grad = False
    assert not x.requires_grad
    assert x.grad is not None  # the gradient stays when it is switched off
    x.requires_grad = True
    assert x.grad.tolist() == [3]
    (x * 3).sum().backward()
    assert x.grad.tolist() == [6]
    y = x * 2
    assert y.requires_grad_() is y
    with pytest.raises(RuntimeError, match=r"leaves only.*detach"):
        y.requires_grad_(False)


def test_grad_may_be_set_if_it_fits() -> None:
    x = tl.tensor([1.0, 2.0], requires_grad=True)
    g = tl.tensor([3.0, 4.0])
    x.grad = g
    assert x.grad is g
    x.grad = None
    assert x.grad is None
    with pytest.raises(RuntimeError, match=r"float32\[3\] does not fit a tensor float32\[2\]"):
        x.grad = tl.ones(3)
    with pytest.raises(RuntimeError, match="float64"):
        x.grad = tl.ones(2, dtype=tl.float64)
    with pytest.raises(TypeError, match="float"):
        x.grad = 1.0
    with pytest.raises(TypeError, match="ndarray"):
        x.grad = np.ones(2, "float32")


def test_data_is_the_memory_without_history() -> None:
    x = tl.tensor([1.0, 2.0], requires_grad=True)
    x.data *= 2
    assert x.tolist() == [2, 4]
    assert x.is_leaf
    for other in (np.ones(2), [5.0, 6.0]):
        with pytest.raises(TypeError, match=f"data must be a Tensor, got {type(other).__name__}; make it one"):
            x.data = other
    assert x.tolist() == [2, 4]
    x.data = tl.tensor([5.0, 6.0])
    (x * x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [10, 12]


# To Python


@pytest.mark.parametrize("value", [1.5, 2, True])
def test_item_and_tolist(value: Any) -> None:
    for data in (value, [value], [[value]]):
        x, z = tl.tensor(data), torch.tensor(data)
        assert x.item() == z.item() == value
        assert type(x.item()) is type(value)
        assert x.tolist() == z.tolist() == data
    for wrong in (tl.zeros(2), tl.zeros(0)):
        with pytest.raises(RuntimeError, match=r"item: expected a tensor of one element.*tolist"):
            wrong.item()
    assert tl.tensor([[1, 2], [3, 4]]).tolist() == [[1, 2], [3, 4]]
    assert tl.zeros(0, 2).tolist() == []
    assert tl.tensor([1.0], requires_grad=True).item() == 1


def test_len_and_iteration() -> None:
    x = tl.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    assert len(x) == 2
    rows = list(x)
    assert [row.tolist() for row in rows] == [[1, 2], [3, 4]]
    a, b = x
    (a * 2 + b).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[2, 2], [1, 1]]
    assert [v.shape for v in tl.arange(3)] == [()] * 3
    for call in (len, iter, list):
        with pytest.raises(TypeError, match="0-d"):
            call(tl.tensor(1.0))
    assert max(tl.tensor([1, 3, 2])).item() == 3
    assert dict(zip("ab", tl.tensor([1, 2]).tolist())) == {"a": 1, "b": 2}


def test_truth() -> None:
    assert tl.tensor(1.0)
    assert not tl.tensor([0])
    assert tl.tensor([[True]])
    for wrong in (tl.tensor([1, 2]), tl.zeros(0)):
        with pytest.raises(RuntimeError, match=r"truth.*ambiguous.*any\(\).*all\(\)"):
            bool(wrong)


def test_python_numbers() -> None:
    assert float(tl.tensor(2)) == 2.0
    assert int(tl.tensor(2.7)) == 2
    assert [10, 20, 30][tl.tensor(1)] == 20
    assert list(range(tl.tensor(3))) == [0, 1, 2]
    with pytest.raises(TypeError, match=r"only integer tensors can be an index.*float32"):
        [1, 2][tl.tensor(1.0)]
    with pytest.raises(RuntimeError, match="expected a tensor of one element, got 2"):
        float(tl.tensor([1.0, 2.0]))


def test_equality_and_hash() -> None:
    x = tl.tensor([1.0, 2.0])
    assert (x == tl.tensor([1.0, 3.0])).tolist() == [True, False]
    assert (x == 1).tolist() == [True, False]
    assert (x > 1).tolist() == [False, True]
    assert (x != None) is True  # noqa: E711
    assert (x == "a") is False
    assert len({x, x, tl.tensor([1.0, 2.0])}) == 2
    with pytest.raises(TypeError, match="<"):
        x < "a"  # noqa: B015


def test_logic() -> None:
    a, b = tl.tensor([True, True, False]), tl.tensor([True, False, False])
    assert (a & b).tolist() == [True, False, False]
    assert (a | b).tolist() == [True, True, False]
    assert (a ^ b).tolist() == [False, True, False]
    assert (~a).tolist() == [False, False, True]
    assert (True & a).tolist() == [True, True, False]
    assert (tl.tensor([6, 3]) & 2).tolist() == [2, 2]


# Copies


class Weight(tl.Tensor):
    """A subclass with a __dict__, as nn.Parameter is."""


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_deepcopy_and_pickle(copied: Any) -> None:
    x = tl.tensor([1.0, 2.0], dtype=tl.float64, requires_grad=True)
    (x * x).sum().backward()
    y = copied(x)
    assert type(y) is tl.Tensor
    assert (y.tolist(), y.dtype, y.requires_grad, y.is_leaf) == ([1, 2], tl.float64, True, True)
    assert y.array is not x.array
    assert y.node is not x.node
    (y * 3).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2, 4]
    assert copied(tl.tensor(3)).item() == 3
    assert not copied(tl.ones(2)).requires_grad
    with pytest.raises(RuntimeError, match=r"only leaves.*detach"):
        copied(x * 2)


def test_deepcopy_keeps_what_is_shared_and_the_gradient() -> None:
    x = tl.tensor([1.0], requires_grad=True)
    (x * 2).sum().backward()
    a, b = copy.deepcopy([x, x])
    assert a is b
    assert a is not x
    assert a.grad.tolist() == [2]
    assert a.grad is not x.grad


def test_clone_copies_and_stays_on_the_tape() -> None:
    x = tl.tensor([1.0, 2.0], requires_grad=True)
    y = x.clone()
    assert not np.shares_memory(x.array, y.array)
    (y * 3).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [3, 3]


# Dtypes and devices


def test_to() -> None:
    x = tl.tensor([1.5, 2.5], requires_grad=True)
    assert x.to("cpu") is x
    assert x.to(tl.float32) is x
    assert x.cpu() is x
    assert x.to("cpu", tl.float64).dtype == tl.float64
    assert x.to(dtype=tl.int64).tolist() == [1, 2]
    assert x.to(tl.zeros(1, dtype=tl.float64)).dtype == tl.float64
    assert x.to(device="cpu", dtype=tl.float16).dtype == tl.float16
    copied = x.to(tl.float32, copy=True)
    assert copied is not x
    assert copied.array is not x.array
    x.double().sum().backward()
    assert x.grad is not None
    assert x.grad.dtype == tl.float32


def test_devices() -> None:
    x = tl.ones(2)
    assert x.device == "cpu"
    assert x.device == tl.device("cpu")
    assert (x.device.type, x.device.index) == ("cpu", None)
    assert repr(tl.device("cuda:1")) == "device(type='cuda', index=1)"
    for wrong in ("gpu", "cuda:x", "cpux"):
        with pytest.raises(RuntimeError, match=f"unknown device '{wrong}'.*'cpu', 'cuda'"):
            tl.device(wrong)
        with pytest.raises((RuntimeError, TypeError), match=wrong):
            x.to(wrong)
        with pytest.raises(RuntimeError, match=f"unknown device '{wrong}'"):
            x.to(device=wrong)


class NoDriver:
    """A CuPy that is installed where there is no driver, or (`count`) where there are so many GPUs."""

    def __init__(self, count: int | None = None) -> None:
        self.cuda = self.runtime = self
        self.count = count

    def getDeviceCount(self) -> int:
        if self.count is None:
            raise OSError("libcuda.so.1 is missing")
        return self.count


@pytest.mark.parametrize(
    ("cupy", "words"),
    [
        (None, "not installed; pip install"),
        (NoDriver(), r"no usable driver \(libcuda.so.1 is missing\)"),
        (NoDriver(0), "no NVIDIA GPU"),
    ],
)
def test_without_a_gpu_the_error_says_what_is_missing(cupy: Any, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", cupy)  # None: as if it were not there
    assert not tl.cuda.is_available()
    x = tl.ones(2)
    for call in (lambda: x.cuda(), lambda: x.to("cuda"), lambda: x.to("cuda:0"), lambda: tl.zeros(2, device="cuda")):
        with pytest.raises(RuntimeError, match=f"^device 'cuda': CuPy is .*{words}"):
            call()


# The module


def test_a_misspelt_name_gets_a_suggestion() -> None:
    with pytest.raises(AttributeError, match=r"'tinygrad_lite' has no attribute 'sofmax'\. Did you mean: 'softmax'"):
        tl.sofmax  # noqa: B018
    with pytest.raises(AttributeError, match=r"'tinygrad_lite' has no attribute 'qqqqqq'$"):
        tl.qqqqqq  # noqa: B018
    with pytest.raises(AttributeError, match="sofmax"):
        tl.ones(2).sofmax  # noqa: B018
    with pytest.raises(AttributeError):
        tl.ones(2).shpae = 3


def test_what_the_module_offers() -> None:
    names = dir(tl)
    assert {"tensor", "no_grad", "autograd", "nn", "optim", "datasets", "Tensor", "cuda", "manual_seed"} <= set(names)
    assert tl.clip is tl.clamp
    assert isinstance(tl.__version__, str)


def test_the_import_loads_only_the_engine() -> None:
    program = (
        "import sys, tinygrad_lite\n"
        "late = ['matplotlib', 'tqdm', 'pooch', 'cupy', 'torch', 'tinygrad_lite.nn', 'tinygrad_lite.datasets']\n"
        "print([name for name in late if name in sys.modules])\n"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_numpys_warnings_are_silent_within_and_loud_without() -> None:
    program = (
        "import warnings; warnings.simplefilter('error')\n"
        "import numpy as np, tinygrad_lite as tl\n"
        "x = tl.tensor([0.0, -1.0, float('inf'), 1e38])\n"
        "for f in (tl.log, tl.sqrt, tl.exp, tl.sigmoid, tl.tanh, tl.sum, tl.mean, lambda x: 1 / x, lambda x: x - x,\n"
        "          lambda x: x ** 0.5, lambda x: x * 1e38, lambda x: tl.tensor([float('inf'), -float('inf')]).sum(),\n"
        "          lambda x: x.softmax(0), lambda x: x.log_softmax(0), lambda x: x.logsumexp(0), lambda x: x[:0].mean(),\n"
        "          lambda x: x.half(), lambda x: x.int(), lambda x: x @ x, lambda x: x.max(), lambda x: x > 0):\n"
        "    y = f(x.clone().requires_grad_())\n"
        "    if y.requires_grad: tl.autograd.grad(y, y, tl.ones_like(y)); y.sum().backward()\n"
        "try:\n"
        "    np.log(np.zeros(1))\n"
        "except RuntimeWarning:\n"
        "    print('loud')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("loud\n", "")


def test_tensors_on_two_devices(device: str) -> None:
    if device == "cpu":
        return
    here, there = tl.ones(1, 2), tl.ones(1, 2, device=device)
    cross_entropy, target = tl.nn.functional.cross_entropy, tl.tensor([0])
    mixed = (
        lambda: here + there,
        lambda: there * here,
        lambda: there @ here.T,
        lambda: tl.cat([here, there]),
        lambda: tl.nn.Linear(2, 1)(there),
        lambda: here == there,
        lambda: here.add_(there),
        lambda: cross_entropy(there, target),
    )
    for call in mixed:
        with pytest.raises(RuntimeError, match=r"(?s)(cpu.*cuda:0|cuda:0.*cpu).*\.to\(device\)"):
            call()
    assert here.tolist() == [[1, 1]]
    assert here.copy_(there * 2).tolist() == [[2, 2]] and here.device == "cpu"
    assert there.copy_(tl.zeros(1, 2)).tolist() == [[0, 0]] and there.device == "cuda:0"


def test_flatten_that_changes_nothing_is_the_tensor_itself() -> None:
    x = tl.ones(3, requires_grad=True)
    assert x.flatten() is x and x.flatten(0, 0) is x
    assert tl.tensor(1.0).flatten().shape == (1,)


@pytest.mark.parametrize("place", range(8))
@pytest.mark.parametrize("value", [12345.0, 0.25])
def test_the_format_of_a_cut_tensor_counts_what_is_shown(place: int, value: float) -> None:
    a = np.ones((8, 200), np.float32)
    a[place, 0] = value
    assert repr(tl.tensor(a)) == repr(torch.tensor(a))


def test_integers_are_summed_exactly_along_any_axis() -> None:
    a = np.full((300, 2), 2**53 + 1) // np.arange(1, 601).reshape(300, 2)
    assert tl.tensor(a).sum(0).tolist() == a.sum(0).tolist()
    assert tl.tensor(a).sum(1).tolist() == a.sum(1).tolist()


def test_an_array_laid_out_by_columns_is_summed_where_it_is() -> None:
    x = tl.ones(2000, 1000).T
    for dim in (0, 1):
        x.sum(dim)
        tracemalloc.start()
        x.sum(dim)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < x.array.nbytes / 2


def test_zeros_for_what_is_not_depended_on_require_grad_only_with_a_graph() -> None:
    x, y = tl.ones(2, requires_grad=True), tl.ones(2, requires_grad=True)
    assert not tl.autograd.grad(x.sum(), y, materialize_grads=True)[0].requires_grad
    assert tl.autograd.grad(x.sum(), y, materialize_grads=True, create_graph=True)[0].requires_grad


def test_an_integer_tensor_as_index_is_an_int() -> None:
    x = tl.zeros(3, 2)
    x[tl.tensor(1)].add_(1)  # a view, as x[1] is
    assert x.tolist() == [[0, 0], [1, 1], [0, 0]]
    assert x[tl.tensor(True)].shape == (1, 3, 2)


def test_dtype_and_copy_are_heard_by_the_protocols() -> None:
    x = tl.tensor([1.0, 2.0])
    assert x.__array__(np.float64).dtype == np.float64
    copied = np.from_dlpack(x, copy=True)
    copied[0] = 7
    assert x.tolist() == [1, 2]


def test_deepcopy_of_views_that_show_nothing() -> None:
    x = tl.zeros(0, 3)
    parts = copy.deepcopy((x, x[None, :0, 1::2], tl.zeros(4)[2:2]))
    assert [part.shape for part in parts] == [(0, 3), (1, 0, 1), (0,)]


def test_a_write_to_nothing_changes_nothing() -> None:
    x, w = tl.zeros(0), tl.zeros(0, requires_grad=True)
    y = (x * w).sum()
    x += 1
    y.backward()
    assert w.grad is not None and w.grad.shape == (0,)


def test_what_is_joined_or_picked_can_be_viewed_as_rows() -> None:
    x = tl.arange(6.0).reshape(2, 3).T
    for y in (tl.cat([x, x], 1), tl.stack([x]), x[tl.tensor([2, 0])], x[0::2, tl.tensor([1, 0, 1])]):
        y.view(-1).zero_()
        assert not y.any()


def test_a_notebook_shows_dtype_shape_and_values_with_nan_marked() -> None:
    html = tl.tensor([[1.0, float("nan")], [float("-inf"), 2.5]], requires_grad=True)._repr_html_()
    assert "float32 [2, 2] · requires grad · 1 nan · 1 inf" in html
    assert "<mark>nan</mark>" in html and "<mark>-inf</mark>" in html
    assert "2.5000" in html
    assert "grad_fn=&lt;exp&gt;" in tl.ones(2, requires_grad=True).exp()._repr_html_()
    assert "<mark>" not in tl.tensor([1, 2])._repr_html_()
    assert tl.zeros(100, 100)._repr_html_().count("\n") < 10
