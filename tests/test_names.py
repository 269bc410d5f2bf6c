"""Names that do not exist: PyTorch's that we lack, the expressions that do the same work here, and typing mistakes."""

from __future__ import annotations

import copy
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
        if (place, name) == ("torch.distributed", "reduce_op"):
            continue  # the old name of ReduceOp, which warns of itself
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
    assert lacking or place in ("torch.autograd.functional", "torch.nn.init")  # which are whole
    for name in lacking:
        text = error_of(place, name)
        assert f"has no attribute {name!r}: PyTorch has {place}.{name}, tinygrad_lite does not yet" in text
        assert "Did you mean" not in text


# What does their work here

TEXT = Path(suggest.__file__).with_name("instead.txt").read_text("utf-8")


def ours(name: str, **values: Any) -> Any:
    """What the expression for a name of PyTorch's gives."""
    return eval(suggest.instead()[name], {"tl": tl, "nn": nn, "F": F, **values})


def test_the_loss_instead_is_pytorchs() -> None:
    rng = np.random.default_rng(0)
    logits, y = rng.standard_normal((3, 4)), rng.random((3, 4))
    x, z = tl.tensor(logits, requires_grad=True), torch.tensor(logits, requires_grad=True)
    loss = ours("binary_cross_entropy_with_logits", logits=x, y=tl.tensor(y))
    expected = torch.binary_cross_entropy_with_logits(z, torch.tensor(y)).mean()
    loss.backward()
    expected.backward()
    np.testing.assert_allclose(loss.item(), expected.item(), 1e-14)
    np.testing.assert_allclose(x.grad.numpy(), z.grad.numpy(), 1e-12, 1e-15)


def test_every_expression_is_needed() -> None:
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
    x.cross_entropy x._shape tl.foo tl.qqqqqq tl.Linear tl.fft tl.jit tl.sparse tl.stacked_sums nn.SyncBatchNorm nn.Sync
    nn.cross_entropy nn.Foo nn.SGD optim.SparseAdam optim.Lion F.grid_sample net.encoder net.embedding net.fc net.zzz net.conv
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
    assert asked("nn.Container") == (
        "module 'tinygrad_lite.nn' has no attribute 'Container': PyTorch has torch.nn.Container, tinygrad_lite does not yet"
    )
    assert asked("tl.binary_cross_entropy_with_logits") == (
        "module 'tinygrad_lite' has no attribute 'binary_cross_entropy_with_logits': PyTorch has "
        "torch.binary_cross_entropy_with_logits, tinygrad_lite does not yet. "
        "Instead: F.binary_cross_entropy_with_logits(logits, y)"
    )
    assert asked("tl.fft") == (
        "module 'tinygrad_lite' has no attribute 'fft': PyTorch has torch.fft, tinygrad_lite does not yet"
    )
    assert asked("x.gelu") == "'Tensor' object has no attribute 'gelu'; in PyTorch it is torch.nn.functional.gelu"
    assert asked("nn.SGD") == "module 'tinygrad_lite.nn' has no attribute 'SGD'; in PyTorch it is torch.optim.SGD"
    assert asked("net.embedding") == "'Linear' object has no attribute 'embedding'"
    assert asked("net.weight.nroms") == "'Parameter' object has no attribute 'nroms'"
    assert asked("x.__deepcopy__") == "'Tensor' object has no attribute '__deepcopy__'"
    assert asked("tl.optim.SparseAdam").endswith("PyTorch has torch.optim.SparseAdam, tinygrad_lite does not yet")
    assert asked("net.xpu").endswith("PyTorch has torch.nn.Module.xpu, tinygrad_lite does not yet")


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("from tinygrad_lite.nn import Container", "name 'Container' from 'tinygrad_lite.nn': PyTorch has torch.nn.Container"),
        ("from tinygrad_lite.optim import Adam, AdmW", "'AdmW' from 'tinygrad_lite.optim'. Did you mean: 'AdamW'"),
        ("from tinygrad_lite import jit", "torch.jit, tinygrad_lite does not yet"),
        (
            "from tinygrad_lite import binary_cross_entropy_with_logits",
            "Instead: F.binary_cross_entropy_with_logits(logits, y)",
        ),
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
