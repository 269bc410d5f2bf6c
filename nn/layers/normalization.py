"""Normalization layers: mean 0 and variance 1 over a batch, a layer or a group. Formulas: functional/normalization.py.

BatchNorm, and InstanceNorm if it is asked to, keep running averages of mean and variance, which eval() uses in their place.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from operator import iadd
from typing import Any, ClassVar

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.creation import empty, tensor, zeros
from tinygrad_lite.dtypes import int64
from tinygrad_lite.inplace import write

from .. import functional as F
from .. import init
from ..module import Module
from ..parameter import Parameter, UninitializedBuffer, UninitializedParameter

__all__ = ["BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d"]
__all__ += ["LayerNorm", "RMSNorm", "GroupNorm", "LocalResponseNorm"]
__all__ += ["InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"]
__all__ += ["LazyInstanceNorm1d", "LazyInstanceNorm2d", "LazyInstanceNorm3d"]


class _Affine(Module):
    """What the layers here share: a weight that starts as ones and a bias that starts as zeros, or neither."""

    weight: Parameter | None
    bias: Parameter | None

    def _make(self, shape: tuple[int, ...], weight: bool, bias: bool, device: Any, dtype: Any) -> None:
        self.weight = Parameter(empty(shape, device=device, dtype=dtype)) if weight else None
        self.bias = Parameter(empty(shape, device=device, dtype=dtype)) if weight and bias else None

    def reset_parameters(self) -> None:
        """Set the weight to ones and the bias to zeros."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)


class _Running(_Affine):
    """What BatchNorm and InstanceNorm share: one weight, bias, running mean and running variance for each channel."""

    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None
    axes: ClassVar[tuple[int, ...]]  # the numbers of axes that an input may have
    kind: ClassVar[type[Module]]  # what the lazy version becomes
    lazy: ClassVar[bool] = False
    _version = 2  # since PyTorch's version 2, num_batches_tracked is saved

    def __init__(
        self,
        num_features: int,
        eps: float,
        momentum: float | None,
        affine: bool,
        track_running_stats: bool,
        device: Any,
        dtype: Any,
        bias: bool,
    ) -> None:
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        if self.lazy:
            self.weight = UninitializedParameter(device=device, dtype=dtype) if affine else None
            self.bias = UninitializedParameter(device=device, dtype=dtype) if affine and bias else None
        else:
            self._make((num_features,), affine, bias, device, dtype)
        tracked: dict[str, Tensor | None] = {"running_mean": None, "running_var": None, "num_batches_tracked": None}
        if track_running_stats:
            for name in ("running_mean", "running_var"):
                tracked[name] = zeros(num_features, device=device, dtype=dtype)
                if self.lazy:
                    tracked[name] = UninitializedBuffer(device=device, dtype=dtype)
            tracked["num_batches_tracked"] = tensor(0, dtype=int64, device=device)
        for name, buffer in tracked.items():
            self.register_buffer(name, buffer)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Set the running mean to 0, the running variance to 1 and the number of batches to 0."""
        if self.running_mean is not None and self.running_var is not None and self.num_batches_tracked is not None:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Reset the running statistics too."""
        if not self.lazy:
            self.reset_running_stats()
            super().reset_parameters()

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, local_metadata: dict[str, Any], *given: Any
    ) -> None:
        """As in PyTorch, num_batches_tracked may be missing in what is old, or in a plain dict."""
        if (local_metadata.get("version") or 0) < 2 and self.num_batches_tracked is not None:
            state_dict.setdefault(prefix + "num_batches_tracked", self.num_batches_tracked)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *given)

    def _check_axes(self, input: Tensor) -> None:
        if input.ndim not in self.axes:
            expected = " or ".join([f"{n}D" for n in self.axes])
            raise ValueError(f"{type(self).__name__}: expected {expected} input (got {input.ndim}D input)")

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_Running):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias)

    def forward(self, input: Tensor) -> Tensor:
        self._check_axes(input)
        by_batch = self.training or (self.running_mean is None and self.running_var is None)
        tracks = self.training and self.track_running_stats
        mean, var = (self.running_mean, self.running_var) if tracks or not self.training else (None, None)
        count = self.num_batches_tracked if tracks else None
        momentum: Any = self.momentum or 0.0
        if self.momentum is None and count is not None:
            momentum = 1 / (count.array + 1)  # so that every batch counts the same
        out = F.batch_norm(input, mean, var, self.weight, self.bias, by_batch, momentum, self.eps)
        if count is not None:
            write(count.array, iadd, 1)
        return out


class _InstanceNorm(_Running):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias)

    def forward(self, input: Tensor) -> Tensor:
        self._check_axes(input)
        single = input.ndim == self.axes[0]  # one example, without the axis of the batch
        found = input.shape[0 if single else 1]
        if found != self.num_features:
            what = f"expected input's size at dim={0 if single else 1} to match num_features ({self.num_features})"
            if self.affine:
                raise ValueError(f"{type(self).__name__}: {what}, but got: {found}.")
            warnings.warn(f"{what}, but got {found}; without affine it has no effect", UserWarning, stacklevel=3)
        by_input = self.training or not self.track_running_stats
        given = (self.running_mean, self.running_var, self.weight, self.bias, by_input, self.momentum or 0.0, self.eps)
        return F.instance_norm(input.unsqueeze(0), *given).squeeze(0) if single else F.instance_norm(input, *given)


