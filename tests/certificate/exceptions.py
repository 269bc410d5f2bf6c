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
    part: str = ""  # of results with several parts, the one that may differ, such as "1" for the indices
    when: Callable[[Any], bool] = lambda sample: True

    def fits(self, name: str, difference: Any, sample: Any) -> bool:
        """Whether it excuses a difference."""
        return (
            any(fnmatchcase(name, pattern) for pattern in self.entries.split())
            and (not self.kinds or difference.kind in self.kinds.split())
            and (not self.dtypes or difference.dtype in self.dtypes.split())
            and (not self.forms or any(fnmatchcase(difference.form, form) for form in self.forms.split(",")))
            and (not self.part or difference.text.startswith(f"result {self.part}:"))
            and self.when(sample)
        )


def tied(sample: Any) -> bool:
    """Whether the input has equal numbers."""
    return bool(sample.input.unique().numel() < sample.input.numel())


EXEMPT: list[Exempt] = [
    Exempt(
        "__r*__",
        "Python itself refuses a method of a C class if self is not a tensor; our methods are Python functions",
        kinds="refusal dtype",
        when=lambda sample: isinstance(sample.input, (int, float)),
    ),
    Exempt(
        "topk kthvalue mode sort",
        "among equal numbers, which index is given is not defined in PyTorch (unless stable=True)",
        kinds="values",
        part="1",
        when=lambda sample: tied(sample) and not sample.kwargs.get("stable"),
    ),
    Exempt(
        "argsort",
        "among equal numbers, which index is given is not defined in PyTorch (unless stable=True)",
        kinds="values",
        when=lambda sample: tied(sample) and not sample.kwargs.get("stable"),
    ),
    Exempt(
        "topk kthvalue mode sort msort",
        "among equal numbers, which one gets the gradient is not defined in PyTorch (unless stable=True)",
        kinds="first second",
        when=lambda sample: tied(sample) and not sample.kwargs.get("stable"),
    ),
    Exempt(
        "contiguous clone to bool byte char double float half int long short *_like",
        "NumPy has no channels-last memory; asking for it is refused",
        kinds="error",
        when=lambda sample: str(sample.kwargs.get("memory_format")).startswith("torch.channels_last"),
    ),
    Exempt(
        "resize_ resize_as_",
        "resize_ is refused: memory that other tensors may share cannot change its size",
        kinds="error",
    ),
    Exempt(
        "linalg.norm* linalg.vector_norm norm*",
        "the second derivative of a norm at zero is nan in PyTorch, and 0 here",
        kinds="second",
        when=lambda sample: not sample.input.detach().abs().min() if sample.input.numel() else False,
    ),
]

# Entries whose result is unique only up to signs: where it differs, what the database itself makes unique of it is compared.
NOT_UNIQUE = "svd linalg.svd linalg.eigh qr linalg.qr svd_lowrank pca_lowrank"

# What of the database is not covered: patterns of names, by reason. An entry whose function exists here is covered all the same,
# except those in NO_FUNCTION, which are wrappers around a private function of torch.
NO_FUNCTION = "max_pool2d_with_indices_backward nn.functional.max_unpool?d.grad linalg.eig linalg.eigvals"
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
