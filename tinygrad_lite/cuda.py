"""PyTorch's questions about the GPU; none raises an error on a machine without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import backend
from .suggest import missing_from, names_in

__all__ = ["is_available"]


def is_available() -> bool:
    """Whether tensors can be made on "cuda": CuPy is installed, the driver loads and there is a GPU."""
    try:
        backend.cupy()
    except RuntimeError:
        return False
    return True


if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__, __dir__ = missing_from(__name__), names_in(__name__)
