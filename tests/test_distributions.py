"""tinygrad_lite.distributions beside torch.distributions: draws, values, gradients, moments, divergences and refusals."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributions as theirs

import tinygrad_lite as tl
from tinygrad_lite import distributions as ours

RANDOM = np.random.default_rng(0)
# fmt: off
SPREAD, POSITIVE = np.array([[-1.5, 0.0, 0.7], [2.0, -0.3, 10.0]]), np.array([0.5, 1.0, 3.0])
SHAPES = np.array([[0.3, 1.0, 2.5], [7.0, 9.0, 100.0]])  # both sides of each case of implicit.py
CHANCES, WEIGHTS = np.array([[0.1, 0.5, 0.9], [0.3, 0.7, 0.2]]), np.array([[1.0, 2.0, 3.0, 0.5], [0.1, 0.2, 0.3, 0.4]])
LOGITS = np.array([[-2.0, 0.0, 1.5], [0.3, 5.0, -0.7]])
C = np.array([[2.0, 0.5, 0.1], [0.5, 1.0, 0.2], [0.1, 0.2, 3.0]])
L = np.linalg.cholesky(C)
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "Normal": ("Normal", {"loc": SPREAD, "scale": POSITIVE}),
    "Normal of numbers": ("Normal", {"loc": 0, "scale": 1.5}),
    "Normal of a number": ("Normal", {"loc": 0.0, "scale": POSITIVE}),
    "Uniform": ("Uniform", {"low": SPREAD, "high": 10 + POSITIVE}),
    "Bernoulli": ("Bernoulli", {"probs": CHANCES}),
    "Bernoulli logits": ("Bernoulli", {"logits": LOGITS}),
    "Categorical": ("Categorical", {"probs": WEIGHTS}),
    "Categorical logits": ("Categorical", {"logits": LOGITS}),
    "Categorical vector": ("Categorical", {"probs": WEIGHTS[0]}),
    "OneHotCategorical": ("OneHotCategorical", {"probs": WEIGHTS}),
    "OneHotCategoricalStraightThrough": ("OneHotCategoricalStraightThrough", {"logits": LOGITS}),
    "Multinomial": ("Multinomial", {"total_count": 5, "probs": WEIGHTS}),
    "Multinomial logits": ("Multinomial", {"total_count": 3, "logits": LOGITS[0]}),
    "Binomial": ("Binomial", {"total_count": 12, "probs": CHANCES}),
    "Binomial logits": ("Binomial", {"total_count": np.full((2, 3), 40.0), "logits": LOGITS}),
    "Beta": ("Beta", {"concentration1": SHAPES, "concentration0": np.array([0.5, 8.0, 80.0])}),
    "Beta of numbers": ("Beta", {"concentration1": 2.0, "concentration0": 3.0}),
    "Gamma": ("Gamma", {"concentration": SHAPES, "rate": POSITIVE}),
    "Exponential": ("Exponential", {"rate": POSITIVE}),
    "Laplace": ("Laplace", {"loc": SPREAD, "scale": POSITIVE}),
    "LogNormal": ("LogNormal", {"loc": SPREAD / 10, "scale": POSITIVE}),
    "HalfNormal": ("HalfNormal", {"scale": POSITIVE}),
    "Poisson": ("Poisson", {"rate": np.array([0.5, 4.0, 30.0])}),
    "Geometric": ("Geometric", {"probs": CHANCES}),
    "Geometric logits": ("Geometric", {"logits": LOGITS}),
    "Dirichlet": ("Dirichlet", {"concentration": SHAPES}),
    "Dirichlet vector": ("Dirichlet", {"concentration": np.array([0.2, 0.5])}),
    "Chi2": ("Chi2", {"df": POSITIVE}),
    "StudentT": ("StudentT", {"df": np.array([0.5, 2.0, 5.0]), "loc": SPREAD, "scale": POSITIVE}),
    "Cauchy": ("Cauchy", {"loc": SPREAD, "scale": POSITIVE}),
    "Gumbel": ("Gumbel", {"loc": SPREAD, "scale": POSITIVE}),
    "MultivariateNormal covariance": ("MultivariateNormal", {"loc": SPREAD, "covariance_matrix": C}),
    "MultivariateNormal precision": ("MultivariateNormal", {"loc": SPREAD[0], "precision_matrix": C}),
    "MultivariateNormal tril": ("MultivariateNormal", {"loc": SPREAD[0], "scale_tril": np.stack([L, 2 * L])}),
}
# fmt: on
Values = dict[str, Any]


def made(t: Any, module: Any, kind: str, values: Values, dtype: str = "float64") -> tuple[Any, list[Any]]:
    """A distribution of one of the two libraries, and the parameters that gradients flow to."""
    given = {
        name: t.tensor(x, dtype=getattr(t, dtype), requires_grad=True) if isinstance(x, np.ndarray) else x
        for name, x in values.items()
    }
    return getattr(module, kind)(**given), [x for x in given.values() if hasattr(x, "requires_grad")]


def both(case: str, dtype: str = "float64") -> Iterator[tuple[Any, Any, list[Any]]]:
    for t, module in ((tl, ours), (torch, theirs)):
        yield t, *made(t, module, *CASES[case], dtype)


def gradients(t: Any, y: Any, parameters: list[Any]) -> list[Any]:
    weights = t.tensor(np.random.default_rng(1).normal(size=tuple(y.shape)), dtype=y.dtype)
    found = t.autograd.grad((y * weights).sum(), parameters, allow_unused=True, retain_graph=True)
    return [None if g is None else np.asarray(g.detach()) for g in found]


def same(a: list[Any], b: list[Any], **tolerance: float) -> None:
    assert [x is None for x in a] == [x is None for x in b]
    for x, y in zip(a, b):
        if x is not None:
            if x.dtype == np.float32:
                tolerance = {"rtol": 1e-5, "atol": 1e-6}
            np.testing.assert_allclose(x, y, **{"rtol": 1e-10, "atol": 1e-12, **tolerance})


def digits_of_torch(*kinds: str) -> dict[str, float]:
    """PyTorch's derivative of digamma, and its igamma, have nine digits; ours have fifteen."""
    through_gamma = {"Beta", "Chi2", "Dirichlet", "Gamma", "StudentT"} & {kind.split()[0] for kind in kinds}
    return {"rtol": 1e-8, "atol": 1e-9} if through_gamma else {}


