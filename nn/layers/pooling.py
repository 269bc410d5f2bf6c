"""Pooling layers: the largest number, the mean or a norm of each window. functional/pooling.py computes them.

A size is one number for every axis, or a tuple. Shapes are those of 2d: (N, C, H, W), or (C, H, W) without a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tinygrad_lite._tensor import Tensor

from .. import functional as F
from ..functional.pooling import MaybeSize, Size
from ..module import Module

__all__ = ["MaxPool1d", "MaxPool2d", "MaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d"]
__all__ += ["AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d"]
__all__ += ["AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d"]
__all__ += ["LPPool1d", "LPPool2d", "LPPool3d", "MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d"]


class _MaxPool(Module):
    function: Callable[..., Any]

    def __init__(
        self, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
        return_indices: bool = False, ceil_mode: bool = False,
    ) -> None:  # fmt: skip
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def forward(self, input: Tensor) -> Any:
        return self.function(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices
        )

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
            f"ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    """The largest number of each window of (N, C, L). https://pytorch.org/docs/stable/generated/torch.nn.MaxPool1d.html

    >>> from tinygrad_lite import tensor
    >>> MaxPool1d(2)(tensor([[1.0, 3.0, 2.0, 0.0]]))
    tensor([[3., 2.]])
    """

    function = staticmethod(F.max_pool1d)


class MaxPool2d(_MaxPool):
    """The largest number of each window. With return_indices, also where in its image it was, which MaxUnpool2d needs.

    https://pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html

    >>> from tinygrad_lite import zeros
    >>> MaxPool2d(3, stride=2, padding=1)(zeros(2, 8, 28, 28)).shape
    torch.Size([2, 8, 14, 14])
    """

    function = staticmethod(F.max_pool2d)


class MaxPool3d(_MaxPool):
    """The largest number of each window of (N, C, D, H, W).

    https://pytorch.org/docs/stable/generated/torch.nn.MaxPool3d.html
    """

    function = staticmethod(F.max_pool3d)


class AvgPool1d(Module):
    """The mean of each window of (N, C, L). https://pytorch.org/docs/stable/generated/torch.nn.AvgPool1d.html

    >>> from tinygrad_lite import tensor
    >>> AvgPool1d(2)(tensor([[1.0, 3.0, 2.0, 0.0]]))
    tensor([[2., 1.]])
    """

    def __init__(
        self, kernel_size: Size, stride: Size | None = None, padding: Size = 0, ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:  # fmt: skip
        self.kernel_size, self.stride = _tuple(kernel_size, 1), _tuple(kernel_size if stride is None else stride, 1)
        self.padding, self.ceil_mode, self.count_include_pad = _tuple(padding, 1), ceil_mode, count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        return F.avg_pool1d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _AvgPool(Module):
    function: Callable[..., Tensor]

    def __init__(
        self, kernel_size: Size, stride: Size | None = None, padding: Size = 0, ceil_mode: bool = False,
        count_include_pad: bool = True, divisor_override: int | None = None,
    ) -> None:  # fmt: skip
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.ceil_mode, self.count_include_pad = padding, ceil_mode, count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        return self.function(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad,
            self.divisor_override,
        )  # fmt: skip

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(_AvgPool):
    """The mean of each window. https://pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html

    >>> from tinygrad_lite import zeros
    >>> AvgPool2d(2)(zeros(2, 8, 28, 28)).shape
    torch.Size([2, 8, 14, 14])
    """

    function = staticmethod(F.avg_pool2d)


class AvgPool3d(_AvgPool):
    """The mean of each window of (N, C, D, H, W). https://pytorch.org/docs/stable/generated/torch.nn.AvgPool3d.html"""

    function = staticmethod(F.avg_pool3d)


class _AdaptiveMaxPool(Module):
    function: Callable[..., Any]

    def __init__(self, output_size: MaybeSize, return_indices: bool = False) -> None:
        self.output_size, self.return_indices = output_size, return_indices

    def forward(self, input: Tensor) -> Any:
        return self.function(input, self.output_size, self.return_indices)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """The largest numbers of output_size windows that divide (N, C, L) evenly.

    https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool1d.html
    """

    function = staticmethod(F.adaptive_max_pool1d)


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """The largest numbers of output_size windows that divide an image evenly. None for a size is that of the image.

    https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool2d.html

    >>> from tinygrad_lite import zeros
    >>> AdaptiveMaxPool2d((3, None))(zeros(2, 8, 7, 7)).shape
    torch.Size([2, 8, 3, 7])
    """

    function = staticmethod(F.adaptive_max_pool2d)


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """The largest numbers of output_size windows that divide (N, C, D, H, W) evenly.

    https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool3d.html
    """

    function = staticmethod(F.adaptive_max_pool3d)


