"""Attention: a weighted mean of values, where the weights are the softmax of products of queries and keys.

scaled_dot_product_attention is the formula; multi_head_attention_forward is the layer nn.MultiheadAttention around it, with
the layer's parameters as arguments.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from math import inf, sqrt
from typing import Any, cast

import numpy as np

from tinygrad_lite import functional
from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import array_module
from tinygrad_lite.creation import zeros
from tinygrad_lite.dtypes import float16, float32
from tinygrad_lite.functional.joining import repeat_interleave
from tinygrad_lite.ops.linalg import matmul
from tinygrad_lite.ops.neural.attention import attention_weights
from tinygrad_lite.ops.shape import mT, pad

from .dropout import dropout
from .errors import not_tensors
from .linear import linear

__all__ = ["multi_head_attention_forward", "scaled_dot_product_attention"]


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """softmax(q kᵀ · scale + mask) v: for each query, the mean of the values, weighted by how well their keys fit the query.

    Queries (..., L, E), keys (..., S, E) and values (..., S, Ev) give (..., L, Ev); the axes before broadcast. `scale` is 1/√E
    if not given. A mask broadcasts to (..., L, S): a bool mask says where a query may look, numbers are added before the
    softmax. is_causal lets query i look at keys 0 to i only. A query that may look nowhere gets zeros. dropout_p is the
    probability that a weight becomes 0; it counts always, in evaluation too. With enable_gqa, axis -3 of keys and values may be
    shorter than that of the queries, by a whole factor: each of their heads then serves several heads of queries.
    RuntimeError if shapes or dtypes do not fit.
    Vaswani et al. 2017; https://pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html

    >>> from tinygrad_lite import tensor
    >>> x, values = tensor([[1.0], [1.0]]), tensor([[2.0], [4.0]])
    >>> scaled_dot_product_attention(x, x, values), scaled_dot_product_attention(x, x, values, is_causal=True)
    (tensor([[3.],
            [3.]]), tensor([[2.],
            [3.]]))
    """
    try:
        q, k, v = query.array, key.array, value.array
        mask = None if attn_mask is None else attn_mask.array
    except AttributeError:
        given = {"query": query, "key": key, "value": value} | ({} if attn_mask is None else {"attn_mask": attn_mask})
        raise not_tensors("scaled_dot_product_attention", **given) from None
    if not 0 <= dropout_p <= 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {dropout_p}")
    if enable_gqa:
        key, value = _repeated_heads(query, key, value)
        k, v = key.array, value.array
    shape = _shape_of_weights(q, k, v)
    bias = None if mask is None else _added(cast("Tensor", attn_mask), shape, q.dtype)
    dtype = query.dtype
    if dtype == float16:  # small weights and what is left of 1 after them would be lost
        query, key, value, bias = query.float(), key.float(), value.float(), None if bias is None else bias.float()
        q = query.array
    if is_causal:
        causal = _causal(shape[-2:], q)
        bias = causal if bias is None else bias + causal
    e = q.shape[-1]
    scaled = query * (scale if scale is not None else 1 / sqrt(e) if e else 1.0)
    weights: Tensor = attention_weights(scaled, key, bias)
    out: Tensor = matmul(dropout(weights, dropout_p) if dropout_p else weights, value)
    return out if out.dtype == dtype else out.to(dtype)


def _shape_of_weights(q: Any, k: Any, v: Any) -> tuple[int, ...]:
    """(..., L, S); RuntimeError if something does not fit."""
    batch = q.shape[:-2]
    alike = q.ndim > 1 and batch == k.shape[:-2] == v.shape[:-2] and q.dtype == k.dtype == v.dtype and q.dtype.kind == "f"
    if not alike or q.shape[-1] != k.shape[-1] or k.shape[-2] != v.shape[-2]:
        batch = _batch_of(q, k, v)
    return (*batch, q.shape[-2], k.shape[-2])


def _batch_of(q: Any, k: Any, v: Any) -> tuple[int, ...]:
    """The axes before the last two, which broadcast, or a RuntimeError that says what does not fit."""
    what = f"scaled_dot_product_attention: query {list(q.shape)}, key {list(k.shape)} and value {list(v.shape)}"
    if min(q.ndim, k.ndim, v.ndim) < 2:
        raise RuntimeError(f"{what} must have at least two axes each, (..., positions, features)")
    if not q.dtype == k.dtype == v.dtype:
        raise RuntimeError(f"{what} must have one dtype, got {q.dtype}, {k.dtype} and {v.dtype}; cast them: x.to(dtype)")
    if q.dtype.kind != "f":
        raise RuntimeError(f"{what} must have a floating dtype, got {q.dtype}; cast them to float first: x.float()")
    if q.shape[-1] != k.shape[-1]:
        raise RuntimeError(f"{what}: the last axes of query and key must agree, because their product is summed over it")
    if k.shape[-2] != v.shape[-2]:
        raise RuntimeError(f"{what}: there must be one value for each key; their axes -2 are {k.shape[-2]} and {v.shape[-2]}")
    try:
        np.broadcast_shapes(q.shape[:-2], k.shape[:-2], v.shape[:-2])
        return np.broadcast_shapes(q.shape[:-2], k.shape[:-2])
    except ValueError:
        hint = "; for heads that share keys: enable_gqa=True" if q.ndim > 2 else ""
        raise RuntimeError(f"{what}: the axes before the last two do not broadcast{hint}") from None


def _repeated_heads(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
    """Keys and values with as many heads, on axis -3, as there are queries."""
    if min(query.ndim, key.ndim, value.ndim) < 3:
        raise IndexError("scaled_dot_product_attention: enable_gqa needs inputs (..., heads, positions, features)")
    n, keys, values = query.shape[-3], key.shape[-3], value.shape[-3]
    if not keys or not values or n % keys or n % values:
        raise RuntimeError(
            f"scaled_dot_product_attention: with enable_gqa, the numbers of heads of key ({keys}) and value ({values}) must "
            f"divide that of query ({n}); they stand on axis -3"
        )
    key = key if keys == n else repeat_interleave(key, n // keys, -3)
    return key, value if values == n else repeat_interleave(value, n // values, -3)


def _added(mask: Tensor, shape: tuple[int, ...], dtype: Any) -> Tensor:
    """A mask as numbers to add, of this dtype: 0 and -inf for true and false. RuntimeError if it does not fit."""
    m = mask.array
    if m.dtype != bool and m.dtype != float32 and m.dtype != dtype:
        raise RuntimeError(
            f"scaled_dot_product_attention: attn_mask must be bool, float32 or of the query's dtype, {dtype}; got {m.dtype}"
        )
    sizes = zip(m.shape[::-1], shape[::-1])
    if m.ndim > len(shape) or not all([n in (1, size) for n, size in sizes]):
        raise RuntimeError(
            f"scaled_dot_product_attention: an attn_mask of shape {list(m.shape)} does not broadcast to {list(shape)}, "
            f"(..., queries, keys)"
        )
    return _blocked(~m, dtype) if m.dtype == bool else mask.to(dtype)


def _blocked(where: Any, dtype: Any) -> Tensor:
    """-inf where a bool array is true, 0 elsewhere: what is added to the products before the softmax."""
    return Tensor._of(array_module(where).where(where, dtype.type(-inf), dtype.type(0)))


def _causal(shape: tuple[int, ...], like: Any) -> Tensor:
    """The mask (L, S) that is -inf where the key comes after the query."""
    return _blocked(~array_module(like).tri(*shape, dtype=bool), like.dtype)


# The layer around it. PyTorch checks these shapes with AssertionErrors.


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """concat(head_1, ..., head_n) Wᵒ, where head_i is the attention of the ith slices of q Wq, k Wk and v Wv.

    The parameters are those of nn.MultiheadAttention, where they are explained; positions come first: query (L, N, E), key
    (S, N, E) and value (S, N, E), or all without N, give (L, N, E) and the weights, or None. static_k and static_v, (N · heads,
    S, E / heads), stand in for the projected keys and values.
    https://pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html

    >>> from tinygrad_lite import eye, ones, zeros
    >>> x, identity = zeros(3, 4), eye(4).repeat(3, 1)
    >>> out, weights = multi_head_attention_forward(x, x, x, 4, 2, identity, None, None, None, False, 0.0, eye(4), None)
    >>> out.shape, weights
    (torch.Size([3, 4]), tensor([[0.3333, 0.3333, 0.3333],
            [0.3333, 0.3333, 0.3333],
            [0.3333, 0.3333, 0.3333]]))
    """
    batched = _check_masks_fit(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        query, key, value = each(lambda x: x.unsqueeze(1), query, key, value)
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    length, batch, e = query.shape
    key_padding_mask = canonical_mask(key_padding_mask, "key_padding_mask", query.dtype, attn_mask, "attn_mask")
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "is_causal says that attn_mask is causal, so give that mask too; nn.Transformer.generate_square_subsequent_mask(n) "
            "makes it"
        )
    if is_causal and key_padding_mask is None and not need_weights:
        attn_mask = None  # scaled_dot_product_attention makes its own
    else:
        attn_mask, is_causal = canonical_mask(attn_mask, "attn_mask", query.dtype), False
    _require(e == embed_dim_to_check, f"was expecting embedding dimension of {embed_dim_to_check}, but got {e}")
    _require(e % num_heads == 0, f"embed_dim {e} not divisible by num_heads {num_heads}")
    size = e // num_heads
    if use_separate_proj_weight:
        fits = key.shape[:2] == value.shape[:2]
        _require(fits, f"key's sequence and batch sizes {key.shape[:2]} do not match value's {value.shape[:2]}")
        q, k, v = _projected(query, key, value, q_proj_weight, k_proj_weight, v_proj_weight, in_proj_bias)
    else:
        _require(key.shape == value.shape, f"key shape {key.shape} does not match value shape {value.shape}")
        q, k, v = _projected_at_once(query, key, value, in_proj_weight, in_proj_bias)
    attn_mask = _as_3d(attn_mask, (length, key.shape[0]), batch * num_heads)

    _require((bias_k is None) == (bias_v is None), "bias_k and bias_v go together; only one of them is given")
    if bias_k is not None and bias_v is not None:
        _require(static_k is None and static_v is None, "a bias cannot be added to static_k or static_v")
        k = functional.cat([k, bias_k.repeat(1, batch, 1)])
        v = functional.cat([v, bias_v.repeat(1, batch, 1)])
        attn_mask, key_padding_mask = _one_key_more(attn_mask), _one_key_more(key_padding_mask)

    def heads(x: Tensor) -> Tensor:
        """(positions, batch, E) -> (batch · heads, positions, E / heads), a view."""
        return x.reshape(x.shape[0], batch * num_heads, size).transpose(0, 1)

    q = heads(q)
    k = heads(k) if static_k is None else _static("static_k", static_k, batch * num_heads, size)
    v = heads(v) if static_v is None else _static("static_v", static_v, batch * num_heads, size)
    if add_zero_attn:
        zero = zeros(batch * num_heads, 1, size, dtype=k.dtype, device=k.device)
        k, v = functional.cat([k, zero], 1), functional.cat([v, zero], 1)
        attn_mask, key_padding_mask = _one_key_more(attn_mask), _one_key_more(key_padding_mask)
    n = k.shape[1]
    if key_padding_mask is not None:
        fits = key_padding_mask.shape == (batch, n)
        _require(fits, f"expected key_padding_mask to be (batch, keys) = {[batch, n]}, got {list(key_padding_mask.shape)}")
        padding = key_padding_mask.reshape(batch, 1, 1, n).expand(-1, num_heads, -1, -1).reshape(batch * num_heads, 1, n)
        attn_mask = padding if attn_mask is None else attn_mask + padding

    p = dropout_p if training else 0.0
    weights: Tensor | None = None
    if need_weights:
        scores = matmul(q * sqrt(1 / size), mT(k))
        weights = functional.softmax(scores if attn_mask is None else scores + attn_mask, -1)
        weights = dropout(weights, p) if p > 0 else weights
        out = matmul(weights, v).transpose(0, 1)
        weights = weights.reshape(batch, num_heads, length, n)
        weights = weights.mean(1) if average_attn_weights else weights
        weights = weights if batched else weights.squeeze(0)
    else:
        out = scaled_dot_product_attention(q, k, v, attn_mask, p, is_causal).transpose(0, 1)
    out = linear(out.reshape(length, batch, e), out_proj_weight, out_proj_bias)
    return out if batched else out.squeeze(1), weights


def each(f: Callable[[Tensor], Tensor], *xs: Tensor) -> tuple[Tensor, ...]:
    """f(x) of each x, where an x that is there twice gives one result: so query, key and value remain the same object."""
    done = {id(x): f(x) for x in xs}
    return tuple([done[id(x)] for x in xs])


def canonical_mask(
    mask: Tensor | None, name: str, dtype: Any, other: Tensor | None = None, other_name: str = ""
) -> Tensor | None:
    """A mask as numbers to add: -inf where a bool mask is true, which here means: do not look. Floating masks stay as they are.

    AssertionError for another dtype; a warning if the other mask is not of the same kind.
    """
    if mask is None:
        return None
    kind = mask.dtype.kind
    _require(kind in "bf", f"only bool and floating types of {name} are supported, got {mask.dtype}")
    if other is not None and other.dtype != mask.dtype:
        warnings.warn(
            f"Support for mismatched {name} and {other_name} is deprecated. Use same type for both instead.",
            UserWarning,
            stacklevel=3,
        )
    return mask if kind == "f" else _blocked(mask.array, np.dtype(dtype))


def _require(fits: bool, message: str) -> None:
    if not fits:
        raise AssertionError(f"multi_head_attention_forward: {message}")


def _check_masks_fit(q: Tensor, k: Tensor, v: Tensor, padding: Tensor | None, mask: Tensor | None, num_heads: int) -> bool:
    """Whether the inputs have a batch axis. AssertionError if their numbers of axes do not go together."""
    _require(q.ndim in (2, 3), f"query should be unbatched 2D or batched 3D tensor but received {q.ndim}-D query tensor")
    n = q.ndim
    batched = bool(n == 3)
    what = f"for {'a batched' if batched else 'an unbatched'} ({n}-D) query, expected"
    _require(k.ndim == v.ndim == n, f"{what} key and value to be {n}-D, got {k.ndim}-D and {v.ndim}-D")
    if padding is not None:
        _require(padding.ndim == n - 1, f"{what} key_padding_mask to be {n - 1}-D, got {padding.ndim}-D")
    if mask is not None:
        _require(mask.ndim in (2, 3), f"{what} attn_mask to be 2-D or 3-D, got {mask.ndim}-D")
        whole = (num_heads, q.shape[0], k.shape[0])
        fits = batched or mask.ndim == 2 or mask.shape == whole
        _require(fits, f"{what} attn_mask to be (heads, queries, keys) = {list(whole)}, got {list(mask.shape)}")
    return batched


def _projected_at_once(q: Tensor, k: Tensor, v: Tensor, weight: Tensor | None, bias: Tensor | None) -> tuple[Tensor, ...]:
    """q Wqᵀ, k Wkᵀ and v Wvᵀ, where `weight` is the three matrices one above the other: one product for what is equal."""
    _require(weight is not None, "in_proj_weight is None, so give use_separate_proj_weight=True and three weights")
    w, e = cast("Tensor", weight), q.shape[-1]
    if q is k is v:
        return linear(q, w, bias).chunk(3, -1)
    parts = (None,) * 3 if bias is None else bias.chunk(3)
    if k is v:
        both = None if bias is None else bias[e:]
        return (linear(q, w[:e], parts[0]), *linear(k, w[e:], both).chunk(2, -1))
    return tuple(map(linear, (q, k, v), w.chunk(3), parts))


def _projected(
    q: Tensor, k: Tensor, v: Tensor, w_q: Tensor | None, w_k: Tensor | None, w_v: Tensor | None, bias: Tensor | None
) -> tuple[Tensor, ...]:
    """q Wqᵀ, k Wkᵀ and v Wvᵀ, where keys and values may have other sizes than the queries."""
    e = q.shape[-1]
    for name, x, w in (("q", q, w_q), ("k", k, w_k), ("v", v, w_v)):
        _require(w is not None, f"use_separate_proj_weight is True but {name}_proj_weight is None")
        shape, expected = list(cast("Tensor", w).shape), [e, x.shape[-1]]
        _require(shape == expected, f"expected {name}_proj_weight to be {expected}, got {shape}")
    return tuple(map(linear, (q, k, v), cast("Any", (w_q, w_k, w_v)), (None,) * 3 if bias is None else bias.chunk(3)))


def _as_3d(mask: Tensor | None, shape: tuple[int, int], n: int) -> Tensor | None:
    """The mask (queries, keys) as (1, queries, keys); RuntimeError unless it is that or (n, queries, keys)."""
    if mask is None:
        return None
    expected = shape if mask.ndim == 2 else (n, *shape)
    if mask.shape != expected:
        what = "(queries, keys)" if mask.ndim == 2 else "(batch · heads, queries, keys)"
        found = f"{mask.ndim}-D attn_mask is {list(mask.shape)}"
        raise RuntimeError(f"the shape of the {found}, but should be {what} = {list(expected)}")
    return mask.unsqueeze(0) if mask.ndim == 2 else mask


def _one_key_more(mask: Tensor | None) -> Tensor | None:
    """A mask for one more key, which every query may look at."""
    return None if mask is None else pad(mask, axis=mask.ndim - 1, start=0, size=mask.shape[-1] + 1)


def _static(name: str, x: Tensor, n: int, size: int) -> Tensor:
    fits = x.shape[0] == n and x.shape[2] == size
    _require(fits, f"expected {name} to be (batch · heads, keys, features) = [{n}, ..., {size}], got {list(x.shape)}")
    return x
