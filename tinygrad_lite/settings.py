"""Settings of PyTorch's: threads, and switches that change nothing here, accepted so that programs which set them run.

What a switch asks for holds anyway: every op is deterministic, and products of float32 are never rounded to fewer bits.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from .backend import CPU, device

__all__ = [
    "are_deterministic_algorithms_enabled", "compile", "get_default_device", "get_float32_matmul_precision", "get_num_threads",
    "set_default_device", "set_float32_matmul_precision", "set_num_threads", "use_deterministic_algorithms",
    "memory_format", "contiguous_format", "preserve_format", "channels_last", "layout", "strided",
]  # fmt: skip


class memory_format:
    """How the numbers of a copy are to lie in memory, as in x.clone(memory_format=contiguous_format): in row-major order, or
    with those of the channels (dim 1 of 4) side by side, channels_last. It changes no result.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"


class layout(memory_format):
    """How the numbers of a tensor are kept in memory; here all tensors are `strided`, which means in one block."""


contiguous_format, preserve_format = memory_format("contiguous_format"), memory_format("preserve_format")
channels_last = memory_format("channels_last")
strided = layout("strided")

_chosen: dict[str, Any] = {"deterministic": False, "precision": "highest", "warned": False}


def _pools() -> Any:
    from threadpoolctl import ThreadpoolController  # it looks through all loaded libraries, so it is asked only here

    return ThreadpoolController().select(user_api="blas")


def get_num_threads() -> int:
    """How many threads a matrix product uses: those of NumPy's BLAS. All other ops use one."""
    return max([pool["num_threads"] for pool in _pools().info()], default=1)


def set_num_threads(n: int) -> None:
    """How many threads a matrix product uses from now on. RuntimeError for less than one."""
    if isinstance(n, bool) or not isinstance(n, int):
        raise TypeError(f"set_num_threads: expected an int, got {type(n).__name__}")
    if n < 1:
        raise RuntimeError(f"set_num_threads: expected at least one thread, got {n}")
    for pool in _pools().lib_controllers:
        pool.set_num_threads(n)


def compile(model: Any = None, **options: Any) -> Any:
    """The model itself: there is no compiler here. A warning says so once.
    https://pytorch.org/docs/stable/generated/torch.compile.html
    """
    if not _chosen["warned"]:
        _chosen["warned"] = True
        warnings.warn("compile: there is no compiler here; the model stays as it is", UserWarning, stacklevel=2)
    if model is not None:
        return model

    def unchanged(function: Callable[..., Any]) -> Callable[..., Any]:
        return function

    return unchanged


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Accepted: every op is deterministic."""
    _chosen["deterministic"] = bool(mode)


def are_deterministic_algorithms_enabled() -> bool:
    """What use_deterministic_algorithms() was given last."""
    return bool(_chosen["deterministic"])


def set_float32_matmul_precision(precision: str) -> None:
    """Accepted: float32 products are computed in float32. RuntimeError for anything else than "highest", "high", "medium"."""
    if precision not in ("highest", "high", "medium"):
        raise RuntimeError(f"set_float32_matmul_precision: 'highest', 'high' or 'medium', got {precision!r}")
    _chosen["precision"] = precision


def get_float32_matmul_precision() -> str:
    """What set_float32_matmul_precision() was given last."""
    return str(_chosen["precision"])


def get_default_device() -> device:
    """The device of new tensors: the CPU."""
    return CPU


def set_default_device(device: Any) -> None:
    """Accepted for the CPU. RuntimeError for another device: give device= where a tensor is made."""
    if device is not None and str(device).partition(":")[0] != "cpu":
        raise RuntimeError(f"set_default_device: new tensors are on the CPU; give device={str(device)!r} where one is made")
