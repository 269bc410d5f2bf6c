"""Questions about the GPU, under PyTorch's names; none of them raises where there is none."""

from __future__ import annotations

from . import backend


def is_available() -> bool:
    """Whether tensors can be made on "cuda": CuPy is installed, its driver loads and a GPU answers.
    >>> isinstance(is_available(), bool)
    True
    """
    try:
        backend.cupy()
    except RuntimeError:
        return False
    return True


def device_count() -> int:
    """The number of GPUs, 0 where there is no CUDA.
    >>> device_count() >= 0
    True
    """
    return int(backend.cupy().cuda.runtime.getDeviceCount()) if is_available() else 0


def synchronize() -> None:
    """Wait until the GPU has finished all work given to it; RuntimeError where there is no CUDA."""
    backend.cupy().cuda.get_current_stream().synchronize()
