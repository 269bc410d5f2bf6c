"""Recurrent layers: one direction of one layer along a whole sequence, as one step on the tape.

There are three functions for each kind of layer. `lstm_steps` is the definition: its formulas, on Tensors, step by step. `lstm`
computes the same on arrays. `lstm_back` is the gradient: it goes from the last step to the first, with dh, the gradient of all
that comes later with respect to the state h (backpropagation through time; Werbos 1990).

These are primitives, because 64 steps of an LSTM would be 800 nodes on the tape, and the weights' gradient 64 products instead
of one. What a step gets from its input, x Wᵀ + b, needs no state: `gates` computes it for all steps at once. The axes of a
sequence are time, batch and numbers, T, B and H. Gates have one more, in front, so that each gate is contiguous: four products
of 32 x 128 numbers with 128 x 128 take 22 µs, one with 128 x 512 takes 27, and what follows is faster too.

Everything that backward returns follows from the gradient of the gates of all steps. So this is a lemma, d. It has one step
more, the last, for the gradients of the states before the first step.
"""

from __future__ import annotations

from importlib import import_module
from math import prod
from typing import Any

import numpy as np

from ..._tensor import Tensor
from ...apply import op
from ...backend import Array, array_module
from ..arrangement import roll
from ..reduction import sum as sum_over
from ..shape import cat, clone, expand, mT
from .activation import relu
from .linear import rows
from .twice import array_of, recorded_as

# The inputs of all steps, in one product for each gate.

@op(x=lambda g, weight: sum_over(flat(g) @ blocks(weight, len(g)), axis=(0,)).reshape((*g.shape[1:-1], weight.shape[1])),
    weight=lambda g, x, shape: (mT(flat(g)) @ rows(x)).reshape(shape),
    bias=lambda g, shape: sum_of_rows(g).reshape(shape))
def gates(x: Array, weight: Array, bias: Array, *, n: int) -> Array:
    """x Wᵀ + b in n parts: (..., in), (n H, in), (n H) -> (n, ..., H)."""
    xp, H = array_module(x), len(weight) // n
    out = xp.empty((n, *x.shape[:-1], H), x.dtype)
    xp.matmul(rows(x), transposed(blocks(weight, n)), out=flat(out))
    out += bias.reshape(n, *[1] * (x.ndim - 1), H)
    return out

