"""Transformers: layers of attention and of two linear maps, each with a residual connection and a norm.

A layer is a sum x + block(x) for each of its blocks: self-attention, in a decoder attention to the encoder's result (the
memory), and two linear maps. The norm comes after each sum or, with norm_first, before each block. TransformerEncoder and
TransformerDecoder are stacks of layers, Transformer is one of each.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.creation import full
from tinygrad_lite.functional.selection import masked_fill
from tinygrad_lite.functional.triangles import triu
from tinygrad_lite.grad_mode import is_grad_enabled

from .. import functional as F
from .. import init
from ..containers import ModuleList
from ..functional.attention import canonical_mask
from ..module import Module
from .activation import GELU, ReLU
from .attention import MultiheadAttention
from .dropout import Dropout
from .linear import Linear
from .normalization import LayerNorm

__all__ = ["Transformer", "TransformerDecoder", "TransformerDecoderLayer", "TransformerEncoder", "TransformerEncoderLayer"]
Activation = str | Callable[[Tensor], Tensor]


class TransformerEncoderLayer(Module):
    """y = norm1(x + self-attention(x)), norm2(y + W₂ activation(W₁ y)); with norm_first, y = x + self-attention(norm1(x)), ...

    Positions come first, (S, N, d_model), or with batch_first (N, S, d_model); N may be left out. `dim_feedforward` is the size
    between the two linear maps, `activation` a function of a tensor, "relu" or "gelu". Dropout acts on the weights of the
    attention, between the maps, and on each block's result.
    Vaswani et al. 2017; https://pytorch.org/docs/stable/generated/torch.nn.TransformerEncoderLayer.html

    >>> from tinygrad_lite import ones
    >>> TransformerEncoderLayer(8, 2, dim_feedforward=16, batch_first=True)(ones(5, 3, 8)).shape
    torch.Size([5, 3, 8])
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        where = {"device": device, "dtype": dtype}
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first, **where)
        self.linear1 = Linear(d_model, dim_feedforward, bias, **where)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, **where)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias, **where)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias, **where)
        self.dropout1, self.dropout2 = Dropout(dropout), Dropout(dropout)
        self.activation = activation_named(activation) if isinstance(activation, str) else activation

    def forward(
        self, src: Tensor, src_mask: Tensor | None = None, src_key_padding_mask: Tensor | None = None, is_causal: bool = False
    ) -> Tensor:
        """The layer of `src`. The masks are those of MultiheadAttention; is_causal says that src_mask is causal."""
        padding = canonical_mask(src_key_padding_mask, "src_key_padding_mask", src.dtype, src_mask, "src_mask")
        mask = canonical_mask(src_mask, "src_mask", src.dtype)
        x = src
        if self.norm_first:
            x = x + self._sa_block(self.norm1(x), mask, padding, is_causal)
            return x + self._ff_block(self.norm2(x))
        x = self.norm1(x + self._sa_block(x, mask, padding, is_causal))
        return self.norm2(x + self._ff_block(x))

    def _sa_block(self, x: Tensor, attn_mask: Tensor | None, padding: Tensor | None, is_causal: bool) -> Tensor:
        """Self-attention."""
        return self.dropout1(self.self_attn(x, x, x, padding, False, attn_mask, is_causal=is_causal)[0])

    def _ff_block(self, x: Tensor) -> Tensor:
        """The two linear maps."""
        return self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(x)))))


