"""Names that do not exist: PyTorch's that we lack, the expressions that do the same work here, and typing mistakes."""

from __future__ import annotations

import copy
import itertools
import math
import operator
import pickle
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from textwrap import fill
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
import torch.utils.data

import tinygrad_lite as tl
from tinygrad_lite import datasets, nn, suggest
from tinygrad_lite.nn import functional as F
from tinygrad_lite.nn.optim import lr_scheduler

FILE = Path(suggest.__file__).with_name("pytorch_names.txt")
HEAD = """\
# PyTorch 2.13's public names, each under the place where it is. For those that we lack, the error says that PyTorch has them.
# Written by: python tests/test_names.py --write
"""
OURS: dict[str, Any] = {  # by PyTorch's name of the place
    there: {"Tensor": tl.Tensor, "Module": nn.Module}.get(here) or import_module(here)
    for here, there in suggest.PLACES.items()
    if here != "tinygrad_lite.nn.optim.lr_scheduler"
}


# PyTorch's names


def value_of(dotted: str) -> Any:
    """What a dotted name stands for."""
    module, _, name = dotted.rpartition(".")
    return getattr(import_module(module), name) if module else import_module(name)


def public(place: str) -> set[str]:
    """The names that PyTorch has put there for its users: neither _private, nor imported from elsewhere, nor C++ internals."""
    here = value_of(place)
    names, files = set(), {file.name for file in iter_modules(getattr(here, "__path__", ()))}
    for name in dir(here):
        value = getattr(here, name)
        if isinstance(value, ModuleType):
            if value.__name__.startswith(f"{place}."):
                files.add(name)
        elif "pybind11" in type(value).__name__ + type(type(value)).__name__:
            if str(value.__module__).startswith("torch.cuda."):  # in a build without CUDA, a class of Python stands in
                names.add(name)
        elif str(getattr(value, "__module__", None) or "torch").startswith("torch"):
            names.add(name)
    classes = {suggest.plain(name) for name in names}  # the file beside its only class is left out: optim.adamw
    names |= {file for file in files if suggest.plain(file) not in classes}
    return {name for name in names if not name.startswith("_") and name != "TYPE_CHECKING"}


def test_the_list_has_pytorchs_names() -> None:
    listed = suggest.pytorch_names()
    assert set(listed) == set(suggest.PLACES.values())
    for place, names in listed.items():
        assert names == public(place), f"{place} has changed; type: python tests/test_names.py --write"


def error_of(place: str, name: str) -> str:
    """The text that a user sees who asks a place for a name."""
    here = {"torch.Tensor": tl.ones(1), "torch.nn.Module": nn.Linear(1, 1)}.get(place, OURS[place])
    with pytest.raises(AttributeError) as error:
        getattr(here, name)
    return str(error.value)


@pytest.mark.parametrize("place", OURS)
def test_each_of_pytorchs_names_that_we_lack_is_said_to_be_pytorchs(place: str) -> None:
    ours = OURS[place]
    lacking = {name for name in suggest.pytorch_names()[place] if name not in vars(ours) and name not in dir(ours)}
    assert lacking or place == "torch.autograd.functional"  # which is whole
    for name in lacking:
        text = error_of(place, name)
        assert f"has no attribute {name!r}: PyTorch has {place}.{name}, tinygrad_lite does not yet" in text
        assert "Did you mean" not in text


# What does their work here

TEXT = Path(suggest.__file__).with_name("instead.txt").read_text("utf-8")

rng = np.random.default_rng(0)


def floats(*shape: int) -> Any:
    """Numbers of both signs and sizes, none at a corner of a function."""
    return rng.uniform(0.1, 3.5, shape) * rng.choice([-1, 1], shape)


A, B, SQUARE = floats(3, 4), floats(3, 4), floats(4, 4)
POSITIVE, V, W = np.abs(A), floats(6), floats(6)
BATCH, HEADS = floats(2, 3, 4), [floats(2, 3, 4) for _ in "qkv"]
SPECIAL = np.array([1.0, -2.0, 0.0, np.nan, np.inf, -np.inf])
ZEROS, BOOL = np.array([0.0, 1.0, 0.0, -2.0]), np.array([True, False, False, True])
COUNTS = np.array([1, 0, 3, 1, 5, 3])
KINKS = np.array([-7.0, -6.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0, 6.0, 7.0])