def blocks(w: Any, n: int) -> Any:
    """The n parts of a weight: (n H, ...) -> (n, H, ...)."""
    return w.reshape((n, w.shape[0] // n, w.shape[1]))

def flat(x: Any) -> Any:
    """The rows of each gate: (n, ..., H) -> (n, rows, H)."""
    return x.reshape((x.shape[0], prod(x.shape[1:-1]), x.shape[-1]))

def sum_of_rows(x: Any) -> Any:
    """Σ over the rows of each gate, (n, ..., H) -> (n, H, 1): by a product, which needs no copy if each gate is contiguous."""
    ones = array_module(getattr(x, "array", x)).ones((prod(x.shape[1:-1]), 1), x.dtype)
    return mT(flat(x)) @ ones

def transposed(w: Array) -> Array:
    """Each matrix transposed, contiguous: a product with it takes a quarter of the time."""
    return array_module(w).ascontiguousarray(w.transpose(0, 2, 1))

def weight_gradient(d: Any, before: Any, h: Any) -> Any:
    """Σ dᵀ h over the steps, where h is the state that the step got: `before`, and then what the step before it returned."""
    sums = mT(d[:, 0]) @ before
    if len(h) > 1:
        sums = sums + mT(flat(d[:, 1:])) @ rows(h[:-1])
    return sums.reshape((sums.shape[0] * sums.shape[1], sums.shape[2]))

# The simple layer (Elman 1990):  h' = tanh(gates + h Wᵀ),  or relu in place of tanh

@op(gates=lambda g, d: d[:, :-1],
    w=lambda g, d, h0, out: weight_gradient(d[:, :-1], h0, out),
    h0=lambda g, d: d[0, -1],
    d=lambda g, gates, w, h0, out, kind: through_time(rnn_back, rnn_steps, g, gates, w, (h0,), out, kind))
def rnn(gates: Array, w: Array, h0: Array, *, kind: str) -> Array:
    """The state after each step: (1, T, B, H), (H, H), (B, H) -> (T, B, H). `kind` is tanh or relu."""
    out, w, h = array_module(gates).empty(gates.shape[1:], gates.dtype), w.T, h0
    for gate, h_t in zip(gates[0], out):
        h.dot(w, h_t)
        h_t += gate
        np.tanh(h_t, h_t) if kind == "tanh" else np.maximum(h_t, 0, out=h_t)
        h = h_t
    return out

def rnn_back(dy: Array, w: Array, before: Any, h: Array, kind: str) -> Array:
    """From dy, the gradient of the states h, that of the gates and, at the end, of h0: (1, T + 1, B, H)."""
    (T, B, H), xp = h.shape, array_module(h)
    d, dh = xp.empty((1, T + 1, B, H), h.dtype), xp.zeros((B, H), h.dtype)
    slope = 1 - h * h if kind == "tanh" else ~(h <= 0)
    for dy_t, slope_t, d_t in reversed([*zip(dy, slope, d[0])]):
        dh += dy_t
        np.multiply(dh, slope_t, d_t)
        d_t.dot(w, dh)
    d[0, T] = dh
    return d

def rnn_steps(gates: Tensor, w: Tensor, h: Tensor, kind: str) -> Tensor:
    """The definition."""
    f: Any = Tensor.tanh if kind == "tanh" else relu
    return stacked([h := f(gate + h @ w.T) for gate in gates[0]])


# The LSTM (Hochreiter and Schmidhuber 1997, Gers et al. 2000): beside the state there is a cell c, and gates say how much of it
# is kept, how much is added and how much is shown.
#     i, f, n, o = gates + h Wᵀ        c' = σ(f) c + σ(i) tanh(n)        h' = σ(o) tanh(c')

@op(gates=lambda g, d: d[:, :-1],
    w=lambda g, d, h0, out: weight_gradient(d[:, :-1], h0, out[0]),
    h0=lambda g, d: d[0, -1],
    c0=lambda g, d: d[1, -1],
    d=lambda g, gates, w, h0, c0, out, held: through_time(lstm_back, lstm_both, g, gates, w, (h0, c0), out, held))
def lstm(gates: Array, w: Array, h0: Array, c0: Array, *, held: list[Array]) -> Array:
    """The state and the cell after each step: (4, T, B, H), (4H, H), (B, H), (B, H) -> (2, T, B, H). In the list `held` it
    leaves σ(i), σ(f), tanh(n) and σ(o) of all steps for lstm_back.
    """
    xp, (_, T, B, H) = array_module(gates), gates.shape
    scale, shift, s, w, more = by_tanh(xp, "σσtσ", gates, w)
    out, h, c = xp.empty((2, T, B, H), s.dtype), h0, c0
    for s_t, i, f, n, o, h_t, c_t in zip(s, *s.transpose(1, 0, 2, 3), *out):
        xp.matmul(h, w, out=more)
        s_t += more
        np.tanh(s_t, s_t)
        s_t *= scale
        s_t += shift
        np.multiply(f, c, c_t)
        c_t += np.multiply(i, n, h_t)
        np.tanh(c_t, h_t)
        h_t *= o
        h, c = h_t, c_t
    held[:] = [s]
    return out

def lstm_back(dy: Array, w: Array, before: Any, y: Array, held: list[Array]) -> Array:
    """From dy, the gradient of the states and cells y, that of the gates and, at the end, of h0 and c0: (4, T + 1, B, H)."""
    (_, T, B, H), (_, c0), (_, c), (s,), xp = y.shape, before, y, held, array_module(y)
    d, w = xp.empty((4, T + 1, B, H), y.dtype), blocks(w, 4)
    # For all steps at once, dc'/di, dc'/df, dc'/dn, dh'/do and dh'/dc', with σ' = σ (1 - σ) and tanh' = 1 - tanh².
    slope = 1 - s
    slope *= s
    (i, f, n, o), (slope_i, slope_f, _, slope_o) = s.transpose(1, 0, 2, 3), slope.transpose(1, 0, 2, 3)
    di, df, dn, do = d[:, :T]
    np.multiply(slope_i, n, di)
    np.multiply(slope_f[0], c0, df[0])
    np.multiply(slope_f[1:], c[:-1], df[1:])
    np.multiply(1 - n * n, i, dn)
    shown = np.tanh(c)
    np.multiply(slope_o, shown, do)
    dh_dc = (1 - shown * shown) * o
    # From the last step to the first: c' is in h' and in the next step's c; h' is in the next step's gates.
    dh, dc, part, more = (xp.zeros(shape, y.dtype) for shape in ((B, H), (B, H), (B, H), (4, B, H)))
    by_c, each = d[:3].transpose(1, 0, 2, 3), d.transpose(1, 0, 2, 3)
    for dy_h, dy_c, dh_dc_t, difn, do_t, d_t, f_t in reversed([*zip(*dy, dh_dc, by_c, do, each, f)]):
        dh += dy_h
        dc += dy_c
        dc += np.multiply(dh, dh_dc_t, part)
        difn *= dc
        do_t *= dh
        dc *= f_t
        xp.add.reduce(xp.matmul(d_t, w, out=more), 0, None, dh)
    d[0, T], d[1, T], d[2:, T] = dh, dc, 0
    return d

def lstm_both(gates: Tensor, w: Tensor, h: Tensor, c: Tensor, held: Any) -> Tensor:
    """The definition."""
    return stacked(lstm_steps(gates, w, h, c))

def lstm_steps(gates: Tensor, w: Tensor, h: Tensor, c: Tensor, projection: Tensor | None = None) -> list[Tensor]:
    """The states and the cells after each step. With a projection, h' is that matrix times the h' above."""
    states, cells, w = [], [], mT(blocks(w, 4))
    for t in range(gates.shape[1]):
        i, f, n, o = gates[:, t] + h @ w
        c = f.sigmoid() * c + i.sigmoid() * n.tanh()
        h = o.sigmoid() * c.tanh()
        h = h if projection is None else h @ projection.T
        states.append(h)
        cells.append(c)
    return [stacked(states), stacked(cells)]


# The GRU (Cho et al. 2014, in the form of cuDNN and PyTorch): gates say how much of the state is in the candidate for the next
# one, and how much of the state stays. With a bias b of its own,
#     r, z, n = gates        hr, hz, hn = h Wᵀ + b
#     r' = σ(r + hr)        u = σ(z + hz)        n' = tanh(n + r' hn)        h' = (1 - u) n' + u h
# d has four parts, the gradients of hn, r, z and n. The last three are those of the gates, the first three those of h Wᵀ + b,
# where hn comes last: hence `roll`.

@op(gates=lambda g, d: d[1:, :-1],
    w=lambda g, d, h0, out: roll(weight_gradient(d[:3, :-1], h0, out), shifts=(-h0.shape[1],), axes=(0,)),
    b=lambda g, d: bias_gradient(d[:3, :-1]),
    h0=lambda g, d: d[0, -1],
    d=lambda g, gates, w, b, h0, out, held: through_time(gru_back, gru_steps, g, gates, w, (h0,), out, held, b))
def gru(gates: Array, w: Array, b: Array, h0: Array, *, held: list[Array]) -> Array:
    """The state after each step: (3, T, B, H), (3H, H), (3H), (B, H) -> (T, B, H). In the list `held` it leaves r', u and n',
    and hn, of all steps for gru_back.
    """
    xp, (_, T, B, H) = array_module(gates), gates.shape
    scale, _, s, w, more = by_tanh(xp, "σσt", gates, w)
    b = b.reshape(3, 1, H) * scale
    s[:, :2] += b[:2]
    (out, q), more_rz, more_n, b, h = xp.empty((2, T, B, H), s.dtype), more[:2], more[2], b[2], h0
    for rz, r, z, n, q_t, h_t in zip(s[:, :2], *s.transpose(1, 0, 2, 3), q, out):
        xp.matmul(h, w, out=more)
        rz += more_rz
        np.tanh(rz, rz)
        rz *= 0.5
        rz += 0.5
        np.add(more_n, b, q_t)
        n += np.multiply(r, q_t, h_t)
        np.tanh(n, n)
        np.subtract(h, n, h_t)
        h_t *= z
        h_t += n
        h = h_t
    held[:] = [s, q]
    return out

def gru_back(dy: Array, w: Array, before: Any, h: Array, held: list[Array]) -> Array:
    """From dy, the gradient of the states h, d for all steps and, at the end, the gradient of h0: (4, T + 1, B, H)."""
    (T, B, H), (h0,), (s, q), xp = h.shape, before, held, array_module(h)
    r, u, n = s.transpose(1, 0, 2, 3)
    d, w = xp.empty((4, T + 1, B, H), h.dtype), np.roll(blocks(w, 3), 1, 0)
    dq, dr, dz, dn = d[:, :T]
    # For all steps at once, dh'/dn, dh'/dhn, dh'/dr and dh'/dz.
    np.multiply(1 - n * n, 1 - u, dn)
    np.multiply(dn, r, dq)
    np.multiply(dq, q, dr)
    dr *= 1 - r
    np.subtract(h0, n[0], dz[0])
    np.subtract(h[:-1], n[1:], dz[1:])
    dz *= (1 - u) * u
    # From the last step to the first: h' is in the next step's gates and, times u, in its state.
    dh, part, more = (xp.zeros(shape, h.dtype) for shape in ((B, H), (B, H), (3, B, H)))
    for dy_t, d_t, u_t in reversed([*zip(dy, d.transpose(1, 0, 2, 3), u)]):
        dh += dy_t
        d_t *= dh
        dh *= u_t
        dh += xp.add.reduce(xp.matmul(d_t[:3], w, out=more), 0, None, part)
    d[0, T], d[1:, T] = dh, 0
    return d

def gru_steps(gates: Tensor, w: Tensor, h: Tensor, held: Any) -> Tensor:
    """The definition, with the gates that with_bias gives."""
    states, w = [], mT(blocks(w, 3))
    for t in range(gates.shape[1]):
        (q, r, z, n), (hr, hz, hn) = gates[:, t], h @ w
        n = (n + (r + hr).sigmoid() * (hn + q)).tanh()
        h = n + (z + hz).sigmoid() * (h - n)
        states.append(h)
    return stacked(states)

def with_bias(gates: Any, b: Any) -> Any:
    """In each step: the bias of hn, and the gates with the biases of hr and hz. d is the gradient of this."""
    b = b.reshape((3, 1, 1, gates.shape[3]))
    return cat(expand(b[2:], shape=(1, *gates.shape[1:])), gates[:2] + b[:2], gates[2:], axis=0, ends=(1, 3, 4))

def bias_gradient(d: Any) -> Any:
    """The gradient of b: that of h Wᵀ + b, added up."""
    return roll(sum_of_rows(d).reshape((3 * d.shape[-1],)), shifts=(-d.shape[-1],), axes=(0,))


# Shared

def by_tanh(xp: Any, kinds: str, gates: Array, w: Array) -> tuple[Array, ...]:
    """One tanh computes all gates, and it is faster than exp: σ(x) = ½ + ½ tanh(x / 2). Returns a and b with
    f(x) = b + a tanh(a x) for each kind of f, σ or t for tanh; a · gates, time first; a · Wᵀ; and memory for h times that.
    """
    n, T, B, H = gates.shape
    scale = xp.asarray([[[0.5 if kind == "σ" else 1.0]] for kind in kinds], gates.dtype)
    s, (whole, more) = xp.empty((T, n, B, H), gates.dtype), xp.empty((2, n, B, H), gates.dtype)
    np.multiply(gates.transpose(1, 0, 2, 3), scale, s)
    whole[...] = scale  # multiplying by numbers of the same shape takes half the time
    return whole, 1 - whole, s, transposed(blocks(w, n) * scale), more

def stacked(xs: list[Tensor]) -> Tensor:
    """The xs along a new first axis."""
    return cat(*[x[None] for x in xs], axis=0, ends=tuple(range(1, len(xs) + 1)))

def through_time(
    back: Any, steps: Any, g: Any, gates: Any, w: Any, before: Any, out: Any, option: Any, b: Any = None
) -> Any:
    """d: the gradient of the gates and, at the end, of the states before the first step, by `back`. On Tensors, it can be
    differentiated again: on the tape it is the gradient of the steps, recorded one by one.
    """
    d = back(array_of(g), array_of(w), [array_of(x) for x in before], array_of(out), option)
    if not isinstance(g, Tensor):
        return d
    grad = import_module("tinygrad_lite.backward").grad  # now, because backward.py imports ops/
    gates, w, *before = map(begin, (gates if b is None else with_bias(gates, b), w, *before))
    dgates, *first = grad(steps(gates, w, *before, option), (gates, *before), g, create_graph=True, materialize_grads=True)
    zeros = Tensor._of(array_module(d).zeros((len(d) - len(first), *d.shape[2:]), d.dtype))
    last = cat(stacked(first), zeros, axis=0, ends=(len(first), len(d)))
    return recorded_as(cat(dgates, last[:, None], axis=1, ends=(d.shape[1] - 1, d.shape[1])), d)

def begin(x: Tensor) -> Tensor:
    """x, where a gradient ends: it is not to go on to another input that x was computed from."""
    return clone(x) if x.node is not None else Tensor._of(x.array).requires_grad_()
