"""Streams of random numbers. The first, `Torch`, draws bit for bit what PyTorch's CPU generator draws from the same seed.

PyTorch's generator is the Mersenne Twister MT19937, which NumPy has too: `bits(n)` are its next n numbers of 32 bits. All else
is made of them. A uniform float32 takes the low 24 bits of one, a float64 the low 53 bits of two. Normal numbers come in pairs
(Box & Muller 1958): u and v uniform give r cos θ and r sin θ, with r = √(-2 log u) and θ = 2πv. Whole programs repeat PyTorch's
numbers only if each step is rounded as there. So float32 normals are computed with the polynomials for log, sin and cos that
PyTorch's AVX2 code uses (from Cephes), and where its compiler fuses a product and a sum into one rounding, so does fma().

`Numpy` is NumPy's own stream, PCG64, with NumPy's methods: other numbers, drawn faster.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.random import MT19937, PCG64
from numpy.random import Generator as NumpyGenerator

from .dtypes import float16, float32, float64

Array = Any
HEADER, TAIL = struct.Struct("<QiiQ"), struct.Struct("<dddixxxxf?xxx")  # of the state: before and after the 624 numbers
SIZE = HEADER.size + 624 * 8 + TAIL.size
WIDE = 1 << 28  # from so many integers on, PyTorch draws 64 bits for one of them, so that x % n stays even
BLOCK = 1 << 14  # pairs of normal numbers that are computed at a time, so that the arrays in between stay in the cache


class Torch:
    """The stream of PyTorch's CPU generator. Each method returns the next numbers as a new array of one dimension."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.twister = MT19937(0)
        self.twister._legacy_seeding(seed & 0xFFFFFFFF)
        self.begun = False  # whether anything was drawn: in PyTorch's state, "nothing yet" differs from "624 drawn, none left"
        self.spare: float | None = None  # the second normal number of a pair, if the first alone was asked for

    def bits(self, n: int) -> Array:
        """n integers of 32 bits, as uint64."""
        self.begun = self.begun or n > 0
        return self.twister.random_raw(n)

    def wide(self, n: int) -> Array:
        """n integers of 64 bits, as uint64. Each is made of two draws, of which the first has the high bits."""
        high, low = self.bits(2 * n).reshape(n, 2).T
        return high << np.uint64(32) | low

    def uniform(self, n: int, dtype: Any = float64, low: float = 0.0, high: float = 1.0) -> Array:
        """Uniform numbers in [low, high), of a floating dtype; float16 is drawn in float32."""
        if dtype == float64:
            x = (self.wide(n) & np.uint64(2**53 - 1)) * 2.0**-53
        else:
            x = (self.bits(n) & np.uint64(2**24 - 1)).astype(float32) * float32.type(2.0**-24)
        return x if (low, high) == (0, 1) and dtype != float16 else _stretched(x, dtype, low, high)

    def integers(self, n: int, low: int, high: int) -> Array:
        """Integers from low to high - 1, as int64."""
        count = high - low
        draws = self.wide(n) if count >= WIDE else self.bits(n)
        return (draws if count == 1 << 64 else draws % np.uint64(count)).view(np.int64) + np.int64(low)

    def permutation(self, n: int) -> Array:
        """The integers 0 to n - 1 in random order: place i is exchanged with place i + draw % (n - i) (Fisher & Yates 1938)."""
        steps = np.arange(n)
        draws = self.bits(max(n - 1, 0)) % np.arange(n, 1, -1, dtype=np.uint64)
        steps[: n - 1] += draws.view(np.int64)
        return _exchanged(steps)

    def normal(self, n: int, dtype: Any = float64, mean: float = 0.0, std: float = 1.0) -> Array:
        """Normal numbers of a floating dtype. PyTorch makes 16 or more in blocks of 16, of eight radii and eight angles; the
        last 16 are drawn anew if they are no whole block. Fewer are made one by one: see pairs().
        """
        if n < 16:
            return self.normal_pairs(n, dtype, mean, std)
        of = float64 if dtype == float64 else float32
        out = np.empty(n, of)
        whole = n - n % 16
        make = _blocks64 if of == float64 else _blocks32
        make(self.uniform(n if dtype != float16 else whole, of)[:whole], out[:whole], mean, std)
        if whole < n:
            make(self.uniform(16, of), out[-16:], mean, std)
        return out.astype(dtype, copy=False)

    def normal_pairs(self, n: int, dtype: Any = float64, mean: float = 0.0, std: float = 1.0) -> Array:
        """Normal numbers made one by one: also how PyTorch fills a tensor that is not contiguous."""
        x = self.pairs(n, mean, std)
        return (x.astype(float32) if dtype == float16 else x).astype(dtype, copy=False)  # float16 is rounded twice

    def pairs(self, n: int, mean: float = 0.0, std: float = 1.0) -> Array:
        """Normal numbers in float64, made in pairs; if n is odd, the last one waits in `spare` for the next call."""
        if not n:
            return np.empty(0)
        spare = [] if self.spare is None else [self.spare]
        angle, u = self.uniform((n - len(spare) + 1) // 2 * 2).reshape(-1, 2).T
        turn = _turn(angle) * np.sqrt(-2 * each(math.log1p, -u))
        out = np.concatenate([spare, turn.view(float64)])
        self.spare = float(out[n]) if n < len(out) else None
        return fma(out[:n], std, mean)

    # The numbers of these come from as many draws as it takes until one is accepted, so they are made one by one.

    def next_uniform(self) -> float:
        """One uniform float64."""
        self.begun, draw = True, self.twister.random_raw
        return ((draw() << 32 | draw()) & (2**53 - 1)) * 2.0**-53

    def poisson(self, rates: Array) -> Array:
        """A Poisson number for each rate (float64): by products of uniform numbers, from 10 on by rejection (Hörmann 1993)."""
        return np.array([_poisson(rate, self.next_uniform) for rate in rates.tolist()], float64)

    def binomial(self, counts: Array, probabilities: Array) -> Array:
        """A binomial number for each count and probability, whose dtype the steps before the draw are computed in."""
        kind = counts.dtype.type
        return np.array([_binomial(kind(n), kind(p), self.next_uniform) for n, p in zip(counts, probabilities)], counts.dtype)

    def gamma(self, shapes: Array) -> Array:
        """A gamma number of scale 1 for each shape parameter (Marsaglia & Tsang 2000)."""
        normal = self.next_normal
        return np.array([_gamma(alpha, self.next_uniform, normal) for alpha in shapes], shapes.dtype)

    def next_normal(self) -> float:
        """One normal number in float64: that of pairs(1), which takes four times as long."""
        if self.spare is not None:
            x, self.spare = self.spare, None
            return x
        angle = 2 * math.pi * self.next_uniform()
        r = math.sqrt(-2 * math.log1p(-self.next_uniform()))
        self.spare = r * math.sin(angle)
        return r * math.cos(angle)

    # The state, byte for byte as PyTorch's get_rng_state() has it

    def state(self) -> Array:
        """The state as 5056 bytes: the seed, the place in the 624 numbers, these numbers, and the spare normal number."""
        twister = self.twister.state["state"]
        drawn = twister["pos"] if self.begun else 0
        left = 625 - drawn if self.begun else 1
        head = HEADER.pack(self.seed, left, 1, drawn)
        tail = TAIL.pack(0.0, self.spare or 0.0, 0.0, self.spare is not None, 0.0, False)
        return np.frombuffer(head + twister["key"].astype("<u8").tobytes() + tail, np.uint8).copy()

    def set_state(self, state: Array) -> None:
        """Go on from where state() was called. RuntimeError for what is no state."""
        data = state.tobytes()
        if len(data) != SIZE:
            raise RuntimeError(f"set_state: expected a state of {SIZE} bytes, got {len(data)}")
        seed, left, seeded, drawn = HEADER.unpack_from(data)
        if not (seeded and 0 < left <= 624 and drawn <= 624):
            raise RuntimeError("set_state: these bytes are not the state of an MT19937 generator")
        _, spare, _, has_spare, _, _ = TAIL.unpack_from(data, SIZE - TAIL.size)
        key = np.frombuffer(data, "<u8", 624, HEADER.size).astype(np.uint32)
        self.seed, self.begun, self.spare = seed, drawn > 0, spare if has_spare else None
        self.twister.state = {"bit_generator": "MT19937", "state": {"key": key, "pos": drawn if drawn else 624}}


class Numpy(Torch):
    """NumPy's stream, PCG64, with NumPy's own methods, which are faster and give other numbers."""

    def __init__(self, seed: int) -> None:
        self.seed, self.begun, self.spare = seed, False, None
        self.numpy = NumpyGenerator(PCG64(seed))

    def bits(self, n: int) -> Array:
        return self.wide(n) >> np.uint64(32)

    def wide(self, n: int) -> Array:
        return self.numpy.bit_generator.random_raw(n)

    def uniform(self, n: int, dtype: Any = float64, low: float = 0.0, high: float = 1.0) -> Array:
        x = self.numpy.random(n, float64 if dtype == float64 else float32)
        return x if (low, high) == (0, 1) and dtype != float16 else _stretched(x, dtype, low, high)

    def integers(self, n: int, low: int, high: int) -> Array:
        return self.numpy.integers(low, high, n)

    def permutation(self, n: int) -> Array:
        return self.numpy.permutation(n)

    def normal(self, n: int, dtype: Any = float64, mean: float = 0.0, std: float = 1.0) -> Array:
        out = self.numpy.standard_normal(n, float64 if dtype == float64 else float32)
        return (out * out.dtype.type(std) + out.dtype.type(mean)).astype(dtype, copy=False)

    def normal_pairs(self, n: int, dtype: Any = float64, mean: float = 0.0, std: float = 1.0) -> Array:
        """Normal numbers made one by one: also how PyTorch fills a tensor that is not contiguous."""
        x = self.pairs(n, mean, std)
        return (x.astype(float32) if dtype == float16 else x).astype(dtype, copy=False)  # float16 is rounded twice

    def pairs(self, n: int, mean: float = 0.0, std: float = 1.0) -> Array:
        return self.numpy.normal(mean, std, n)

    def next_uniform(self) -> float:
        return self.numpy.random()

    def next_normal(self) -> float:
        return self.numpy.standard_normal()

    def poisson(self, rates: Array) -> Array:
        return np.asarray(self.numpy.poisson(rates), float64)

    def binomial(self, counts: Array, probabilities: Array) -> Array:
        return np.asarray(self.numpy.binomial(counts.astype(np.int64), probabilities), counts.dtype)

    def gamma(self, shapes: Array) -> Array:
        return np.asarray(self.numpy.standard_gamma(shapes), shapes.dtype)

    def state(self) -> Array:
        """The state as 48 bytes: the seed, the state of PCG64 and its increment, and half of a 64-bit draw that waits."""
        inner = self.numpy.bit_generator.state
        numbers = ((self.seed, 8), (inner["state"]["state"], 16), (inner["state"]["inc"], 16), (inner["has_uint32"], 4))
        data = b"".join([x.to_bytes(n, "little") for x, n in (*numbers, (inner["uinteger"], 4))])
        return np.frombuffer(data, np.uint8).copy()

    def set_state(self, state: Array) -> None:
        data = state.tobytes()
        if len(data) != 48:
            raise RuntimeError(f"set_state: the state of a stream='numpy' has 48 bytes, got {len(data)}")
        cuts = (0, 8, 24, 40, 44, 48)
        self.seed, inner, inc, half, waiting = (int.from_bytes(data[i:j], "little") for i, j in pairwise(cuts))
        self.numpy.bit_generator.state = {
            "bit_generator": "PCG64", "state": {"state": inner, "inc": inc}, "has_uint32": half, "uinteger": waiting,
        }  # fmt: skip


def _exchanged(places: Array) -> Array:
    """0 to n - 1 after the exchanges of place i with places[i] >= i, for i = 0, 1, ..."""
    n = len(places)
    if n < 300:
        order = list(range(n))
        for i, j in enumerate(places.tolist()):
            order[i], order[j] = order[j], order[i]
        return np.array(order, np.int64)
    # All at once, which for 60,000 takes 1 ms instead of 6. Step i moves the number that it finds at place i to place j, and
    # leaves at i what was at j. Which number it finds at i, an earlier step put there (the last one whose j is i), which had
    # found it at its own place, and so on back to a step whose place nobody had written to.
    steps = np.arange(n)
    source = steps.copy()
    moved = places != steps
    source[places[moved]] = steps[moved]  # of several the last, for they are in order
    while not np.array_equal(source, further := source[source]):
        source = further
    both = np.sort(places << 32 | steps)  # by place, then by step: the steps with the same place come one after the other
    place, step = both >> 32, both & 0xFFFFFFFF
    again = np.flatnonzero(place[1:] == place[:-1])
    out = places.copy()
    out[step[again + 1]] = source[step[again]]
    return out


def _stretched(x: Array, dtype: Any, low: float, high: float) -> Array:
    """From [0, 1) to [low, high). What a rounding takes up to `high` becomes `low`."""
    one = x.dtype.type
    width = one(high) - one(low)
    x = fma(x, float(width), float(one(low))) if dtype == float64 else _fma32(x, width, one(low))
    x = x.astype(dtype, copy=False)
    x[x == dtype.type(high)] = low
    return x


# Functions of the C library on arrays. NumPy's own log, exp and tan differ from these in the last bit of some numbers.


def log(x: Array) -> Array:
    """log x in float64 as the C library rounds it. scipy's x log y has the same log, and is fast."""
    if x.size > 10_000:
        from scipy.special import xlogy

        return xlogy(1.0, x)
    return each(math.log, x)


def each(function: Callable[[float], float], x: Array) -> Array:
    """A function of `math` for each number of an array of one dimension."""
    return np.fromiter(map(function, x.tolist()), float64, x.size)


def _turn(v: Array) -> Array:
    """cos 2πv + i sin 2πv: e to an imaginary power, for which NumPy asks the C library for both."""
    return np.exp(1j * (2 * math.pi * v))


def fma(x: Array, factor: float, summand: float) -> Array:
    """x · factor + summand in float64, rounded once, as by a processor's fused multiply-add. x has one dimension."""
    if summand == 0:
        return x * factor
    if factor == 1:
        return x + summand
    out = np.empty_like(x)
    for start in range(0, x.size, BLOCK // 2):
        here = slice(start, start + BLOCK // 2)
        out[here] = _fused(x[here], np.float64(factor), np.float64(summand))
    return out


def _fused(x: Array, factor: Any, summand: Any) -> Array:
    """The errors of the product and the sums are computed exactly, and added with a rounding to odd, which a second rounding
    cannot spoil (Boldo & Melquiond 2008).
    """
    product, rest = _product(x, factor)
    low, lower = _sum(summand, rest)
    high, middle = _sum(product, low)
    tail, error = _sum(lower, middle)
    even = (tail.view(np.int64) & 1) == 0
    return high + np.where(even & (error != 0), np.nextafter(tail, np.copysign(np.inf, error)), tail)


def _fma32(x: Array, factor: Any, summand: Any) -> Array:
    """The same in float32: float64 holds the product exactly."""
    return (x * np.float64(factor) + np.float64(summand)).astype(float32)


def _sum(x: Array, y: Array) -> tuple[Array, Array]:
    """x + y, rounded, and the error of it (Knuth)."""
    total = x + y
    part = total - x
    return total, (x - (total - part)) + (y - part)


def _product(x: Array, y: Array) -> tuple[Array, Array]:
    """x · y, rounded, and the error of it (Dekker): each factor is split into two of 26 bits."""
    product = x * y
    (x1, x2), (y1, y2) = _halves(x), _halves(y)
    return product, x2 * y2 - (((product - x1 * y1) - x2 * y1) - x1 * y2)


def _halves(x: Array) -> tuple[Array, Array]:
    wide = x * 134217729.0
    high = wide - (wide - x)
    return high, x - high


# Normal numbers in blocks of 16


def _blocks64(uniform: Array, out: Array, mean: float, std: float) -> None:
    """Box-Muller in float64, from blocks of eight u and eight v."""
    u, v = uniform.reshape(-1, 2, 8).transpose(1, 0, 2)
    r = np.sqrt(-2 * log(1 - u.ravel())).reshape(-1, 8)
    turn = _turn(v)
    pairs = out.reshape(-1, 2, 8)
    pairs[:, 0], pairs[:, 1] = r * turn.real, r * turn.imag
    if mean or std != 1:
        out[:] = fma(out, std, mean)


def _float32s(*numbers: float) -> list[np.float32]:
    return [np.float32(x) for x in numbers]


# fmt: off
LOG = _float32s(7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
                2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)
# fmt: on
SIN = _float32s(-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
COS = _float32s(2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
QUARTER = _float32s(0.78515625, 2.4187564849853515625e-4, 3.77489497744594108e-8)  # π/4, in three parts
LOG2 = _float32s(0.693359375, -2.12194440e-4)  # log 2, in two parts
ROOT = int(np.float32(0.707106781186547524).view(np.int32))  # the bits of √½


def _blocks32(uniform: Array, out: Array, mean: float, std: float) -> None:
    """Box-Muller in float32, from blocks of eight u and eight v, each step rounded as by PyTorch's AVX2 code."""
    uniform, out = uniform.reshape(-1, 2, 8), out.reshape(-1, 2, 8)
    for start in range(0, len(uniform), BLOCK // 8):
        here = slice(start, start + BLOCK // 8)
        r = _radius(np.subtract(np.float32(1), uniform[here, 0]).ravel())
        sin, cos = _sin_cos((uniform[here, 1] * np.float32(2 * math.pi)).ravel())
        for i, part in enumerate((cos, sin)):
            part *= r
            if mean or std != 1:
                part = _fma32(part, np.float32(std), np.float32(mean))
            out[here, i] = part.reshape(-1, 8)


class _Fused:
    """y · x + c in float32, rounded once: float64 holds the product of two float32 exactly."""

    def __init__(self, x: Array) -> None:
        self.x, self.wide, self.y = x.astype(float64), np.empty(x.shape), np.empty_like(x)

    def __call__(self, y: Array, c: Any) -> Array:
        """The result is overwritten by the next call."""
        np.copyto(self.wide, y)
        self.wide *= self.x
        self.wide += c
        np.copyto(self.y, self.wide, casting="same_kind")
        return self.y


def _radius(u: Array) -> Array:
    """√(-2 log u) in float32. With u = 2ᵉ (1 + x) and √½ <= 1 + x < √2, log u = e log 2 + x - x²/2 + x³ P(x)."""
    bits = u.view(np.int32) - ROOT
    e = (bits >> 23).astype(float32)
    bits &= 0x7FFFFF
    bits += ROOT
    x = bits.view(float32)
    x -= np.float32(1)
    square = x * x
    fused = _Fused(x)
    y: Any = LOG[0]
    for c in LOG[1:]:
        y = fused(y, c)
    y *= x
    y = _Fused(square)(y, e * LOG2[1])
    square *= np.float32(0.5)
    y -= square
    x += y
    e *= LOG2[0]
    x += e
    x *= np.float32(-2)
    return np.sqrt(x, out=x)


def _sin_cos(angle: Array) -> tuple[Array, Array]:
    """sin and cos of 0 <= angle <= 2π in float32. With angle = j π/4 + x, j even, they are the sin and cos of x, exchanged and
    with other signs for some j.
    """
    j = (angle * np.float32(4 / math.pi)).astype(np.int32)
    j += 1
    j &= ~1
    times, x = j.astype(float32), angle
    x -= times * QUARTER[0]
    x -= times * QUARTER[1]
    x[:] = x - times.astype(float64) * QUARTER[2]
    square = x * x
    fused = _Fused(square)
    c = fused(fused(COS[0], COS[1]), COS[2]) * square
    square *= np.float32(0.5)
    c = fused(c, -square).copy()
    c += np.float32(1)
    s = fused(fused(SIN[0], SIN[1]), SIN[2]) * fused.x.astype(float32)
    s = _Fused(x)(s, x)
    exchanged = (j & 2) != 0
    sin, cos = np.where(exchanged, c, s), np.where(exchanged, s, c)
    sin.view(np.int32)[:] ^= (j & 4) << 29
    cos.view(np.int32)[:] ^= (~(j - 2) & 4) << 29
    return sin, cos


# Numbers that are made one by one


def _poisson(rate: float, uniform: Callable[[], float]) -> float:
    if rate < 10:
        product, limit, k = uniform() if rate else 0.0, math.exp(-rate), 0
        while product > limit:
            product, k = product * uniform(), k + 1
        return k
    root, log_rate = math.sqrt(rate), math.log(rate)
    b = 0.931 + 2.53 * root
    a = -0.059 + 0.02483 * b
    inverse, bound = 1.1239 + 1.1328 / (b - 3.4), 0.9277 - 3.6224 / (b - 2)
    while True:
        u, v = uniform() - 0.5, uniform()
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + rate + 0.43) if us else -1
        if us >= 0.07 and v <= bound:
            return k
        if k < 0 or (us < 0.013 and v > us):
            continue
        left = (math.log(v) if v else -math.inf) + math.log(inverse) - math.log(a / (us * us) + b)
        if left <= -rate + k * log_rate - math.lgamma(k + 1):
            return k


def _binomial(count: Any, p: Any, uniform: Callable[[], float]) -> Any:
    """count and p are NumPy scalars: PyTorch computes some steps in the dtype of the tensor."""
    if count <= 0 or p <= 0:
        return 0
    if p >= 1:
        return count
    if p != p:
        return math.nan
    if p > 0.5:
        return count - _binomial(count, type(p)(1.0 - float(p)), uniform)
    if count * p >= 10:
        return _binomial_by_rejection(count, p, uniform)
    step, total, k = float(np.log1p(-p)), 0.0, 0
    while True:  # the waiting times between successes are geometric
        u = uniform()
        total += math.ceil(math.log(u) / step) if u else math.inf
        if total > count:
            return k
        k += 1


def _binomial_by_rejection(count: Any, p: Any, uniform: Callable[[], float]) -> float:
    """Hörmann's BTRS (1993)."""
    deviation = float(np.sqrt(count * p * (1 - p)))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * float(p)
    c, bound, r = float(count * p) + 0.5, 0.92 - 4.2 / b, float(p / (1 - p))
    alpha, m = (2.83 + 5.1 / b) * deviation, math.floor((count + 1) * p)
    n = float(count)
    while True:
        u, v = uniform() - 0.5, uniform()
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + c) if us else -1
        if k < 0 or k > n:
            continue
        if us >= 0.07 and v <= bound:
            return k
        v = math.log(v * alpha / (a / (us * us) + b)) if v else -math.inf
        upper = (m + 0.5) * math.log((m + 1) / (r * (n - m + 1))) + (n + 1) * math.log((n - m + 1) / (n - k + 1))
        upper += (k + 0.5) * math.log(r * (n - k + 1) / (k + 1))
        if v <= upper + _stirling(m) + _stirling(n - m) - _stirling(k) - _stirling(n - k):
            return k


# fmt: off
STIRLING = (0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509, 0.0166446911898211,
            0.0138761288230707, 0.0118967099458917, 0.0104112652619720, 0.00925546218271273, 0.00833056343336287)
# fmt: on


def _stirling(k: float) -> float:
    """What Stirling's formula lacks of log k!"""
    if k < len(STIRLING):
        return STIRLING[int(k)]
    square = (k + 1) * (k + 1)
    return (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (k + 1)


def _gamma(alpha: Any, uniform: Callable[[], float], normal: Callable[[], float]) -> float:
    """alpha is a NumPy scalar: PyTorch computes some steps in the dtype of the tensor, and some constants are float32."""
    kind, scale = type(alpha), 1.0
    if alpha < 1:
        if alpha == 0:
            return float(np.finfo(kind).tiny)
        scale, alpha = math.pow(1 - uniform(), float(kind(1) / alpha)), alpha + kind(1)
    d = float(alpha - kind(np.float32(1) / np.float32(3)))
    c = 1 / math.sqrt(9 * d)
    while True:
        y = 0.0
        while y <= 0:
            x = normal()
            y = 1 + c * x
        v, u, square = y * y * y, 1 - uniform(), x * x
        if u < 1 - float(np.float32(0.0331)) * square * square or math.log(u) < 0.5 * square + d * (1 - v + math.log(v)):
            return max(float(np.finfo(kind).tiny), scale * d * v)
