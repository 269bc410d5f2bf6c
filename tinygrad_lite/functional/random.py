"""Random numbers that replace the numbers of a tensor, and random numbers whose distribution a tensor gives.

PyTorch fills a tensor in the order of its memory, so a transposed one gets its numbers along its columns. All numbers are
PyTorch's, bit for bit; see streams.py. They have derivative 0 with respect to what they replace and to what they depend on.
https://pytorch.org/docs/stable/tensors.html, https://pytorch.org/docs/stable/torch.html#random-sampling
"""

from __future__ import annotations

import math
from collections.abc import Callable
from operator import index
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..backend import device_of, in_memory_order, put
from ..inplace import in_place, recorded
from ..operands import as_array
from ..ops import indexing
from ..random import Generator, check_floating, check_integers, draw

__all__ = ["bernoulli", "multinomial", "poisson", "binomial"]
METHODS = ["bernoulli_", "cauchy_", "exponential_", "geometric_", "log_normal_", "normal_", "random_", "uniform_"]

Values = Callable[[Any], Any]  # of an array to fill: as many numbers, in one dimension


def _fill(array: Any, values: Values) -> None:
    array = in_memory_order(array)
    new = as_array(values(array))
    if array.dtype == np.float16:
        new = new.astype(np.float32)  # PyTorch rounds twice here
    array[...] = put(new.reshape(array.shape), device_of(array))


def _replaced(what: str, x: Tensor, values: Values) -> Tensor:
    """x with other numbers, in the memory of x."""
    return in_place(what, x, (), lambda x: _drawn(x, values), lambda array: _fill(array, values))


def _drawn(x: Tensor, values: Values, order: Any = "K") -> Tensor:
    """A tensor like x with other numbers; a step on the tape, whose derivative is 0, if gradients flow to x."""
    out = np.empty_like(x.array, order=order)
    _fill(out, values)
    new = Tensor._of(out)
    return indexing.setitem(x, new, index=(Ellipsis,)) if recorded(x) else new


def _from_to(what: str, bounds: tuple[Any, ...], named: dict[str, Any], default: tuple[Any, Any]) -> tuple[Any, Any]:
    """PyTorch's arguments `from` and `to`. The first is a word of Python's grammar, so no parameter can have this name."""
    given = dict(zip(("from", "to"), bounds))
    if len(bounds) > 2 or named.keys() - {"from", "to"} or given.keys() & named.keys():
        raise TypeError(f"{what}: takes (from, to), got {len(bounds)} arguments by position and {list(named)} by name")
    given |= named
    return given.get("from", default[0]), given.get("to", default[1])


def uniform_(self: Tensor, *bounds: float, generator: Generator | None = None, **named: float) -> Tensor:
    """Replace x by uniform random numbers in [from, to): x.uniform_(), x.uniform_(-1, 1) or x.uniform_(to=2).
    RuntimeError if from > to.
    >>> _ = manual_seed(0); zeros(2).uniform_(-1, 1)
    tensor([-0.0075,  0.5364])
    """
    low, high = _from_to("uniform_", bounds, named, (0.0, 1.0))
    check_floating("uniform_", self.dtype)
    largest = float(np.finfo(self.dtype).max)
    if not (low <= high and -largest <= low and high <= largest and high - low <= largest):
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={low} > to={high}, or not of {self.dtype}"
        )
    return _replaced("uniform_", self, lambda out: draw(generator).uniform(out.size, out.dtype, low, high))


