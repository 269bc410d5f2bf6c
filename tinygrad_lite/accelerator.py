"""PyTorch's questions about an accelerator of any kind, as new programs ask them: an NVIDIA GPU, or none; see cuda.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import cuda
from .backend import device
from .suggest import missing_from, names_in

__all__ = ["current_accelerator", "current_device_index", "device_count", "is_available", "set_device_index", "synchronize"]


def is_available() -> bool:
    """Whether there is an accelerator that tensors can be on."""
    return cuda.is_available()


def current_accelerator(check_available: bool = False) -> device | None:
    """device("cuda"); None if there is no GPU."""
    return device("cuda") if cuda.is_available() else None


device_count, current_device_index = cuda.device_count, cuda.current_device
set_device_index, synchronize = cuda.set_device, cuda.synchronize

if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__, __dir__ = missing_from(__name__), names_in(__name__)
