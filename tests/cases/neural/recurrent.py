"""Rows of gates, rnn, lstm and gru, and of their way back through time; in torch they are composed step by step.

Two steps of a batch of two: the first step differs from the others, because its state is not a result.
"""

from __future__ import annotations

from typing import Any

import torch

from tinygrad_lite.ops.neural import recurrent

from ..table import case, strided

T, B, H = 2, 2, 3


def rnn(t: Any, gates: Any, w: Any, h: Any, kind: str = "tanh") -> Any:
    return t.stack([h := getattr(t, kind)(gate + h @ w.T) for gate in gates[0]])


def lstm(t: Any, gates: Any, w: Any, h: Any, c: Any) -> Any:
    out = []
    for gate in gates.unbind(1):
        i, f, n, o = gate + (h @ w.T).unflatten(1, (4, -1)).transpose(0, 1)
        c = f.sigmoid() * c + i.sigmoid() * n.tanh()
        h = o.sigmoid() * c.tanh()
        out.append(t.stack([h, c]))
    return t.stack(out, 1)


def gru(t: Any, gates: Any, w: Any, b: Any, h: Any) -> Any:
    out = []
    for gate in gates.unbind(1):
        (r, z, n), (hr, hz, hn) = gate, (h @ w.T + b).unflatten(1, (3, -1)).transpose(0, 1)
        n, z = (n + (r + hr).sigmoid() * hn).tanh(), (z + hz).sigmoid()
        h = (1 - z) * n + z * h
        out.append(h)
    return t.stack(out)


def back(steps: Any) -> Any:
    """The gradient of the gates and, as one step more, of the states before the first step."""

    def through_time(t: Any, dy: Any, *xs: Any, **options: Any) -> Any:
        gates, w, *before = recorded(xs)
        y = steps(t, gates, w, *before, **options)
        dgates, *first = torch.autograd.grad(y, (gates, *before), dy, create_graph=True)
        first += [t.zeros_like(before[0])] * (len(gates) - len(first))
        return t.cat([dgates, t.stack(first)[:, None]], 1)

    return through_time


def recorded(xs: Any) -> list[Any]:
    return [x if x.requires_grad else x.clone().requires_grad_() for x in xs]


def gru_back(t: Any, dy: Any, *xs: Any) -> Any:
    """In front of the gradient of the gates that of h Wₙᵀ + bₙ, which is that of bₙ in each step."""
    gates, w, b, h = recorded(xs)
    each = b + t.zeros(*gates.shape[1:3], len(b), dtype=b.dtype)
    out, state = [], h
    for gate, bias in zip(gates.unbind(1), each):
        out.append(state := gru(t, gate[:, None], w, bias, state)[0])
    dgates, deach, dh = torch.autograd.grad(t.stack(out), (gates, each, h), dy, create_graph=True)
    last = t.stack([dh, *[t.zeros_like(h)] * 3])
    return t.cat([t.cat([deach[None, :, :, -h.shape[1] :], dgates]), last[:, None]], 1)


def in_parts(t: Any, x: Any, w: Any, b: Any, n: int) -> Any:
    return (x @ w.T + b).unflatten(-1, (n, -1)).movedim(-2, 0)


for x, n in (((T, B, 4), 3), ((5, 4), 1), ((T, 0, 4), 2)):
    case("gates", lambda t, x, w, b, n: recurrent.gates(x, w, b, n=n), x, (n * H, 4), (n * H,), n=n, theirs=in_parts,
         keeps=("weight", "x", ""))  # fmt: skip

for kind in ("tanh", "relu"):
    case("rnn", lambda t, *xs, kind: recurrent.rnn(*xs, kind=kind), (1, 3, B, H), (H, H), (B, H), kind=kind, theirs=rnn,
         keeps=("gates w h0 out",) * 3)  # fmt: skip
    case("rnn_through_time", lambda t, dy, gates, w, h0, kind: recurrent.rnn_through_time(
         dy, gates, w, h0, recurrent.rnn(gates, w, h0, kind=kind).detach(), kind=kind),
         (T, B, H), (1, T, B, H), (H, H), (B, H), kind=kind, theirs=back(rnn),
         keeps=("dy gates w h0",) * 4 + ("",))  # fmt: skip


def our_lstm(t: Any, *xs: Any) -> Any:
    return recurrent.lstm(*xs, held=[])


def our_gru(t: Any, *xs: Any) -> Any:
    return recurrent.gru(*xs, held=[])


def our_lstm_back(t: Any, dy: Any, *xs: Any) -> Any:
    held: list[Any] = []
    y = recurrent.lstm(*xs, held=held).detach()
    return recurrent.lstm_through_time(dy, *xs, y, held=held)


def our_gru_back(t: Any, dy: Any, *xs: Any) -> Any:
    held: list[Any] = []
    y = recurrent.gru(*xs, held=held).detach()
    return recurrent.gru_through_time(dy, *xs, y, held=held)


LSTM = ((4 * H, H), (B, H), (B, H))
GRU = ((3 * H, H), (3 * H,), (B, H))
case("lstm", our_lstm, (4, T, B, H), *LSTM, theirs=lstm, keeps=("gates w h0 c0 out",) * 4)
case("lstm", our_lstm, strided(4, T, B, H), (4 * H, H), strided(B, H), strided(B, H), theirs=lstm)
case("lstm", our_lstm, (4, 1, 0, H), (4 * H, H), (0, H), (0, H), theirs=lstm)
case("gru", our_gru, (3, T, B, H), *GRU, theirs=gru, keeps=("gates w b h0 out",) * 4)
case("gru", our_gru, (3, 1, 1, H), (3 * H, H), (3 * H,), (1, H), theirs=gru)
case("lstm_through_time", our_lstm_back, (2, T, 1, 2), (4, T, 1, 2), (8, 2), (1, 2), (1, 2), theirs=back(lstm),
     keeps=("dy gates w h0 c0",) * 5 + ("",))  # fmt: skip
case("gru_through_time", our_gru_back, (T, 1, 2), (3, T, 1, 2), (6, 2), (6,), (1, 2), theirs=gru_back,
     keeps=("dy gates w b h0",) * 5 + ("",))  # fmt: skip