def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Replace x by normal random numbers N(mean, std²). RuntimeError if std < 0.
    >>> _ = manual_seed(0); zeros(2).normal_(std=0.1)
    tensor([ 0.1541, -0.0293])
    """
    if not std >= 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
    check_floating("normal_", self.dtype)

    def values(out: Any) -> Any:
        n, stream = out.size, draw(generator)
        whole = out.flags.c_contiguous and self.array.flags.c_contiguous
        return (stream.normal if whole else stream.normal_pairs)(n, out.dtype, mean, std)

    return _replaced("normal_", self, values)


def random_(self: Tensor, *bounds: int | None, generator: Generator | None = None, **named: int | None) -> Tensor:
    """Replace x by random integers from 0 to the largest of its dtype (for floats, to the last from which on not all integers
    are floats); x.random_(to): from 0 to to - 1; x.random_(from, to): from `from` to to - 1. RuntimeError for an empty range.
    >>> _ = manual_seed(0); zeros(4).random_(10)
    tensor([4., 9., 3., 0.])
    """
    if len(bounds) == 1 and not named:
        bounds = (0, *bounds)
    low, high = (None if x is None else index(x) for x in _from_to("random_", bounds, named, (None, None)))
    dtype = self.dtype
    end = (
        (1 << np.finfo(dtype).nmant + 1) + 1 if dtype.kind == "f" else 2 if dtype.kind == "b" else int(np.iinfo(dtype).max) + 1
    )
    if low is None and high is None:
        wide = dtype.str[1:] in ("i8", "f8")

        def values(out: Any) -> Any:
            return (draw(generator).wide if wide else draw(generator).bits)(out.size) % np.uint64(end)

        return _replaced("random_", self, values)
    low = 0 if low is None else low
    if high is None and low == -(1 << 63) and dtype.str[1:] in ("i8", "f8", "f4"):
        return _replaced("random_", self, lambda out: draw(generator).wide(out.size).view(np.int64))
    if high is None:
        high = end
        if low >= high:
            raise RuntimeError(f"random_: {dtype} holds no integers from {low} on")
    low, high = check_integers(low, high, dtype)
    return _replaced("random_", self, lambda out: draw(generator).integers(out.size, low, high))


def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Replace each element by 1 with probability p, else by 0; p is a number, or a tensor that broadcasts to the shape of x.
    RuntimeError unless 0 <= p <= 1.
    >>> _ = manual_seed(0); zeros(4).bernoulli_(0.5)
    tensor([0., 0., 1., 0.])
    """
    return _replaced("bernoulli_", self, _successes("bernoulli_", self, p, generator))


def _successes(what: str, x: Tensor, p: Any, generator: Generator | None) -> Values:
    """Whether a uniform number is below p: of float64 if p is a number or of float64, else of float32."""
    if not isinstance(p, Tensor):
        if not 0 <= p <= 1:
            raise RuntimeError(f"{what} expects p to be in [0, 1], but got p={p}")
        return lambda out: draw(generator).uniform(out.size) < p
    check_floating(f"{what} with probabilities", p.dtype)
    chances = p.cpu().array
    if not bool(np.all((chances >= 0) & (chances <= 1))):
        raise RuntimeError(f"{what} expects all probabilities to be in [0, 1]")
    chances = chances if chances.dtype == np.float64 else chances.astype(np.float32)
    try:
        chances = np.broadcast_to(chances, x.shape)
    except ValueError as error:
        raise RuntimeError(f"{what}: probabilities of shape {list(p.shape)} do not fit a tensor of {list(x.shape)}") from error

    def values(out: Any) -> Any:
        order = sorted(range(x.ndim), key=lambda i: -x.array.strides[i])
        aligned = chances if x.array.flags.c_contiguous else chances.transpose(order)
        return draw(generator).uniform(out.size, chances.dtype) < aligned.ravel()

    return values


def bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None) -> Tensor:
    """1 with the probability that each element of `input` is, else 0; with p, its probability is p for all.
    RuntimeError unless 0 <= p <= 1.
    >>> bernoulli(tensor([0.0, 1.0]))
    tensor([0., 1.])
    """
    whole = Tensor._of(np.empty_like(input.array, order="C"))  # the result is contiguous, whatever the input is, as in PyTorch
    return _drawn(input, _successes("bernoulli", whole, input.detach() if p is None else p, generator), "C")


