"""PyTorch's questions about the GPU. On a machine without one they answer False or 0; what needs a GPU says what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import backend, random
from .suggest import missing_from, names_in

__all__ = [
    "current_device", "device_count", "empty_cache", "get_device_name", "get_device_properties", "is_available",
    "is_initialized", "manual_seed", "manual_seed_all", "max_memory_allocated", "mem_get_info", "memory_allocated",
    "memory_reserved", "reset_peak_memory_stats", "set_device", "synchronize",
]  # fmt: skip


def is_available() -> bool:
    """Whether tensors can be made on "cuda": CuPy is installed, the driver loads and there is a GPU."""
    try:
        backend.cupy()
    except RuntimeError:
        return False
    return True


def is_initialized() -> bool:
    """Whether the GPU can be used."""
    return is_available()


def device_count() -> int:
    """The number of GPUs."""
    return int(backend.cupy().cuda.runtime.getDeviceCount()) if is_available() else 0


def current_device() -> int:
    """The number of the GPU that "cuda" stands for. RuntimeError without one."""
    return int(backend.cupy().cuda.Device().id)


def set_device(device: Any) -> None:
    """Let "cuda" stand for this GPU from now on. RuntimeError without one."""
    backend.cupy().cuda.Device(_number(device)).use()


def get_device_name(device: Any = None) -> str:
    """The name of a GPU. RuntimeError without one; it says what is missing."""
    return str(get_device_properties(device)["name"].decode())


def get_device_properties(device: Any = None) -> dict[str, Any]:
    """What the driver knows about a GPU: name, totalGlobalMem, multiProcessorCount and more. RuntimeError without one."""
    cp = backend.cupy()
    return dict(cp.cuda.runtime.getDeviceProperties(_number(device)))


def synchronize(device: Any = None) -> None:
    """Wait until the GPU has computed all that it was asked for. Nothing to wait for without one."""
    if is_available():
        backend.cupy().cuda.Device(_number(device)).synchronize()


def empty_cache() -> None:
    """Give memory that is not in use back to the driver."""
    if is_available():
        backend.cupy().get_default_memory_pool().free_all_blocks()


def memory_allocated(device: Any = None) -> int:
    """The bytes of GPU memory that tensors use; 0 without a GPU."""
    return int(backend.cupy().get_default_memory_pool().used_bytes()) if is_available() else 0


def memory_reserved(device: Any = None) -> int:
    """The bytes of GPU memory that are held, in use or not; 0 without a GPU."""
    return int(backend.cupy().get_default_memory_pool().total_bytes()) if is_available() else 0


def max_memory_allocated(device: Any = None) -> int:
    """The most bytes that were held; CuPy counts what it holds, not the peak of what is used. 0 without a GPU."""
    return memory_reserved(device)


def reset_peak_memory_stats(device: Any = None) -> None:
    """Accepted: see max_memory_allocated."""


def mem_get_info(device: Any = None) -> tuple[int, int]:
    """The free and the total bytes of a GPU. RuntimeError without one."""
    cp = backend.cupy()
    with cp.cuda.Device(_number(device)):
        free, total = cp.cuda.runtime.memGetInfo()
    return int(free), int(total)


def manual_seed(seed: int) -> None:
    """Accepted without a GPU, as in PyTorch. Numbers for the GPU are drawn on the CPU, from the generator that
    tinygrad_lite.manual_seed() seeds: with a GPU, this seeds it too.
    """
    if is_available():
        random.manual_seed(seed)


def manual_seed_all(seed: int) -> None:
    """As manual_seed."""
    manual_seed(seed)


def _number(device: Any) -> int:
    """The number of a GPU that is given as 0, "cuda:0", device("cuda:0"), or None for the current one."""
    if isinstance(device, int):
        return device
    return current_device() if device is None else backend.device(str(device)).index or 0


if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__, __dir__ = missing_from(__name__), names_in(__name__)