# Draws


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_same_seed_draws_the_same_numbers(case: str, dtype: str) -> None:
    found = []
    for t, d, _ in both(case, dtype):
        t.manual_seed(5)
        shapes: list[Any] = [(), (4,), (3, 2), t.zeros(2).shape]
        found.append([np.asarray(d.sample(shape)) for shape in shapes] + [t.rand(3).numpy()])
        assert not d.sample().requires_grad
    for a, b in zip(*found, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        # Where a draw goes through log or exp, NumPy's may round its last bit in another way than PyTorch's.
        eps = 4 * float(np.finfo(a.dtype).eps) if a.dtype.kind == "f" else 0
        np.testing.assert_allclose(a, b, rtol=eps, atol=eps)


DIFFERENTIABLE = [case for case in CASES if getattr(theirs, CASES[case][0]).has_rsample is not False]


@pytest.mark.parametrize("case", DIFFERENTIABLE)
def test_gradients_flow_through_rsample_as_in_torch(case: str) -> None:
    found = []
    for t, d, parameters in both(case):
        assert d.has_rsample
        t.manual_seed(3)
        x = d.rsample((200,))
        found.append([np.asarray(x.detach()), *(gradients(t, x, parameters) if parameters else [])])
    same(*found, rtol=1e-7, atol=1e-9)


def test_gamma_and_dirichlet_slopes_in_all_their_cases() -> None:
    from tinygrad_lite.distributions.implicit import dirichlet_slope, gamma_slope

    a = np.exp(RANDOM.uniform(-3, 6, 4000))
    x = np.concatenate([RANDOM.gamma(a), a * RANDOM.uniform(0.8, 1.2, 4000), [0.0, 1e-300]])
    a = np.concatenate([a, a, [0.5, 2.0]])
    expected = torch._standard_gamma_grad(torch.tensor(a), torch.tensor(x)).numpy()
    np.testing.assert_allclose(gamma_slope(x, a), expected, rtol=1e-6, atol=1e-12)
    a, b = np.exp(RANDOM.uniform(-3, 6, (2, 8000)))
    x = np.concatenate([RANDOM.beta(a[:4000], b[:4000]), (a / (a + b))[4000:] * RANDOM.uniform(0.9, 1.01, 4000)])
    expected = torch._dirichlet_grad(*map(torch.tensor, (x, a, a + b))).numpy()
    got = dirichlet_slope(x, a, a + b)
    assert np.mean(np.isclose(got, expected, rtol=1e-6, atol=1e-12, equal_nan=True)) == 1


def test_without_rsample_it_is_not_implemented() -> None:
    for case in set(CASES) - set(DIFFERENTIABLE):
        for _, d, _ in both(case):
            assert not d.has_rsample
            with pytest.raises(NotImplementedError):
                d.rsample()


# Values


def values_of(case: str) -> np.ndarray[Any, Any]:
    """Values in the support: draws, some of them not of the shape of the batch."""
    torch.manual_seed(1)
    d, _ = made(torch, theirs, *CASES[case])
    return np.asarray(d.sample((7,)).detach())


@pytest.mark.parametrize("case", CASES)
def test_log_prob_and_entropy_with_gradients(case: str) -> None:
    x, found = values_of(case), []
    for t, d, parameters in both(case):
        value = t.tensor(x)
        if value.is_floating_point():
            value.requires_grad_()
        results = [d.log_prob(value)]
        try:
            results.append(d.entropy())
        except NotImplementedError:
            assert "Poisson" in case
        found.append([])
        for y in results:
            found[-1].append(np.asarray(y.detach()))
            if y.requires_grad:
                found[-1] += gradients(t, y, [*parameters, *([value] if value.requires_grad else [])])
    # In PyTorch, lgamma(total_count + 1) is computed in float32.
    same(*found, **({"rtol": 1e-6} if "Multinomial" in case else digits_of_torch(case)))


@pytest.mark.parametrize("case", CASES)
def test_moments_shapes_and_what_it_shows(case: str) -> None:
    for name in ("mean", "variance", "stddev", "mode"):
        found = []
        for t, d, parameters in both(case):
            try:
                y = getattr(d, name)
            except NotImplementedError:
                found.append("not implemented")
                continue
            grads = gradients(t, y, parameters) if y.requires_grad and name != "mode" else []
            found.append((str(y.dtype).replace("torch.", ""), np.asarray(y.detach()), grads))
        assert type(found[0]) is type(found[1]), name
        if found[0] != "not implemented":
            assert found[0][0] == found[1][0]
            same([found[0][1], *found[0][2]], [found[1][1], *found[1][2]])
    for a, b in zip(*[facts(d) for _, d, _ in both(case)], strict=True):
        assert a == b


def facts(d: Any) -> list[Any]:
    large = d.expand((4, *([2] if len(d.batch_shape) == 0 else []), *d.batch_shape))
    y = large.log_prob(large.sample((2,)))
    names = ("has_rsample", "has_enumerate_support")
    return [
        repr(d), repr(large), tuple(d.batch_shape), tuple(d.event_shape), repr(d.support).partition("=tensor")[0],
        tuple(y.shape), tuple(large.sample((3,)).shape), type(large).__name__, *[getattr(d, name) for name in names],
        sorted(d.arg_constraints),
    ]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", ["cdf", "icdf"])
def test_cdf_and_icdf(case: str, name: str) -> None:
    found: list[Any] = []
    for t, d, parameters in both(case):
        x = t.tensor(values_of(case) if name == "cdf" else np.array([[[0.01]], [[0.5]], [[0.9]]]), dtype=t.float64)
        try:
            y = getattr(d, name)(x)
        except NotImplementedError:
            found.append("not implemented")
            continue
        if "Gamma" in case or "Chi2" in case:  # igamma has no derivative in its first argument
            parameters = []
        found.append([np.asarray(y.detach()), *(gradients(t, y, parameters) if parameters else [])])
    if "not implemented" in found:
        assert found[0] == found[1]
    else:
        same(*found, **digits_of_torch(case))


@pytest.mark.parametrize("case", [case for case in CASES if getattr(theirs, CASES[case][0]).has_enumerate_support])
@pytest.mark.parametrize("expand", [True, False])
def test_enumerate_support(case: str, expand: bool) -> None:
    a, b = [d.enumerate_support(expand) for _, d, _ in both(case)]
    assert str(a.dtype) == str(b.dtype).replace("torch.", "") and a.tolist() == b.tolist()


# Divergences

PARTS: dict[str, Values] = {  # a narrow one and a wide one of each kind
    "Bernoulli": {"probs": np.array([[0.0, 0.3, 1.0]])},
    "Beta": {"concentration1": SHAPES[:, :1] / 5, "concentration0": POSITIVE},
    "Binomial": {"total_count": 5, "probs": CHANCES},
    "Categorical": {"probs": np.array([[0.5, 0.0, 0.5], [0.2, 0.3, 0.5]])},
    "Cauchy": {"loc": SPREAD, "scale": POSITIVE},
    "Chi2": {"df": POSITIVE},
    "Dirichlet": {"concentration": SHAPES / 5},
    "Exponential": {"rate": POSITIVE},
    "Gamma": {"concentration": POSITIVE, "rate": POSITIVE[::-1].copy()},
    "Geometric": {"probs": CHANCES},
    "Gumbel": {"loc": SPREAD[0], "scale": POSITIVE},
    "HalfNormal": {"scale": POSITIVE},
    "Laplace": {"loc": SPREAD[0], "scale": POSITIVE},
    "LogNormal": {"loc": SPREAD[0], "scale": POSITIVE},
    "MultivariateNormal": {"loc": SPREAD, "covariance_matrix": C},
    "Normal": {"loc": SPREAD[0], "scale": POSITIVE},
    "OneHotCategorical": {"logits": LOGITS},
    "Poisson": {"rate": POSITIVE},
    "StudentT": {"df": POSITIVE},
    "Uniform": {"low": np.array([[0.1, -0.5, 0.0]] * 2), "high": np.array([[0.9, 0.3, 1.0]] * 2)},
    "Multinomial": {"total_count": 3, "probs": WEIGHTS},
}


@pytest.mark.parametrize("first", PARTS)
def test_kl_divergence_of_all_pairs(first: str) -> None:
    some = 0
    for second in PARTS:
        found: list[Any] = []
        for t, module in ((tl, ours), (torch, theirs)):
            p, a = made(t, module, first, PARTS[first])
            moved = {k: v * 1.25 if isinstance(v, np.ndarray) and not k.startswith(("prob", "high")) else v
                     for k, v in PARTS[second].items()}  # fmt: skip
            moved |= {k: v[..., ::-1].copy() for k, v in moved.items() if k == "probs"}
            q, b = made(t, module, second, moved)
            try:
                y = module.kl_divergence(p, q)
            except NotImplementedError:
                found.append("not implemented")
                continue
            found.append([np.asarray(y.detach()), *(gradients(t, y, a + b) if y.requires_grad else [])])
        if "not implemented" in found:
            assert found[0] == found[1], second
        else:
            some += 1
            same(*found, **digits_of_torch(first, second))
    assert some or first in ("StudentT", "Multinomial")


def test_kl_divergence_is_the_expected_difference_of_log_prob() -> None:
    p, q = ours.Uniform(tl.tensor([2.0, -5.0]), tl.tensor([3.0, 3.0])), ours.Normal(1.0, 2.0)
    x = p.sample((200_000,))
    estimate = (p.log_prob(x) - q.log_prob(x)).mean(0)
    assert (ours.kl_divergence(p, q) - estimate).abs().max() < 0.02


def test_register_kl() -> None:
    class Mine(ours.Normal):
        pass

    class Other(ours.Normal):
        pass

    assert ours.kl_divergence(Mine(0.0, 1.0), Other(1.0, 1.0)).item() == 0.5
    try:
        ours.register_kl(Mine, ours.Normal)(lambda p, q: tl.tensor(1.0))
        assert ours.kl_divergence(Mine(0.0, 1.0), ours.Normal(0.0, 1.0)).item() == 1
        assert ours.kl_divergence(ours.Normal(0.0, 1.0), Mine(0.0, 1.0)).item() == 0
        ours.register_kl(ours.Normal, Other)(lambda p, q: tl.tensor(2.0))
        with pytest.warns(RuntimeWarning, match=r"Ambiguous.*register_kl\(Mine, Other\)"):
            assert ours.kl_divergence(Mine(0.0, 1.0), Other(0.0, 1.0)).item() == 1
    finally:
        ours.kl.FORMULAS.pop((Mine, ours.Normal), None)
        ours.kl.FORMULAS.pop((ours.Normal, Other), None)
    with pytest.raises(TypeError, match="expected a subclass of Distribution"):
        ours.register_kl(int, ours.Normal)
    with pytest.raises(NotImplementedError, match="p type StudentT and q type Normal"):
        ours.kl_divergence(ours.StudentT(1.0), ours.Normal(0.0, 1.0))


def test_independent() -> None:
    found = []
    for t, m in ((tl, ours), (torch, theirs)):
        loc, scale = (t.tensor(x, dtype=t.float64, requires_grad=True) for x in (SPREAD, POSITIVE))
        d = m.Independent(m.Normal(loc, scale), 1)
        e = m.Independent(m.Normal(t.zeros(2, 3, dtype=t.float64), 1.0), 1)
        t.manual_seed(0)
        x = d.rsample((4,))
        results = [x, d.log_prob(x), d.entropy(), m.kl_divergence(d, e), d.mean, d.variance, d.expand((5, 2)).sample()]
        found.append([repr(d), repr(d.support), d.has_rsample, tuple(d.batch_shape), tuple(d.event_shape)])
        found.append([np.asarray(y.detach()) for y in results] + gradients(t, results[1], [loc, scale]))
        with pytest.raises(ValueError, match="reinterpreted_batch_ndims"):
            m.Independent(m.Normal(0.0, 1.0), 1)
        with pytest.raises(NotImplementedError):
            m.Independent(m.Bernoulli(t.tensor([0.5])), 1).enumerate_support()
    assert found[0] == found[2]
    same(found[1], found[3])


# What is refused

BAD: list[tuple[str, Any, str]] = [
    ("Normal", lambda t: {"loc": 0.0, "scale": -1.0}, "scale"),
    ("Normal", lambda t: {"loc": t.tensor([np.nan]), "scale": 1.0}, "loc"),
    ("Normal", lambda t: {"loc": "a", "scale": 1.0}, ""),
    ("Uniform", lambda t: {"low": 1.0, "high": 1.0}, "low"),
    ("Bernoulli", lambda t: {"probs": 1.5}, "probs"),
    ("Bernoulli", lambda t: {"probs": 0.5, "logits": 0.0}, "but not both"),
    ("Bernoulli", lambda t: {}, "but not both"),
    ("Categorical", lambda t: {"probs": t.tensor([-1.0, 2.0])}, "probs"),
    ("Categorical", lambda t: {"probs": t.tensor(1.0)}, "at least one-dimensional"),
    ("Categorical", lambda t: {"logits": t.tensor(1.0)}, "at least one-dimensional"),
    ("Multinomial", lambda t: {"total_count": t.tensor([1, 2]), "probs": t.ones(2)}, "inhomogeneous"),
    ("Binomial", lambda t: {"total_count": -1, "probs": t.tensor(0.5)}, "total_count"),
    ("Beta", lambda t: {"concentration1": 0.0, "concentration0": 1.0}, "concentration"),
    ("Gamma", lambda t: {"concentration": t.tensor([1.0, -1.0]), "rate": 1.0}, "concentration"),
    ("Exponential", lambda t: {"rate": 0.0}, "rate"),
    ("Geometric", lambda t: {"probs": t.tensor([0.5, 0.0])}, "positive"),
    ("Dirichlet", lambda t: {"concentration": t.tensor(1.0)}, "at least one-dimensional"),
    ("Dirichlet", lambda t: {"concentration": t.tensor([1.0, -1.0])}, "concentration"),
    ("StudentT", lambda t: {"df": -1.0}, "df"),
    ("MultivariateNormal", lambda t: {"loc": t.zeros(2)}, "Exactly one"),
    ("MultivariateNormal", lambda t: {"loc": t.tensor(0.0), "scale_tril": t.eye(2)}, "loc must be"),
    ("MultivariateNormal", lambda t: {"loc": t.zeros(2), "scale_tril": t.ones(2)}, "at least two-dimensional"),
    ("MultivariateNormal", lambda t: {"loc": t.zeros(2), "scale_tril": t.ones(2, 2)}, "scale_tril"),
    ("MultivariateNormal", lambda t: {"loc": t.zeros(2), "covariance_matrix": -t.eye(2)}, "covariance_matrix"),
    ("MultivariateNormal", lambda t: {"loc": t.zeros(2), "covariance_matrix": t.ones(2, 2) + t.eye(2).tril()}, ""),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "values", "word"), BAD)
