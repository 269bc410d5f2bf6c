"""Attention and transformers: values, gradients, parameters from a seed, repr and errors as in PyTorch."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((3, 5, 8)), RNG.standard_normal((3, 4, 8))
KEYS, VALUES = RNG.standard_normal((3, 4, 6)), RNG.standard_normal((3, 4, 7))
PADDED, PADDED_X = (np.arange(n) >= np.array([[n], [2], [1]]) for n in (4, 5))  # rows of three lengths
PLACES = np.triu(np.ones((5, 4), bool), 2)
CAUSAL = np.triu(np.ones((5, 5), bool), 1)
pytestmark = pytest.mark.filterwarnings("ignore:enable_nested_tensor is True", "ignore:The PyTorch API of nested tensors")
Close = Callable[..., None]


def both(
    make: Callable[[Any], Any], call: Callable[[Any, Any, Any], Any], close: Close, *, train: bool = True, arrays: Any = (X, Y)
) -> None:
    """The module that make(t) gives, from the same seed in both libraries: equal parameters in float32, and in float64 equal
    results, and equal gradients of inputs and parameters. call(t, module, tensor) runs it; tensor(i) is the ith array.
    """
    results = []
    for t in (tl, torch):
        t.manual_seed(0)
        module = make(t).train(train)
        state = {name: p.numpy().copy() for name, p in module.state_dict().items()}
        module.double()
        xs = [t.tensor(a, requires_grad=True) for a in arrays]
        t.manual_seed(1)
        out = call(t, module, lambda i, xs=xs: xs[i])
        outs = [y for y in out if y is not None] if isinstance(out, tuple) else [out]
        used = t.autograd.grad(sum([(y * y).sum() for y in outs]), [*xs, *module.parameters()], allow_unused=True)
        results.append((repr(module), state, outs, used))
    (text, state, outs, used), (text_, state_, outs_, used_) = results
    assert text == text_
    assert list(state) == list(state_)
    for name, value in state_.items():
        np.testing.assert_array_equal(state[name], value)
    assert len(outs) == len(outs_)
    for x, y in zip([*outs, *used], [*outs_, *used_], strict=True):
        assert (x is None) == (y is None)
        if x is not None:
            close(x, y, 1e-10, 1e-11)


OPTIONS: list[dict[str, Any]] = [
    {},
    {"bias": False, "dropout": 0.3},
    {"add_bias_kv": True},
    {"add_zero_attn": True, "add_bias_kv": True},
    {"kdim": 6, "vdim": 7, "dropout": 0.3},
    {"kdim": 6, "vdim": 7, "bias": False, "add_bias_kv": True},
]
CALLS: list[dict[str, Any]] = [
    {},
    {"need_weights": False},
    {"average_attn_weights": False, "key_padding_mask": PADDED},
    {"need_weights": False, "key_padding_mask": PADDED, "attn_mask": PLACES},
    {"need_weights": False, "attn_mask": RNG.standard_normal((12, 5, 4))},
    {"need_weights": False, "attn_mask": PLACES, "is_causal": True},
    {"need_weights": False, "attn_mask": PLACES, "is_causal": True, "key_padding_mask": PADDED},
    {"attn_mask": PLACES, "is_causal": True},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_multihead_attention(options: dict[str, Any], close: Close) -> None:
    for given in CALLS:
        for first in (True, False):

            def call(t: Any, module: Any, x: Any, given: Any = given, first: bool = first) -> Any:
                q, k, v = [x(i) if first else x(i).transpose(0, 1) for i in range(3)]
                masks = {name: t.tensor(a) if isinstance(a, np.ndarray) else a for name, a in given.items()}
                return module(q, k, v, **masks)

            arrays = (X, KEYS, VALUES) if "kdim" in options else (X, Y, Y + 1)
            both(lambda t, first=first: t.nn.MultiheadAttention(8, 4, batch_first=first, **options), call, close, arrays=arrays)


def test_multihead_attention_of_itself_of_a_memory_and_without_a_batch(close: Close) -> None:
    for bias in (True, False):

        def make(t: Any, bias: bool = bias) -> Any:
            return t.nn.MultiheadAttention(8, 2, bias=bias, batch_first=True)

        for weights in (True, False):
            both(make, lambda t, m, x, w=weights: m(x(0), x(0), x(0), need_weights=w), close, arrays=(X,))
            both(make, lambda t, m, x, w=weights: m(x(0), x(1), x(1), need_weights=w), close)
            both(make, lambda t, m, x, w=weights: m(x(0)[0], x(0)[0], x(0)[0], need_weights=w), close, arrays=(X,))
            both(make, lambda t, m, x, w=weights: m(x(0)[0], x(1)[0], x(1)[0], t.tensor(PADDED[1]), w, t.tensor(PLACES)), close)


def test_a_query_that_may_look_nowhere(close: Close) -> None:
    everywhere = np.ones((3, 4), bool)

    def make(t: Any) -> Any:
        return t.nn.MultiheadAttention(8, 2, batch_first=True)

    both(make, lambda t, m, x: m(x(0), x(1), x(1), t.tensor(everywhere), need_weights=False), close)
    out, weights = make(tl).double()(tl.tensor(X), tl.tensor(Y), tl.tensor(Y), tl.tensor(everywhere))
    assert out.isnan().all() and weights.isnan().all()  # PyTorch's too


def test_masks_of_two_kinds_warn() -> None:
    module, x = tl.nn.MultiheadAttention(8, 2), tl.zeros(5, 3, 8)
    with pytest.warns(UserWarning, match="mismatched key_padding_mask and attn_mask"):
        module(x, x, x, key_padding_mask=tl.tensor(PADDED_X), attn_mask=tl.zeros(5, 5))


BAD: list[tuple[str, Callable[[Any], Any]]] = [
    ("embed_dim and num_heads must be greater than 0", lambda t: t.nn.MultiheadAttention(0, 1)),
    ("embed_dim must be divisible by num_heads", lambda t: t.nn.MultiheadAttention(8, 3)),
    ("is_causal says", lambda t: attention(t, (5, 3, 8), is_causal=True)),
    ("unbatched 2D or batched 3D", lambda t: attention(t, (8,))),
    ("expected key and value to be 3-D", lambda t: attention(t, (5, 3, 8), (5, 8))),
    ("expected key and value to be 2-D", lambda t: attention(t, (5, 8), (5, 3, 8))),
    ("was expecting embedding dimension of 8, but got 6", lambda t: attention(t, (5, 3, 6))),
    ("expected key_padding_mask to be 2-D", lambda t: attention(t, (5, 3, 8), key_padding_mask=t.zeros(5))),
    (r"expected key_padding_mask to be \(batch, keys\) = \[3, 5\], got \[5, 3\]",
     lambda t: attention(t, (5, 3, 8), key_padding_mask=t.zeros(5, 3))),
    ("expected attn_mask to be 2-D or 3-D", lambda t: attention(t, (5, 3, 8), attn_mask=t.zeros(5))),
    (r"is \[5, 4\], but should be \(queries, keys\)", lambda t: attention(t, (5, 3, 8), attn_mask=t.zeros(5, 4))),
    (r"but should be \(batch · heads, queries, keys\)", lambda t: attention(t, (5, 3, 8), attn_mask=t.zeros(3, 5, 5))),
    (r"attn_mask to be \(heads, queries, keys\)", lambda t: attention(t, (5, 8), attn_mask=t.zeros(3, 5, 5))),
    ("only bool and floating types", lambda t: attention(t, (5, 3, 8), attn_mask=t.zeros(5, 5, dtype=t.int64))),
    (r"key shape .* does not match value shape", lambda t: t.nn.MultiheadAttention(8, 2)(
        t.zeros(5, 3, 8), t.zeros(5, 3, 8), t.zeros(4, 3, 8))),
    ("activation should be", lambda t: t.nn.TransformerEncoderLayer(8, 2, activation="tanh")),
    ("batch number of src and tgt", lambda t: t.nn.Transformer(8, 2, 1, 1, 4)(t.zeros(5, 3, 8), t.zeros(5, 2, 8))),
    ("feature number of src and tgt", lambda t: t.nn.Transformer(8, 2, 1, 1, 4)(t.zeros(5, 3, 8), t.zeros(5, 3, 6))),
    ("need|must have at least two axes", lambda t: dot_product(t, (8,), (5, 8))),
    ("the last axes of query and key|Expected size", lambda t: dot_product(t, (2, 5, 6), (2, 5, 8))),
    ("do not broadcast; for heads that share keys: enable_gqa=True", lambda t: dot_product(t, (2, 4, 5, 8), (2, 2, 5, 8))),
    ("must divide that of query", lambda t: dot_product(t, (2, 4, 5, 8), (2, 3, 5, 8), enable_gqa=True)),
    ("enable_gqa needs inputs", lambda t: dot_product(t, (5, 8), (5, 8), enable_gqa=True)),
    (r"of shape \[2, 5, 5\] does not broadcast to \[5, 5\]",
     lambda t: dot_product(t, (5, 8), (5, 8), attn_mask=t.zeros(2, 5, 5))),
    ("attn_mask must be bool, float32 or of the query's dtype",
     lambda t: dot_product(t, (5, 8), (5, 8), attn_mask=t.zeros(5, 5, dtype=t.int64))),
    ("between 0 and 1", lambda t: dot_product(t, (5, 8), (5, 8), dropout_p=1.5)),
    ("must have one dtype", lambda t: dot_product(t, (5, 8), (5, 8), dtype=t.float64)),
    ("must have a floating dtype", lambda t: t.nn.functional.scaled_dot_product_attention(*[t.ones(2, 3).long()] * 3)),
    ("value must be a Tensor, got NoneType",
     lambda t: t.nn.functional.scaled_dot_product_attention(t.ones(2, 3), t.ones(2, 3), None)),
]  # fmt: skip


def attention(t: Any, q: Any, k: Any = None, **masks: Any) -> Any:
    key = t.zeros(k or q)
    return t.nn.MultiheadAttention(8, 2)(t.zeros(q), key, key, **masks)


def dot_product(t: Any, q: Any, k: Any, dtype: Any = None, **options: Any) -> Any:
    key = t.zeros(k)
    return t.nn.functional.scaled_dot_product_attention(t.zeros(q, dtype=dtype), key, key, **options)


@pytest.mark.parametrize(("message", "call"), BAD, ids=[message for message, _ in BAD])
def test_errors(message: str, call: Callable[[Any], Any]) -> None:
    with pytest.raises(Exception) as theirs:
        call(torch)
    with pytest.raises(theirs.type, match=message):
        call(tl)


def test_scaled_dot_product_attention_with_masks_and_dropout(close: Close) -> None:
    q, k, v = (RNG.standard_normal(shape) for shape in ((2, 4, 5, 6), (2, 4, 3, 6), (2, 4, 3, 2)))
    masks = [None, *(RNG.random(shape) < 0.7 for shape in ((5, 3), (2, 1, 1, 3), (1, 4, 5, 1))), RNG.standard_normal((4, 5, 3))]
    for mask in masks:
        for options in ({}, {"dropout_p": 0.4}, {"dropout_p": 1.0}, {"is_causal": mask is None, "scale": 2.0}):
            for dtype in ("float64", "float32", "float16"):
                outs = []
                for t in (tl, torch):
                    t.manual_seed(3)
                    xs = [t.tensor(a.astype(dtype)) for a in (q, k, v)]
                    m = None if mask is None else t.tensor(mask if mask.dtype == bool else mask.astype(dtype))[None, ...]
                    m = m[0] if m is not None and m.ndim == 5 else m[0] if m is not None and mask.ndim == 2 else m
                    outs.append(t.nn.functional.scaled_dot_product_attention(*xs, m, **options))
                close(*outs, 1e-12, 1e-13)


def test_the_causal_mask_joins_another_one(close: Close) -> None:
    x, mask = RNG.standard_normal((2, 3, 5, 8)), RNG.random((5, 5)) < 0.7
    ours, theirs = (
        t.nn.functional.scaled_dot_product_attention(*[t.tensor(x)] * 3, t.tensor(mask), is_causal=True) for t in (tl, torch)
    )
    close(ours, theirs)


ENCODERS: list[dict[str, Any]] = [
    {},
    {"activation": "gelu", "norm_first": True, "dropout": 0.2},
    {"bias": False, "dropout": 0.2},
    {"layer_norm_eps": 0.1, "dropout": 0.2, "norm_first": True, "bias": False},
]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("options", ENCODERS, ids=str)
def test_transformer_layers(options: dict[str, Any], first: bool, close: Close) -> None:
    def turned(x: Any) -> Any:
        return x if first else x.transpose(0, 1)

    def encode(t: Any, module: Any, x: Any) -> Any:
        mask = {"is_causal": True, "src_mask": t.tensor(CAUSAL)}
        padding = {"src_key_padding_mask": t.tensor(PADDED_X)}
        return module(turned(x(0))), module(turned(x(0)), **mask), module(turned(x(0)), **padding), module(x(0)[0])

    def decode(t: Any, module: Any, x: Any) -> Any:
        own, other = {"tgt_mask": t.tensor(CAUSAL), "tgt_is_causal": True}, {"memory_mask": t.tensor(PLACES)}
        padding = {"memory_key_padding_mask": t.tensor(PADDED), "tgt_key_padding_mask": t.tensor(PADDED_X)}
        tgt, memory = turned(x(0)), turned(x(1))
        return (
            module(tgt, memory),
            module(tgt, memory, **own, **other),
            module(tgt, memory, **padding),
            module(x(0)[0], x(1)[0]),
        )

    for train in (True, False):
        both(lambda t: t.nn.TransformerEncoderLayer(8, 2, 16, batch_first=first, **options), encode, close, train=train)
        both(lambda t: t.nn.TransformerDecoderLayer(8, 2, 16, batch_first=first, **options), decode, close, train=train)


def test_stacks_and_the_transformer(close: Close) -> None:
    def encoder(t: Any) -> Any:
        layer = t.nn.TransformerEncoderLayer(8, 2, 16, 0.2, t.nn.functional.silu, batch_first=True)
        return t.nn.TransformerEncoder(layer, 2, t.nn.LayerNorm(8))

    def decoder(t: Any) -> Any:
        return t.nn.TransformerDecoder(t.nn.TransformerDecoderLayer(8, 2, 16, batch_first=True, activation=t.tanh), 2)

    def run(t: Any, module: Any, x: Any) -> Any:
        src = module.generate_square_subsequent_mask(4, dtype=t.float64)
        tgt = module.generate_square_subsequent_mask(5).double()
        plain, causal = module(x(1), x(0)), module(x(1), x(0), src_mask=src, tgt_mask=tgt)
        return (
            plain,
            causal,
            module(x(1), x(0), src_key_padding_mask=t.tensor(PADDED), memory_key_padding_mask=t.tensor(PADDED)),
        )

    both(encoder, lambda t, m, x: (m(x(0)), m(x(0), t.tensor(CAUSAL))), close)
    both(decoder, lambda t, m, x: (m(x(0), x(1)), m(x(0), x(1), t.tensor(CAUSAL))), close)
    both(lambda t: t.nn.Transformer(8, 2, 2, 2, 16, 0.2, "gelu", batch_first=True), run, close)
    both(lambda t: t.nn.Transformer(8, 2, 1, 1, 16, norm_first=True, bias=False, batch_first=True), run, close, train=False)
    ours, theirs = (t.nn.Transformer.generate_square_subsequent_mask(3) for t in (tl, torch))
    close(ours, theirs)
    empty = tl.nn.Sequential()
    assert tl.nn.Transformer(8, 2, 1, 1, 16, custom_encoder=empty).encoder is empty


def test_the_layers_of_a_stack_begin_equal_and_are_trained_apart() -> None:
    layer = tl.nn.TransformerEncoderLayer(8, 2, 16)
    stack = tl.nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)
    own = [dict(part.named_parameters()) for part in (layer, *stack.layers)]
    for name, p in own[0].items():
        assert all((part[name] == p).all() and part[name] is not p for part in own[1:])
    assert len(list(stack.parameters())) == 3 * len(own[0])


def test_in_evaluation_an_encoder_leaves_padding_out_where_pytorch_does(close: Close) -> None:
    cases = [({}, {}), ({"norm_first": True}, {}), ({"bias": False}, {}), ({}, {"enable_nested_tensor": False}),
             ({"nhead": 1}, {}), ({"activation": "gelu"}, {}), ({"activation": torch.nn.functional.silu}, {}),
             ({"batch_first": False}, {})]  # fmt: skip
    zeros = []
    for options, more in cases:
        for padding in (PADDED_X, PADDED_X[:, ::-1].copy()):
            for train, grads in ((False, False), (False, True), (True, False)):
                outs = []
                for t in (tl, torch):
                    given = {"d_model": 8, "nhead": 2, "dim_feedforward": 16, "dropout": 0.0, "batch_first": True} | options
                    if callable(given.get("activation")):
                        given["activation"] = t.nn.functional.silu
                    t.manual_seed(0)
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        module = t.nn.TransformerEncoder(t.nn.TransformerEncoderLayer(**given), 2, **more).double().train(train)
                    x = t.tensor(X) if given["batch_first"] else t.tensor(X).transpose(0, 1)
                    with t.set_grad_enabled(grads):
                        outs.append(module(x, src_key_padding_mask=t.tensor(padding)))
                close(*outs, 1e-10, 1e-11)
                zeros.append(bool((outs[0] == 0).any()))
    assert 0 < sum(zeros) < 6  # so that both ways were seen
