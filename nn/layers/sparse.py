"""Embeddings: a table of vectors, looked up by index."""

from __future__ import annotations

from typing import Any, Self

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.creation import empty
from tinygrad_lite.grad_mode import no_grad

from .. import functional as F
from .. import init
from ..functional.sparse import no_sparse, place_of_padding
from ..module import Module
from ..parameter import Parameter

__all__ = ["Embedding", "EmbeddingBag"]


class Embedding(Module):
    """The rows weight[input] of a table (num_embeddings, embedding_dim): indices (...) -> (..., embedding_dim).

    The table starts as normal numbers N(0, 1); the row padding_idx starts as zeros and gets no gradient. The options are those
    of functional.embedding. https://pytorch.org/docs/stable/generated/torch.nn.Embedding.html

    >>> from tinygrad_lite import tensor
    >>> layer = Embedding(10, 3, padding_idx=0)
    >>> layer(tensor([[1, 2], [3, 0]])).shape, layer.weight[0].tolist()
    (torch.Size([2, 2, 3]), [0.0, 0.0, 0.0])
    """

    weight: Parameter

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if sparse:
            raise no_sparse("Embedding")
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = None if padding_idx is None else place_of_padding(padding_idx, num_embeddings)
        self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse = max_norm, norm_type, scale_grad_by_freq, sparse
        self.weight = _table(num_embeddings, embedding_dim, _weight, not _freeze, device, dtype)
        if _weight is None:
            self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw a new table."""
        _draw(self.weight, self.padding_idx)

    def forward(self, input: Tensor) -> Tensor:
        options = (self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse)
        return F.embedding(input, self.weight, *options)

    def extra_repr(self) -> str:
        return f"{self.num_embeddings}, {self.embedding_dim}" + _options_of(self, ("padding_idx", None))

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Self:
        """A layer whose table is a tensor (V, D), in the same memory; frozen, it is not trained.

        >>> from tinygrad_lite import tensor
        >>> Embedding.from_pretrained(tensor([[1.0, 2.0], [3.0, 4.0]]))(tensor([1]))
        tensor([[3., 4.]])
        """
        options: Any = (padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse, embeddings, freeze)
        return cls(*_sizes_of(embeddings), *options)


class EmbeddingBag(Module):
    """The sum, mean or max of the rows weight[input] of each bag of indices: (bags, embedding_dim).

    An input (bags, n) has a bag in each row; an input (N) comes with `offsets`, where each bag begins. The options are those of
    functional.embedding_bag. https://pytorch.org/docs/stable/generated/torch.nn.EmbeddingBag.html

    >>> from tinygrad_lite import tensor
    >>> EmbeddingBag(10, 3, mode="sum")(tensor([1, 2, 4, 5]), tensor([0, 3])).shape
    torch.Size([2, 3])
    """

    weight: Parameter

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Tensor | None = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if sparse:
            raise no_sparse("EmbeddingBag")
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = None if padding_idx is None else place_of_padding(padding_idx, num_embeddings)
        self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse = max_norm, norm_type, scale_grad_by_freq, sparse
        self.mode, self.include_last_offset = mode, include_last_offset
        self.weight = _table(num_embeddings, embedding_dim, _weight, True, device, dtype)
        if _weight is None:
            self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw a new table."""
        _draw(self.weight, self.padding_idx)

    def forward(self, input: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None) -> Tensor:
        return F.embedding_bag(
            input,
            self.weight,
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            self.sparse,
            per_sample_weights,
            self.include_last_offset,
            self.padding_idx,
        )

    def extra_repr(self) -> str:
        end = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{_options_of(self)}, mode={self.mode!r}{end}"

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> Self:
        """A layer whose table is a tensor (V, D), in the same memory; frozen, it is not trained."""
        options: Any = (max_norm, norm_type, scale_grad_by_freq, mode, sparse, embeddings, include_last_offset, padding_idx)
        layer = cls(*_sizes_of(embeddings), *options)
        layer.weight.requires_grad_(not freeze)
        return layer


def _table(n: int, size: int, given: Tensor | None, trained: bool, device: Any, dtype: Any) -> Parameter:
    if given is None:
        return Parameter(empty(n, size, device=device, dtype=dtype), requires_grad=trained)
    if list(given.shape) != [n, size]:
        what = f"Shape of weight does not match num_embeddings and embedding_dim: {list(given.shape)} and {[n, size]}"
        raise AssertionError(what)
    return Parameter(given, requires_grad=trained)


def _draw(weight: Parameter, padding: int | None) -> None:
    init.normal_(weight)
    if padding is not None:
        with no_grad():
            weight[padding].fill_(0)


def _sizes_of(embeddings: Tensor) -> tuple[int, int]:
    if embeddings.array.ndim != 2:
        raise AssertionError(f"Embeddings parameter is expected to be 2-dimensional, got {list(embeddings.shape)}")
    n, size = embeddings.array.shape
    return n, size


def _options_of(layer: Any, *first: tuple[str, Any]) -> str:
    """The options that are not the defaults, for repr."""
    defaults = (*first, ("max_norm", None), ("norm_type", 2), ("scale_grad_by_freq", False))
    return "".join([f", {name}={getattr(layer, name)}" for name, default in defaults if getattr(layer, name) != default])
