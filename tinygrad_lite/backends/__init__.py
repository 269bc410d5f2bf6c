"""PyTorch's torch.backends: which libraries there are, and flags that change nothing here."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from .. import cuda as _cuda
from ..suggest import missing_from, names_in
from . import cudnn

__all__ = ["cpu", "cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp"]


def _no() -> bool:
    return False


cuda = SimpleNamespace(is_built=_cuda.is_available, matmul=SimpleNamespace(allow_tf32=False))
mps = SimpleNamespace(is_available=_no, is_built=_no)
mkl, mkldnn, openmp = (SimpleNamespace(is_available=_no) for _ in range(3))
cpu = SimpleNamespace(get_cpu_capability=lambda: "DEFAULT")

if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__, __dir__ = missing_from(__name__), names_in(__name__)
