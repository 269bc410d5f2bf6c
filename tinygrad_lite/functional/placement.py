"""Where a tensor is, and which of PyTorch's other kinds it is: none. All tensors here are dense arrays of real numbers, in the
memory of the computer or of an NVIDIA GPU.
"""

from __future__ import annotations

from typing import Any, Never

from .._tensor import Tensor

__all__ = ["get_device", "is_signed", "is_inference", "is_distributed"]
# fmt: off
METHODS = [
    "is_cpu", "is_sparse", "is_sparse_csr", "is_quantized", "is_meta", "is_mkldnn", "is_nested", "is_mps", "is_mtia", "is_xla",
    "is_xpu", "is_ipu", "is_maia", "is_vulkan", "is_pinned", "is_shared", "pin_memory", "share_memory_", "output_nr", "name",
    "imag",
]
# fmt: on


def get_device(input: Tensor) -> int:
    """The number of the GPU that holds the memory; -1 for the CPU."""
    return -1 if input.device.type == "cpu" else int(input.device.index or 0)


def is_signed(input: Tensor) -> bool:
    """Whether the dtype has negative numbers.
    >>> tensor([1.0]).is_signed(), tensor([1], dtype=uint8).is_signed()
    (True, False)
    """
    return bool(input.array.dtype.kind in "if")


def is_inference(input: Tensor) -> bool:
    """False: what is computed in inference_mode() is a tensor like any other."""
    return False


def is_distributed(input: Tensor) -> bool:
    """False."""
    return False


@property  # type: ignore[misc]
def imag(self: Tensor) -> Never:
    """Refused, as in PyTorch for real numbers, the only kind here."""
    raise RuntimeError(f"imag: not defined for {self.dtype}; all numbers are real here")


@property  # type: ignore[misc]
def is_cpu(self: Tensor) -> bool:
    """Whether the memory is the computer's."""
    return self.device.type == "cpu"


def _never(name: str) -> Any:
    def answer(self: Tensor) -> bool:
        return False

    answer.__name__ = answer.__qualname__ = name
    answer.__doc__ = "False: there are no such tensors here."
    return property(answer)


(
    is_sparse, is_sparse_csr, is_quantized, is_meta, is_mkldnn, is_nested, is_mps, is_mtia, is_xla, is_xpu, is_ipu, is_maia,
    is_vulkan,
) = map(_never, METHODS[1:14])  # fmt: skip


@property  # type: ignore[misc]
def output_nr(self: Tensor) -> int:
    """Which result of its step the tensor is: 0, as each step here has one."""
    return 0


@property  # type: ignore[misc]
def name(self: Tensor) -> None:
    """None: tensors have no names."""
    return None


def is_pinned(self: Tensor, device: Any = None) -> bool:
    """Whether the memory is pinned, for quick copies to a GPU: False."""
    return False


def pin_memory(self: Tensor, device: Any = None) -> Tensor:
    """x itself: there is no pinned memory here, and without it copies to a GPU are only slower."""
    return self


def is_shared(self: Tensor) -> bool:
    """Whether other processes see the memory: False."""
    return False


def share_memory_(self: Tensor) -> Tensor:
    """x itself. Its memory is not shared with other processes; there are no functions here that start any."""
    return self
