"""Losses as modules: each as PyTorch's own samples of it, its signature, its old options and its errors."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.testing._internal.common_modules import module_db

import tinygrad_lite as tl
from tinygrad_lite import nn

Close = Callable[..., None]
F = nn.functional
LOSSES = [name for name in torch.nn.modules.loss.__all__ if name != "CTCLoss"]
OPTIONS: dict[str, tuple[Any, ...]] = {"LinearCrossEntropyLoss": (3, 4)}
WITH_REDUCTION = [name for name in LOSSES if "size_average" in inspect.signature(getattr(torch.nn, name)).parameters]
DATABASE = {info.module_cls.__name__: info for info in module_db}


def ours_of(x: Any, made: dict[int, Any]) -> Any:
    """An argument of torch's as ours: the same tensor is the same tensor again."""
    if isinstance(x, torch.Tensor):
        if id(x) not in made:
            made[id(x)] = (x, tl.tensor(x.detach().numpy()).requires_grad_(x.requires_grad))
        return made[id(x)][1]
    if isinstance(x, (tuple, list)):
        return type(x)(ours_of(part, made) for part in x)
    if isinstance(x, dict):
        return {key: ours_of(value, made) for key, value in x.items()}
    return tl.float64 if x is torch.float64 else x


def gradients(lib: Any, out: Any, inputs: list[Any], once: bool) -> list[Any]:
    """The gradients of all inputs that require them, and of a function of these gradients once more."""
    wanted = [x for x in inputs if isinstance(x, (torch.Tensor, tl.Tensor)) and x.requires_grad]
    if not out.requires_grad:
        return []
    first = lib.autograd.grad(out.sum(), wanted, create_graph=True, allow_unused=True)
    if once:
        return list(first)
    again = sum((g * g).sum() for g in first if g is not None)
    try:
        second = lib.autograd.grad(again, wanted, allow_unused=True)
    except RuntimeError:  # torch has no second derivative of some, and ours of a constant is not recorded
        second = ()
    return [*first, *second]


@pytest.mark.parametrize("name", [name for name in LOSSES if name in DATABASE])
def test_samples_of_torchs_database(name: str, close: Close) -> None:
    info, seen = DATABASE[name], set()
    samples = info.module_inputs_func(info, device="cpu", dtype=torch.float64, requires_grad=True, training=True)
    for sample in samples:
        made: dict[int, Any] = {}
        options, given = sample.constructor_input, sample.forward_input
        kind = (str(options.kwargs), sample.desc)
        if kind in seen or "chunking" in str(options.kwargs):
            continue
        seen.add(kind)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # KLDivLoss's of what "mean" may mean one day
            torch.manual_seed(0)
            theirs = getattr(torch.nn, name)(*options.args, **options.kwargs)
            tl.manual_seed(0)
            ours = getattr(nn, name)(*ours_of(options.args, made), **ours_of(options.kwargs, made))
            expected, found = theirs(*given.args), ours(*ours_of(given.args, made))
        assert repr(ours) == repr(theirs) and list(ours.state_dict()) == list(theirs.state_dict())
        close(found, expected)
        ins = [*given.args, *theirs.parameters()], [*ours_of(given.args, made), *ours.parameters()]
        once = name == "BCELoss"  # torch's second derivative has 1e-12 added to its denominators
        for g, g_ours in zip(gradients(torch, expected, ins[0], once), gradients(tl, found, ins[1], once)):
            if g is not None and g_ours is not None:
                close(g_ours, g)
            else:  # one of the two says None for zeros
                assert all(x is None or not x.any() for x in (g, g_ours))
    if info.module_error_inputs_func:
        for bad in info.module_error_inputs_func(info, device="cpu", dtype=torch.float64, requires_grad=False, training=True):
            options, given, made = bad.module_error_input.constructor_input, bad.module_error_input.forward_input, {}
            with pytest.raises(bad.error_type):
                ours = getattr(nn, name)(*ours_of(options.args, made), **ours_of(options.kwargs, made))
                ours(*ours_of(given.args, made))


def test_all_of_torchs_losses_are_here_with_their_signatures() -> None:
    for name in torch.nn.modules.loss.__all__:
        if name == "NLLLoss2d":  # torch's is deprecated by a wrapper, of *args
            continue
        ours, theirs = (inspect.signature(getattr(lib, name)).parameters for lib in (nn, torch.nn))
        assert [(p.name, p.default, p.kind) for p in ours.values()] == [(p.name, p.default, p.kind) for p in theirs.values()]
    for name in [name for name in dir(torch.nn.functional) if "loss" in name or "cross_entropy" in name or name == "kl_div"]:
        if "adaptive" in name:
            continue
        ours, theirs = (inspect.signature(getattr(lib, name)).parameters for lib in (F, torch.nn.functional))
        assert [(p.name, p.default, p.kind) for p in ours.values()] == [(p.name, p.default, p.kind) for p in theirs.values()]


@pytest.mark.parametrize("name", WITH_REDUCTION)
def test_the_old_form_of_reduction(name: str) -> None:
    for old in ({"size_average": False}, {"reduce": False}, {"size_average": True}, {"reduce": True, "size_average": False}):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = getattr(torch.nn, name)(*OPTIONS.get(name, ()), **old).reduction
            assert getattr(nn, name)(*OPTIONS.get(name, ()), **old).reduction == expected
        with pytest.warns(UserWarning, match=f"use reduction='{expected}'"), warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=FutureWarning)
            getattr(nn, name)(*OPTIONS.get(name, ()), **old)