def exponential_(self: Tensor, lambd: float = 1, *, generator: Generator | None = None) -> Tensor:
    """Replace x by exponential random numbers, of density λ e^(-λx). RuntimeError unless λ > 0.
    >>> _ = manual_seed(0); zeros(2).exponential_()
    tensor([3.5083, 1.2304])
    """
    if not lambd > 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd}")
    _check_continuous("exponential_", self)
    return _replaced("exponential_", self, lambda out: _exponential(draw(generator), out.size, lambd))


def _exponential(stream: Any, n: int, lambd: float = 1.0) -> Any:
    from ..streams import each

    return -1.0 / lambd * each(math.log1p, -stream.uniform(n))


def _check_continuous(what: str, x: Tensor) -> None:
    if x.dtype.kind != "f":
        raise RuntimeError(f"{what}: a continuous distribution needs a floating dtype, this tensor is {x.dtype}")


def geometric_(self: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """Replace x by geometric random numbers: the trials up to the first success, which has probability p in each.
    RuntimeError unless 0 < p < 1.
    >>> _ = manual_seed(0); zeros(3).geometric_(0.5)
    tensor([1., 1., 2.])
    """
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p}")
    if self.dtype.kind == "b":
        raise NotImplementedError("geometric_: a bool holds no number of trials")

    def values(out: Any) -> Any:
        from ..streams import log

        return np.ceil(log(draw(generator).uniform(out.size)) / math.log1p(-p))

    return _replaced("geometric_", self, values)


def cauchy_(self: Tensor, median: float = 0, sigma: float = 1, *, generator: Generator | None = None) -> Tensor:
    """Replace x by Cauchy random numbers, of density σ / (π (σ² + (x - median)²)). RuntimeError unless σ > 0.
    >>> _ = manual_seed(0); zeros(2).cauchy_()
    tensor([10.5977,  0.7648])
    """
    if not sigma > 0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma}")
    _check_continuous("cauchy_", self)

    def values(out: Any) -> Any:
        from ..streams import each, fma

        return fma(each(math.tan, math.pi * (draw(generator).uniform(out.size) - 0.5)), float(sigma), median)

    return _replaced("cauchy_", self, values)


def log_normal_(self: Tensor, mean: float = 1, std: float = 2, *, generator: Generator | None = None) -> Tensor:
    """Replace x by e to the power of normal random numbers N(mean, std²). RuntimeError unless std > 0.
    >>> _ = manual_seed(0); zeros(2).log_normal_(0, 1)
    tensor([4.6692, 0.7457])
    """
    if not std > 0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std}")
    check_floating("log_normal_", self.dtype)

    def values(out: Any) -> Any:
        from ..streams import each

        return each(math.exp, draw(generator).pairs(out.size, float(mean), float(std)))

    return _replaced("log_normal_", self, values)


def multinomial(input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None) -> Tensor:
    """The places of `num_samples` draws in proportion to the weights in each row of `input`; without replacement no place comes
    twice. RuntimeError for weights that are negative, not finite or all zero, and for more draws than places.
    https://pytorch.org/docs/stable/generated/torch.multinomial.html
    >>> multinomial(tensor([0.0, 3.0, 0.0]), 2, replacement=True)
    tensor([1, 1])
    """
    n, weights = index(num_samples), input.detach().cpu().array
    if weights.ndim not in (1, 2):
        raise RuntimeError(f"multinomial: the weights have 1 or 2 dimensions, got {weights.ndim}")
    if weights.dtype.kind != "f":
        raise RuntimeError(f"multinomial: the weights are floats, got {input.dtype}; use x.float()")
    if n <= 0 or (not replacement and n > weights.shape[-1]):
        raise RuntimeError(
            f"multinomial: cannot draw {n} of {weights.shape[-1]} places; use replacement=True for more than these"
        )
    shape = (*weights.shape[:-1], n)
    if not weights.size and weights.shape[-1]:
        return Tensor._of(np.empty(shape, np.int64))
    if not (weights.size and bool(np.all((weights >= 0) & (weights < math.inf)))):
        raise RuntimeError("multinomial: each weight must be a finite number and not negative, and there must be one")
    if not bool(np.all(weights.sum(-1) > 0)):
        raise RuntimeError("multinomial: some row has no weight above 0")
    stream = draw(generator)
    if replacement and n > 1:
        out = np.array([_places(row, stream.uniform(n)) for row in weights.reshape(-1, weights.shape[-1])]).reshape(shape)
    else:  # also for one draw: of weights / exponential numbers, the largest is at place i in proportion to weight i
        race = np.empty_like(weights)
        _fill(race, lambda out: _exponential(stream, out.size))
        race = np.divide(weights, race)
        out = race.argmax(-1)[..., None] if n == 1 else np.argsort(-race, axis=-1, kind="stable")[..., :n]
    return Tensor._of(put(out.astype(np.int64), input.device))