class TransformerDecoderLayer(Module):
    """An encoder layer with a block in the middle: attention from the decoder's positions to the encoder's result, `memory`.

    tgt (T, N, d_model) and memory (S, N, d_model) give (T, N, d_model); with batch_first, N comes first; it may be left out.
    The other arguments are those of TransformerEncoderLayer.
    Vaswani et al. 2017; https://pytorch.org/docs/stable/generated/torch.nn.TransformerDecoderLayer.html

    >>> from tinygrad_lite import ones
    >>> TransformerDecoderLayer(8, 2, dim_feedforward=16)(ones(3, 5, 8), ones(4, 5, 8)).shape
    torch.Size([3, 5, 8])
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        where = {"device": device, "dtype": dtype}
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first, **where)
        self.multihead_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first, **where)
        self.linear1 = Linear(d_model, dim_feedforward, bias, **where)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, **where)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias, **where)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias, **where)
        self.norm3 = LayerNorm(d_model, layer_norm_eps, bias=bias, **where)
        self.dropout1, self.dropout2, self.dropout3 = Dropout(dropout), Dropout(dropout), Dropout(dropout)
        self.activation = activation_named(activation) if isinstance(activation, str) else activation

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """The layer of `tgt`. tgt_mask and its padding mask are for self-attention, those of the memory for its attention."""
        own, other = (tgt_mask, tgt_key_padding_mask, tgt_is_causal), (memory_mask, memory_key_padding_mask, memory_is_causal)
        x = tgt
        if self.norm_first:
            x = x + self._sa_block(self.norm1(x), *own)
            x = x + self._mha_block(self.norm2(x), memory, *other)
            return x + self._ff_block(self.norm3(x))
        x = self.norm1(x + self._sa_block(x, *own))
        x = self.norm2(x + self._mha_block(x, memory, *other))
        return self.norm3(x + self._ff_block(x))

    def _sa_block(self, x: Tensor, attn_mask: Tensor | None, padding: Tensor | None, is_causal: bool) -> Tensor:
        """Self-attention."""
        return self.dropout1(self.self_attn(x, x, x, padding, False, attn_mask, is_causal=is_causal)[0])

    def _mha_block(
        self, x: Tensor, memory: Tensor, attn_mask: Tensor | None, padding: Tensor | None, is_causal: bool
    ) -> Tensor:
        """Attention to the memory."""
        return self.dropout2(self.multihead_attn(x, memory, memory, padding, False, attn_mask, is_causal=is_causal)[0])

    def _ff_block(self, x: Tensor) -> Tensor:
        """The two linear maps."""
        return self.dropout3(self.linear2(self.dropout(self.activation(self.linear1(x)))))


class TransformerEncoder(Module):
    """num_layers copies of an encoder layer, one after the other, and a norm at the end if one is given.

    The copies start with equal parameters. In eval(), without gradients and with a src_key_padding_mask, PyTorch leaves padding
    out altogether if the layer allows it (batch_first, norm after the sums, relu or gelu, biases, an even number of heads): the
    result is then 0 at padded positions, here too. enable_nested_tensor=False avoids that. mask_check=False lets a mask pass
    that has padding in front of other positions; here it is always checked.
    https://pytorch.org/docs/stable/generated/torch.nn.TransformerEncoder.html

    >>> from tinygrad_lite import ones
    >>> encoder = TransformerEncoder(TransformerEncoderLayer(8, 2, dim_feedforward=16, batch_first=True), num_layers=2)
    >>> encoder(ones(5, 3, 8)).shape
    torch.Size([5, 3, 8])
    """

    def __init__(
        self,
        encoder_layer: TransformerEncoderLayer,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        self.layers = _clones(encoder_layer, num_layers)
        self.num_layers, self.norm = num_layers, norm
        self.enable_nested_tensor, self.mask_check = enable_nested_tensor, mask_check

    def forward(
        self, src: Tensor, mask: Tensor | None = None, src_key_padding_mask: Tensor | None = None, is_causal: bool | None = None
    ) -> Tensor:
        """The layers in turn. is_causal=None: looked up in the mask."""
        padding = canonical_mask(src_key_padding_mask, "src_key_padding_mask", src.dtype, mask, "mask")
        mask = canonical_mask(mask, "mask", src.dtype)
        output, causal = src, _is_causal(mask, is_causal, src, self.layers[0])
        for layer in self.layers:
            output = layer(output, src_mask=mask, is_causal=causal, src_key_padding_mask=padding)
        if padding is not None and mask is None and self._leaves_out(src, padding):
            output = masked_fill(output, (padding != 0).unsqueeze(-1), 0.0)
        return output if self.norm is None else self.norm(output)

    def _leaves_out(self, src: Tensor, padding: Tensor) -> bool:
        """Whether PyTorch would leave padding out: see above."""
        layer = self.layers[0]
        if not self.enable_nested_tensor or layer.training or src.ndim != 3 or not isinstance(layer, TransformerEncoderLayer):
            return False
        attention = layer.self_attn
        simple = layer.activation in (F.relu, F.gelu) or isinstance(layer.activation, (ReLU, GELU))
        if layer.norm_first or not simple or not attention.batch_first or attention.in_proj_bias is None:
            return False
        if attention.num_heads % 2 or layer.norm1.eps != layer.norm2.eps:
            return False
        if is_grad_enabled() and (src.requires_grad or any(p.requires_grad for p in layer.parameters())):
            return False
        blocked = padding.array != 0
        return not bool((blocked[:, :-1] & ~blocked[:, 1:]).any())  # no padding in front of other positions


class TransformerDecoder(Module):
    """num_layers copies of a decoder layer, one after the other, and a norm at the end if one is given.

    The copies start with equal parameters.
    https://pytorch.org/docs/stable/generated/torch.nn.TransformerDecoder.html

    >>> from tinygrad_lite import ones
    >>> decoder = TransformerDecoder(TransformerDecoderLayer(8, 2, dim_feedforward=16), num_layers=2)
    >>> decoder(ones(3, 5, 8), ones(4, 5, 8)).shape
    torch.Size([3, 5, 8])
    """

    def __init__(self, decoder_layer: TransformerDecoderLayer, num_layers: int, norm: Module | None = None) -> None:
        self.layers = _clones(decoder_layer, num_layers)
        self.num_layers, self.norm = num_layers, norm

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """The layers in turn. tgt_is_causal=None: looked up in the mask."""
        causal = _is_causal(tgt_mask, tgt_is_causal, tgt, self.layers[0])
        output = tgt
        for layer in self.layers:
            output = layer(
                output,
                memory,
                tgt_mask=tgt_mask,
                memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
                tgt_is_causal=causal,
                memory_is_causal=memory_is_causal,
            )
        return output if self.norm is None else self.norm(output)


class Transformer(Module):
    """An encoder, and a decoder that attends to the encoder's result; both end with a norm.

    src (S, N, d_model) and tgt (T, N, d_model) give (T, N, d_model); with batch_first, N comes first; it may be left out. All
    matrices start as xavier_uniform_ draws them. custom_encoder and custom_decoder stand in for the two parts.
    Vaswani et al. 2017; https://pytorch.org/docs/stable/generated/torch.nn.Transformer.html

    >>> from tinygrad_lite import ones
    >>> model = Transformer(8, 2, num_encoder_layers=1, num_decoder_layers=1, dim_feedforward=16)
    >>> model(ones(4, 5, 8), ones(3, 5, 8), tgt_mask=model.generate_square_subsequent_mask(3)).shape
    torch.Size([3, 5, 8])
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        custom_encoder: Any | None = None,
        custom_decoder: Any | None = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        def stack(kind: Any, layer: Any, n: int) -> Any:
            sizes = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps)
            one = layer(*sizes, batch_first, norm_first, bias, device, dtype)
            return kind(one, n, LayerNorm(d_model, eps=layer_norm_eps, bias=bias, device=device, dtype=dtype))

        self.encoder: Any = custom_encoder
        self.decoder: Any = custom_decoder
        if custom_encoder is None:
            self.encoder = stack(TransformerEncoder, TransformerEncoderLayer, num_encoder_layers)
        if custom_decoder is None:
            self.decoder = stack(TransformerDecoder, TransformerDecoderLayer, num_decoder_layers)
        self._reset_parameters()
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """decoder(tgt, encoder(src)). RuntimeError if the batch or the features of src and tgt do not fit."""
        batch = 0 if self.batch_first else 1
        if src.ndim == 3 and src.shape[batch] != tgt.shape[batch]:
            raise RuntimeError(f"the batch number of src and tgt must be equal, got {list(src.shape)} and {list(tgt.shape)}")
        if not src.shape[-1] == tgt.shape[-1] == self.d_model:
            sizes = f"{src.shape[-1]} and {tgt.shape[-1]}"
            raise RuntimeError(f"the feature number of src and tgt must be equal to d_model ({self.d_model}), got {sizes}")
        memory = self.encoder(src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal)
        return self.decoder(  # type: ignore[no-any-return]
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Tensor:
        """The causal mask (sz, sz): -inf where the key comes after the query, 0 elsewhere.

        >>> Transformer.generate_square_subsequent_mask(2)
        tensor([[0., -inf],
                [0., 0.]])
        """
        return triu(full((sz, sz), -np.inf, device=device, dtype=dtype), 1)

    def _reset_parameters(self) -> None:
        """Draw all matrices by xavier_uniform_."""
        for p in self.parameters():
            if p.ndim > 1:
                init.xavier_uniform_(p)


def activation_named(name: str) -> Callable[[Tensor], Tensor]:
    """F.relu or F.gelu; RuntimeError for another name."""
    if name not in ("relu", "gelu"):
        raise RuntimeError(f'activation should be "relu", "gelu" or a function of a tensor, not {name!r}')
    return F.relu if name == "relu" else F.gelu


def _clones(layer: Module, n: int) -> ModuleList:
    return ModuleList([copy.deepcopy(layer) for _ in range(n)])


def _is_causal(mask: Tensor | None, is_causal: bool | None, x: Tensor, layer: Any) -> bool:
    """Whether the mask is to count as causal: is_causal if that is given, else whether it equals the causal mask."""
    if is_causal is not None or mask is None:
        return bool(is_causal)
    n = x.shape[0 if x.ndim == 2 or not layer.self_attn.batch_first else 1]
    if mask.shape != (n, n):
        return False
    causal = Transformer.generate_square_subsequent_mask(n, mask.device, mask.dtype)
    return bool((mask.array == causal.array).all())
