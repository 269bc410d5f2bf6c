"""Recurrent layers and cells beside PyTorch's: values, two derivatives, states, packed batches, initial weights, errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite.nn.utils import rnn as sequences

Close = Callable[..., None]
RNG = np.random.default_rng(0)
THEIRS = torch.nn.utils.rnn


def pair(name: str, *args: Any, **options: Any) -> tuple[Any, Any]:
    """Our layer and PyTorch's, of the same seed, in float64."""
    layers = []
    for t in (tl, torch):
        t.manual_seed(3)
        layers.append(getattr(t.nn, name)(*args, **options).double())
    ours, theirs = layers
    assert repr(ours) == repr(theirs)
    assert [k for k, _ in ours.named_parameters()] == [k for k, _ in theirs.named_parameters()]
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_array_equal(p.detach().numpy(), q.detach().numpy())
    return ours, theirs


def leaves(*shapes: tuple[int, ...]) -> tuple[list[Any], list[Any]]:
    arrays = [RNG.standard_normal(shape) for shape in shapes]
    return [tl.tensor(a, requires_grad=True) for a in arrays], [torch.tensor(a, requires_grad=True) for a in arrays]


def tensors(out: Any) -> list[Any]:
    return [x for part in out for x in tensors(part)] if isinstance(out, (tuple, list)) else [out]


def same(ours: Any, theirs: Any, our_leaves: Any, their_leaves: Any, close: Close, orders: int = 1) -> None:
    """Equal results and equal gradients, and the gradients of those up to an order."""
    ys, zs = tensors(ours), tensors(theirs)
    for y, z in zip(ys, zs, strict=True):
        close(y, z)
    for order in range(orders):
        live = [i for i, z in enumerate(zs) if z is not None and z.requires_grad]
        upstream = [RNG.standard_normal(tuple(zs[i].shape)) for i in live]
        options: dict[str, Any] = {"create_graph": order + 1 < orders, "allow_unused": True}
        zs = list(torch.autograd.grad([zs[i] for i in live], their_leaves, [torch.tensor(g) for g in upstream], **options))
        ys = list(tl.autograd.grad([ys[i] for i in live], our_leaves, [tl.tensor(g) for g in upstream], **options))
        for y, z in zip(ys, zs, strict=True):
            if y is None or z is None:
                assert not any(x is not None and np.any(x.detach().numpy()) for x in (y, z))
            else:
                close(y, z, rtol=1e-9, atol=1e-11)


LAYERS = [
    ("RNN", {}), ("RNN", {"nonlinearity": "relu", "bidirectional": True}), ("RNN", {"num_layers": 2, "bias": False}),
    ("LSTM", {}), ("LSTM", {"bias": False, "batch_first": True}), ("LSTM", {"num_layers": 2, "bidirectional": True}),
    ("LSTM", {"proj_size": 2, "num_layers": 2, "bidirectional": True}), ("GRU", {}), ("GRU", {"bias": False}),
    ("GRU", {"num_layers": 2, "bidirectional": True, "batch_first": True}),
]  # fmt: skip


def states_of(name: str, options: dict[str, Any], batch: tuple[int, ...]) -> list[tuple[int, ...]]:
    n = options.get("num_layers", 1) * (1 + options.get("bidirectional", False))
    return [(n, *batch, options.get("proj_size") or 4), (n, *batch, 4)][: 1 + (name == "LSTM")]


@pytest.mark.parametrize(("name", "options"), LAYERS, ids=[f"{name}-{options}" for name, options in LAYERS])
@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize("given", [True, False])
def test_layers_equal_torch(name: str, options: dict[str, Any], batched: bool, given: bool, close: Close) -> None:
    ours, theirs = pair(name, 3, 4, **options)
    batch = ((4 if options.get("batch_first") else 2),) if batched else ()
    shapes = [(4, 2, 3) if batched else (4, 3), *(states_of(name, options, batch) if given else [])]
    xs, zs = leaves(*shapes)
    before = [((x[1:],) if name == "LSTM" else x[1:]) if given else () for x in (xs, zs)]
    out, expected = ours(xs[0], *before[0]), theirs(zs[0], *before[1])
    same(out, expected, [*xs, *ours.parameters()], [*zs, *theirs.parameters()], close, orders=1 + (batched and given))


@pytest.mark.parametrize(("name", "options"), LAYERS[1::2], ids=[f"{name}-{options}" for name, options in LAYERS[1::2]])
@pytest.mark.parametrize("lengths", [[5, 3, 3, 1], [3, 1, 5, 3]], ids=["sorted", "unsorted"])
def test_packed_batches(name: str, options: dict[str, Any], lengths: list[int], close: Close) -> None:
    ours, theirs = pair(name, 3, 4, **options)
    xs, zs = leaves((6, 4, 3), *states_of(name, options, (4,)))
    ends = []
    for lib, layer, (x, *hx) in ((sequences, ours, xs), (THEIRS, theirs, zs)):
        packed = lib.pack_padded_sequence(x, lengths, enforce_sorted=lengths[0] == 5)
        y, after = layer(packed, tuple(hx) if name == "LSTM" else hx[0])
        ends.append([lib.pad_packed_sequence(y, padding_value=2.0), after, packed.data, packed.batch_sizes])
    same(*ends, [*xs, *ours.parameters()], [*zs, *theirs.parameters()], close)


