"""Layers that change the resolution of an image: interpolation, and pixels from channels and back."""

from __future__ import annotations

from tinygrad_lite._tensor import Tensor

from .. import functional as F
from ..functional.resampling import Factors, Sizes
from ..module import Module

__all__ = ["Upsample", "UpsamplingNearest2d", "UpsamplingBilinear2d", "PixelShuffle", "PixelUnshuffle", "ChannelShuffle"]


class Upsample(Module):
    """An image (N, C, ...) of another size: that given, or the old one times scale_factor. The modes are interpolate()'s.

    https://pytorch.org/docs/stable/generated/torch.nn.Upsample.html

    >>> from tinygrad_lite import tensor
    >>> Upsample(scale_factor=2, mode="linear")(tensor([[[0.0, 4.0]]]))
    tensor([[[0., 1., 3., 4.]]])
    """

    def __init__(
        self, size: Sizes | None = None, scale_factor: Factors | None = None, mode: str = "nearest",
        align_corners: bool | None = None, recompute_scale_factor: bool | None = None,
    ) -> None:  # fmt: skip
        self.name, self.size = type(self).__name__, size
        self.scale_factor: Factors | None
        if isinstance(scale_factor, tuple):
            self.scale_factor = tuple([float(factor) for factor in scale_factor])
        else:
            self.scale_factor = float(scale_factor) if scale_factor else None  # type: ignore[arg-type]
        self.mode, self.align_corners, self.recompute_scale_factor = mode, align_corners, recompute_scale_factor

    def forward(self, input: Tensor) -> Tensor:
        return F.interpolate(input, self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor)

    def extra_repr(self) -> str:
        size = f"size={self.size!r}" if self.scale_factor is None else f"scale_factor={self.scale_factor!r}"
        return f"{size}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """Upsample(mode="nearest") for images (N, C, H, W).

    https://pytorch.org/docs/stable/generated/torch.nn.UpsamplingNearest2d.html

    >>> from tinygrad_lite import tensor
    >>> UpsamplingNearest2d(scale_factor=2)(tensor([[[[1.0, 2.0]]]]))
    tensor([[[[1., 1., 2., 2.],
              [1., 1., 2., 2.]]]])
    """

    def __init__(self, size: Sizes | None = None, scale_factor: Factors | None = None) -> None:
        super().__init__(size, scale_factor, "nearest")


class UpsamplingBilinear2d(Upsample):
    """Upsample(mode="bilinear", align_corners=True) for images (N, C, H, W).

    https://pytorch.org/docs/stable/generated/torch.nn.UpsamplingBilinear2d.html

    >>> from tinygrad_lite import tensor
    >>> UpsamplingBilinear2d((1, 3))(tensor([[[[0.0, 4.0]]]]))
    tensor([[[[0., 2., 4.]]]])
    """

    def __init__(self, size: Sizes | None = None, scale_factor: Factors | None = None) -> None:
        super().__init__(size, scale_factor, "bilinear", True)


class PixelShuffle(Module):
    """(..., C r², H, W) as (..., C, H r, W r), for r = upscale_factor: r² channels fill squares of r by r pixels.

    Shi et al. 2016, "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel CNN".
    https://pytorch.org/docs/stable/generated/torch.nn.PixelShuffle.html

    >>> from tinygrad_lite import zeros
    >>> PixelShuffle(3)(zeros(1, 9, 4, 4)).shape
    torch.Size([1, 1, 12, 12])
    """

    def __init__(self, upscale_factor: int) -> None:
        self.upscale_factor = upscale_factor

    def forward(self, input: Tensor) -> Tensor:
        return F.pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self) -> str:
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """(..., C, H r, W r) as (..., C r², H, W), for r = downscale_factor: what undoes PixelShuffle.

    https://pytorch.org/docs/stable/generated/torch.nn.PixelUnshuffle.html

    >>> from tinygrad_lite import zeros
    >>> PixelUnshuffle(3)(zeros(1, 1, 12, 12)).shape
    torch.Size([1, 9, 4, 4])
    """

    def __init__(self, downscale_factor: int) -> None:
        self.downscale_factor = downscale_factor

    def forward(self, input: Tensor) -> Tensor:
        return F.pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self) -> str:
        return f"downscale_factor={self.downscale_factor}"


class ChannelShuffle(Module):
    """The channels of (N, C, ...) in another order: the first of each of the `groups`, then the second of each, and so on.

    https://pytorch.org/docs/stable/generated/torch.nn.ChannelShuffle.html

    >>> from tinygrad_lite import arange
    >>> ChannelShuffle(2)(arange(4).reshape(1, 4, 1)).flatten()
    tensor([0, 2, 1, 3])
    """

    def __init__(self, groups: int) -> None:
        self.groups = groups

    def forward(self, input: Tensor) -> Tensor:
        return F.channel_shuffle(input, self.groups)

    def extra_repr(self) -> str:
        return f"groups={self.groups}"
