"""Questions about the GPU, under PyTorch's names; none of them raises where there is none."""

from __future__ import annotations

from . import backend


def is_available() -> bool:
    """Whether tensors can be made on "cuda": CuPy is installed, its driver loads and a GPU answers."""
    try:
        backend.cupy()
    except RuntimeError:
        return False
    return True
