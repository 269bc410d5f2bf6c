"""Where the two libraries may differ, and why; and what of the database is not covered, and why.

An exception is for some samples of some entries, never for an entry as a whole: it names the entries (a pattern), what may
differ, and a test of the sample. The samples that need one are counted in the row of the entry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any


@dataclass
class Exempt:
    """Entries (patterns, separated by spaces), the kinds, dtypes and forms of differences (the same; all, if empty), the samples,
    and the reason.
    """

    entries: str
    reason: str
    kinds: str = ""
    dtypes: str = ""
    forms: str = ""
    when: Callable[[Any], bool] = lambda sample: True

    def fits(self, name: str, difference: Any, sample: Any) -> bool:
        """Whether it excuses a difference."""
        return (
            any(fnmatchcase(name, pattern) for pattern in self.entries.split())
            and (not self.kinds or difference.kind in self.kinds.split())
            and (not self.dtypes or difference.dtype in self.dtypes.split())
            and (not self.forms or any(fnmatchcase(difference.form, form) for form in self.forms.split(",")))
            and self.when(sample)
        )


EXEMPT: list[Exempt] = [
    Exempt(
        "__r*__",
        "Python itself refuses a method of a C class whose self is not a tensor; our methods are Python functions",
        kinds="refusal",
        when=lambda sample: isinstance(sample.input, (int, float)),
    )
]

# What of the database is not covered: patterns of names, by reason. An entry whose function exists here is covered all the same,
# except those in NO_FUNCTION, which are wrappers around a private function of torch.
NO_FUNCTION = "max_pool2d_with_indices_backward nn.functional.max_unpool?d.grad"
NOT_COVERED: dict[str, str] = {
    "complex numbers": "complex view_as_real view_as_complex real imag polar conj conj_physical resolve_conj resolve_neg cdouble "
    "cfloat chalf H mH linalg.eig linalg.eigvals nn.functional.silu.complex angle",
    "Fourier transforms": "fft.* stft istft",
    "sparse tensors": "sparse.* to_sparse",
    "bfloat16": "bfloat16",
    "private functions of PyTorch, and those that exist for its compilers": "_* torch.* native_* unsafe_* *.ops.* alias_copy diagonal_copy expand_copy narrow_copy permute_copy split_with_sizes_copy squeeze_copy t_copy transpose_copy unbind_copy unfold_copy unsqueeze_copy view_copy "
    "jiterator_* bmm.triton_optimized max_pool2d_with_indices_backward grid_sampler_* hash_tensor nonzero_static empty_permuted "
    "empty_strided new_empty_strided as_strided* resize_ resize_as_",
    "masked tensors, a prototype in PyTorch": "masked.*",
    "signal windows": "signal.*",
    "layers and losses, which come in the next issue": "nn.functional.*",
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