INPUTS: dict[str, dict[str, Any]] = {  # where they are not x = A, y = B
    "rsqrt log2 log10 log1p": {"x": POSITIVE},
    "isnan isinf isfinite": {"x": SPECIAL},
    "nansum": {"x": np.array([1.0, np.nan, 2.0])},
    "eq ne not_equal lt less le less_equal gt greater ge greater_equal": {"x": COUNTS, "y": COUNTS[::-1].copy()},
    "equal": {"x": COUNTS, "y": COUNTS + 0},
    "allclose isclose": {"x": A, "y": A * (1 + 1e-6)},
    "logical_not logical_and logical_or logical_xor count_nonzero nonzero argwhere": {"x": ZEROS, "y": ZEROS[::-1].copy()},
    "bitwise_not bitwise_and bitwise_or bitwise_xor": {"x": BOOL, "y": ~BOOL[::-1]},
    "lerp": {"weight": 0.3},
    "sort": {"x": V},
    "topk": {"x": V, "k": 2},
    "unique": {"x": np.array([3.0, 1.0, 3.0, 2.0])},
    "bincount": {"x": COUNTS},
    "masked_fill masked_select Tensor.masked_fill_": {"mask": A > 0, "value": 7.0},
    "index_select": {"index": np.array([2, 0, 2])},
    "gather take_along_dim": {"index": np.array([[0, 3], [2, 2], [1, 0]])},
    "tril triu": {"x": BATCH},
    "diagonal trace": {"x": SQUARE},
    "t mm addmm": {"x": A, "y": B.T.copy(), "m": floats(3, 3)},
    "bmm baddbmm": {"x": BATCH, "y": floats(2, 4, 3), "m": floats(2, 3, 3)},
    "mv addmv": {"x": A, "y": floats(4), "m": floats(3)},
    "dot vdot outer": {"x": V, "y": W},
    "adjoint": {"x": BATCH},
    "swapaxes swapdims": {"x": BATCH, "dim0": 0, "dim1": -1},
    "unflatten": {"sizes": (2, 2)},
    "repeat_interleave": {"x": V, "n": 3},
    "tile Tensor.repeat": {"x": V, "n": 3},
    "roll split": {"n": 2},
    "Tensor.expand_as": {"x": floats(4), "y": A},
    "Tensor.view_as Tensor.reshape_as": {"y": floats(2, 6)},
    "Tensor.type_as": {"y": COUNTS},
    "Tensor.clamp_ Tensor.clip_": {"min": -1.0, "max": 0.5},
    "Tensor.new_full nn.init.constant": {"value": 7},
    "FloatTensor DoubleTensor": {"data": [1.0, 2.5]},
    "LongTensor IntTensor BoolTensor": {"data": [1, 0]},
    "asarray Tensor.new_tensor autograd.Variable": {"data": [1.0, 2.0]},
    "Tensor.normal_": {"mean": 3.0, "std": 0.0},
    "Tensor.uniform_": {"a": 2.0, "b": 2.0},
    "bernoulli": {"x": np.array([0.0, 1.0])},
    "nn.functional.relu6 nn.functional.hardtanh nn.functional.leaky_relu nn.functional.elu": {"x": KINKS},
    "nn.functional.softplus nn.functional.logsigmoid": {"x": np.append(KINKS, [-800.0, 800.0])},
    "nn.functional.softmin nn.Softmin": {"dim": 1},
    "nn.functional.embedding nn.Embedding": {"index": np.array([[1, 0], [2, 2]]), "weight": A},
    "nn.functional.layer_norm nn.LayerNorm": {"x": BATCH},
    "rms_norm nn.functional.rms_norm nn.RMSNorm": {"x": BATCH},
    "nn.functional.scaled_dot_product_attention": dict(zip("qkv", HEADS)),
    "nn.functional.binary_cross_entropy nn.BCELoss binary_cross_entropy_with_logits": {"logits": A, "y": POSITIVE / 4},
    "nn.functional.kl_div nn.KLDivLoss": {"y": POSITIVE},
    "nn.functional.smooth_l1_loss nn.functional.huber_loss": {"x": KINKS, "y": np.zeros(10)},
    "prod": {"x": ZEROS},
    "finfo": {"dtype": "float32"},
    "iinfo": {"dtype": "int64"},
}
TWINS: dict[str, str] = {  # PyTorch's side, where it is not simply name(x, y), x.name(y) or Name()(x, y)
    "lerp": "torch.lerp(x, y, weight)",
    "cumsum": "torch.cumsum(x, 0)",
    "cumprod": "torch.cumprod(x, 0)",
    "sort": "torch.sort(x).values",
    "topk": "torch.topk(x, k).values",
    "masked_fill": "torch.masked_fill(x, mask, value)",
    "masked_select": "torch.masked_select(x, mask)",
    "index_select": "torch.index_select(x, 0, index)",
    "gather": "torch.gather(x, 1, index)",
    "take_along_dim": "torch.take_along_dim(x, index, 1)",
    "swapaxes": "torch.swapaxes(x, dim0, dim1)",
    "swapdims": "torch.swapdims(x, dim0, dim1)",
    "unflatten": "torch.unflatten(x, -1, sizes)",
    "concat": "torch.concat([x, y])",
    "concatenate": "torch.concatenate([x, y])",
    "vstack": "torch.vstack([x, y])",
    "hstack": "torch.hstack([x, y])",
    "tile": "torch.tile(x, (n,))",
    "Tensor.repeat": "x.repeat(n)",
    "repeat_interleave": "torch.repeat_interleave(x, n)",
    "flip": "torch.flip(x, [0])",
    "roll": "torch.roll(x, n, 0)",
    "split": "torch.split(x, n)",
    "asarray": "torch.asarray(data)",
    "Tensor.new_tensor": "x.new_tensor(data)",
    "Tensor.new_zeros": "x.new_zeros(2, 3)",
    "Tensor.new_ones": "x.new_ones(2, 3)",
    "Tensor.new_empty": "x.new_empty(2, 3)",
    "Tensor.new_full": "x.new_full((2, 3), value)",
    "Tensor.clamp_": "x.clamp_(min, max)",
    "Tensor.clip_": "x.clip_(min, max)",
    "Tensor.masked_fill_": "x.masked_fill_(mask, value)",
    "Tensor.normal_": "x.normal_(mean, std)",
    "Tensor.uniform_": "x.uniform_(a, b)",
    **{f"{kind}Tensor": f"torch.{kind}Tensor(data)" for kind in ("Float", "Double", "Long", "Int", "Bool")},
    "autograd.Variable": "torch.autograd.Variable(torch.tensor(data), requires_grad=True)",
    "nn.functional.gelu": "F.gelu(x, approximate='tanh')",
    "nn.GELU": "nn.GELU('tanh')(x)",
    "nn.functional.softmin": "F.softmin(x, dim)",
    "nn.Softmin": "nn.Softmin(dim)(x)",
    "nn.functional.embedding": "F.embedding(index, weight)",
    "nn.Embedding": "torch.func.functional_call(nn.Embedding(3, 4), {'weight': weight}, index)",
    "nn.functional.layer_norm": "F.layer_norm(x, x.shape[-1:])",
    "nn.LayerNorm": "nn.LayerNorm(x.shape[-1], dtype=x.dtype)(x)",
    "rms_norm": "torch.rms_norm(x, x.shape[-1:])",
    "nn.functional.rms_norm": "F.rms_norm(x, x.shape[-1:])",
    "nn.RMSNorm": "nn.RMSNorm(x.shape[-1], dtype=x.dtype)(x)",
    "nn.functional.scaled_dot_product_attention": "F.scaled_dot_product_attention(q, k, v)",
    "nn.functional.binary_cross_entropy": "F.binary_cross_entropy(logits.sigmoid(), y)",
    "nn.BCELoss": "nn.BCELoss()(logits.sigmoid(), y)",
    "binary_cross_entropy_with_logits": "torch.binary_cross_entropy_with_logits(logits, y).mean()",
    "nn.functional.kl_div": "F.kl_div(x, y, reduction='batchmean')",
    "nn.KLDivLoss": "nn.KLDivLoss(reduction='batchmean')(x, y)",
    "nn.init.constant": "nn.init.constant_(x, value)",
    "nn.init.eye": "nn.init.eye_(x)",
}
RANDOM = "rand_like randn_like Tensor.new_empty"  # only shape and dtype can be compared
IN_PLACE = re.compile(r"copy_|init\.\w+_\(")
CHECKED_BY_THEMSELVES = """
    nn.Module.half nn.init.normal nn.init.uniform nn.init.kaiming_normal nn.init.kaiming_uniform nn.init.xavier_normal
    nn.init.xavier_uniform nn.utils.clip_grad_norm optim.RMSprop optim.lr_scheduler.ConstantLR optim.lr_scheduler.LinearLR
    optim.lr_scheduler.ExponentialLR optim.lr_scheduler.MultiStepLR optim.lr_scheduler.PolynomialLR
    optim.lr_scheduler.CosineAnnealingWarmRestarts 
"""
COMPARED = [name for name in suggest.instead() if name not in CHECKED_BY_THEMSELVES.split()]