def test_bad_parameters(kind: str, values: Any, word: str) -> None:
    errors: list[Any] = []
    for t, m in ((tl, ours), (torch, theirs)):
        try:
            getattr(m, kind)(**values(t))
            errors.append(None)
        except Exception as error:
            errors.append(error)
    assert type(errors[0]) is type(errors[1])
    assert errors[0] is None or word in str(errors[0])
    if errors[0] and "Expected parameter" in str(errors[1]):
        assert str(errors[0]) == str(errors[1])
        if kind not in ("MultivariateNormal", "StudentT"):  # these would fail later
            getattr(ours, kind)(**values(tl), validate_args=False)


@pytest.mark.parametrize(
    ("case", "value"),
    [
        ("Normal", np.nan), ("Uniform", 100.0), ("Bernoulli", 0.5), ("Categorical", 7), ("Categorical", 0.5),
        ("Exponential", -1.0), ("Poisson", 1.5), ("Geometric", -1.0), ("Beta", 1.5), ("Gamma", -1.0), ("LogNormal", 0.0),
        ("HalfNormal", -1.0),
        ("OneHotCategorical", np.ones(4)), ("Multinomial", np.array([9.0, 0, 0, 0])), ("Binomial", 13.0),
        ("Dirichlet", np.array([0.5, 0.4, 0.3])), ("Normal", np.zeros(2)), ("Dirichlet", np.zeros(2)), ("Normal", None),
    ],
)  # fmt: skip
def test_values_outside_of_the_support(case: str, value: Any) -> None:
    messages = []
    for t, d, _ in both(case):
        with pytest.raises(ValueError) as error:
            d.log_prob(0.5 if value is None else t.tensor(value))
        messages.append(str(error.value).partition("found invalid values")[0].replace(", requires_grad=True", ""))
    assert messages[0][:36] == messages[1][:36]


