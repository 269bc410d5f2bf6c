"""The same seed draws the same numbers as in PyTorch: a part of tests/same_seed.py, and its page."""

from __future__ import annotations

import copy
import pickle
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import same_seed
import same_seed_runs
import torch

import tinygrad_lite as tl
from tinygrad_lite import streams


@pytest.mark.filterwarnings("ignore:Length of split")
@pytest.mark.parametrize("name", same_seed.ROWS)
def test_what_is_drawn_is_what_torch_draws(name: str) -> None:
    if same_seed.may_ask_mkl(name) and same_seed.torch_asks_mkl():
        return  # PyTorch draws from another stream on this processor; the page says which functions
    found = same_seed.compare(same_seed.ROWS[name], range(2), most=1000)
    assert not found.states, found.text
    if name in same_seed.REASONS:
        assert found.largest < 1e-6, found.text
    else:
        assert found.text == "bit-equal"


def test_the_page_has_the_rows_of_the_table() -> None:
    page = same_seed.PAGE.read_text(encoding="utf-8")
    assert page.startswith(same_seed.INTRO), "SAME_SEED.md is out of date; type: python tests/same_seed.py"
    rows = page.removeprefix(same_seed.INTRO).partition(same_seed_runs.TITLE)[0].splitlines()
    rows = [row for row in rows if row.startswith("|")]
    labels = [same_seed.label(name, row) for name, row in same_seed.ROWS.items()]
    assert len(rows) == len(labels), "SAME_SEED.md is out of date; type: python tests/same_seed.py"
    for row, start, name in zip(rows, labels, same_seed.ROWS):
        assert row.startswith(start), "SAME_SEED.md is out of date; type: python tests/same_seed.py"
        assert name in same_seed.REASONS or "bit-equal" in row or "not comparable" in row, row


def test_a_difference_would_be_found() -> None:
    row = same_seed.Row(lambda t, d, n: t.rand(n, dtype=d) + (t is tl) * 2**-20, ("float32",), (4,))
    found = same_seed.compare(row, [0])
    assert (found.different, found.states) == (4, 0) and found.text.startswith("4 of 4 numbers differ, by at most 9.5e-07")
    row = same_seed.Row(lambda t, d, n: t.zeros(t.rand(n + (t is tl)).ndim), ("float32",), (4,))
    assert same_seed.compare(row, [0]).states == 1


# Generators and their states


@pytest.mark.parametrize("seed", [0, 1, 2**31, 2**32 + 5, 2**63, 2**64 - 1, -1, -(2**63)])
def test_seeds(seed: int) -> None:
    for t in (tl, torch):
        t.manual_seed(seed)
    assert tl.random.initial_seed() == torch.initial_seed()
    assert tl.rand(5).tolist() == torch.rand(5).tolist()
    g, h = tl.Generator().manual_seed(seed), torch.Generator().manual_seed(seed)
    assert g.initial_seed() == h.initial_seed()
    assert tl.randn(20, generator=g).tolist() == torch.randn(20, generator=h).tolist()


def test_a_seed_has_64_bits() -> None:
    for seed in (2**64, -(2**63) - 1):
        with pytest.raises(ValueError, match="at most 64 bits"):
            tl.manual_seed(seed)


