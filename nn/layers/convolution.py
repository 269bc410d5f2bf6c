"""Convolution layers: every output is a weighted sum of a small window of the input. functional/convolution.py computes them.

A size is one number for every axis, or a tuple. Shapes are those of 2d: (N, C, H, W), or (C, H, W) without a batch. Weight and
bias start as uniform random numbers between ±1/√fan_in, from the default generator; fan_in is the size of weight[0].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from typing import Any

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.creation import empty

from .. import functional as F
from .. import init
from ..functional.convolution import Size, sizes
from ..module import Module
from ..parameter import Parameter, UninitializedParameter

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]
__all__ += ["LazyConv1d", "LazyConv2d", "LazyConv3d"]
__all__ += ["LazyConvTranspose1d", "LazyConvTranspose2d", "LazyConvTranspose3d"]
__all__ += ["Unfold", "Fold"]

MODES = ("zeros", "reflect", "replicate", "circular")


class _Convolution(Module):
    """What all of them share: the options, the parameters and how they are drawn."""

    d: int  # the number of axes of an image
    function: Callable[..., Tensor]
    transposed = False
    padding: Any  # a size for each axis, or "same" or "valid"
    weight: Parameter
    bias: Parameter | None

    def _set(
        self, in_channels: int, out_channels: int, kernel_size: Size, stride: Size, padding: str | Size, dilation: Size,
        output_padding: Size, groups: int, padding_mode: str,
    ) -> None:  # fmt: skip
        """The options, after all checks: ValueError if they do not fit."""
        name = type(self).__name__
        if groups <= 0 or in_channels % groups or out_channels % groups:
            what = f"groups must be a positive number that divides the channels, {in_channels} and {out_channels}"
            raise ValueError(f"{name}: {what}, got {groups}")
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size = sizes(name, "kernel_size", kernel_size, self.d)
        self.stride, self.dilation = sizes(name, "stride", stride, self.d), sizes(name, "dilation", dilation, self.d)
        if isinstance(padding, str) and not self.transposed:
            if padding not in ("same", "valid"):
                raise ValueError(f"{name}: padding must be 'same', 'valid' or numbers, got {padding!r}")
            if padding == "same" and self.stride != (1,) * self.d:
                raise ValueError(f"{name}: padding='same' needs stride 1, got {self.stride}")
        if padding_mode not in MODES[: 1 if self.transposed else None]:
            what = "must be 'zeros' in a transposed convolution" if self.transposed else f"must be one of {', '.join(MODES)}"
            raise ValueError(f"{name}: padding_mode {what}, got {padding_mode!r}")
        self.padding = padding if padding in ("same", "valid") else sizes(name, "padding", padding, self.d)
        self.output_padding = sizes(name, "output_padding", output_padding, self.d)
        self.groups, self.padding_mode = groups, padding_mode

    def _weight_shape(self) -> tuple[int, ...]:
        return (self.out_channels, self.in_channels // self.groups, *self.kernel_size)

    def _make_parameters(self, bias: bool, device: Any, dtype: Any) -> None:
        self.weight = Parameter(empty(*self._weight_shape(), device=device, dtype=dtype))
        self.bias = Parameter(empty(self.out_channels, device=device, dtype=dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new random values for weight and bias."""
        init.kaiming_uniform_(self.weight, a=sqrt(5))
        fan_in = init._calculate_fan_in_and_fan_out(self.weight)[0]
        if self.bias is not None and fan_in:
            init.uniform_(self.bias, -1 / sqrt(fan_in), 1 / sqrt(fan_in))

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        zeros, ones = (0,) * self.d, (1,) * self.d
        if self.padding != zeros:
            text += f", padding={self.padding}"
        if self.dilation != ones:
            text += f", dilation={self.dilation}"
        if self.output_padding != zeros:
            text += f", output_padding={self.output_padding}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        return text if self.padding_mode == "zeros" else f"{text}, padding_mode={self.padding_mode}"