@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM", "LSTMCell"])
def test_states_that_were_computed_from_each_other(name: str, close: Close) -> None:
    """From the input, the weights and the other state: a derivative goes each way once, also the third."""
    (ours, theirs), (xs, zs) = pair(name, 3, 3), leaves((2, 3) if name == "LSTMCell" else (4, 2, 3))
    found = []
    for layer, (x,) in ((ours, xs), (theirs, zs)):
        w = layer.weight_hh if name == "LSTMCell" else layer.weight_hh_l0
        h = (x if name == "LSTMCell" else x[:1]) * 2 @ w[:3]
        found.append(layer(x * 1, (h, h.exp()) if "LSTM" in name else h)[0])
    same(*found, [*xs, *ours.parameters()], [*zs, *theirs.parameters()], close, orders=3)


def test_dropout_between_layers_draws_as_torch_does() -> None:
    x = RNG.standard_normal((5, 3, 2)).astype(np.float32)
    layers = [t.nn.LSTM(2, 4, num_layers=3, dropout=0.5, batch_first=True) for t in (tl, torch)]
    layers[0].load_state_dict(layers[1].state_dict())
    layers[1].load_state_dict({k: torch.tensor(v.numpy()) for k, v in layers[0].state_dict().items()})
    found = []
    for t, layer, lib in zip((tl, torch), layers, (sequences, THEIRS)):
        t.manual_seed(0)
        y = layer(t.tensor(x))[0]
        packed = layer(lib.pack_padded_sequence(t.tensor(x), [3, 3, 2, 1, 1], batch_first=True))[0].data
        found.append([y.detach().numpy(), packed.detach().numpy(), layer.eval()(t.tensor(x))[0].detach().numpy()])
    for ours, theirs in zip(*found):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_what_a_layer_returns_has_its_own_memory() -> None:
    y, h = tl.nn.GRU(2, 3)(tl.ones(4, 2))
    y, h = y.detach(), h.detach()
    h.fill_(7.0)
    assert not (y == 7).any()


CELLS = [("RNNCell", {}), ("RNNCell", {"nonlinearity": "relu", "bias": False}), ("LSTMCell", {}), ("GRUCell", {"bias": False})]


@pytest.mark.parametrize(("name", "options"), [*CELLS, ("GRUCell", {})], ids=str)
@pytest.mark.parametrize("batch", [(2,), ()])
@pytest.mark.parametrize("given", [True, False])
def test_cells_equal_torch(name: str, options: dict[str, Any], batch: Any, given: bool, close: Close) -> None:
    ours, theirs = pair(name, 3, 4, **options)
    xs, zs = leaves((*batch, 3), *[(*batch, 4)] * (given * (1 + (name == "LSTMCell"))))
    before = [((x[1:],) if name == "LSTMCell" else x[1:]) if given else () for x in (xs, zs)]
    out, expected = ours(xs[0], *before[0]), theirs(zs[0], *before[1])
    same(out, expected, [*xs, *ours.parameters()], [*zs, *theirs.parameters()], close, orders=1 + given)


def test_float32_is_as_accurate_as_torchs() -> None:
    """Largest difference to float64, of results and gradients, also with gates that are closed or fully open."""
    for name in ("LSTM", "GRU", "RNN"):
        errors = []
        exact, x = getattr(torch.nn, name)(8, 16).double(), RNG.standard_normal((30, 4, 8)) * 4
        for t, dtype in ((torch, "double"), (tl, "float"), (torch, "float")):
            layer = getattr(getattr(t.nn, name)(8, 16), dtype)()
            layer.load_state_dict(exact.state_dict())
            y = layer(getattr(t.tensor(x), dtype)())[0]
            y.sum().backward()
            errors.append([y.detach().numpy(), *[p.grad.numpy() for p in layer.parameters()]])
        for z, ours, theirs in zip(*errors):
            at_most = 2 * np.abs(theirs - z).max() + 2e-6 * np.abs(z).max()
            assert np.abs(ours - z).max() <= at_most


def refusal(call: Callable[[], Any]) -> Any:
    try:
        call()
    except Exception as error:
        return type(error)
    return None


