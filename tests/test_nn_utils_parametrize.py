"""nn.utils: weights that are computed from others, the functions on whole layers, and what is refused."""

from __future__ import annotations

import copy
import pickle
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.utils.prune

import tinygrad_lite as tl
from tinygrad_lite import nn

Close = Callable[..., None]
BOTH = (tl, torch)


def layers(in_features: int = 4, out_features: int = 3) -> tuple[Any, Any]:
    """The same Linear layer of both libraries, in float64."""
    made = []
    for lib in BOTH:
        lib.manual_seed(0)
        made.append(lib.nn.Linear(in_features, out_features, dtype=lib.float64))
    return made[0], made[1]


def kernels() -> tuple[Any, Any]:
    """The same module of both libraries with a weight of three dimensions."""
    made = []
    for lib in BOTH:

        class Kernel(lib.nn.Module):
            def __init__(self, lib: Any = lib) -> None:
                super().__init__()
                self.in_features = 4
                self.weight = lib.nn.Parameter(lib.randn(3, 4, 2, dtype=lib.float64))

            def forward(self, x: Any) -> Any:
                return (x @ self.weight).sum(0)

        lib.manual_seed(0)
        made.append(Kernel())
    return made[0], made[1]


def same(ours: Any, theirs: Any, close: Close) -> None:
    """The names, the values, the result for one input and the gradients."""
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]
    for value, expected in zip(ours.state_dict().values(), theirs.state_dict().values()):
        close(value, expected, 1e-9, 1e-11)
    x = np.random.default_rng(0).standard_normal((2, theirs.in_features))
    for p in (*ours.parameters(), *theirs.parameters()):
        p.grad = None
    for _ in range(2):  # the second use of a spectral norm starts from the first one's vectors
        out, expected = ours(tl.tensor(x)), theirs(torch.tensor(x))
        close(out, expected, 1e-9, 1e-11)
        (out * out).sum().backward()
        (expected * expected).sum().backward()
    for p, q in zip(ours.parameters(), theirs.parameters()):
        close(p.grad, q.grad, 1e-8, 1e-9)


