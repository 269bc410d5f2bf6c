"""Rows of gates, rnn, lstm and gru; in torch they are composed step by step.

Two steps of a batch of two: the first step differs from the others, because its state is not a result.
"""

from __future__ import annotations

from typing import Any

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


def in_parts(t: Any, x: Any, w: Any, b: Any, n: int) -> Any:
    return (x @ w.T + b).unflatten(-1, (n, -1)).movedim(-2, 0)


for x, n in (((T, B, 4), 3), ((5, 4), 1), ((T, 0, 4), 2)):
    case("gates", lambda t, x, w, b, n: recurrent.gates(x, w, b, n=n), x, (n * H, 4), (n * H,), n=n, theirs=in_parts,
         keeps=("weight", "x", ""))  # fmt: skip

for kind in ("tanh", "relu"):
    case("rnn", lambda t, *xs, kind: recurrent.rnn(*xs, kind=kind), (1, 3, B, H), (H, H), (B, H), kind=kind, theirs=rnn,
         keeps=("gates w h0 out",) * 3)  # fmt: skip


def our_lstm(t: Any, *xs: Any) -> Any:
    return recurrent.lstm(*xs, held=[])


def our_gru(t: Any, *xs: Any) -> Any:
    return recurrent.gru(*xs, held=[])


LSTM = ((4 * H, H), (B, H), (B, H))
GRU = ((3 * H, H), (3 * H,), (B, H))
case("lstm", our_lstm, (4, T, B, H), *LSTM, theirs=lstm, keeps=("gates w h0 c0 out",) * 4)
case("lstm", our_lstm, strided(4, T, B, H), (4 * H, H), strided(B, H), strided(B, H), theirs=lstm)
case("lstm", our_lstm, (4, 1, 0, H), (4 * H, H), (0, H), (0, H), theirs=lstm)
case("gru", our_gru, (3, T, B, H), *GRU, theirs=gru, keeps=("gates w b h0 out",) * 4)
case("gru", our_gru, (3, 1, 1, H), (3 * H, H), (3 * H,), (1, H), theirs=gru)