def ours(name: str, **values: Any) -> Any:
    """What the expression for a name of PyTorch's gives."""
    modules = {"tl": tl, "np": np, "math": math, "itertools": itertools, "operator": operator, "nn": nn, "F": F}
    data = {"DataLoader": datasets.DataLoader, "Subset": datasets.Subset, "LambdaLR": lr_scheduler.LambdaLR}
    return eval(suggest.instead()[name], modules | data | values)


def theirs(expression: str, **values: Any) -> Any:
    return eval(expression, {"torch": torch, "nn": torch.nn, "F": torch.nn.functional, **values})


def inputs_of(name: str) -> dict[str, Any]:
    """The variables in an expression, as arrays, numbers and the like."""
    chosen = next((values for names, values in INPUTS.items() if name in names.split()), {})
    used = set(re.findall(r"\w+", suggest.instead()[name].partition("#")[0] + TWINS.get(name, "")))
    return {key: value for key, value in ({"x": A, "y": B} | chosen).items() if key in used}


def twin_of(name: str, inputs: dict[str, Any]) -> str:
    """PyTorch's own expression for a name."""
    if name in TWINS:
        return TWINS[name]
    arguments = ", ".join(key for key in ("m", "x", "y") if key in inputs)
    module, _, last = name.rpartition(".")
    if module == "Tensor":
        return f"x.{last}" + (f"({'y' if 'y' in inputs else ''})" if callable(getattr(torch.Tensor, last)) else "")
    if not callable(value_of(f"torch.{name}")):
        return f"torch.{name}"
    return f"torch.{name}()({arguments})" if last[0].isupper() else f"torch.{name}({arguments})"


