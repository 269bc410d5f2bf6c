"""Attention: a weighted mean of values, where the weights are the softmax of products."""

from __future__ import annotations

from typing import Any

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.creation import empty

from .. import functional as F
from .. import init
from ..functional.attention import each
from ..module import Module
from ..parameter import Parameter
from .linear import Linear

__all__ = ["MultiheadAttention"]


class NonDynamicallyQuantizableLinear(Linear):
    """A Linear under another name: PyTorch's quantization leaves it alone, and prints it so."""


class MultiheadAttention(Module):
    """concat(head_1, ..., head_n) Wᵒ, where head_i is the attention softmax(q kᵀ / √d) v of the ith slices of q Wq, k Wk, v Wv.

    module(query, key, value) of (L, N, embed_dim), (S, N, kdim) and (S, N, vdim) gives (L, N, embed_dim) and the weights
    (N, L, S), the mean over the heads. With batch_first, N comes first; it may be left out. The parameters: `in_proj_weight`
    (3 · embed_dim, embed_dim), which is Wq, Wk and Wv one above the other, or `q_proj_weight`, `k_proj_weight` and
    `v_proj_weight` if kdim or vdim is not embed_dim; `in_proj_bias`; `out_proj`, a Linear; with add_bias_kv, `bias_k` and
    `bias_v`, a key and a value more. add_zero_attn adds a key and a value of zeros. `dropout` is the probability that a weight
    becomes 0 in training. ValueError for sizes that are not positive; AssertionError unless num_heads divides embed_dim.
    Vaswani et al. 2017; https://pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html

    >>> from tinygrad_lite import ones
    >>> attention = MultiheadAttention(8, num_heads=2, batch_first=True)
    >>> x = ones(5, 3, 8)
    >>> out, weights = attention(x, x, x)
    >>> out.shape, weights.shape
    (torch.Size([5, 3, 8]), torch.Size([5, 3, 3]))
    """

    in_proj_weight: Parameter | None
    q_proj_weight: Parameter | None
    k_proj_weight: Parameter | None
    v_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if min(embed_dim, num_heads) <= 0:
            raise ValueError(f"embed_dim and num_heads must be greater than 0, got {embed_dim} and {num_heads}")
        if embed_dim % num_heads:
            raise AssertionError(f"embed_dim must be divisible by num_heads, got {embed_dim} and {num_heads}")
        self.embed_dim, self.num_heads, self.head_dim = embed_dim, num_heads, embed_dim // num_heads
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self.dropout, self.batch_first, self.add_zero_attn = dropout, batch_first, add_zero_attn
        self._qkv_same_embed_dim = self.kdim == self.vdim == embed_dim

        def parameter(*shape: int, wanted: bool = True) -> Parameter | None:
            return Parameter(empty(*shape, device=device, dtype=dtype)) if wanted else None

        one, e = self._qkv_same_embed_dim, embed_dim
        self.in_proj_weight = parameter(3 * e, e, wanted=one)
        self.q_proj_weight = parameter(e, e, wanted=not one)
        self.k_proj_weight = parameter(e, self.kdim, wanted=not one)
        self.v_proj_weight = parameter(e, self.vdim, wanted=not one)
        self.in_proj_bias = parameter(3 * e, wanted=bias)
        self.out_proj = NonDynamicallyQuantizableLinear(e, e, bias=bias, device=device, dtype=dtype)
        self.bias_k = parameter(1, 1, e, wanted=add_bias_kv)
        self.bias_v = parameter(1, 1, e, wanted=add_bias_kv)
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        """Draw new random values for the weights before the attention, bias_k and bias_v; the other biases become 0."""
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                init.xavier_uniform_(weight)
        for bias in (self.in_proj_bias, self.out_proj.bias):
            if bias is not None:
                init.zeros_(bias)
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                init.xavier_normal_(bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """The result and the weights, which are None with need_weights=False: that is faster.

        A bool mask is true where a query may *not* look; numbers are added before the softmax. key_padding_mask (N, S) is for
        keys, attn_mask (L, S) or (N · num_heads, L, S) for pairs of query and key. is_causal says that attn_mask is causal.
        With average_attn_weights=False the weights are (N, num_heads, L, S). A query that may look nowhere gets nan with
        need_weights, else what 0 gives.
        """
        swapped = self.batch_first and query.ndim == 3
        if swapped:
            query, key, value = each(lambda x: x.transpose(0, 1), query, key, value)
        out, weights = F.multi_head_attention_forward(
            query,
            key,
            value,
            self.embed_dim,
            self.num_heads,
            self.in_proj_weight,
            self.in_proj_bias,
            self.bias_k,
            self.bias_v,
            self.add_zero_attn,
            self.dropout,
            self.out_proj.weight,
            self.out_proj.bias,
            training=self.training,
            key_padding_mask=key_padding_mask,
            need_weights=need_weights,
            attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim,
            q_proj_weight=self.q_proj_weight,
            k_proj_weight=self.k_proj_weight,
            v_proj_weight=self.v_proj_weight,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )
        return out.transpose(0, 1) if swapped else out, weights
