"""Recurrent layers: one direction of one layer along a whole sequence, as one step on the tape.

There are three functions for each kind of layer. `lstm_steps` is the definition: its formulas, on Tensors, step by step. `lstm`
computes the same on arrays. `lstm_through_time` is the gradient: it goes from the last step to the first, with dh, the gradient
of all that comes later with respect to the state h (backpropagation through time; Werbos 1990).

These are primitives, because 64 steps of an LSTM would be 800 nodes on the tape, and the weights' gradient 64 products instead
of one. What a step gets from its input, x Wᵀ + b, needs no state, so that a linear layer computes it for all steps at once:
`gates`. A sequence has the axes time, batch and numbers.

Everything that backward returns follows from the gradient of the gates of all steps. So this is a lemma, d. As one step more, at
the end, it has the gradients of the states before the first step. The second derivative is that of the definition, recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..._tensor import Tensor
from ...apply import op
from ...backend import Array, array_module
from ...backward import grad
from ...grad_mode import enable_grad
from ..arrangement import roll
from ..reduction import sum as sum_over
from ..shape import cat, clone, expand
from .activation import relu
from .linear import rows


def weight_gradient(d: Any, before: Any, h: Any) -> Any:
    """Σ dᵀ h over the steps, where h is the state that the step got: `before`, and then what the step before it returned."""
    return d[0].T @ before + rows(d[1:]).T @ rows(h[:-1])

# The simple layer (Elman 1990):  h' = tanh(gates + h Wᵀ),  or relu in place of tanh

@op(gates=lambda g, d: d[:-1],
    w=lambda g, d, h0, out: weight_gradient(d[:-1], h0, out),
    h0=lambda g, d: d[-1],
    d=lambda g, gates, w, h0, out, kind: rnn_through_time(g, gates, w, h0, out, kind=kind))
def rnn(gates: Array, w: Array, h0: Array, *, kind: str) -> Array:
    """The state after each step: (T, B, H), (H, H), (B, H) -> (T, B, H). `kind` is tanh or relu."""
    out, w, h = array_module(gates).empty(gates.shape, gates.dtype), w.T, h0
    for gates_t, h_t in zip(gates, out):
        h.dot(w, h_t)
        h_t += gates_t
        np.tanh(h_t, h_t) if kind == "tanh" else np.maximum(h_t, 0, h_t)
        h = h_t
    return out

@op(dy=lambda g, dd: dd[0], gates=lambda g, dd: dd[1], w=lambda g, dd: dd[2], h0=lambda g, dd: dd[3], h=None,
    dd=lambda g, dy, gates, w, h0, kind: differentiated(rnn_steps[kind], g, dy, gates, w, h0))
def rnn_through_time(dy: Array, gates: Array, w: Array, h0: Array, h: Array, *, kind: str) -> Array:
    """From dy, the gradient of the states h, that of the gates and, at the end, of h0: (T + 1, B, H)."""
    xp = array_module(h)
    d, dh = xp.empty((len(h) + 1, *h0.shape), h.dtype), xp.zeros(h0.shape, h.dtype)
    slope = 1 - h * h if kind == "tanh" else ~(h <= 0)
    for dy_t, slope_t, d_t in reversed([*zip(dy, slope, d)]):
        dh += dy_t
        np.multiply(dh, slope_t, d_t)
        d_t.dot(w, dh)
    d[-1] = dh
    return d

def rnn_with(f: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    """The definition, with an activation."""
    def steps(gates: Tensor, w: Tensor, h: Tensor) -> Tensor:
        return stacked([h := f(gates_t + h @ w.T) for gates_t in gates])
    return steps

rnn_steps = {"tanh": rnn_with(Tensor.tanh), "relu": rnn_with(relu)}


# The LSTM (Hochreiter and Schmidhuber 1997, Gers et al. 2000): beside the state there is a cell c, and gates say how much of it
# is kept, how much is added and how much is shown.
#     i, f, n, o = gates + h Wᵀ        c' = σ(f) c + σ(i) tanh(n)        h' = σ(o) tanh(c')

@op(gates=lambda g, d: d[:-1],
    w=lambda g, d, h0, out: weight_gradient(d[:-1], h0, out[0]),
    h0=lambda g, d, shape: d[-1][:, : shape[1]],
    c0=lambda g, d, shape: d[-1][:, shape[1] : 2 * shape[1]],
    d=lambda g, gates, w, h0, c0, out, held: lstm_through_time(g, gates, w, h0, c0, out, held=held))
def lstm(gates: Array, w: Array, h0: Array, c0: Array, *, held: list[Array]) -> Array:
    """The state and the cell after each step: (T, B, 4H), (4H, H), (B, H), (B, H) -> (2, T, B, H). In the list `held` it leaves
    σ(i), σ(f), tanh(n) and σ(o) of all steps for lstm_through_time.
    """
    xp, (B, H) = array_module(gates), h0.shape
    scale, shift = by_tanh(xp, "σσtσ", H, gates.dtype)
    s, w = gates * scale, xp.ascontiguousarray((w * scale[:, None]).T)
    scale, shift = (xp.ascontiguousarray(xp.broadcast_to(a, (B, 4 * H))) for a in (scale, shift))  # half the time below
    out, more, added = xp.empty((2, len(gates), B, H), s.dtype), xp.empty((B, 4 * H), s.dtype), xp.empty((B, H), s.dtype)
    h, c = h0, c0
    for s_t, i, f, n, o, h_t, c_t in zip(s, *parts(s, H), *out):
        h.dot(w, more)
        s_t += more
        np.tanh(s_t, s_t)
        s_t *= scale
        s_t += shift
        np.multiply(f, c, c_t)
        c_t += np.multiply(i, n, added)
        np.multiply(o, np.tanh(c_t, h_t), h_t)
        h, c = h_t, c_t
    held[:] = [s]
    return out

@op(dy=lambda g, dd: dd[0], gates=lambda g, dd: dd[1], w=lambda g, dd: dd[2], h0=lambda g, dd: dd[3], c0=lambda g, dd: dd[4],
    y=None,
    dd=lambda g, dy, gates, w, h0, c0: differentiated(lambda *xs: stacked(lstm_steps(*xs)), g, dy, gates, w, h0, c0))
def lstm_through_time(dy: Array, gates: Array, w: Array, h0: Array, c0: Array, y: Array, *, held: list[Array]) -> Array:
    """From dy, the gradient of the states and cells y, that of the gates and, at the end, of h0 and c0: (T + 1, B, 4H)."""
    xp, (T, (B, H)), (_, c), (s,) = array_module(y), (len(gates), h0.shape), y, held
    i, f, n, o = parts(s, H)
    d = xp.empty((T + 1, B, 4 * H), y.dtype)
    di, df, dn, do = parts(d[:T], H)
    # For all steps at once, dc'/di, dc'/df, dc'/dn, dh'/do and dh'/dc', with σ' = σ (1 - σ) and tanh' = 1 - tanh².
    np.multiply(1 - s, s, d[:T])
    di *= n
    df[0] *= c0
    df[1:] *= c[:-1]
    np.multiply(1 - n * n, i, dn)
    shown = np.tanh(c)
    do *= shown
    dh_dc = (1 - shown * shown) * o
    # From the last step to the first: c' is in h' and in the next step's c; h' is in the next step's gates.
    dh, dc, more = xp.zeros((B, H), y.dtype), xp.zeros((B, H), y.dtype), xp.empty((B, H), y.dtype)
    difn = d[:T].reshape(T, B, 4, H)[:, :, :3]
    for dy_h, dy_c, dh_dc_t, difn_t, do_t, d_t, f_t in reversed([*zip(*dy, dh_dc, difn, do, d, f)]):
        dh += dy_h
        dc += dy_c
        dc += np.multiply(dh, dh_dc_t, more)
        difn_t *= dc[:, None]
        do_t *= dh
        dc *= f_t
        d_t.dot(w, dh)
    d[T, :, :H], d[T, :, H : 2 * H], d[T, :, 2 * H :] = dh, dc, 0
    return d

def lstm_steps(gates: Tensor, w: Tensor, h: Tensor, c: Tensor, projection: Tensor | None = None) -> list[Tensor]:
    """The definition: the states and the cells after each step. With a projection, h' is that matrix times the h' above."""
    states, cells = [], []
    for gates_t in gates:
        i, f, n, o = parts(gates_t + h @ w.T, c.shape[1])
        c = f.sigmoid() * c + i.sigmoid() * n.tanh()
        h = o.sigmoid() * c.tanh()
        h = h if projection is None else h @ projection.T
        states.append(h)
        cells.append(c)
    return [stacked(states), stacked(cells)]


# The GRU (Cho et al. 2014, in the form of cuDNN and PyTorch): gates say how much of the state is in the candidate for the next
# one, and how much of the state stays. With a bias b of its own,
#     r, z, n = gates        hr, hz, hn = h Wᵀ + b        n' = tanh(n + σ(r + hr) hn)        h' = (1 - u) n' + u h,  u = σ(z + hz)
# d has four parts, the gradients of hn, r, z and n. The last three are those of the gates, the first three those of h Wᵀ + b,
# except that there hn comes last: hence `roll`.

@op(gates=lambda g, d, h0: d[:-1, :, h0.shape[1] :],
    w=lambda g, d, h0, out: roll(weight_gradient(d[:-1, :, : 3 * h0.shape[1]], h0, out), shifts=(-h0.shape[1],), axes=(0,)),
    b=lambda g, d, h0: gru_bias(d[:-1], h0.shape[1]),
    h0=lambda g, d, shape: d[-1][:, : shape[1]],
    d=lambda g, gates, w, b, h0, out, held: gru_through_time(g, gates, w, b, h0, out, held=held))
def gru(gates: Array, w: Array, b: Array, h0: Array, *, held: list[Array]) -> Array:
    """The state after each step: (T, B, 3H), (3H, H), (3H), (B, H) -> (T, B, H). In the list `held` it leaves r', u and n', and
    hn, of all steps for gru_through_time.
    """
    xp, (B, H) = array_module(gates), h0.shape
    scale, shift = by_tanh(xp, "σσt", H, gates.dtype)
    b, b_n = b * (shift + shift), b[2 * H :]  # of r and z alone
    s, w = gates + b, xp.ascontiguousarray((w * scale[:, None]).T)
    s *= scale
    out, q, more = xp.empty((len(s), B, H), s.dtype), xp.empty((len(s), B, H), s.dtype), xp.empty((B, 3 * H), s.dtype)
    more_rz, more_n, h = more[:, : 2 * H], more[:, 2 * H :], h0
    for rz, r, z, n, q_t, h_t in zip(s[..., : 2 * H], *parts(s, H), q, out):
        h.dot(w, more)
        rz += more_rz
        np.tanh(rz, rz)
        rz *= 0.5
        rz += 0.5
        np.add(more_n, b_n, q_t)
        n += np.multiply(r, q_t, h_t)
        np.tanh(n, n)
        np.subtract(h, n, h_t)
        h_t *= z
        h_t += n
        h = h_t
    held[:] = [s, q]
    return out

@op(dy=lambda g, dd: dd[0], gates=lambda g, dd, h0: dd[1][:, :, h0.shape[1] :], b=lambda g, dd, h0: gru_bias(dd[1], h0.shape[1]),
    w=lambda g, dd: dd[2], h0=lambda g, dd: dd[3], h=None,
    dd=lambda g, dy, gates, w, b, h0: differentiated(gru_steps, g, dy, with_bias(gates, b), w, h0))
def gru_through_time(dy: Array, gates: Array, w: Array, b: Array, h0: Array, h: Array, *, held: list[Array]) -> Array:
    """From dy, the gradient of the states h, d for all steps and, at the end, the gradient of h0: (T + 1, B, 4H)."""
    xp, (T, (B, H)), (s, q) = array_module(h), (len(gates), h0.shape), held
    r, u, n = parts(s, H)
    d = xp.empty((T + 1, B, 4 * H), h.dtype)
    dq, dr, dz, dn = parts(d[:T], H)
    # For all steps at once, dh'/dn, dh'/dhn, dh'/dr and dh'/dz.
    np.multiply(1 - n * n, 1 - u, dn)
    np.multiply(dn, r, dq)
    np.multiply(dq, q, dr)
    dr *= 1 - r
    np.subtract(h0, n[0], dz[0])
    np.subtract(h[:-1], n[1:], dz[1:])
    dz *= (1 - u) * u
    # From the last step to the first: h' is in the next step's gates and, times u, in its state.
    dh, more, w = xp.zeros((B, H), h.dtype), xp.empty((B, H), h.dtype), np.roll(w, H, 0)
    for dy_t, each, dqrz, u_t in reversed([*zip(dy, d[:T].reshape(T, B, 4, H), d[..., : 3 * H], u)]):
        dh += dy_t
        each *= dh[:, None]
        dqrz.dot(w, more)
        dh *= u_t
        dh += more
    d[T, :, :H], d[T, :, H:] = dh, 0
    return d

def gru_steps(gates: Tensor, w: Tensor, h: Tensor) -> Tensor:
    """The definition, with the gates that with_bias gives."""
    states = []
    for gates_t in gates:
        (q, r, z, n), (hr, hz, hn) = parts(gates_t, h.shape[1]), parts(h @ w.T, h.shape[1])
        n = (n + (r + hr).sigmoid() * (hn + q)).tanh()
        h = n + (z + hz).sigmoid() * (h - n)
        states.append(h)
    return stacked(states)

def with_bias(gates: Any, b: Any) -> Any:
    """In each step: the bias of hn, and the gates with the biases of hr and hz. d is the gradient of this."""
    (T, B, n), H = gates.shape, gates.shape[2] // 3
    rz = gates[:, :, : 2 * H] + b[: 2 * H]
    return cat(expand(b[2 * H :], shape=(T, B, H)), rz, gates[:, :, 2 * H :], axis=2, ends=(H, n, H + n))

def gru_bias(d: Any, n: int) -> Any:
    """The gradient of b: that of h Wᵀ + b, added up."""
    return roll(sum_over(rows(d[:, :, : 3 * n]), axis=(0,)), shifts=(-n,), axes=(0,))


# Shared

def parts(x: Any, n: int) -> list[Any]:
    """x in parts of n numbers along the last axis."""
    return [x[..., i : i + n] for i in range(0, x.shape[-1], n)]

def by_tanh(xp: Any, kinds: str, n: int, dtype: Any) -> tuple[Array, Array]:
    """a and b with f(x) = b + a tanh(a x), n numbers for each kind of f: σ, which is ½ + ½ tanh(x / 2), or t for tanh. So one
    tanh computes all gates, and it is faster than exp.
    """
    scale = xp.asarray(np.repeat([0.5 if kind == "σ" else 1.0 for kind in kinds], n).astype(dtype))
    return scale, 1 - scale

def stacked(xs: list[Tensor]) -> Tensor:
    """The xs along a new first axis."""
    return cat(*[x[None] for x in xs], axis=0, ends=tuple(range(1, len(xs) + 1)))

def differentiated(steps: Callable[..., Tensor], g: Any, *inputs: Any) -> tuple[Any, ...]:
    """The gradients of the inputs (dy, gates, w, h0, ...) of a function of the name ..._through_time, for the gradient g of its
    result. Its definition is the gradient of the steps, so the steps are recorded and differentiated twice. Arrays; if g is a
    Tensor, Tensors.
    """
    again = isinstance(g, Tensor)
    with enable_grad():
        # Clones, so that a gradient ends at them, also where one input was computed from another.
        xs = [clone(x) if isinstance(x, Tensor) and x.node else Tensor._of(getattr(x, "array", x)).requires_grad_() for x in inputs]
        dy, gates, w, *before = xs
        first = grad(steps(gates, w, *before), (gates, *before), dy, create_graph=True)
        g = g if again else Tensor._of(g)
        upstream = (g[:-1], *parts(g[-1], before[0].shape[1])[: len(before)])
        found = grad(first, xs, upstream, create_graph=again, materialize_grads=True)
    return found if again else tuple([x.array for x in found])
