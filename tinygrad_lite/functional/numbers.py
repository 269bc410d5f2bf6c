"""Functions that are composed of arithmetic, and questions to single numbers: sign, parts, neighbours, common divisors."""

from __future__ import annotations

from collections.abc import Callable
from math import pi
from typing import Any, NamedTuple, Never

import numpy as np

from .._tensor import Tensor
from ..dtypes import float64
from ..inplace import in_place
from ..operands import Number, all_tensors, as_array, explained, not_a_tensor, same_dtype, unsigned
from ..ops import arithmetic, numbers
from ..ops.shape import clone
from ..printing import as_result_of
from .choice import clamp
from .exponential import pow

__all__ = [
    "square", "deg2rad", "rad2deg", "float_power", "ldexp", "frexp", "copysign", "hypot", "lerp", "addcmul", "addcdiv",
    "clamp_min", "clamp_max", "nan_to_num", "sgn", "positive", "conj", "conj_physical", "resolve_conj", "resolve_neg", "real",
    "imag", "isreal", "is_complex", "is_conj", "is_neg", "signbit", "heaviside", "nextafter", "gcd", "lcm",
]  # fmt: skip
METHODS = ["float_power_"]
IN_PLACE = [
    "square", "deg2rad", "rad2deg", "ldexp", "copysign", "hypot", "lerp", "addcmul", "addcdiv", "clamp_min",
    "clamp_max", "nan_to_num", "sgn", "conj_physical", "heaviside", "nextafter", "gcd", "lcm",
]  # fmt: skip


def floats(what: str, *tensors: Tensor) -> None:
    """TypeError for what is not a Tensor, RuntimeError if none of the tensors has floats."""
    all_tensors(what, tensors)
    if not any(x.array.dtype.kind == "f" for x in tensors):
        raise RuntimeError(f"{what}: not defined for {tensors[0].dtype}; cast to float first: x.float()")


# Composed


def square(input: Tensor) -> Tensor:
    """x².
    >>> tensor([-2.0, 3.0]).square()
    tensor([4., 9.])
    """
    return pow(input, 2)


def deg2rad(input: Tensor) -> Tensor:
    """Degrees as radians: x · π / 180."""
    return arithmetic.mul(input, pi / 180)


def rad2deg(input: Tensor) -> Tensor:
    """Radians as degrees: x · 180 / π."""
    return arithmetic.mul(input, 180 / pi)


def float_power(input: Tensor | Number, exponent: Tensor | Number) -> Tensor:
    """x ** y, computed in float64.
    >>> tensor([2, 4]).float_power(-1).tolist()
    [0.5, 0.25]
    """
    if not isinstance(input, Tensor) and not isinstance(exponent, Tensor):
        raise not_a_tensor("float_power", input)
    x, y = (v.to(float64) if isinstance(v, Tensor) else float(v) for v in (input, exponent))
    return pow(x, y)


def float_power_(self: Tensor, exponent: Tensor | Number) -> Tensor:
    """Replace x by x ** y, in the memory of x. RuntimeError if x is not float64, in which it is computed."""
    if self.dtype != float64:
        raise RuntimeError(f"float_power_: the result is float64, this tensor is {self.dtype}; write x = x.float_power(y)")
    return in_place("float_power", self, (exponent,), float_power)


def ldexp(input: Tensor, other: Tensor) -> Tensor:
    """x · 2^y. For integers y it is exact, even where 2^y overflows.
    >>> ldexp(tensor([1.0, 3.0]), tensor([1, -1]))
    tensor([2.0000, 1.5000])
    """
    all_tensors("ldexp", (input, other))
    if input.array.dtype.kind == "f" and other.array.dtype.kind in "iu":
        return numbers.ldexp(input, other)
    return arithmetic.mul(input, pow(2.0, other))


def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1) -> Tensor:
    """x + value · a · b."""
    x, a, b = same_dtype(input, tensor1, tensor2)
    if isinstance(value, float) and x.array.dtype.kind != "f":
        raise RuntimeError(f"addcmul: value is {value!r}, and the tensors are {x.dtype}; cast them to float first")
    return numbers.addcmul(x, a, b, value=unsigned(value, x.array.dtype))


def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1) -> Tensor:
    """x + value · a / b. RuntimeError if a and b are integers."""
    floats("addcdiv", tensor1, tensor2)
    x, a, b = same_dtype(input, tensor1, tensor2)
    return numbers.addcdiv(x, a, b, value=value)


def lerp(input: Tensor, end: Tensor, weight: Tensor | Number) -> Tensor:
    """x + weight · (end - x): x for weight 0, end for weight 1. RuntimeError for integers or different dtypes.
    >>> lerp(tensor([0.0, 10.0]), tensor([10.0, 20.0]), 0.25)
    tensor([ 2.5000, 12.5000])
    """
    floats("lerp", input)
    all_tensors("lerp", (input, end))
    for name, x in (("end", end), ("weight", weight)):
        if isinstance(x, Tensor) and x.dtype != input.dtype:
            raise RuntimeError(f"lerp: {name} is {x.dtype}, and input is {input.dtype}; cast one: x.to(y.dtype)")
    return numbers.lerp(input, end, weight if isinstance(weight, Tensor) else float(weight))


def clamp_min(input: Tensor, min: Tensor | Number) -> Tensor:
    """The larger of x and min; where they are equal, x gets the gradient."""
    all_tensors("clamp_min", (input,))
    return clamp(input, min=min)


def clamp_max(input: Tensor, max: Tensor | Number) -> Tensor:
    """The smaller of x and max; where they are equal, x gets the gradient."""
    all_tensors("clamp_max", (input,))
    return clamp(input, max=max)