def test_validation_can_be_switched_off() -> None:
    ours.Distribution.set_default_validate_args(False)
    try:
        assert ours.Normal(0.0, -1.0).scale.item() == -1
    finally:
        ours.Distribution.set_default_validate_args(True)
    assert ours.Bernoulli(tl.tensor(0.5), validate_args=False).log_prob(tl.tensor(0.25)).item() == pytest.approx(np.log(0.5))
    with pytest.raises(ValueError, match="expected a bool"):
        ours.Distribution.set_default_validate_args("no")  # type: ignore[arg-type]


def test_a_distribution_of_your_own() -> None:
    class Mine(ours.Distribution):
        pass

    with pytest.warns(UserWarning, match="does not define `arg_constraints`"):
        mine = Mine()
    for name in ("mean", "mode", "variance", "support"):
        with pytest.raises(NotImplementedError):
            getattr(mine, name)
    for call in (mine.sample, mine.entropy, mine.enumerate_support, lambda: mine.log_prob(tl.zeros(1))):
        with pytest.raises(NotImplementedError):
            call()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Mine(validate_args=False)


def test_probabilities_that_are_computed_later_keep_their_gradient() -> None:
    logits = tl.tensor([0.0, 1.0], requires_grad=True)
    d = ours.Bernoulli(logits=logits)
    d.sample()  # computes probs without recording the draw
    assert d.probs.requires_grad and d.entropy().requires_grad


