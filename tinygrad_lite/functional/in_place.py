"""The in-place forms that PyTorch has as functions too: exp_(x) is x.exp_()."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._tensor import Tensor

# fmt: off
__all__ = [
    "abs_", "acos_", "acosh_", "addmv_", "arccos_", "arccosh_", "arcsin_", "arcsinh_", "arctan_", "arctanh_", "asin_",
    "asinh_", "atan_", "atanh_", "ceil_", "clamp_", "clamp_max_", "clamp_min_", "clip_", "conj_physical_", "cos_", "cosh_",
    "deg2rad_", "detach_", "erf_", "erfc_", "exp2_", "exp_", "expm1_", "fill_", "fix_", "floor_", "frac_", "gcd_", "i0_",
    "index_put_", "lcm_", "ldexp_", "log10_", "log1p_", "log2_", "log_", "logit_", "nan_to_num_", "neg_", "negative_",
    "rad2deg_", "reciprocal_", "resize_as_", "round_", "rsqrt_", "sigmoid_", "sin_", "sinc_", "sinh_", "sqrt_", "square_",
    "tan_", "tanh_", "trunc_", "xlogy_", "zero_",
]
NOT_METHODS = __all__


def _in_place(name: str) -> Callable[..., Tensor]:
    def change(input: Tensor, *args: Any, **options: Any) -> Tensor:
        return getattr(input, name)(*args, **options)  # type: ignore[no-any-return]

    change.__name__ = change.__qualname__ = name
    change.__doc__ = f"input.{name}(...), which writes to the memory of input."
    return change


(
    abs_, acos_, acosh_, addmv_, arccos_, arccosh_, arcsin_, arcsinh_, arctan_, arctanh_, asin_, asinh_, atan_, atanh_,
    ceil_, clamp_, clamp_max_, clamp_min_, clip_, conj_physical_, cos_, cosh_, deg2rad_, detach_, erf_, erfc_, exp2_, exp_,
    expm1_, fill_, fix_, floor_, frac_, gcd_, i0_, index_put_, lcm_, ldexp_, log10_, log1p_, log2_, log_, logit_,
    nan_to_num_, neg_, negative_, rad2deg_, reciprocal_, resize_as_, round_, rsqrt_, sigmoid_, sin_, sinc_, sinh_, sqrt_,
    square_, tan_, tanh_, trunc_, xlogy_, zero_,
) = map(_in_place, __all__)