def hypot(input: Tensor, other: Tensor) -> Tensor:
    """√(x² + y²), without overflow of the squares; RuntimeError for integers.
    >>> tensor([3.0]).hypot(tensor([4.0]))
    tensor([5.])
    """
    floats("hypot", input, other)
    return numbers.hypot(input, other)


def copysign(input: Tensor, other: Tensor | Number) -> Tensor:
    """|x| with the sign of y, -0.0 counting as negative. At x = 0 the derivative is 0.
    >>> tensor([1.0, -2.0]).copysign(-1)
    tensor([-1., -2.])
    """
    all_tensors("copysign", (input,))
    return numbers.copysign(input, other)


def nan_to_num(input: Tensor, nan: float | None = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """x with other numbers in place of nan, inf and -inf; for the infinities, if not given, the largest and the smallest number
    of the dtype. The derivative is 0 at what was replaced.
    >>> tensor([1.0, float("nan"), float("inf")]).nan_to_num(posinf=9.0)
    tensor([1., 0., 9.])
    """
    if input.array.dtype.kind != "f":
        return clone(input)
    largest = float(np.finfo(input.array.dtype).max)
    low, high = -largest if neginf is None else neginf, largest if posinf is None else posinf
    return numbers.finite(input, nan=0.0 if nan is None else nan, max=high, min=low)


@as_result_of("frexp")
class Parts(NamedTuple):
    """What frexp returns: x is mantissa · 2^exponent."""

    mantissa: Tensor
    exponent: Tensor


def frexp(input: Tensor) -> Parts:
    """A mantissa, 0.5 <= |mantissa| < 1, and an integer exponent (int32), so that x = mantissa · 2^exponent.
    >>> mantissa, exponent = frexp(tensor([1.0, 6.0]))
    >>> mantissa, exponent.tolist()
    (tensor([0.5000, 0.7500]), [1, 3])
    """
    floats("frexp", input)
    exponent = as_array(np.frexp(input.array)[1])
    return Parts(numbers.ldexp(input, -exponent), Tensor._of(exponent))


# Of real numbers alone


sgn = arithmetic.sign


def positive(input: Tensor) -> Tensor:
    """+x, which is x itself. RuntimeError for bools."""
    if input.array.dtype.kind == "b":
        raise RuntimeError("positive: not defined for bool; cast first: x.int()")
    return input


def conj(input: Tensor) -> Tensor:
    """The complex conjugate: of a real number, the only kind here, x itself."""
    return input


def real(x: Tensor) -> Tensor:
    """The real part: of a real number, the only kind here, x itself."""
    return x


def imag(x: Tensor) -> Never:
    """Refused, as in PyTorch for real numbers, the only kind here."""
    raise RuntimeError(f"imag: not defined for {x.dtype}; all numbers are real here")


conj_physical = resolve_conj = resolve_neg = conj


def isreal(input: Tensor) -> Tensor:
    """True for each number, since there are no complex ones here."""
    return Tensor._of(np.ones_like(input.array, dtype=np.bool_))


def is_complex(input: Tensor) -> bool:
    """Whether the numbers are complex: False, since there are no such tensors here."""
    return False


is_conj = is_neg = is_complex


# Without derivative


def signbit(input: Tensor) -> Tensor:
    """Whether x is negative; True for -0.0 too.
    >>> tensor([-1.0, -0.0, 0.0]).signbit()
    tensor([ True,  True, False])
    """
    x = input.array
    return Tensor._of(as_array(np.signbit(x) if x.dtype.kind == "f" else x < 0))


def heaviside(input: Tensor, values: Tensor) -> Tensor:
    """0 for x < 0, `values` for x = 0, 1 for x > 0. It has no gradient. RuntimeError if the dtypes differ.
    >>> heaviside(tensor([-1.0, 0.0, 2.0]), tensor(0.5))
    tensor([0.0000, 0.5000, 1.0000])
    """
    all_tensors("heaviside", (input, values))
    x, v = input.array, values.array
    if x.dtype != v.dtype:
        raise RuntimeError(f"heaviside: input is {x.dtype} and values are {v.dtype}; cast one: x.to(y.dtype)")
    return _computed("heaviside", lambda x, v: np.where(x == 0, v, (x > 0).astype(x.dtype)), x, v)


def nextafter(input: Tensor, other: Tensor) -> Tensor:
    """The neighbour of x among the numbers of its dtype, in the direction of y.
    >>> nextafter(tensor(1.0), tensor(2.0)) - 1
    tensor(1.1921e-07)
    """
    floats("nextafter", input, other)
    return numbers.nextafter(input, other)


def gcd(input: Tensor, other: Tensor) -> Tensor:
    """The greatest common divisor of integers.
    >>> gcd(tensor([12, 7]), tensor([18, 0]))
    tensor([6, 7])
    """
    return _of_integers(np.gcd, input, other)


def lcm(input: Tensor, other: Tensor) -> Tensor:
    """The least common multiple of integers, >= 0."""
    return _of_integers(np.lcm, input, other)


def _of_integers(function: Callable[..., Any], *tensors: Tensor) -> Tensor:
    all_tensors(function.__name__, tensors)
    x, y = same_dtype(*tensors)
    if x.array.dtype.kind not in "iu":
        raise RuntimeError(f"{function.__name__}: defined for integers only, got {x.dtype}")
    return _computed(function.__name__, function, x.array, y.array)


def _computed(what: str, function: Callable[..., Any], *arrays: Any) -> Tensor:
    try:
        return Tensor._of(as_array(function(*arrays)))
    except Exception as error:
        raise explained(what, error, *arrays) from error