def same(a: Any, b: Any) -> None:
    """Assert that a result of ours and one of PyTorch's are the same numbers, of one shape and dtype."""
    if isinstance(b, torch.Tensor):
        assert isinstance(a, tl.Tensor)
        assert (str(a.dtype), a.shape) == (str(b.dtype).removeprefix("torch."), tuple(b.shape))
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), 1e-12, 1e-14)
    elif isinstance(b, (tuple, list)):
        assert len(a) == len(b)
        for p, q in zip(a, b):
            same(p, q)
    else:
        assert a == b or (a != a and b != b)


@pytest.mark.parametrize("name", COMPARED)
def test_the_expression_instead_computes_what_pytorch_computes(name: str) -> None:
    inputs, text = inputs_of(name), suggest.instead()[name]
    arrays = {key: value for key, value in inputs.items() if isinstance(value, np.ndarray)}
    wanted = [key for key in arrays if arrays[key].dtype.kind == "f" and not IN_PLACE.search(text)]
    mine = inputs | {key: tl.tensor(value, requires_grad=key in wanted) for key, value in arrays.items()}
    twins = inputs | {key: torch.tensor(value, requires_grad=key in wanted) for key, value in arrays.items()}
    a, b = ours(name, **mine), theirs(twin_of(name, inputs), **twins)
    if name in RANDOM.split():
        assert (str(a.dtype), a.shape) == (str(b.dtype).removeprefix("torch."), tuple(b.shape))
        return
    same(a, b)
    for key in arrays:  # what is written in place
        same(mine[key], twins[key])
    if isinstance(b, (tuple, list)) and isinstance(b[0], torch.Tensor):
        a, b = tl.cat(list(a)), torch.cat(list(b))
    if not isinstance(b, torch.Tensor) or not b.requires_grad or not b.is_floating_point():
        return
    if not a.requires_grad:
        assert "no gradient" in text, "say that it has no gradient"
        return
    weights = rng.uniform(1, 2, b.shape)
    (a * tl.tensor(weights)).sum().backward()
    (b * torch.tensor(weights)).sum().backward()
    for key in wanted:
        assert (mine[key].grad is None) == (twins[key].grad is None)
        if mine[key].grad is not None:
            same(mine[key].grad, twins[key].grad)