def test_a_generator_that_is_not_seeded_is_torchs() -> None:
    assert tl.Generator().initial_seed() == torch.Generator().initial_seed()
    assert tl.rand(3, generator=tl.Generator()).tolist() == torch.rand(3, generator=torch.Generator()).tolist()
    with pytest.raises(TypeError, match="expected a Generator, got int"):
        tl.rand(3, generator=5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'torch' and 'numpy'"):
        tl.Generator(stream="pcg")


@pytest.mark.parametrize("drawn", [0, 1, 3, 5, 16, 40, 623, 624, 625, 1248])
def test_states_go_both_ways(drawn: int) -> None:
    for t in (tl, torch):
        t.manual_seed(9)
        t.randn(drawn)
        t.rand(drawn)
        t.randn(3)  # leaves the second of a pair
    ours, theirs = tl.random.get_rng_state(), torch.get_rng_state()
    assert ours.dtype == tl.uint8 and ours.tolist() == theirs.tolist()
    wanted = torch.randn(3).tolist(), torch.rand(700).tolist()
    tl.manual_seed(0)
    tl.random.set_rng_state(tl.tensor(theirs.numpy()))
    assert (tl.randn(3).tolist(), tl.rand(700).tolist()) == wanted
    torch.set_rng_state(torch.tensor(ours.numpy()))
    assert (torch.randn(3).tolist(), torch.rand(700).tolist()) == wanted


@pytest.mark.parametrize("drawn", [0, 1, 623, 624, 625])
def test_the_state_of_a_generator_that_has_drawn_little(drawn: int) -> None:
    """Nothing, and all 624 of the first numbers: both have none left, but only the first is still to be stirred."""
    for t in (tl, torch):
        t.manual_seed(9)
        t.rand(drawn)
    theirs, wanted = torch.get_rng_state(), torch.rand(3).tolist()
    assert tl.random.get_rng_state().tolist() == theirs.tolist()
    tl.manual_seed(0)
    tl.random.set_rng_state(tl.tensor(theirs.numpy()))
    assert tl.random.get_rng_state().tolist() == theirs.tolist()
    assert tl.rand(3).tolist() == wanted


def test_a_product_and_a_sum_are_rounded_once() -> None:
    """Against exact fractions; the first three lie so near to the middle of two floats that the error of the error decides."""
    x, y, large = 1 + 2.0**-30, 1 - 2.0**-30, 2.0**53 + 2  # x y = 1 - 2**-60
    cases = [(x, y, large), (x, -y, large), (-x, y, -large), (0.1, 0.3, -0.03), (1e300, 1e-300, 1.0)]
    random = np.random.default_rng(0)
    mixed = random.standard_normal((3000, 3)) * 2.0 ** random.integers(-60, 60, (3000, 3))
    for x, factor, summand in [*cases, *mixed.tolist()]:
        exact = float(Fraction(x) * Fraction(factor) + Fraction(summand))
        assert streams.fma(np.array([x]), factor, summand).item() == exact, (x, factor, summand)


def test_what_is_no_state_is_refused_and_changes_nothing() -> None:
    before = tl.random.get_rng_state().tolist()
    for wrong, error in (
        (tl.zeros(5056), TypeError),
        ([1], TypeError),
        (tl.zeros(6, dtype=tl.uint8), RuntimeError),
        (tl.zeros(5056, dtype=tl.uint8), RuntimeError),
    ):
        with pytest.raises(error, match="set_state"):
            tl.random.set_rng_state(wrong)  # type: ignore[arg-type]
    assert tl.random.get_rng_state().tolist() == before


@pytest.mark.parametrize("stream", ["torch", "numpy"])
def test_copies_of_a_generator(stream: str) -> None:
    g = tl.Generator(stream=stream).manual_seed(4)
    tl.randn(3, generator=g)
    for other in (g.clone_state(), copy.deepcopy(g), pickle.loads(pickle.dumps(g))):
        assert other.initial_seed() == 4
        state = g.get_state()
        assert tl.randn(5, generator=other).tolist() == tl.randn(5, generator=g).tolist()
        g.set_state(state)


def test_fork_and_seed() -> None:
    tl.manual_seed(0)
    wanted = tl.rand(3).tolist()
    tl.manual_seed(0)
    with tl.random.fork_rng():
        tl.rand(100)
    assert tl.rand(3).tolist() == wanted
    tl.manual_seed(0)
    with tl.random.fork_rng(enabled=False):
        tl.rand(3)
    assert tl.rand(3).tolist() != wanted
    assert tl.random.seed() != tl.random.seed()
    assert 0 <= tl.random.default_generator.seed() == tl.random.initial_seed() < 2**53


def test_the_numpy_stream() -> None:
    """Every function draws from it, in the right range, and NumPy's own numbers where NumPy has a method."""

    def g() -> tl.Generator:
        return tl.Generator(stream="numpy").manual_seed(3)

    own = np.random.Generator(np.random.PCG64(3))
    assert tl.rand(4, generator=g()).tolist() == own.random(4, np.float32).tolist()
    assert sorted(tl.randperm(50, generator=g()).tolist()) == list(range(50))
    x = tl.randn(20_000, generator=g())
    assert abs(x.mean().item()) < 0.03 and abs(float(x.numpy().std()) - 1) < 0.03
    assert set(tl.randint(2, 5, (100,), generator=g()).tolist()) == {2, 3, 4}
    assert 0.2 < tl.empty(5000).bernoulli_(0.3, generator=g()).mean().item() < 0.4
    assert abs(tl.empty(20_000).exponential_(2, generator=g()).mean().item() - 0.5) < 0.02
    assert abs(tl.poisson(tl.full((20_000,), 3.0), g()).mean().item() - 3) < 0.1
    assert abs(tl.binomial(tl.full((5000,), 10.0), tl.full((5000,), 0.3), g()).mean().item() - 3) < 0.1
    assert ((tl.empty(3, 2).T.normal_(5, 1e-3, generator=g()) - 5).abs() < 0.1).all()
    assert tl.empty(9, dtype=tl.int64).random_(generator=g()).min().item() >= 0


# Errors are PyTorch's, and nothing is drawn or changed


def call(t: Any, text: str) -> None:
    eval(text, {"t": t, "x": t.ones(3), "i": t.ones(3, dtype=t.int64), "w": t.ones(3, requires_grad=True)})


@pytest.mark.parametrize(
    "text",
    """t.rand(3, dtype=t.int64)
t.randn(3, dtype=t.int64)
t.rand(-1)
t.randint(5, 5, (2,))
t.randint(300, (2,), dtype=t.uint8)
t.randint(3, (2,), dtype=t.bool)
t.randint(5, 5)
t.randint(0, 5.5, (2,))
t.randperm(-1)
t.randperm(4000, dtype=t.float16)
t.randperm(2, dtype=t.bool)
t.randperm(3.0)
t.normal(0.0, 1.0)
t.normal(x, 1.0, (2,))
t.normal(0.0, -1.0, (2,))
t.normal(x, -x)
t.normal(i, 1.0)
t.normal(x, t.ones(2))
t.rand_like(i)
x.uniform_(2, 1)
i.uniform_()
x.uniform_(0, 1e39)
x.normal_(0, -1)
i.normal_()
x.exponential_(0)
i.exponential_()
x.geometric_(1)
t.ones(3, dtype=t.bool).geometric_(0.3)
i.cauchy_()
x.cauchy_(0, 0)
x.log_normal_(0, 0)
i.log_normal_()
x.bernoulli_(2)
x.bernoulli_(float("nan"))
x.bernoulli_(t.tensor(2.0))
x.bernoulli_(i)
x.bernoulli_(t.ones(2))
t.bernoulli(i)
t.bernoulli(x + 1)
x.random_(5, 5)
x.random_(-5)
t.ones(3, dtype=t.uint8).random_(300)
t.ones(3, dtype=t.uint8).random_(-1, 5)
x.random_(3.5)
t.multinomial(x, 4)
t.multinomial(x, 0)
t.multinomial(-x, 1)
t.multinomial(x * 0, 1)
t.multinomial(x * 0, 1, True)
t.multinomial(i, 1)
t.multinomial(t.tensor(1.0), 1)
t.multinomial(x * float("inf"), 1)
t.multinomial(x * float("nan"), 1, True)
t.multinomial(x, 2.0)
t.multinomial(t.ones(3, 0), 1, True)
t.poisson(-x)
t.poisson(i)
t.binomial(i, x)
t.binomial(x, x.double())
w.normal_()
w.bernoulli_(0.5)
t.ones(3, 1).expand(3, 2).uniform_()""".splitlines(),
)
def test_errors_are_those_of_torch(text: str) -> None:
    found = []
    for t in (tl, torch):
        with pytest.raises(Exception) as error:
            call(t, text)
        found.append(error.type)
    assert found[0] is found[1]
    tl.manual_seed(0)
    with pytest.raises(found[0]):
        call(tl, text)
    assert tl.random.get_rng_state().tolist() == torch.manual_seed(0).get_state().tolist()


def test_numbers_that_are_drawn_have_derivative_zero() -> None:
    for draw in (
        lambda t, x: t.bernoulli(x),
        lambda t, x: (x * 1).normal_(),
        lambda t, x: (x * 1).bernoulli_(x),
        lambda t, x: t.poisson(x),
    ):
        for t in (tl, torch):
            x = t.full((3,), 0.5, requires_grad=True)
            y = draw(t, x)
            assert y.requires_grad
            (y * 2 + x).sum().backward()
            assert x.grad.tolist() == [1, 1, 1]


def test_a_write_of_random_numbers_is_noticed() -> None:
    x = tl.ones(3, requires_grad=True)
    y = x * 2
    z = (y**2).sum()
    with tl.no_grad():
        y.uniform_()
    with pytest.raises(RuntimeError, match="changed in place"):
        z.backward()


def test_drawing_on_a_device(device: str) -> None:
    x = tl.empty(3, 4, device=device).T
    z = torch.empty(3, 4).T
    for name, args in (("normal_", ()), ("uniform_", (2, 3)), ("bernoulli_", (0.3,)), ("exponential_", ()), ("random_", (9,))):
        if not (same_seed.may_ask_mkl(f"{name}(0.3)") and same_seed.torch_asks_mkl()):
            for t, y in ((tl, x), (torch, z)):
                t.manual_seed(1)
                getattr(y, name)(*args)
            assert x.device.type == device and x.tolist() == z.tolist()
    tl.manual_seed(1)
    torch.manual_seed(1)
    p = tl.tensor([0.1, 0.7, 0.2], device=device)
    ours = tl.multinomial(p, 5, True), tl.bernoulli(p), tl.poisson(p * 9), tl.normal(p, 0.5), tl.rand_like(p)
    q = torch.tensor([0.1, 0.7, 0.2])
    theirs = torch.multinomial(q, 5, True), torch.bernoulli(q), torch.poisson(q * 9), torch.normal(q, 0.5), torch.rand_like(q)
    for a, b in zip(ours, theirs):
        assert a.device.type == device and a.tolist() == b.tolist()


def test_drawing_is_fast(faster: Any) -> None:
    """Measured 5 times for normals, 1.3 for uniform numbers, 6 for a shuffle."""
    faster(lambda: tl.randn(1_000_000), lambda: torch.randn(1_000_000), 12)
    faster(lambda: tl.rand(1_000_000), lambda: torch.rand(1_000_000), 5)
    faster(lambda: tl.randperm(60_000), lambda: torch.randperm(60_000), 20)