class _LazyBatchNorm(_BatchNorm):
    """A BatchNorm that learns num_features from its first input, and is a BatchNorm from then on."""

    lazy = True

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(0, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        self._check_axes(input)
        settle(self, input.shape[1])
        out: Tensor = self(input)
        return out


class _LazyInstanceNorm(_InstanceNorm):
    """An InstanceNorm that learns num_features from its first input, and is an InstanceNorm from then on."""

    lazy = True

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(0, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        self._check_axes(input)
        settle(self, input.shape[1])
        out: Tensor = self(input)
        return out


def settle(layer: _Running, num_features: int) -> None:
    """Give a lazy layer its parameters and buffers, unless load_state_dict did, and make it the ordinary layer."""
    parts = [x for x in (layer.weight, layer.bias, layer.running_mean, layer.running_var) if x is not None]
    unknown = [x for x in parts if isinstance(x, (UninitializedParameter, UninitializedBuffer))]
    known = [x.shape[0] for x in parts if not isinstance(x, (UninitializedParameter, UninitializedBuffer))]
    layer.num_features = known[0] if known else num_features
    for x in unknown:
        x.materialize((layer.num_features,))
    layer.__class__ = layer.kind  # type: ignore[assignment]
    if unknown:
        layer.reset_parameters()


class BatchNorm1d(_BatchNorm):
    """(x - mean) / √(variance + eps) · weight + bias for each channel of x (N, C) or (N, C, L), over the batch.

    In training, mean and variance are the batch's, and the buffers running_mean and running_var move towards them by
    `momentum`, or, if it is None, are the averages of all batches, of which num_batches_tracked counts the number. eval() uses
    the running ones, if there are any. ValueError for another number of axes, and in training for one number per channel.
    Ioffe and Szegedy 2015; https://pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html

    >>> from tinygrad_lite import tensor
    >>> layer = BatchNorm1d(1)
    >>> layer(tensor([[1.0], [3.0]])).tolist(), layer.running_mean
    ([[-0.9999949932098389], [0.9999949932098389]], tensor([0.2000]))
    """

    axes = (2, 3)


class BatchNorm2d(_BatchNorm):
    """BatchNorm of x (N, C, H, W); see BatchNorm1d. https://pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html

    >>> from tinygrad_lite import randn
    >>> BatchNorm2d(3)(randn(2, 3, 4, 4)).shape
    torch.Size([2, 3, 4, 4])
    """

    axes = (4,)


class BatchNorm3d(_BatchNorm):
    """BatchNorm of x (N, C, D, H, W); see BatchNorm1d. https://pytorch.org/docs/stable/generated/torch.nn.BatchNorm3d.html

    >>> from tinygrad_lite import randn
    >>> BatchNorm3d(3)(randn(2, 3, 4, 4, 4)).shape
    torch.Size([2, 3, 4, 4, 4])
    """

    axes = (5,)


class LazyBatchNorm1d(_LazyBatchNorm):
    """A BatchNorm1d that learns num_features from its first input.
    https://pytorch.org/docs/stable/generated/torch.nn.LazyBatchNorm1d.html

    >>> from tinygrad_lite import randn
    >>> layer = LazyBatchNorm1d()
    >>> layer(randn(4, 3)).shape, layer.num_features, type(layer).__name__
    (torch.Size([4, 3]), 3, 'BatchNorm1d')
    """

    axes, kind = (2, 3), BatchNorm1d


class LazyBatchNorm2d(_LazyBatchNorm):
    """A BatchNorm2d that learns num_features from its first input.
    https://pytorch.org/docs/stable/generated/torch.nn.LazyBatchNorm2d.html

    >>> LazyBatchNorm2d()
    LazyBatchNorm2d(0, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)
    """

    axes, kind = (4,), BatchNorm2d


class LazyBatchNorm3d(_LazyBatchNorm):
    """A BatchNorm3d that learns num_features from its first input.
    https://pytorch.org/docs/stable/generated/torch.nn.LazyBatchNorm3d.html

    >>> LazyBatchNorm3d()
    LazyBatchNorm3d(0, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)
    """

    axes, kind = (5,), BatchNorm3d


class InstanceNorm1d(_InstanceNorm):
    """(x - mean) / √(variance + eps) · weight + bias for each channel of each example of x (N, C, L) or (C, L).

    By default it has no weight and bias, and no running statistics; with them, see BatchNorm1d. ValueError for another number
    of axes, for L = 1, and, if affine, for another number of channels.
    Ulyanov et al. 2016; https://pytorch.org/docs/stable/generated/torch.nn.InstanceNorm1d.html

    >>> from tinygrad_lite import tensor
    >>> InstanceNorm1d(1)(tensor([[1.0, 2.0, 3.0]]))
    tensor([[-1.2247,  0.0000,  1.2247]])
    """

    axes = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """InstanceNorm of x (N, C, H, W) or (C, H, W); see InstanceNorm1d.
    https://pytorch.org/docs/stable/generated/torch.nn.InstanceNorm2d.html

    >>> from tinygrad_lite import randn
    >>> InstanceNorm2d(3)(randn(2, 3, 4, 4)).shape
    torch.Size([2, 3, 4, 4])
    """

    axes = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """InstanceNorm of x (N, C, D, H, W) or (C, D, H, W); see InstanceNorm1d.
    https://pytorch.org/docs/stable/generated/torch.nn.InstanceNorm3d.html

    >>> from tinygrad_lite import randn
    >>> InstanceNorm3d(3)(randn(3, 4, 4, 4)).shape
    torch.Size([3, 4, 4, 4])
    """

    axes = (4, 5)


class LazyInstanceNorm1d(_LazyInstanceNorm):
    """An InstanceNorm1d that learns num_features from its first input.
    https://pytorch.org/docs/stable/generated/torch.nn.LazyInstanceNorm1d.html

    >>> from tinygrad_lite import randn
    >>> layer = LazyInstanceNorm1d()
    >>> layer(randn(4, 3, 5)).shape, layer.num_features, type(layer).__name__
    (torch.Size([4, 3, 5]), 3, 'InstanceNorm1d')
    """

    axes, kind = (2, 3), InstanceNorm1d


class LazyInstanceNorm2d(_LazyInstanceNorm):
    """An InstanceNorm2d that learns num_features from its first input.
    https://pytorch.org/docs/stable/generated/torch.nn.LazyInstanceNorm2d.html

    >>> LazyInstanceNorm2d()
    LazyInstanceNorm2d(0, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)
    """

    axes, kind = (3, 4), InstanceNorm2d


class LazyInstanceNorm3d(_LazyInstanceNorm):
    """An InstanceNorm3d that learns num_features from its first input.
    https://pytorch.org/docs/stable/generated/torch.nn.LazyInstanceNorm3d.html

    >>> LazyInstanceNorm3d()
    LazyInstanceNorm3d(0, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)
    """

    axes, kind = (4, 5), InstanceNorm3d


class LayerNorm(_Affine):
    """(x - mean) / √(variance + eps) · weight + bias over the last axes, whose sizes are `normalized_shape`.

    weight and bias have that shape. Ba et al. 2016; https://pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html

    >>> from tinygrad_lite import tensor
    >>> LayerNorm(2)(tensor([[1.0, 3.0]]))
    tensor([[-1.0000,  1.0000]], grad_fn=<normalized>)
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        self.normalized_shape = _as_shape(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        self._make(self.normalized_shape, elementwise_affine, bias, device, dtype)
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        bias = self.bias is not None
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, bias={bias}"


class RMSNorm(_Affine):
    """x / √(mean of x² + eps) · weight over the last axes, whose sizes are `normalized_shape`, as is the weight's shape.

    eps is by default the epsilon of the dtype.
    Zhang and Sennrich 2019; https://pytorch.org/docs/stable/generated/torch.nn.RMSNorm.html

    >>> from tinygrad_lite import tensor
    >>> RMSNorm(2)(tensor([[1.0, 7.0]]))
    tensor([[0.2000, 1.4000]], grad_fn=<normalized>)
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        self.normalized_shape = _as_shape(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        self.weight = Parameter(empty(self.normalized_shape, device=device, dtype=dtype)) if elementwise_affine else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to ones."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


def _as_shape(normalized_shape: int | Sequence[int]) -> tuple[int, ...]:
    return tuple(normalized_shape) if isinstance(normalized_shape, Sequence) else (int(normalized_shape),)


class GroupNorm(_Affine):
    """(x - mean) / √(variance + eps) for each of num_groups groups of channels of each example of x (N, C, ...); then weight
    (C) and bias (C) multiply and shift each channel.

    ValueError if num_channels is not divisible by num_groups.
    Wu and He 2018; https://pytorch.org/docs/stable/generated/torch.nn.GroupNorm.html

    >>> from tinygrad_lite import randn
    >>> GroupNorm(2, 4)(randn(3, 4, 5)).shape
    torch.Size([3, 4, 5])
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        if num_channels % num_groups:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        self._make((num_channels,), affine, bias, device, dtype)
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        bias = self.bias is not None
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, bias={bias}"


class LocalResponseNorm(Module):
    """x / (k + alpha · mean of x² over `size` neighbouring channels)^beta for x (N, C, ...).

    Krizhevsky et al. 2012; https://pytorch.org/docs/stable/generated/torch.nn.LocalResponseNorm.html

    >>> from tinygrad_lite import ones
    >>> LocalResponseNorm(2)(ones(1, 2, 3)).shape
    torch.Size([1, 2, 3])
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, input: Tensor) -> Tensor:
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