class _Conv(_Convolution):
    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Size, stride: Size = 1, padding: str | Size = 0,
        dilation: Size = 1, groups: int = 1, bias: bool = True, padding_mode: str = "zeros", device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        self._set(in_channels, out_channels, kernel_size, stride, padding, dilation, 0, groups, padding_mode)
        self._make_parameters(bias, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        padding = self.padding
        if self.padding_mode != "zeros":
            input, padding = F.pad(input, self._around(), self.padding_mode), 0
        return self.function(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)

    def _around(self) -> list[int]:
        """The padding as pad() wants it: in front and behind, from the last axis on."""
        around: list[int] = []
        for i in reversed(range(self.d)):
            if self.padding == "same":
                total = self.dilation[i] * (self.kernel_size[i] - 1)
                around += [total // 2, total - total // 2]
            else:
                around += [0, 0] if self.padding == "valid" else [self.padding[i]] * 2
        return around


class _ConvTranspose(_Convolution):
    transposed = True

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Size, stride: Size = 1, padding: Size = 0,
        output_padding: Size = 0, groups: int = 1, bias: bool = True, dilation: Size = 1, padding_mode: str = "zeros",
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        self._set(in_channels, out_channels, kernel_size, stride, padding, dilation, output_padding, groups, padding_mode)
        self._make_parameters(bias, device, dtype)

    def _weight_shape(self) -> tuple[int, ...]:
        return (self.in_channels, self.out_channels // self.groups, *self.kernel_size)

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        more = self.output_padding if output_size is None else self._missing(input, list(output_size))
        options = self.stride, self.padding, more, self.groups, self.dilation
        return self.function(input, self.weight, self.bias, *options)

    def _missing(self, input: Tensor, output_size: list[int]) -> list[int]:
        """The output_padding that gives this output_size. ValueError if there is none."""
        d, shape = self.d, input.shape
        if len(output_size) not in (d, len(shape)):
            raise ValueError(f"{type(self).__name__}: output_size must have {d} or {len(shape)} numbers, got {output_size}")
        axes = zip(shape[-d:], self.stride, self.padding, self.dilation, self.kernel_size)
        least = [(n - 1) * s - 2 * p + t * (k - 1) + 1 for n, s, p, t, k in axes]
        more = [size - n for size, n in zip(output_size[-d:], least)]
        if any(not 0 <= n < s for n, s in zip(more, self.stride)):
            most = [n + s - 1 for n, s in zip(least, self.stride)]
            name, size = type(self).__name__, list(shape[-d:])
            raise ValueError(f"{name}: output_size must be from {least} to {most} for an input of {size}, got {output_size}")
        return more


class _Lazy(_Convolution):
    """What a lazy layer does otherwise: in_channels and the shapes of the parameters are known at the first input."""

    becomes: type[_Convolution]

    def _make_parameters(self, bias: bool, device: Any, dtype: Any) -> None:
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.bias = UninitializedParameter(device=device, dtype=dtype) if bias else None

    def _learn_from(self, input: Tensor) -> None:
        """Make the parameters for this input, and become an ordinary layer. RuntimeError or ValueError if it does not fit."""
        if isinstance(self.weight, UninitializedParameter):
            if input.ndim not in (self.d + 1, self.d + 2):
                expected = f"{self.d + 1} or {self.d + 2} dimensions"
                raise RuntimeError(f"{type(self).__name__}: expected an input of {expected}, got shape {list(input.shape)}")
            channels = input.shape[-self.d - 1]
            if channels % self.groups:
                raise ValueError(f"{type(self).__name__}: groups={self.groups} does not divide the {channels} channels")
            self.in_channels = channels
            self.weight.materialize(self._weight_shape())
            if isinstance(self.bias, UninitializedParameter):
                self.bias.materialize((self.out_channels,))
            self.reset_parameters()
        else:  # loaded by load_state_dict
            self.in_channels = self.weight.shape[0] if self.transposed else self.weight.shape[1] * self.groups
        self.__class__ = self.becomes  # type: ignore[assignment]


class _LazyConv(_Lazy):
    def __init__(
        self, out_channels: int, kernel_size: Size, stride: Size = 1, padding: str | Size = 0, dilation: Size = 1,
        groups: int = 1, bias: bool = True, padding_mode: str = "zeros", device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        self._set(0, out_channels, kernel_size, stride, padding, dilation, 0, groups, padding_mode)
        self._make_parameters(bias, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        self._learn_from(input)
        return self.forward(input)  # now that of the ordinary layer


class _LazyConvTranspose(_Lazy):
    def __init__(
        self, out_channels: int, kernel_size: Size, stride: Size = 1, padding: Size = 0, output_padding: Size = 0,
        groups: int = 1, bias: bool = True, dilation: Size = 1, padding_mode: str = "zeros", device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        self._set(0, out_channels, kernel_size, stride, padding, dilation, output_padding, groups, padding_mode)
        self._make_parameters(bias, device, dtype)

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        self._learn_from(input)
        return self.forward(input, output_size)


class Conv1d(_Conv):
    """(N, in_channels, L) -> (N, out_channels, L'): every output is bias[o] plus the sum of weight[o] times a window of the
    input. `weight` is (out_channels, in_channels / groups, K) and `bias` (out_channels).

    padding_mode says what is beyond the ends: "zeros", "reflect", "replicate" or "circular", as in pad().
    https://pytorch.org/docs/stable/generated/torch.nn.Conv1d.html

    >>> from tinygrad_lite import ones
    >>> layer = Conv1d(3, 8, 5, padding="same")
    >>> layer(ones(2, 3, 20)).shape, layer.weight.shape
    (torch.Size([2, 8, 20]), torch.Size([8, 3, 5]))
    """

    d, function = 1, staticmethod(F.conv1d)


class Conv2d(_Conv):
    """(N, in_channels, H, W) -> (N, out_channels, H', W'); see Conv1d.

    LeCun et al. 1989; https://pytorch.org/docs/stable/generated/torch.nn.Conv2d.html

    >>> from tinygrad_lite import ones
    >>> Conv2d(1, 6, 5, stride=2)(ones(2, 1, 28, 28)).shape
    torch.Size([2, 6, 12, 12])
    """

    d, function = 2, staticmethod(F.conv2d)


class Conv3d(_Conv):
    """(N, in_channels, D, H, W) -> (N, out_channels, D', H', W'); see Conv1d.

    https://pytorch.org/docs/stable/generated/torch.nn.Conv3d.html

    >>> Conv3d(1, 2, (1, 3, 3))
    Conv3d(1, 2, kernel_size=(1, 3, 3), stride=(1, 1, 1))
    """

    d, function = 3, staticmethod(F.conv3d)


class ConvTranspose1d(_ConvTranspose):
    """(N, in_channels, L) -> (N, out_channels, L'): every input is spread over a window of the output, so a stride makes it
    longer. `weight` is (in_channels, out_channels / groups, K) and `bias` (out_channels).

    Called with an output_size, it chooses the output_padding that gives it; ValueError if there is none.
    https://pytorch.org/docs/stable/generated/torch.nn.ConvTranspose1d.html

    >>> from tinygrad_lite import ones
    >>> layer = ConvTranspose1d(3, 8, 4, stride=2, padding=1)
    >>> layer(ones(2, 3, 10)).shape, layer(ones(2, 3, 10), output_size=[21]).shape
    (torch.Size([2, 8, 20]), torch.Size([2, 8, 21]))
    """

    d, function = 1, staticmethod(F.conv_transpose1d)


class ConvTranspose2d(_ConvTranspose):
    """(N, in_channels, H, W) -> (N, out_channels, H', W'); see ConvTranspose1d.

    https://pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html

    >>> from tinygrad_lite import ones
    >>> ConvTranspose2d(3, 8, 2, stride=2)(ones(3, 14, 14)).shape
    torch.Size([8, 28, 28])
    """

    d, function = 2, staticmethod(F.conv_transpose2d)


class ConvTranspose3d(_ConvTranspose):
    """(N, in_channels, D, H, W) -> (N, out_channels, D', H', W'); see ConvTranspose1d.

    https://pytorch.org/docs/stable/generated/torch.nn.ConvTranspose3d.html

    >>> ConvTranspose3d(1, 2, 3, bias=False)
    ConvTranspose3d(1, 2, kernel_size=(3, 3, 3), stride=(1, 1, 1), bias=False)
    """

    d, function = 3, staticmethod(F.conv_transpose3d)


class LazyConv1d(_LazyConv, Conv1d):
    """A Conv1d that learns in_channels from its first input, and is a Conv1d from then on.

    Its parameters remain the same objects, so an optimizer may be made before the first input.
    https://pytorch.org/docs/stable/generated/torch.nn.LazyConv1d.html

    >>> from tinygrad_lite import ones
    >>> layer = LazyConv1d(3, 2)
    >>> layer(ones(4, 2, 5)).shape, layer
    (torch.Size([4, 3, 4]), Conv1d(2, 3, kernel_size=(2,), stride=(1,)))
    """

    becomes = Conv1d


class LazyConv2d(_LazyConv, Conv2d):
    """A Conv2d that learns in_channels from its first input, and is a Conv2d from then on; see LazyConv1d.

    https://pytorch.org/docs/stable/generated/torch.nn.LazyConv2d.html
    """

    becomes = Conv2d


class LazyConv3d(_LazyConv, Conv3d):
    """A Conv3d that learns in_channels from its first input, and is a Conv3d from then on; see LazyConv1d.

    https://pytorch.org/docs/stable/generated/torch.nn.LazyConv3d.html
    """

    becomes = Conv3d


class LazyConvTranspose1d(_LazyConvTranspose, ConvTranspose1d):
    """A ConvTranspose1d that learns in_channels from its first input, and is one from then on; see LazyConv1d.

    https://pytorch.org/docs/stable/generated/torch.nn.LazyConvTranspose1d.html
    """

    becomes = ConvTranspose1d


class LazyConvTranspose2d(_LazyConvTranspose, ConvTranspose2d):
    """A ConvTranspose2d that learns in_channels from its first input, and is one from then on; see LazyConv1d.

    https://pytorch.org/docs/stable/generated/torch.nn.LazyConvTranspose2d.html
    """

    becomes = ConvTranspose2d


class LazyConvTranspose3d(_LazyConvTranspose, ConvTranspose3d):
    """A ConvTranspose3d that learns in_channels from its first input, and is one from then on; see LazyConv1d.

    https://pytorch.org/docs/stable/generated/torch.nn.LazyConvTranspose3d.html
    """

    becomes = ConvTranspose3d


class Unfold(Module):
    """The windows of an image as columns: (N, C, H, W) -> (N, C K K', L), as functional.unfold.

    https://pytorch.org/docs/stable/generated/torch.nn.Unfold.html

    >>> from tinygrad_lite import ones
    >>> Unfold(2)(ones(1, 3, 4, 5)).shape
    torch.Size([1, 12, 12])
    """

    def __init__(self, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1) -> None:
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride

    def forward(self, input: Tensor) -> Tensor:
        return F.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, stride={self.stride}"


class Fold(Module):
    """The image that columns add up to: (N, C K K', L) -> (N, C, *output_size), as functional.fold.

    https://pytorch.org/docs/stable/generated/torch.nn.Fold.html

    >>> from tinygrad_lite import ones
    >>> Fold((4, 5), 2)(ones(1, 12, 12)).shape
    torch.Size([1, 3, 4, 5])
    """

    def __init__(
        self, output_size: Size, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1
    ) -> None:  # fmt: skip
        self.output_size, self.kernel_size = output_size, kernel_size
        self.dilation, self.padding, self.stride = dilation, padding, stride

    def forward(self, input: Tensor) -> Tensor:
        return F.fold(input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        return (
            f"output_size={self.output_size}, kernel_size={self.kernel_size}, dilation={self.dilation}, "
            f"padding={self.padding}, stride={self.stride}"
        )