def test_gamma_draws_are_above_0() -> None:
    found = []
    for t, module in ((tl, ours), (torch, theirs)):
        t.manual_seed(0)
        found.append(module.Gamma(t.tensor([0.05, 1e-3, 2.0]), t.tensor([1.0, 1e3, 1e38])).sample((20,)).numpy())
    assert (found[0] > 0).all()
    np.testing.assert_array_equal(*found)


def test_signatures_and_constraints_are_those_of_torch() -> None:
    for name in ours.__all__:
        if inspect.isclass(getattr(theirs, name)):
            a, b = (list(inspect.signature(getattr(m, name).__init__).parameters) for m in (ours, theirs))
            assert a == b, name
            module = getattr(theirs, name).__module__.replace("torch.", "tinygrad_lite.")
            assert getattr(ours, name).__module__ == module
    for name in ours.constraints.__all__:
        mine, other = getattr(ours.constraints, name), getattr(theirs.constraints, name)
        if isinstance(mine, ours.constraints.Constraint):
            assert repr(mine) == repr(other)
        else:
            assert mine.__name__ == other.__name__


def test_constraints_check_as_torchs() -> None:
    x = RANDOM.normal(size=(4, 3, 3)).round(1)
    for value in (
        x,
        np.tril(x),
        x @ x.transpose(0, 2, 1),
        np.eye(3),
        np.round(x),
        abs(x),
        np.zeros((2, 3)),
        np.full((2, 4), 0.25),
    ):
        for name in ours.constraints.__all__:
            a, b = getattr(ours.constraints, name), getattr(theirs.constraints, name)
            if not isinstance(a, ours.constraints.Constraint) or name == "dependent":
                continue
            results = []
            for t, constraint in ((tl, a), (torch, b)):
                try:
                    results.append(constraint.check(t.tensor(value)).tolist())
                except Exception as error:
                    results.append(type(error))
            if not (isinstance(results[0], type) or isinstance(results[1], type)):
                assert results[0] == results[1], name
            assert (a.is_discrete, a.event_dim) == (b.is_discrete, b.event_dim)


def test_modules_are_found_as_in_torch() -> None:
    from tinygrad_lite.distributions import multinomial
    from tinygrad_lite.distributions.normal import Normal

    assert multinomial.Multinomial(10, tl.tensor([0.0, 1.0])).sample().tolist() == [0, 10] and Normal is ours.Normal
    assert tl.distributions is ours


@pytest.mark.parametrize("case", [case for case in CASES if " " not in case and case != "Multinomial"])
def test_parameters_may_be_on_the_gpu(case: str, device: str) -> None:
    kind, values = CASES[case]
    found = []
    for place in ("cpu", device):
        given = {
            name: tl.tensor(x, device=place, requires_grad=True) if isinstance(x, np.ndarray) else x
            for name, x in values.items()
        }
        d = getattr(ours, kind)(**given)
        tl.manual_seed(0)
        x = d.rsample((3,)) if d.has_rsample else d.sample((3,))
        y = d.log_prob(x.detach())
        assert x.device.type == y.device.type == place
        found.append([np.asarray(z.detach().cpu()) for z in (x, y)])
        if d.has_rsample:
            x.sum().backward()
            found[-1] += [np.asarray(p.grad.cpu()) for p in given.values() if p.grad is not None]
    same(*found)