class _AdaptiveAvgPool(Module):
    function: Callable[..., Tensor]

    def __init__(self, output_size: MaybeSize) -> None:
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        return self.function(input, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """The means of output_size windows that divide (N, C, L) evenly.

    https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool1d.html
    """

    function = staticmethod(F.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """The means of output_size windows that divide an image evenly; with 1, the mean of each channel.

    https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html

    >>> from tinygrad_lite import zeros
    >>> AdaptiveAvgPool2d(1)(zeros(2, 8, 7, 7)).shape
    torch.Size([2, 8, 1, 1])
    """

    function = staticmethod(F.adaptive_avg_pool2d)


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """The means of output_size windows that divide (N, C, D, H, W) evenly.

    https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool3d.html
    """

    function = staticmethod(F.adaptive_avg_pool3d)


class _LPPool(Module):
    function: Callable[..., Tensor]

    def __init__(self, norm_type: float, kernel_size: Size, stride: Size | None = None, ceil_mode: bool = False) -> None:
        self.norm_type, self.kernel_size, self.stride, self.ceil_mode = norm_type, kernel_size, stride, ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        return self.function(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self) -> str:
        return f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, ceil_mode={self.ceil_mode}"


class LPPool1d(_LPPool):
    """(Σ x^p)^(1/p) over each window of (N, C, L), for p = norm_type.

    https://pytorch.org/docs/stable/generated/torch.nn.LPPool1d.html
    """

    function = staticmethod(F.lp_pool1d)


class LPPool2d(_LPPool):
    """(Σ x^p)^(1/p) over each window, for p = norm_type. https://pytorch.org/docs/stable/generated/torch.nn.LPPool2d.html

    >>> from tinygrad_lite import tensor
    >>> LPPool2d(2, 2)(tensor([[[3.0, 4.0], [0.0, 0.0]]]))
    tensor([[[5.]]])
    """

    function = staticmethod(F.lp_pool2d)


class LPPool3d(_LPPool):
    """(Σ x^p)^(1/p) over each window of (N, C, D, H, W), for p = norm_type.

    https://pytorch.org/docs/stable/generated/torch.nn.LPPool3d.html
    """

    function = staticmethod(F.lp_pool3d)


class _MaxUnpool(Module):
    function: Callable[..., Tensor]
    d: int  # axes

    def __init__(self, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> None:
        self.kernel_size = _tuple(kernel_size, self.d)
        self.stride = _tuple(kernel_size if stride is None else stride, self.d)
        self.padding = _tuple(padding, self.d)

    def forward(self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        return self.function(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpool):
    """Zeros, with the numbers of MaxPool1d(..., return_indices=True) where they were.

    https://pytorch.org/docs/stable/generated/torch.nn.MaxUnpool1d.html
    """

    function = staticmethod(F.max_unpool1d)
    d = 1


class MaxUnpool2d(_MaxUnpool):
    """Zeros, with the numbers of MaxPool2d(..., return_indices=True) where they were.

    https://pytorch.org/docs/stable/generated/torch.nn.MaxUnpool2d.html

    >>> from tinygrad_lite import tensor
    >>> y, i = MaxPool2d(2, return_indices=True)(tensor([[[1.0, 2.0], [4.0, 3.0]]]))
    >>> MaxUnpool2d(2)(y, i)
    tensor([[[0., 0.],
             [4., 0.]]])
    """

    function = staticmethod(F.max_unpool2d)
    d = 2


class MaxUnpool3d(_MaxUnpool):
    """Zeros, with the numbers of MaxPool3d(..., return_indices=True) where they were.

    https://pytorch.org/docs/stable/generated/torch.nn.MaxUnpool3d.html
    """

    function = staticmethod(F.max_unpool3d)
    d = 3


def _tuple(size: Size, d: int) -> tuple[int, ...]:
    return (size,) * d if isinstance(size, int) else tuple(size)