def wrong(t: Any) -> list[Callable[[], Any]]:
    n, z = t.nn, t.zeros
    lstm, gru, cell = n.LSTM(2, 3), n.GRU(2, 3), n.LSTMCell(2, 3)
    return [
        *[lambda options=options: n.LSTM(2, 3, **options) for options in (
            {"dropout": 2.0}, {"dropout": True}, {"num_layers": 0}, {"num_layers": 1.5}, {"proj_size": 3}, {"proj_size": -1},
            {"bias": 1}, {"batch_first": "no"},
        )],
        lambda: n.LSTM(2, 0), lambda: n.LSTM(0, 3), lambda: n.LSTM(2, 3.0), lambda: n.GRU(2, 3, proj_size=1),
        lambda: n.RNN(2, 3, nonlinearity="sin"), lambda: n.RNNBase("X", 2, 3), lambda: lstm(z(2)), lambda: lstm(z(1, 2, 3, 2)),
        lambda: lstm(z(4, 5, 3)), lambda: lstm(z(0, 5, 2)), lambda: lstm(z(4, 5, 2).double()), lambda: gru(z(4, 2).long()),
        lambda: lstm(z(4, 5, 2), (z(1, 5, 3), z(1, 5, 4))), lambda: lstm(z(4, 5, 2), (z(5, 3), z(5, 3))),
        lambda: lstm(z(4, 2), (z(2, 3), z(1, 3))), lambda: gru(z(4, 2), z(1, 5, 3)), lambda: gru(z(4, 2), z(1, 3).double()),
        lambda: cell(z(1, 4, 2)), lambda: cell(z(4, 3)), lambda: cell(z(4, 2), (z(5, 3), z(5, 3))), lambda: cell(z(2).double()),
        lambda: cell(z(4, 2), (z(4, 4), z(4, 3))), lambda: cell(z(4, 2), z(4, 3)), lambda: cell(z(2), (z(1, 1, 3), z(3))),
        lambda: n.RNNCell(2, 3, nonlinearity="sin")(z(2)),
    ]  # fmt: skip


@pytest.mark.parametrize("nth", range(len(wrong(tl))))
def test_errors_are_those_of_torch(nth: int) -> None:
    ours = refusal(wrong(tl)[nth])
    assert ours is not None
    assert ours is refusal(wrong(torch)[nth])


def test_dropout_without_a_second_layer_warns() -> None:
    with pytest.warns(UserWarning, match="dropout=0.5 does nothing with num_layers=1"):
        tl.nn.GRU(2, 3, dropout=0.5)


def test_all_weights_and_flatten_parameters() -> None:
    layer = tl.nn.LSTM(2, 3, bidirectional=True)
    layer.flatten_parameters()
    assert [[p.shape[0] for p in ps] for ps in layer.all_weights] == [[12] * 4] * 2
    assert layer.all_weights[1][0] is layer.weight_ih_l0_reverse


# Sequences of different lengths


@pytest.mark.parametrize("options", [{}, {"batch_first": True}, {"padding_value": 2.5}, {"padding_side": "left"}], ids=str)
def test_pad_and_unpad_sequence(options: dict[str, Any], close: Close) -> None:
    xs, zs = leaves((2, 3), (4, 3), (1, 3), (0, 3))
    padded = [sequences.pad_sequence(xs, **options), THEIRS.pad_sequence(zs, **options)]
    same(*padded, xs, zs, close)
    first = options.get("batch_first", False)
    back = sequences.unpad_sequence(padded[0], tl.tensor([2, 4, 1, 0]), first)
    for y, z in zip(back, THEIRS.unpad_sequence(padded[1], torch.tensor([2, 4, 1, 0]), first), strict=True):
        close(y, z)


def test_pack_and_unpack_sequence(close: Close) -> None:
    xs, zs = leaves((2, 3), (4, 3), (1, 3))
    packed, expected = sequences.pack_sequence(xs, enforce_sorted=False), THEIRS.pack_sequence(zs, enforce_sorted=False)
    for y, z in zip(packed, expected, strict=True):
        close(y, z)
    for y, x in zip(sequences.unpack_sequence(packed), xs, strict=True):
        np.testing.assert_array_equal(y.detach().numpy(), x.detach().numpy())
    padded = [lib.pad_packed_sequence(p, True, total_length=6) for lib, p in ((sequences, packed), (THEIRS, expected))]
    same(*padded, xs, zs, close)
    whole = sequences.pack_sequence([tl.tensor([1, 2]), tl.tensor([3])])
    assert whole.to(tl.float64).data.dtype == tl.float64 and not whole.is_cuda


def wrong_sequences(t: Any, lib: Any) -> list[Callable[[], Any]]:
    z, pack, pad = t.zeros, lib.pack_padded_sequence, lib.pad_sequence
    return [
        *[lambda lengths=lengths: pack(z(4, 2, 3), lengths) for lengths in ([4], [4, 0], [2, 4])], lambda: pack(z(4, 0), []),
        lambda: pad([]), lambda: pad(3), lambda: pad([z(2, 3), z(2, 4)]), lambda: pad([z(2), z(2)], padding_side="top"),
        lambda: lib.pack_sequence([z(3), z(5)]), lambda: lib.pad_packed_sequence(lib.pack_sequence([z(3)]), total_length=2),
    ]  # fmt: skip


@pytest.mark.parametrize("nth", range(10))
def test_errors_of_sequences_are_those_of_torch(nth: int) -> None:
    ours = refusal(wrong_sequences(tl, sequences)[nth])
    assert ours is not None
    assert ours is refusal(wrong_sequences(torch, THEIRS)[nth])


def test_a_length_beyond_the_padding_is_refused() -> None:
    """PyTorch reads beyond the end of its memory."""
    with pytest.raises(RuntimeError, match="a length of 5 for sequences that are padded to 4"):
        sequences.pack_padded_sequence(tl.zeros(4, 2), [5, 4])
