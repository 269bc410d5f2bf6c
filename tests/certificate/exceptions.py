"""Where the two libraries may differ, and why; and what of the database is not covered, and why.

An exception is for some samples of some entries, never for an entry as a whole: it names the entries (a pattern), what may
differ, and a test of the sample. The samples that need one are counted in the row of the entry.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import inf
from typing import Any

import torch


@dataclass
class Exempt:
    """Entries (patterns, separated by spaces), the reason, the kinds, dtypes and forms of differences (the same; all, if
    empty), and the samples.
    """

    entries: str
    reason: str
    kinds: str = ""
    dtypes: str = ""
    forms: str = ""
    part: str = ""  # of results with several parts, the one that may differ, such as "1" for the indices
    within: float = inf  # units: a larger difference is not excused
    when: Callable[[Any], bool] = lambda sample: True

    def fits(self, name: str, difference: Any, sample: Any) -> bool:
        """Whether it excuses a difference."""
        return (
            any(fnmatchcase(name, pattern) for pattern in self.entries.split())
            and (not self.kinds or difference.kind in self.kinds.split())
            and (not self.dtypes or difference.dtype in self.dtypes.split())
            and (not self.forms or any(fnmatchcase(difference.form, form) for form in self.forms.split(",")))
            and (self.within == inf or units_of(difference) <= self.within)
            and (not self.part or difference.text.startswith(f"result {self.part}:"))
            and self.when(sample)
        )


def units_of(difference: Any) -> float:
    """How far two results are apart, in units, or, of optimizers, in parts of the largest number; infinite for other
    differences than in numbers.
    """
    found = re.search(r"by up to (\S+) units|^(\d\S*)$", difference.text)
    return float(found[1] or found[2]) if found else inf


def tied(sample: Any) -> bool:
    """Whether the input has equal numbers, and their order is not asked for."""
    return bool(sample.input.unique().numel() < sample.input.numel()) and not sample.kwargs.get("stable")


def tensors(sample: Any) -> list[torch.Tensor]:
    """The input and the other tensors of a sample."""
    return [x.detach() for x in (sample.input, *sample.args) if isinstance(x, torch.Tensor)]


def beyond(bound: float) -> Callable[[Any], bool]:
    """A test: whether an input has nan, infinities, or numbers whose size is more than a bound."""
    return lambda sample: any(bool((~(x.abs() <= bound)).any()) for x in tensors(sample))


def below(bound: float) -> Callable[[Any], bool]:
    """A test: whether an input has numbers below a bound."""
    return lambda sample: any(bool((x < bound).any()) for x in tensors(sample))


def with_nan(sample: Any) -> bool:
    """Whether an input has nan."""
    return any(bool((x != x).any()) for x in tensors(sample))


def at_poles(sample: Any) -> bool:
    """Whether a number of the input is 0, -1, -2, ... or infinite."""
    x = sample.input.detach().double()  # round() refuses bools
    return bool((((x <= 0) & (x == x.round())) | x.isinf()).any())


def near_zero(sample: Any) -> bool:
    """Whether a number of the input is between -0.1 and 0.1."""
    return bool((sample.input.detach().abs() < 0.1).any())


def with_zero(sample: Any) -> bool:
    """Whether a number of the input is zero, or there is none."""
    return not sample.input.numel() or bool((sample.input.detach() == 0).any())


TRIGAMMA = "PyTorch's trigamma has errors of up to 1e6 units in float64, ours of 3 (against mpmath)"
BESSEL = "PyTorch's Bessel and Airy functions have errors of up to 1e10 units in float64, ours of 12 (against mpmath)"
TAIL = "at nan PyTorch's vectorised loop gives another derivative than the loop for the rest: it depends on the size"
OVERFLOW = "PyTorch's second derivative is nan where a power of e or 2 overflows or underflows, ours is exact"
IN_PARTS = "PyTorch's computation in parts has no second derivative: it is silently 0"
EXEMPT: list[Exempt] = [
    Exempt(
        "__r*__",
        "Python itself refuses a method of a C class if self is not a tensor; our methods are Python functions",
        "refusal dtype",
        when=lambda sample: isinstance(sample.input, (int, float)),
    ),
    Exempt("resize_ resize_as_", "refused: memory that other tensors may share cannot change its size", "error"),
    Exempt(
        "linalg.norm* linalg.vector_norm norm*",
        "the second derivative of a norm at zero is nan in PyTorch, 0 here",
        "second",
        when=with_zero,
    ),
    Exempt("*polygamma*", TRIGAMMA, "values first", "float64", within=1e7),
    Exempt("digamma", TRIGAMMA, "first", "float64", within=1e7),
    Exempt("lgamma mvlgamma*", TRIGAMMA, "second", "float64", within=1e7),
    Exempt("*polygamma* digamma lgamma mvlgamma*", "at the poles and at inf PyTorch gives large numbers or nan", when=at_poles),
    Exempt("special.bessel_* special.airy_ai", BESSEL, "values", "float64", within=1e10),
    Exempt("special.bessel_* special.airy_ai", BESSEL, "values", "int8 int16 int32 int64 uint8 bool", within=200),
    Exempt("special.airy_ai", "large numbers: PyTorch's are noise, ours nan", "values", when=beyond(1e4)),
    Exempt(
        "special.ndtr",
        "PyTorch's tail is 1 + erf, which cancels: at -8 its error is 1e14 units, ours is 44 (against mpmath)",
        "values first second",
        when=below(-0.5),
    ),
    Exempt("nn.GELU", "PyTorch computes the tail of gelu as 1 + erf, which cancels", "values", "float64", when=below(-3)),
    Exempt(
        "sinc",
        "PyTorch's derivatives cancel near zero; there the second one is 0 or nan instead of -π²/3",
        "first second",
        when=near_zero,
    ),
    Exempt(
        "nn.functional.hardsigmoid",
        "PyTorch's derivative is 1/6 rounded to float32, also in float64",
        "first second",
        "float64",
        within=1e9,
    ),
    Exempt(
        "nn.functional.celu",
        "PyTorch's derivative divides by alpha rounded to float32, also in float64",
        "first second",
        "float64",
        within=1e9,
    ),
    Exempt("nn.functional.linear_cross_entropy.chunked", IN_PARTS, "second"),
    Exempt("nn.LinearCrossEntropyLoss", IN_PARTS, "second", when=lambda sample: sample.options.get("options") is not None),
    Exempt(
        "nn.functional.binary_cross_entropy nn.BCELoss",
        "PyTorch's second derivative has 1e-12 added to its denominators",
        "second",
        "float64",
    ),
    Exempt(
        "round*", "special.round of integers is refused by PyTorch; round itself takes them", "error", forms="special.round"
    ),
    Exempt(
        "nn.functional.*elu nn.functional.*shrink nn.functional.hardtanh nn.functional.relu6",
        TAIL,
        "first second",
        when=with_nan,
    ),
    Exempt("ldexp logaddexp nn.functional.mish", OVERFLOW, "second", when=beyond(500)),
    Exempt(
        "special.log_ndtr", "far below 0 PyTorch's derivative, about -x, is 0, nan or noise", "first second", when=below(-30)
    ),
    Exempt(
        "special.i0e", "far from 0 the derivative cancels, in both libraries", "first", "float32", within=1e4, when=beyond(30)
    ),
    Exempt("special.erfcx", "far from 0 PyTorch's derivative cancels", "first second", when=beyond(30)),
    Exempt(
        "igamma igammac special.gammainc*",
        "of an infinite and a nan argument PyTorch gives 0 or 1, we nan",
        "values",
        when=with_nan,
    ),
    Exempt("special.zeta", "for numbers of 1e20 and inf PyTorch gives nan, we the limit 0", "values", when=beyond(1e19)),
    Exempt(
        "nn.functional.prelu",
        "at 0 PyTorch's second derivative is that of the other side than its first",
        "second",
        when=with_zero,
    ),
    Exempt("lu", "the method gives a tuple without names in PyTorch, the function one with names", "shape", forms="method"),
    Exempt(
        "optim.Muon",
        "PyTorch rounds every product to bfloat16, and which way depends on the order of the terms, and so on the processor",
        "parameters loaded states",
        within=0.01,
    ),
    Exempt(
        "optim.*",
        "the same parameter twice in a group: PyTorch warns that this will be an error, here it is one",
        "refusal",
        when=lambda sample: sample.desc == "a param group cannot have duplicate parameters",
    ),
]

# Entries that give indices, and the place of dim among the arguments after the input. Which index is given of equal numbers is
# not defined, so what the indices point at is compared.
INDICES = {"topk": 1, "kthvalue": 1, "mode": 0, "sort": 0, "argsort": 0}

# Entries whose result is unique only up to signs: where it differs, what the database itself makes unique of it is compared.
NOT_UNIQUE = "svd linalg.svd linalg.eigh qr linalg.qr svd_lowrank pca_lowrank"

# What of the database is not covered: patterns of names, by reason. An entry whose function exists here is covered all the
# same, except those in NO_FUNCTION: wrappers around a private function of torch, and a loss that only says what to use instead.
NO_FUNCTION = "max_pool2d_with_indices_backward linalg.eig linalg.eigvals nn.CTCLoss nn.functional.ctc_loss"
NOT_COVERED: dict[str, str] = {
    "not in the subset": "gradient slice svd_lowrank pca_lowrank unravel_index fill constant_pad_nd linalg.ldl_* "
    "special.*_polynomial_* nn.CTCLoss nn.functional.ctc_loss",
    "complex numbers": "complex view_as_real view_as_complex real imag polar conj conj_physical resolve_conj resolve_neg "
    "cdouble cfloat chalf H mH linalg.eig linalg.eigvals nn.functional.silu.complex angle",
    "Fourier transforms": "fft.* stft istft",
    "sparse tensors": "sparse.* to_sparse optim.SparseAdam",
    "bfloat16": "bfloat16",
    "private functions of PyTorch, and those that exist for its compilers": "_* torch.* native_* unsafe_* *.ops.* alias_copy "
    "diagonal_copy expand_copy narrow_copy permute_copy split_with_sizes_copy "
    "squeeze_copy t_copy transpose_copy unbind_copy unfold_copy unsqueeze_copy view_copy "
    "jiterator_* bmm.triton_optimized max_pool2d_with_indices_backward grid_sampler_* hash_tensor nonzero_static "
    "empty_permuted empty_strided new_empty_strided as_strided* resize_ resize_as_",
    "masked tensors, a prototype in PyTorch": "masked.*",
    "signal windows": "signal.*",
    "layers that are not in the subset": "*fractional_max_pool?d nn.FractionalMaxPool?d nn.functional.grid_sample",
}


def why_not(name: str) -> str | None:
    """Why an entry is not covered; None if nothing says so."""
    fits = (reason for reason, patterns in NOT_COVERED.items() if any(fnmatchcase(name, p) for p in patterns.split()))
    return next(fits, None)


def exempted(name: str, found: list[Any], sample: Any) -> tuple[list[Any], list[str]]:
    """Of the differences of one sample, those that nothing excuses; and the reasons that excuse the others."""
    wrong, reasons = [], []
    for difference in found:
        reason = next((exempt.reason for exempt in EXEMPT if exempt.fits(name, difference, sample)), None)
        if reason is None:
            wrong.append(difference)
        else:
            reasons.append(reason)
    return wrong, reasons
