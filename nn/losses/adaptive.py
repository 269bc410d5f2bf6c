"""Softmax over very many classes, of which most are rare: the frequent ones are scored in full, the others by cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from tinygrad_lite import functional
from tinygrad_lite._tensor import Tensor
from tinygrad_lite.creation import arange, zeros_like

from .. import functional as F
from ..containers import ModuleList, Sequential
from ..layers.linear import Linear
from ..module import Module

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class ASMoutput(NamedTuple):
    """What AdaptiveLogSoftmaxWithLoss returns: the log-probability of each target, and the mean loss."""

    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """-log p(target), for a head that scores the classes before cutoffs[0] and one entry for each cluster of the others.

    Cluster i has the classes from cutoffs[i] to cutoffs[i + 1]; p = p(cluster) · p(class in it), of a layer of
    in_features / div_value^(i + 1) numbers. Classes are sorted, the frequent first. Inputs (N, in_features) and targets (N), or
    (in_features) and (); the result is a named tuple (output, loss). Grave et al. 2017;
    https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveLogSoftmaxWithLoss.html

    >>> from tinygrad_lite import tensor, zeros
    >>> layer = AdaptiveLogSoftmaxWithLoss(4, 10, cutoffs=[3, 6], div_value=2)
    >>> layer(zeros(2, 4), tensor([0, 9])).output.detach()
    tensor([-1.6094, -2.9957])
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        ends = list(cutoffs)
        if not ends:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        if ends != sorted(set(ends)) or ends[0] < 1 or ends[-1] >= n_classes or any(int(c) != c for c in ends):
            what = f"cutoffs must be whole numbers between 1 and n_classes-1 ({n_classes - 1}), each larger than the last"
            raise ValueError(f"{what}; got {ends}")
        self.in_features, self.n_classes, self.div_value, self.head_bias = in_features, n_classes, div_value, head_bias
        self.cutoffs = [*ends, n_classes]
        self.shortlist_size, self.n_clusters = ends[0], len(ends)
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, head_bias, device, dtype)
        self.tail = ModuleList()
        for i, (start, end) in enumerate(zip(self.cutoffs, self.cutoffs[1:])):
            size = int(in_features // div_value ** (i + 1))
            first, second = Linear(in_features, size, False, device, dtype), Linear(size, end - start, False, device, dtype)
            self.tail.append(Sequential(first, second))

    def reset_parameters(self) -> None:
        """Draw new random values for all layers."""
        for layer in (self.head, *[part for cluster in self.tail for part in (cluster[0], cluster[1])]):  # type: ignore[index]
            layer.reset_parameters()

    def forward(self, input_: Tensor, target_: Tensor) -> ASMoutput:
        if target_.ndim > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        if input_.ndim != target_.ndim + 1 or input_.shape[:-1] != target_.shape:
            found = f"{list(input_.shape)} and {list(target_.shape)}"
            raise RuntimeError(
                f"Input and target should have the same size in the batch dimension, (N, C) and (N); got {found}"
            )
        x, target = input_.reshape((-1, input_.shape[-1])), target_.detach().reshape(-1)
        if target.numel() and not 0 <= int(target.min()) <= int(target.max()) < self.n_classes:
            what = f"values in range [{int(target.min())}, {int(target.max())}] were found"
            raise RuntimeError(f"Target values should be in [0, {self.n_classes - 1}], but {what}.")
        entry, more = target, []
        for i, (start, end) in enumerate(zip(self.cutoffs, self.cutoffs[1:])):
            rows = ((target >= start) & (target < end)).nonzero().squeeze(1)
            if rows.numel():
                entry = entry.where(~((target >= start) & (target < end)), self.shortlist_size + i)
                inside = F.log_softmax(self.tail[i](x[rows]), 1)
                more.append((rows, inside[arange(len(rows)), target[rows] - start]))
        output: Tensor = F.log_softmax(self.head(x), 1)[arange(len(target)), entry]
        for rows, inside in more:
            output = output + zeros_like(output).index_add(0, rows, inside)
        return ASMoutput(output.reshape(target_.shape), (-output).mean())

    def log_prob(self, input: Tensor) -> Tensor:
        """The log-probabilities of all classes: (N, in_features) -> (N, n_classes)."""
        head = F.log_softmax(self.head(input), 1)
        parts = [head[:, : self.shortlist_size]]
        for i in range(self.n_clusters):
            at = self.shortlist_size + i
            parts.append(F.log_softmax(self.tail[i](input), 1) + head[:, at : at + 1])
        found: Tensor = functional.cat(parts, 1)
        return found

    def predict(self, input: Tensor) -> Tensor:
        """The most probable class of each row: (N, in_features) -> (N)."""
        return self.log_prob(input).argmax(1)