def test_functions_take_the_old_form_too(close: Close) -> None:
    x, y = np.array([0.25, 0.5]), np.array([1.0, 0.5])
    for name in ("mse_loss", "smooth_l1_loss", "binary_cross_entropy", "kl_div", "poisson_nll_loss", "hinge_embedding_loss"):
        with pytest.warns(UserWarning):
            ours = getattr(F, name)(tl.tensor(x), tl.tensor(y), reduce=False)
        with pytest.warns(UserWarning):
            close(ours, getattr(torch.nn.functional, name)(torch.tensor(x), torch.tensor(y), reduce=False))
    with pytest.warns(UserWarning, match="reduction='sum'"):
        assert F.mse_loss(tl.tensor(x), tl.tensor(y), False).item() == 0.5625


@pytest.mark.parametrize(
    "name", ["MSELoss", "L1Loss", "BCEWithLogitsLoss", "NLLLoss", "CrossEntropyLoss", "HingeEmbeddingLoss"]
)
def test_a_loss_made_with_its_tensors_says_how_it_is_called(name: str) -> None:
    x = tl.zeros(2, 3)
    with pytest.raises(TypeError, match=rf"^{name} is made with options only: .* {name}\(\)\(input, target\), or F\.(\w+)"):
        getattr(nn, name)(x, x)


def test_losses_of_one_kind_keep_their_options() -> None:
    for name, options in {
        "TripletMarginLoss": {"margin": 2.0, "p": 1, "eps": 0.1, "swap": True},
        "MultiMarginLoss": {"p": 2, "margin": 0.5},
        "PoissonNLLLoss": {"log_input": False, "full": True, "eps": 0.1},
        "KLDivLoss": {"reduction": "batchmean", "log_target": True},
    }.items():
        ours, theirs = getattr(nn, name)(**options), getattr(torch.nn, name)(**options)
        for key in (*options, "reduction"):
            assert getattr(ours, key) == getattr(theirs, key)


def test_similarities(close: Close) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((3, 4)), rng.standard_normal((3, 4))
    for name, options in (("CosineSimilarity", (0, 0.1)), ("CosineSimilarity", ()), ("PairwiseDistance", (1.0, 0.1, True))):
        ours, theirs = getattr(nn, name)(*options), getattr(torch.nn, name)(*options)
        close(ours(tl.tensor(x), tl.tensor(y)), theirs(torch.tensor(x), torch.tensor(y)))
        assert repr(ours) == repr(theirs)


def test_errors() -> None:
    for make, error in [
        (lambda lib: lib.nn.TripletMarginLoss(margin=0), ValueError),
        (lambda lib: lib.nn.TripletMarginWithDistanceLoss(margin=-1), ValueError),
        (lambda lib: lib.nn.MultiMarginLoss(p=3), ValueError),
        (lambda lib: lib.nn.MultiMarginLoss(weight=lib.ones(2, 2)), ValueError),
        (lambda lib: lib.nn.HuberLoss(delta="1"), TypeError),
    ]:
        for lib in (tl, torch):
            with pytest.raises(error):
                make(lib)
    with pytest.warns(FutureWarning, match="NLLLoss"):
        assert isinstance(nn.NLLLoss2d(), nn.NLLLoss)
    for refuse in (nn.CTCLoss, lambda: F.ctc_loss(None, None, None, None)):
        with pytest.raises(NotImplementedError, match="alignments"):
            refuse()


def adaptive_of(lib: Any, **options: Any) -> Any:
    lib.manual_seed(0)
    return lib.nn.AdaptiveLogSoftmaxWithLoss(6, 12, [3, 7], div_value=2, dtype=lib.float64, **options)


@pytest.mark.parametrize("head_bias", [False, True])
@pytest.mark.parametrize("target", [[0, 11, 4, 2, 7, 6], [1, 2], 8, 0])
def test_adaptive_softmax(head_bias: bool, target: Any, close: Close) -> None:
    made: list[list[Any]] = []
    for lib in (tl, torch):
        layer, t = adaptive_of(lib, head_bias=head_bias), lib.tensor(target)
        x = lib.tensor(np.random.default_rng(0).standard_normal((*t.shape, 6)), requires_grad=True)
        result = layer(x, t)
        wanted = [x, *layer.parameters()]
        first = lib.autograd.grad(result.loss + (result.output**2).sum(), wanted, create_graph=True, allow_unused=True)
        second = lib.autograd.grad(sum((g * g).sum() for g in first if g is not None), wanted, allow_unused=True)
        rows = x if x.ndim > 1 else x.unsqueeze(0)
        made.append([*layer.state_dict().values(), *result, *first, *second, layer.log_prob(rows), layer.predict(rows)])
        made[-1] += [list(layer.state_dict()), repr(layer), result._fields]
    for ours, theirs in zip(*made, strict=True):
        if isinstance(theirs, (str, list, tuple)) or theirs is None:
            assert ours == theirs
        else:
            close(ours, theirs)


def test_errors_of_adaptive_softmax() -> None:
    for lib in (tl, torch):
        for cutoffs in ([], [0, 3], [3, 3], [5, 3], [3, 12], [2.5]):
            with pytest.raises(ValueError):
                lib.nn.AdaptiveLogSoftmaxWithLoss(6, 12, cutoffs)
        layer = adaptive_of(lib)
        for x, t in (((2, 6), [0, 12]), ((2, 6), [0, -1]), ((3, 6), [0, 1]), ((6,), [0]), ((2, 6), [[0, 1]])):
            with pytest.raises(RuntimeError):
                layer(lib.zeros(*x, dtype=lib.float64), lib.tensor(t))
    layer = adaptive_of(tl)
    before = layer.head.weight.tolist()
    layer.reset_parameters()
    assert layer.head.weight.tolist() != before