def test_expressions_that_make_no_tensor(tmp_path: Path) -> None:
    net = nn.Linear(2, 3)
    twin = nn.Linear(2, 3)
    assert {p.dtype for p in ours("nn.Module.half", net=twin).parameters()} == {tl.float16}
    net(tl.ones(2)).sum().backward()
    assert ours("nn.utils.clip_grad_norm", parameters=net.parameters(), max_norm=0.5) > 0.5
    for name in ("normal", "uniform", "kaiming_normal", "kaiming_uniform", "xavier_normal", "xavier_uniform"):
        x = tl.zeros(3, 4)
        assert ours(f"nn.init.{name}", x=x) is x and x.any()


SCHEDULES = {
    "ConstantLR": {"factor": 0.5, "total_iters": 3},
    "LinearLR": {"factor": 0.25, "total_iters": 4},
    "ExponentialLR": {"gamma": 0.7},
    "MultiStepLR": {"gamma": 0.1, "milestones": [2, 5]},
    "PolynomialLR": {"total_iters": 4, "power": 2.0},
    "CosineAnnealingWarmRestarts": {"T_0": 3},
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_has_pytorchs_rates(name: str) -> None:
    options = SCHEDULES[name]
    optimizers = nn.optim.SGD([tl.ones(1, requires_grad=True)], 0.8), torch.optim.SGD([torch.ones(1, requires_grad=True)], 0.8)
    schedules = (
        ours(f"optim.lr_scheduler.{name}", optimizer=optimizers[0], **options),
        getattr(torch.optim.lr_scheduler, name)(
            optimizers[1], **{"start_factor" if (name, key) == ("LinearLR", "factor") else key: v for key, v in options.items()}
        ),
    )
    for _ in range(9):
        rates = [optimizer.param_groups[0]["lr"] for optimizer in optimizers]
        assert rates[0] == pytest.approx(rates[1], 1e-12, 1e-15)
        for optimizer, schedule in zip(optimizers, schedules):
            optimizer.step()
            schedule.step()


def test_every_expression_is_needed() -> None:
    assert set(CHECKED_BY_THEMSELVES.split()) <= set(suggest.instead())
    for name in suggest.instead():
        parent, _, last = f"torch.{name}".rpartition(".")
        places = [parent, "torch.Tensor"] if parent == "torch" else [parent]
        places = [place for place in places if last in suggest.pytorch_names()[place]]
        assert places, f"{name} is not a name of PyTorch's"
        missing = [place for place in places if last not in dir(OURS[place])]
        assert missing, f"{name} exists in tinygrad_lite now: delete it from tinygrad_lite/instead.txt"
        for place in missing:
            assert f"tinygrad_lite does not yet. Instead: {suggest.instead()[name]}" in error_of(place, last)


# Typing mistakes

MISTAKES = """
    x.shpae shape
    x.shap shape
    x.Shape shape
    x.dtpye dtype
    x.sumn sum
    x.smu sum
    x.maen mean
    x.epx exp
    x.requries_grad requires_grad
    x.require_grad requires_grad
    x.requiresgrad requires_grad
    x.backwards backward
    x.bakcward backward
    x.detatch detach
    x.transpsoe transpose
    x.tranpsoe transpose
    x.reshpae reshape
    x.unsqeeze unsqueeze
    x.logsumex logsumexp
    x.log_sofmax log_softmax
    x.logsoftmax log_softmax
    x.requires_gard_ requires_grad_
    tl.tnesor tensor
    tl.sofmax softmax
    tl.zeroes zeros
    tl.arrange arange
    tl.nograd no_grad
    tl.from_nump from_numpy
    tl.linespace linspace
    tl.manuel_seed manual_seed
    tl.Tenser Tensor
    tl.dataset datasets
    nn.Lnear Linear
    nn.linear Linear
    nn.Liner Linear
    nn.Relu ReLU
    nn.relu ReLU
    nn.sequential Sequential
    nn.Seqential Sequential
    nn.SoftMax Softmax
    nn.Tahn Tanh
    nn.MseLoss MSELoss
    nn.MSEloss MSELoss
    nn.CrossEntropy_Loss CrossEntropyLoss
    nn.CrossEntropLoss CrossEntropyLoss
    nn.BCEWithLogitLoss BCEWithLogitsLoss
    nn.DropOut Dropout
    nn.ModulList ModuleList
    nn.functinal functional
    F.cross_entorpy cross_entropy
    F.corss_entropy cross_entropy
    F.crossentropy cross_entropy
    F.binary_cross_entropy_with_logit binary_cross_entropy_with_logits
    F.onehot one_hot
    F.Linear linear
    F.mseloss mse_loss
    F.drop_out dropout
    optim.AdmW AdamW
    optim.Sgd SGD
    optim.Adamw AdamW
    optim.lr_sheduler lr_scheduler
    lr_scheduler.StepLr StepLR
    lr_scheduler.CosineAnealingLR CosineAnnealingLR
    nn.init.xavier_unifrom_ xavier_uniform_
    nn.utils.clip_grad_nrom_ clip_grad_norm_
    datasets.Dataloader DataLoader
    datasets.TensorDataSet TensorDataset
    datasets.randomsplit random_split
    tl.autograd.gard grad
    tl.cuda.isavailable is_available
    net.wieght weight
    net.bais bias
    net.paramters parameters
    net.statedict state_dict
    net.state_dcit state_dict
    net.zerograd zero_grad
    net.trainning training
"""
NOT_MISTAKES = """
    x.unsqeze x.leaf x.foo x.gradients x.labels x.xyz x.ab x.gelu x.to_sparse x.stft x.qscheme
    x.cross_entropy x._shape tl.foo tl.qqqqqq tl.Linear tl.fft tl.jit tl.sparse tl.stacked_sums nn.Conv2d nn.Conv2D
    nn.cross_entropy nn.Foo nn.SGD optim.RMSprop optim.Lion F.conv2d net.encoder net.embedding net.fc net.zzz net.conv
    datasets.MNIST
"""


def asked(expression: str) -> str:
    names = {"x": tl.ones(2), "net": nn.Linear(1, 1), "tl": tl, "nn": nn, "F": F, "optim": tl.optim}
    with pytest.raises(AttributeError) as error:
        eval(expression, names | {"lr_scheduler": lr_scheduler, "datasets": datasets})
    return str(error.value)


@pytest.mark.parametrize("line", [line.strip() for line in MISTAKES.strip().splitlines()])
def test_a_typing_mistake_is_recognised(line: str) -> None:
    wrong, right = line.split()
    assert asked(wrong).endswith(f"has no attribute {wrong.rpartition('.')[2]!r}. Did you mean: {right!r}?")


@pytest.mark.parametrize("wrong", NOT_MISTAKES.split())
def test_another_word_is_not_a_typing_mistake(wrong: str) -> None:
    assert "Did you mean" not in asked(wrong)


def test_what_the_errors_say() -> None:
    assert asked("nn.Conv2d") == (
        "module 'tinygrad_lite.nn' has no attribute 'Conv2d': PyTorch has torch.nn.Conv2d, tinygrad_lite does not yet"
    )
    assert asked("nn.BCELoss") == (
        "module 'tinygrad_lite.nn' has no attribute 'BCELoss': PyTorch has torch.nn.BCELoss, tinygrad_lite does not yet. "
        "Instead: nn.BCEWithLogitsLoss()(logits, y)  # before the sigmoid"
    )
    assert asked("tl.fft") == (
        "module 'tinygrad_lite' has no attribute 'fft': PyTorch has torch.fft, tinygrad_lite does not yet"
    )
    assert asked("x.gelu") == "'Tensor' object has no attribute 'gelu'; in PyTorch it is torch.nn.functional.gelu"
    assert asked("nn.SGD") == "module 'tinygrad_lite.nn' has no attribute 'SGD'; in PyTorch it is torch.optim.SGD"
    assert asked("net.embedding") == "'Linear' object has no attribute 'embedding'"
    assert asked("net.weight.nroms") == "'Parameter' object has no attribute 'nroms'"
    assert asked("x.__deepcopy__") == "'Tensor' object has no attribute '__deepcopy__'"
    assert asked("tl.optim.LBFGS").endswith("PyTorch has torch.optim.LBFGS, tinygrad_lite does not yet")
    assert asked("net.register_forward_hook").endswith(
        "PyTorch has torch.nn.Module.register_forward_hook, tinygrad_lite does not yet"
    )


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("from tinygrad_lite.nn import Conv2d", "name 'Conv2d' from 'tinygrad_lite.nn': PyTorch has torch.nn.Conv2d"),
        ("from tinygrad_lite.optim import Adam, AdmW", "'AdmW' from 'tinygrad_lite.optim'. Did you mean: 'AdamW'"),
        ("from tinygrad_lite import jit", "torch.jit, tinygrad_lite does not yet"),
        ("from tinygrad_lite.nn import KLDivLoss", "Instead: (y * (y.log() - x)).sum() / len(x)"),
        ("from tinygrad_lite.nn.functional import *; from tinygrad_lite.nn import Linaer", "Did you mean: 'Linear'"),
        ("from tinygrad_lite import no_such_thing", "cannot import name 'no_such_thing' from 'tinygrad_lite'"),
    ],
)
def test_an_import_is_answered_alike(line: str, text: str) -> None:
    with pytest.raises(ImportError, match=re.escape(text)):
        exec(line, {})