def old(lib: Any, layer: Any, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return lib.nn.utils.weight_norm(layer, **options)


@pytest.mark.parametrize("dim", [0, 1, None, -1])
def test_weight_norm(dim: int | None, close: Close) -> None:
    ours, theirs = layers()
    same(old(tl, ours, dim=dim), old(torch, theirs, dim=dim), close)
    state = {key: value.numpy() * 1.5 for key, value in theirs.state_dict().items()}
    ours.load_state_dict({key: tl.tensor(value) for key, value in state.items()})
    theirs.load_state_dict({key: torch.tensor(value) for key, value in state.items()})
    same(ours, theirs, close)
    for lib, layer in ((tl, ours), (torch, theirs)):
        with pytest.raises(RuntimeError, match="Cannot register two weight_norm hooks"):
            old(lib, layer)
        assert lib.nn.utils.remove_weight_norm(layer) is layer and not layer._forward_pre_hooks
        with pytest.raises(ValueError, match="weight_norm of 'weight' not found"):
            lib.nn.utils.remove_weight_norm(layer)
    same(ours, theirs, close)
    with pytest.warns(FutureWarning, match="parametrizations"):
        nn.utils.weight_norm(nn.Linear(2, 2))


@pytest.mark.parametrize("form", ["utils", "parametrizations"])
@pytest.mark.parametrize(("make", "dim"), [(lambda: layers(20, 18), None), (layers, 1), (kernels, 0), (kernels, 1)])
def test_spectral_norm(form: str, make: Callable[[], Any], dim: int | None, close: Close) -> None:
    ours, theirs = make()
    for lib, layer in ((tl, ours), (torch, theirs)):
        lib.manual_seed(1)
        place = lib.nn.utils if form == "utils" else lib.nn.utils.parametrizations
        assert place.spectral_norm(layer, n_power_iterations=2, dim=dim) is layer
    same(ours, theirs, close)
    same(ours.eval(), theirs.eval(), close)
    for lib, layer in ((tl, ours), (torch, theirs)):
        if form == "utils":
            with pytest.raises(RuntimeError, match="Cannot register two spectral_norm hooks"):
                lib.nn.utils.spectral_norm(layer)
            lib.nn.utils.remove_spectral_norm(layer)
        else:
            lib.nn.utils.parametrize.remove_parametrizations(layer, "weight")
    same(ours, theirs, close)
    for lib in BOTH:
        for place in (lib.nn.utils, lib.nn.utils.parametrizations):
            with pytest.raises(ValueError, match="n_power_iterations"):
                place.spectral_norm(lib.nn.Linear(2, 2), n_power_iterations=0)
        with pytest.raises(ValueError, match="spectral_norm of 'weight' not found"):
            lib.nn.utils.remove_spectral_norm(lib.nn.Linear(2, 2))


@pytest.mark.parametrize("dim", [0, 1, None])
def test_weight_norm_as_a_parametrization(dim: int | None, close: Close) -> None:
    ours, theirs = layers()
    for lib, layer in ((tl, ours), (torch, theirs)):
        lib.nn.utils.parametrizations.weight_norm(layer, dim=dim)
        assert type(layer).__name__ == "ParametrizedLinear"
    same(ours, theirs, close)
    state = old(torch, layers()[1], dim=dim).state_dict()  # the older keys
    ours.load_state_dict({key: value.numpy() for key, value in state.items()})
    theirs.load_state_dict(state)
    same(ours, theirs, close)
    new = np.arange(12.0).reshape(3, 4)
    ours.weight, theirs.weight = tl.tensor(new), torch.tensor(new)
    same(ours, theirs, close)
    for lib, layer in ((tl, ours), (torch, theirs)):
        with pytest.raises(ValueError, match="leave"):
            lib.nn.utils.parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
        lib.nn.utils.parametrize.remove_parametrizations(layer, "weight")
        assert type(layer).__name__ == "Linear" and list(layer.state_dict()) == ["bias", "weight"]
    same(ours, theirs, close)


@pytest.mark.parametrize("sizes", [(4, 4), (5, 3), (3, 5)])
@pytest.mark.parametrize("orthogonal_map", [None, "matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("trivial", [False, True])
def test_orthogonal(sizes: tuple[int, int], orthogonal_map: str | None, trivial: bool, close: Close) -> None:
    ours, theirs = layers(*sizes)
    for lib, layer in ((tl, ours), (torch, theirs)):
        lib.manual_seed(1)
        lib.nn.utils.parametrizations.orthogonal(layer, orthogonal_map=orthogonal_map, use_trivialization=trivial)
    same(ours, theirs, close)
    for layer in (ours, theirs):
        for p in layer.parameters():
            p.data = p.data - 0.01 * p.grad
    same(ours, theirs, close)
    w = ours.weight.detach().numpy()
    w = w.T if w.shape[0] > w.shape[1] else w
    assert np.abs(w @ w.T - np.eye(len(w))).max() < 1e-12
    for lib, layer in ((tl, ours), (torch, theirs)):
        lib.manual_seed(2)
        new = lib.tensor(np.linalg.qr(np.random.default_rng(1).standard_normal((6, 6)))[0][: sizes[1], : sizes[0]].copy())
        try:
            layer.weight = new
        except NotImplementedError:
            assert not trivial
    same(ours, theirs, close)


def of(lib: Any) -> Any:
    """Parametrizations of one library: one with an inverse, one without, one of two tensors, and two that are wrong."""

    class Made:
        class Symmetric(lib.nn.Module):
            def forward(self, x: Any) -> Any:
                return x.triu() + x.triu(1).T

        class Exp(lib.nn.Module):
            def forward(self, x: Any) -> Any:
                return x.exp()

            def right_inverse(self, x: Any) -> Any:
                return x.abs().log()

        class Sum(lib.nn.Module):
            def forward(self, a: Any, b: Any) -> Any:
                return a + b

            def right_inverse(self, x: Any) -> Any:
                return x * 0.25, x * 0.75

        class Cut(lib.nn.Module):
            def forward(self, x: Any) -> Any:
                return x[:1]

        class Cast(lib.nn.Module):
            def forward(self, x: Any) -> Any:
                return x.float()

    return Made


def test_parametrizations_of_ones_own(close: Close) -> None:
    ours, theirs = layers(3, 3)
    weights = ours.weight, theirs.weight
    for lib, layer in ((tl, ours), (torch, theirs)):
        P, Made = lib.nn.utils.parametrize, of(lib)
        P.register_parametrization(layer, "weight", Made.Exp())
        P.register_parametrization(layer, "weight", Made.Symmetric())
        P.register_parametrization(layer, "bias", Made.Sum())
        layer.register_buffer("seen", lib.ones(2, dtype=lib.float64))
        P.register_parametrization(layer, "seen", Made.Exp())
        assert P.is_parametrized(layer) and P.is_parametrized(layer, "bias") and not P.is_parametrized(layer, "other")
        assert P.type_before_parametrizations(layer) is lib.nn.Linear
        assert type(layer).__name__ == "ParametrizedLinear"
        with pytest.raises(RuntimeError, match="Symmetric does not implement right_inverse"):
            layer.weight = lib.ones(3, 3, dtype=lib.float64)
        layer.bias = lib.ones(3, dtype=lib.float64)
    assert ours.parametrizations.weight.original is weights[0]
    assert repr(ours) == repr(theirs)
    same(ours, theirs, close)
    twin = copy.deepcopy(ours)
    for lib, layer in ((tl, ours), (torch, theirs)):
        with lib.nn.utils.parametrize.cached():
            assert layer.weight is layer.weight
        assert layer.weight is not layer.weight
        with lib.no_grad():
            layer.parametrizations.weight.original.mul_(2)
        with lib.nn.utils.parametrize.cached():
            after = layer.weight
        assert (after == layer.weight).all()
        lib.nn.utils.parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
        lib.nn.utils.parametrize.remove_parametrizations(layer, "seen")
    same(ours, theirs, close)
    assert ours.weight is weights[0] and "parametrizations.weight.original" in twin.state_dict()
    close(twin(tl.ones(3, dtype=tl.float64)), twin.weight.detach().sum(1) + twin.bias.detach())


def test_errors_of_parametrizations() -> None:
    for lib in BOTH:
        P, Made = lib.nn.utils.parametrize, of(lib)
        for name, kind, error in (("weight", "Cut", ValueError), ("weight", "Cast", ValueError), ("lost", "Exp", ValueError)):
            layer = lib.nn.Linear(3, 3, dtype=lib.float64)
            with pytest.raises(error):
                P.register_parametrization(layer, name, getattr(Made, kind)())
            P.register_parametrization(layer, "weight", Made.Exp())
            with pytest.raises(error):
                P.register_parametrization(layer, name, getattr(Made, kind)())
        P.register_parametrization(lib.nn.Linear(3, 3), "weight", Made.Cut(), unsafe=True)
        with pytest.raises(ValueError, match="does not have a parametrization on weight"):
            P.remove_parametrizations(lib.nn.Linear(2, 2), "weight")
        with pytest.raises(ValueError, match="orthogonal_map has to be one of"):
            lib.nn.utils.parametrizations.orthogonal(lib.nn.Linear(2, 2), orthogonal_map="other")
        with pytest.raises(ValueError, match="Expected a matrix"):
            lib.nn.utils.parametrizations.orthogonal(lib.nn.Linear(2, 2), "bias")
        with pytest.raises(ValueError, match="has no parameter or buffer"):
            lib.nn.utils.parametrizations.spectral_norm(lib.nn.Linear(2, 2), "lost")
        with pytest.raises(IndexError):
            lib.nn.utils.parametrizations.spectral_norm(lib.nn.Linear(2, 2), dim=2)


@pytest.mark.parametrize("kind", ["Conv1d", "ConvTranspose2d"])
@pytest.mark.parametrize("name", ["utils.spectral_norm", "parametrizations.spectral_norm", "parametrizations.weight_norm"])
def test_norms_of_convolutions(kind: str, name: str, close: Close) -> None:
    x, made = np.random.default_rng(0).standard_normal((2, 4, 5, 5)[: 3 + ("2d" in kind)]), []
    for lib in BOTH:
        lib.manual_seed(0)
        place = lib.nn.utils if name.startswith("utils") else lib.nn.utils.parametrizations
        layer = getattr(place, name.split(".")[1])(getattr(lib.nn, kind)(4, 3, 2, dtype=lib.float64))
        out = layer(lib.tensor(x))
        (out * out).sum().backward()
        made.append([*layer.state_dict().values(), out, *[p.grad for p in layer.parameters()]])
    for ours, theirs in zip(*made, strict=True):
        close(ours, theirs, 1e-9, 1e-11)


@pytest.mark.parametrize("form", ["utils", "parametrizations"])
def test_two_uses_of_a_spectral_norm_before_backward(form: str, close: Close) -> None:
    grads = []
    for lib, layer in zip(BOTH, layers()):
        lib.manual_seed(1)
        place = lib.nn.utils if form == "utils" else lib.nn.utils.parametrizations
        place.spectral_norm(layer)
        x = lib.ones(4, dtype=lib.float64)
        (layer(x) * layer(2 * x)).sum().backward()
        grads.append([p.grad for p in layer.parameters()])
        evaluated = lib.nn.Linear(2, 2).eval()
        lib.nn.utils.parametrizations.spectral_norm(evaluated)
        assert not evaluated.parametrizations.weight[0].training
    for ours, theirs in zip(*grads):
        close(ours, theirs, 1e-9, 1e-11)


def test_copies_of_hooked_weights(close: Close) -> None:
    layer = old(tl, nn.Linear(2, 2, dtype=tl.float64))
    layer.weight = layer.weight.detach()
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        with tl.no_grad():
            twin.weight_g.mul_(2)
        x = tl.ones(2, dtype=tl.float64)
        close(twin(x) - twin.bias, 2 * (layer(x) - layer.bias))


@pytest.mark.parametrize("bias", [True, False])
def test_fusion_with_batch_norm(bias: bool, close: Close) -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.random(4) + 0.5 for _ in range(4)]
    for layer, bn, fuse, shape in (
        (nn.Linear(3, 4, bias), nn.BatchNorm1d(4), nn.utils.fuse_linear_bn_eval, (5, 3)),
        (nn.Conv2d(3, 4, 2, bias=bias), nn.BatchNorm2d(4), nn.utils.fuse_conv_bn_eval, (2, 3, 5, 5)),
        (
            nn.ConvTranspose1d(3, 4, 2, bias=bias),
            nn.BatchNorm1d(4),
            partial(nn.utils.fuse_conv_bn_eval, transpose=True),
            (2, 3, 5),
        ),
    ):
        x = tl.tensor(rng.standard_normal(shape))
        bn.double()(layer.double()(x))  # its averages are no longer 0 and 1
        with pytest.raises(AssertionError, match="only for eval"):
            fuse(layer.eval(), bn)
        fused = fuse(layer, bn.eval())
        close(fused(x), bn(layer(x)))
        assert fused.weight.requires_grad and fused.bias.requires_grad == bias and fused is not layer
    b = rng.random(4) if bias else None
    for name, shape, options in (
        ("fuse_linear_bn_weights", (4, 3), {}),
        ("fuse_conv_bn_weights", (4, 3, 2, 2), {}),
        ("fuse_conv_bn_weights", (3, 4, 2), {"transpose": True}),
    ):
        w, made = rng.standard_normal(shape), []
        for lib in BOTH:
            mean, var, scale, shift = [lib.tensor(a) for a in arrays]
            given = lib.nn.Parameter(lib.tensor(w)), None if b is None else lib.nn.Parameter(lib.tensor(b))
            made.append(getattr(lib.nn.utils, name)(*given, mean, var, 1e-3, scale, shift, **options))
        for ours, theirs in zip(*made):
            close(ours, theirs)
            assert ours.requires_grad == theirs.requires_grad
    with pytest.raises(AssertionError, match="sizes do not fit"):
        nn.utils.fuse_linear_bn_eval(nn.Linear(3, 5), nn.BatchNorm1d(4))


def test_skip_init_and_what_is_refused() -> None:
    tl.manual_seed(0)
    layer = nn.utils.skip_init(nn.Linear, 3, 4, dtype=tl.float64)
    assert repr(layer) == repr(torch.nn.utils.skip_init(torch.nn.Linear, 3, 4)) and layer.weight.dtype == tl.float64
    after = tl.rand(1)
    tl.manual_seed(0)
    assert after == tl.rand(1)
    for bad in (nn.ReLU, dict):
        with pytest.raises(RuntimeError):
            nn.utils.skip_init(bad)
    for name in nn.utils.prune.__all__:
        assert hasattr(torch.nn.utils.prune, name)
        with pytest.raises(NotImplementedError, match="register_parametrization"):
            getattr(nn.utils.prune, name)(layer, "weight", 0.5)