def _places(weights: Any, uniform: Any) -> Any:
    """Where uniform numbers fall among the cumulated weights, which are rounded as in PyTorch."""
    total = np.cumsum(weights, dtype=np.float64 if weights.dtype == np.float64 else np.float32)
    total = total / total[-1]
    total[-1] = 1
    return np.searchsorted(total.astype(np.float64), uniform)


def poisson(rate: Tensor, generator: Generator | None = None) -> Tensor:
    """A Poisson random number for each rate. RuntimeError for a rate below 0.
    https://pytorch.org/docs/stable/generated/torch.poisson.html
    >>> poisson(zeros(2))
    tensor([0., 0.])
    """
    check_floating("poisson", rate.dtype)
    rates = rate.detach().cpu().array
    if not bool(np.all(rates >= 0)):
        raise RuntimeError("poisson: no rate may be negative")
    return _drawn(rate, lambda out: draw(generator).poisson(rates.ravel().astype(np.float64)), "C")


def binomial(count: Tensor, prob: Tensor, generator: Generator | None = None) -> Tensor:
    """A binomial random number for each count and probability: the successes in `count` trials.
    https://pytorch.org/docs/stable/generated/torch.binomial.html
    >>> binomial(tensor([3.0, 3.0]), tensor([0.0, 1.0]))
    tensor([0., 3.])
    """
    if count.dtype.kind != "f":
        raise ValueError(f"binomial: counts and probabilities are floats, got {count.dtype}; use x.float()")
    if count.dtype != prob.dtype:
        raise RuntimeError(f"binomial: count is {count.dtype} and prob {prob.dtype}; cast one")
    if count.dtype == np.float16:
        raise NotImplementedError("binomial: not for float16; use x.float()")
    counts, chances = np.broadcast_arrays(count.detach().cpu().array, prob.detach().cpu().array)
    out = draw(generator).binomial(counts.ravel(), chances.ravel()).reshape(counts.shape)
    new = Tensor._of(put(out, count.device))
    return indexing.setitem(count.expand(out.shape), new, index=(Ellipsis,)) if recorded(count) else new


def _standard_gamma(self: Tensor, generator: Generator | None = None) -> Tensor:
    """A gamma random number of scale 1 for each shape parameter."""
    alpha = self.detach().cpu().array
    return Tensor._of(put(draw(generator).gamma(alpha.ravel()).reshape(alpha.shape), self.device))


def _sample_dirichlet(self: Tensor, generator: Generator | None = None) -> Tensor:
    """Gamma random numbers divided by their sum along the last axis: a Dirichlet random vector."""
    alpha, kind = self.detach().cpu().array, np.finfo(self.dtype)
    x = draw(generator).gamma(alpha.ravel().astype(np.float64)).reshape(alpha.shape)
    share = (x / x.sum(-1, keepdims=True)).astype(self.dtype)
    return Tensor._of(put(np.clip(share, kind.tiny, np.nextafter(self.dtype.type(1), self.dtype.type(0))), self.device))
