"""Losses of numbers, distances and margins against PyTorch: values, gradients, options, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl

RNG = np.random.default_rng(0)
X, Y, Z = (RNG.standard_normal((4, 5)) for _ in range(3))
P, Q = (RNG.uniform(0.05, 0.95, (4, 5)) for _ in range(2))
SIGNS, ROW_SIGNS = np.where(X > 0, 1.0, -1.0), np.array([1.0, -1.0, 1.0, -1.0])
CLASSES, LISTED = np.array([0, 4, 2, 2]), np.array([[1, 2, -1, 0, 0], [0, -1, 0, 0, 0], [-1, 1, 1, 1, 1], [4, 3, 2, 1, 0]])
W = RNG.uniform(0.5, 2, 5)


def weights(t: Any) -> Any:
    return t.tensor(W)


CALLS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "l1_weight": (lambda t, f, x, y, **o: f.l1_loss(x, y, weight=(x * x).detach(), **o), (X, Y)),
    "mse_weight": (lambda t, f, x, y, **o: f.mse_loss(x, y, weight=(x * x).detach(), **o), (X, Y)),
    "smooth_l1": (lambda t, f, x, y, **o: f.smooth_l1_loss(x, y, beta=0.7, **o), (X, Y)),
    "smooth_l1_0": (lambda t, f, x, y, **o: f.smooth_l1_loss(x, y, beta=0.0, **o), (X, Y)),
    "huber": (lambda t, f, x, y, **o: f.huber_loss(x, y, delta=0.7, **o), (X, Y)),
    "huber_weight": (lambda t, f, x, y, **o: f.huber_loss(x, y, weight=(x * x).detach(), **o), (X, Y)),
    "bce": (lambda t, f, x, **o: f.binary_cross_entropy(x, t.tensor(Q), weights(t), **o), (P,)),
    "bce_with_logits": (lambda t, f, x, **o: f.binary_cross_entropy_with_logits(x, t.tensor(Q), weights(t), **o), (X,)),
    "bce_pos_weight": (lambda t, f, x, y, **o: f.binary_cross_entropy_with_logits(x, y, pos_weight=weights(t), **o), (X, P)),
    "kl_div": (lambda t, f, x, y, **o: f.kl_div(x, y, **o), (X, P)),
    "kl_div_log": (lambda t, f, x, y, **o: f.kl_div(x, y, log_target=True, **o), (X, Y)),
    "poisson": (lambda t, f, x, **o: f.poisson_nll_loss(x, t.tensor(Q * 5), full=True, **o), (X,)),
    "poisson_rate": (lambda t, f, x, y, **o: f.poisson_nll_loss(x, y, log_input=False, **o), (P, Q)),
    "gaussian": (lambda t, f, x, y, v, **o: f.gaussian_nll_loss(x, y, v, full=True, **o), (X, Y, P)),
    "gaussian_tiny": (lambda t, f, x, y, v, **o: f.gaussian_nll_loss(x, y, v, eps=0.4, **o), (X, Y, P[:, :1])),
    "gaussian_number": (lambda t, f, x, y, **o: f.gaussian_nll_loss(x, y, 0.5, **o), (X, Y)),
    "soft_margin": (lambda t, f, x, **o: f.soft_margin_loss(x, t.tensor(SIGNS), **o), (Y,)),
    "multilabel_soft_margin": (lambda t, f, x, **o: f.multilabel_soft_margin_loss(x, t.tensor(P), weights(t), **o), (X,)),
    "cosine_embedding": (lambda t, f, x, y, **o: f.cosine_embedding_loss(x, y, t.tensor(ROW_SIGNS), 0.2, **o), (X, Y)),
    "hinge_embedding": (lambda t, f, x, **o: f.hinge_embedding_loss(x, t.tensor(SIGNS), 0.8, **o), (Y,)),
    "margin_ranking": (lambda t, f, x, y, **o: f.margin_ranking_loss(x, y, t.tensor(SIGNS), 0.3, **o), (Y, Z)),
    "triplet": (lambda t, f, x, y, z, **o: f.triplet_margin_loss(x, y, z, 0.9, p=3, swap=True, **o), (X, Y, Z)),
    "triplet_l1": (
        lambda t, f, x, y, z, **o: f.triplet_margin_with_distance_loss(x, y, z, distance_function=lambda a, b: abs(a - b), **o),
        (X, Y, Z),
    ),
    "multi_margin": (lambda t, f, x, **o: f.multi_margin_loss(x, t.tensor(CLASSES), 2, 0.7, weights(t), **o), (X,)),
    "multilabel_margin": (lambda t, f, x, **o: f.multilabel_margin_loss(x, t.tensor(LISTED), **o), (X,)),
    "normalize": (lambda t, f, x, **o: f.normalize(x, 3.0, 0), (X,)),
    "normalize_0": (lambda t, f, x, **o: f.normalize(x), (X * 0,)),
    "cosine_similarity": (lambda t, f, x, y, **o: f.cosine_similarity(x, y, 1), (X, Y[:1])),
    "cosine_similarity_0": (lambda t, f, x, y, **o: f.cosine_similarity(x, y, -1), (X * 0, Y)),
    "pairwise_distance": (lambda t, f, x, y, **o: f.pairwise_distance(x, y, keepdim=True), (X, Y)),
    "pdist": (lambda t, f, x, **o: f.pdist(x), (X,)),
}


# Where PyTorch has no second derivative, or nan for it
ONCE = ("multi_margin", "multilabel_margin", "pdist", "normalize_0", "cosine_similarity_0")


def derivatives(t: Any, call: Any, arrays: tuple[Any, ...], twice: bool = True, **options: Any) -> list[Any]:
    """The value, the gradients, and the gradients of their squares."""
    xs = [t.tensor(a, requires_grad=True) for a in arrays]
    y = call(t, t.nn.functional, *xs, **options)
    if not twice:
        return [y, *t.autograd.grad((y * y).sum(), xs)]
    first = t.autograd.grad((y * y).sum(), xs, create_graph=True)
    second = t.autograd.grad(sum((g * g).sum() for g in first), xs, allow_unused=True)
    return [y, *first, *[x * 0 if g is None else g for g, x in zip(second, xs)]]


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.filterwarnings("ignore:reduction")
def test_values_and_two_derivatives_equal_torch(name: str, reduction: str) -> None:
    call, arrays = CALLS[name]
    twice = name not in ONCE
    ours, theirs = (derivatives(t, call, arrays, twice, reduction=reduction) for t in (tl, torch))
    for a, b in zip(ours, theirs):
        assert tuple(a.shape) == tuple(b.shape)
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-9, atol=1e-11)


def test_binary_cross_entropy_is_finite_at_0_and_1() -> None:
    def run(t: Any) -> Any:
        x = t.tensor([0.0, 1.0, 0.0, 1.0], requires_grad=True)
        y = t.nn.functional.binary_cross_entropy(x, t.tensor([0.25, 0.25, 0.0, 1.0]), reduction="none")
        y.sum().backward()
        return y.detach(), x.grad

    for a, b in zip(run(tl), run(torch)):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-6)


def test_batchmean() -> None:
    for a, b in zip(*(derivatives(t, CALLS["kl_div"][0], (X, P), reduction="batchmean") for t in (tl, torch))):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-9)


@pytest.mark.parametrize(
    "call",
    [
        lambda t, f: f.smooth_l1_loss(t.ones(2), t.ones(2), beta=-1.0),
        lambda t, f: f.huber_loss(t.ones(2), t.ones(2), delta=0.0),
        lambda t, f: f.huber_loss(t.ones(2), t.ones(2), weight=t.ones(1)),
        lambda t, f: f.mse_loss(t.ones(2), t.ones(2), weight=t.ones(1)),
        lambda t, f: f.binary_cross_entropy(t.ones(2) * 2, t.ones(2)),
        lambda t, f: f.binary_cross_entropy(t.ones(2), t.ones(3)),
        lambda t, f: f.gaussian_nll_loss(t.ones(2), t.ones(2), -1.0),
        lambda t, f: f.gaussian_nll_loss(t.ones(2), t.ones(2), -t.ones(2)),
        lambda t, f: f.gaussian_nll_loss(t.ones(2, 3), t.ones(2, 3), t.ones(3)),
        lambda t, f: f.gaussian_nll_loss(t.ones(2), t.ones(2), t.ones(2), reduction="all"),
        lambda t, f: f.cosine_embedding_loss(t.ones(2), t.ones(2), t.ones(2)),
        lambda t, f: f.cosine_embedding_loss(t.ones(2), t.ones(2), t.ones(2, 2)),
        lambda t, f: f.margin_ranking_loss(t.ones(2), t.ones(2), t.ones(2, 2)),
        lambda t, f: f.triplet_margin_loss(t.ones(2), t.ones(2), t.ones(2), margin=-1.0),
        lambda t, f: f.triplet_margin_loss(t.ones(2), t.ones(2), t.ones(2, 2)),
        lambda t, f: f.multi_margin_loss(t.ones(2, 3), t.tensor([0, 0]), p=3),
        lambda t, f: f.multi_margin_loss(t.ones(2, 3), t.tensor([0])),
        lambda t, f: f.multi_margin_loss(t.ones(2, 3), t.tensor([0, 3])),
        lambda t, f: f.multilabel_margin_loss(t.ones(2, 3), t.tensor([0, 0])),
        lambda t, f: f.multilabel_margin_loss(t.ones(2), t.tensor([0, 2])),
        lambda t, f: f.pdist(t.ones(2)),
        lambda t, f: f.l1_loss(t.ones(2), t.ones(2), reduction="all"),
    ],
)
def test_errors_are_of_torchs_type(call: Any) -> None:
    errors = []
    for t in (tl, torch):
        with pytest.raises((RuntimeError, ValueError)) as info:
            call(t, t.nn.functional)
        errors.append(info.type)
    assert errors[0] is errors[1]