def test_a_module_that_is_only_half_imported_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python then looks in sys.modules, after the package has answered that it has no such attribute."""
    module = ModuleType("tinygrad_lite.half")
    monkeypatch.setitem(sys.modules, "tinygrad_lite.half_done", module)
    names: dict[str, Any] = {}
    exec("from tinygrad_lite import half_done", names)
    assert names["half_done"] is module


def test_the_last_line_of_a_traceback_has_one_suggestion_only() -> None:
    """Python adds one of its own to an error that lets it: stft, it would say, is sqrt."""
    for line in ("tl.ones(2).stft", "tl.sofmax", "from tinygrad_lite.nn import Linaer", "tl.nn.Linear(1, 1).wieght"):
        run = subprocess.run([sys.executable, "-c", f"import tinygrad_lite as tl; {line}"], capture_output=True, text=True)
        last = run.stderr.strip().splitlines()[-1]
        assert last.startswith(("AttributeError: ", "ImportError: "))
        assert last.count("Did you mean") == ("stft" not in line)


def test_nothing_is_read_before_an_error_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suggest, "hint", None)  # to call it would be an error
    x, net = tl.ones(2), nn.Linear(1, 1)
    assert not any(hasattr(here, "shpae") for here in (x, net, tl, nn, F, tl.optim, datasets, tl.autograd))
    assert copy.deepcopy(x).tolist() == [1, 1]
    assert pickle.loads(pickle.dumps(net)).weight.shape == (1, 1)


def test_the_error_is_an_attribute_error_that_can_be_pickled() -> None:
    with pytest.raises(AttributeError) as error:
        tl.ones(2).shpae  # noqa: B018
    twin = pickle.loads(pickle.dumps(error.value))
    assert isinstance(twin, AttributeError) and str(twin) == str(error.value)
    assert error.value.name == "shpae"


DISTANCES = """
    abc abc 0, abc acb 1, abc ab 1, abc abcd 1, abc axc 1, ca abc 3, sort sqrt 1, linear lnaer 2, kitten sitting 3
"""


@pytest.mark.parametrize("row", DISTANCES.strip().split(", "))
def test_distance(row: str) -> None:
    a, b, slips = row.split()
    assert suggest.distance(a, b) == suggest.distance(b, a) == int(slips)
    assert suggest.distance(a, "") == suggest.distance("", a) == len(a)


# The list of PyTorch's names


def write() -> None:
    """Make the list of PyTorch's names anew, from the torch that is installed."""
    text = HEAD
    for place in sorted({*suggest.PLACES.values()}):
        words = " ".join(sorted(public(place)))
        text += f"{place}\n{fill(words, 128, initial_indent='  ', subsequent_indent='  ', break_on_hyphens=False)}\n"
    FILE.write_text(text, "utf-8")


if __name__ == "__main__" and "--write" in sys.argv:
    write()
