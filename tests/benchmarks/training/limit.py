"""The limit: the same steps by hand in NumPy, as fast as we can make them. Nothing is allocated in a step.

Every result goes into a buffer; parameters, gradients and AdamW's moments are flat vectors, which AdamW walks in blocks that
stay in the cache; weights are (in, out), so that no product needs a transposed one; softmax runs on (classes, batch), where
reductions go along rows; sums are products with ones; the gradient of the input is never computed; AdamW's moments are kept
without their factor 1 - β. For the tiny networks everything is feature-major, with the bias as one more column of the weight.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import work
from work import BETA1, BETA2, DECAY, EPS, Array, Work

BLOCK = 1 << 16
add, sub, mul, div, sqrt, dot, exp, log, maximum = (
    np.add, np.subtract, np.multiply, np.divide, np.sqrt, np.dot, np.exp, np.log, np.maximum
)  # fmt: skip


def empty(*shape: int) -> Array:
    return np.empty(shape, np.float32)


def scalar(x: float) -> Array:
    """For few numbers a ufunc takes half as long with an array without axes as with a Python float."""
    return np.asarray(x, np.float32)


class Loss:
    """The mean cross-entropy of z (classes, batch), and scale times its gradient in the place of z."""

    def __init__(self, classes: int, batch: int, scale: float = 1.0) -> None:
        self.z, self.row, self.logs = empty(classes, batch), empty(batch), empty(batch)
        self.of_classes, self.of_batch = np.ones(classes, np.float32), np.ones(batch, np.float32)
        self.flat, self.scale, self.batch = self.z.reshape(-1), scalar(scale / batch), batch

    def __call__(self, where: Array) -> Any:
        z, row, flat = self.z, self.row, self.flat
        maximum.reduce(z, 0, None, row)
        sub(z, row, z)
        picked = flat[where]
        exp(z, z)
        dot(self.of_classes, z, row)
        log(row, self.logs)
        sub(self.logs, picked, picked)
        loss = picked.dot(self.of_batch) / self.batch
        div(self.scale, row, row)
        mul(z, row, z)
        picked = flat[where]
        sub(picked, self.scale, picked)
        flat[where] = picked
        return loss


class Tiny:
    """W1 and W2: only the number of NumPy calls matters."""

    def __init__(self, of: Work) -> None:
        n = sum((i + 1) * o for i, o in zip(of.sizes, of.sizes[1:]))
        self.state, self.factors, self.grads = np.zeros((3, n), np.float32), empty(3, n), empty(2, n)
        self.factors[:] = [[BETA1], [BETA2], [1 - of.lr * DECAY]]
        self.moments, (self.m, self.v, self.p), (self.g, self.gg) = self.state[:2], self.state, self.grads
        self.t, self.lr, self.eps, self.rate, self.s = 0, of.lr, scalar(0), scalar(0), empty(n)
        self.weights, self.slopes, start, given = [], [], 0, work.weights(of)
        for w, b in zip(given[::2], given[1::2]):
            shape = len(w), w.shape[1] + 1
            part = slice(start, start := start + shape[0] * shape[1])
            self.weights.append(self.p[part].reshape(shape))
            self.slopes.append(self.g[part].reshape(shape))
            self.weights[-1][:] = np.c_[w, b]
        self.loss = Loss(of.sizes[-1], of.batch)
        if len(of.sizes) == 3:
            self.h = np.ones((of.sizes[1] + 1, of.batch), np.float32)
            self.inner, self.zeros = self.h[:-1], np.zeros((of.sizes[1], of.batch), np.float32)
            self.sign, self.dh, self.back = empty(*self.zeros.shape), empty(*self.zeros.shape), self.weights[1][:, :-1].T
        self.batches = []
        for x, y in work.batches(of):
            x1 = np.c_[x, np.ones(of.batch, np.float32)].astype(np.float32)
            self.batches.append((x1, x1.T, y * of.batch + np.arange(of.batch)))

    def step(self, i: int) -> Any:
        x, x_t, where = self.batches[i % len(self.batches)]
        z = self.loss.z
        if len(self.weights) == 1:
            dot(self.weights[0], x_t, z)
            loss = self.loss(where)
            dot(z, x, self.slopes[0])
        else:
            dot(self.weights[0], x_t, self.inner)
            maximum(self.inner, self.zeros, out=self.inner)
            dot(self.weights[1], self.h, z)
            loss = self.loss(where)
            dot(z, self.h.T, self.slopes[1])
            dot(self.back, z, self.dh)
            np.sign(self.inner, self.sign)
            mul(self.dh, self.sign, self.dh)
            dot(self.dh, x, self.slopes[0])
        self.t += 1
        c1, c2 = 1 - BETA1**self.t, 1 - BETA2**self.t
        root = (c2 / (1 - BETA2)) ** 0.5
        self.eps.fill(EPS * root)
        self.rate.fill(self.lr * (1 - BETA1) / c1 * root)
        mul(self.g, self.g, self.gg)
        mul(self.state, self.factors, self.state)  # both moments and the weight decay at once
        add(self.moments, self.grads, self.moments)
        sqrt(self.v, self.s)
        add(self.s, self.eps, self.s)
        div(self.m, self.s, self.s)
        mul(self.s, self.rate, self.s)
        sub(self.p, self.s, self.p)
        return loss


class Dense:
    """W3 to W5. An epoch gathers rows of uint8 and then makes floats of them; 1/255 is in the first layer's weights."""

    def __init__(self, of: Work, unit: float = 1.0) -> None:
        self.of, self.unit, sizes = of, unit, of.sizes
        n = sum((i + 1) * o for i, o in pairwise(sizes))
        self.p, self.g, self.m, self.v = np.zeros((4, n), np.float32)
        self.layers, start, given = [], 0, work.weights(of)
        for w, b in zip(given[::2], given[1::2]):
            views = []
            for a in (w.T, b):
                part = slice(start, start := start + a.size)
                self.p[part] = a.ravel()
                views += [self.p[part].reshape(a.shape), self.g[part].reshape(a.shape)]
            self.layers.append(views)
        self.layers[0][0][:] *= np.float32(unit)
        self.first, self.t, self.s = sizes[0] * sizes[1], 0, empty(min(BLOCK, n))
        self.zeros, self.zero = np.zeros(max(sizes), np.float32), scalar(0)
        self.rooms: dict[int, Any] = {}
        self.batches = work.batches(of)

    def step(self, i: int) -> Any:
        return self.train(*self.batches[i % len(self.batches)])

    def train(self, x: Array, y: Array) -> Any:
        sizes, batch = self.of.sizes, len(x)
        if batch not in self.rooms:
            scale = self.of.lr if self.of.optimizer == "sgd" else 1.0
            big = batch * max(sizes[1:])
            room = (
                [empty(batch, n) for n in sizes[1:]],
                Loss(sizes[-1], batch, scale),
                [empty(big), empty(big)],
                np.empty(big, bool),
            )
            self.rooms[batch] = (
                *room,
                np.ones(batch, np.float32),
                np.arange(batch),
                np.empty(batch, np.int64),
                np.asarray(batch),
            )
        outs, loss, slopes, masks, ones, columns, where, n = self.rooms[batch]
        acts = [x, *outs[:-1]]
        for (w, _, b, _), h, out in zip(self.layers[:-1], acts, outs):
            dot(h, w, out)
            add(out, b, out)
            maximum(out, self.zeros[: out.shape[1]], out=out)
        w, _, b, db = self.layers[-1]
        dot(acts[-1], w, outs[-1])
        add(outs[-1].T, b[:, None], loss.z)
        mul(y, n, where)
        add(where, columns, where)
        value = loss(where)
        dot(loss.z, ones, db)
        d = loss.z.T
        for k in range(len(self.layers) - 1, 0, -1):
            w, dw, _, _ = self.layers[k]
            dot(acts[k].T, d, dw)
            below = slopes[k % 2][: acts[k].size].reshape(acts[k].shape)
            dot(d, w.T, below)
            mask = masks[: below.size].reshape(below.shape)
            np.greater(acts[k], self.zero, mask)
            mul(below, mask, below)
            d = below
            dot(ones, d, self.layers[k - 1][3])
        dot(x.T, d, self.layers[0][1])
        self.update()
        return value

    def update(self) -> None:
        if self.of.optimizer == "sgd":  # lr is in the gradient already
            if self.unit != 1:
                mul(self.g[: self.first], scalar(self.unit**2), self.g[: self.first])
            sub(self.p, self.g, self.p)
            return
        self.t += 1
        c1, c2 = 1 - BETA1**self.t, 1 - BETA2**self.t
        root, n = (c2 / (1 - BETA2)) ** 0.5, len(self.p)
        for start, stop, unit in ((0, self.first, self.unit), (self.first, n, 1.0)):
            eps, rate = scalar(EPS / unit * root), scalar(self.of.lr * unit * (1 - BETA1) / c1 * root)
            beta1, beta2, shrink = map(scalar, (BETA1, BETA2, 1 - self.of.lr * DECAY))
            for i in range(start, stop, BLOCK):
                part = slice(i, min(i + BLOCK, stop))
                p, g, m, v = self.p[part], self.g[part], self.m[part], self.v[part]
                s = self.s[: len(p)]
                mul(g, g, s)
                mul(v, beta2, v)
                add(v, s, v)
                mul(m, beta1, m)
                add(m, g, m)
                sqrt(v, s)
                add(s, eps, s)
                div(m, s, s)
                mul(s, rate, s)
                mul(p, shrink, p)
                sub(p, s, p)

    def epoch(self) -> None:
        if not hasattr(self, "inner"):
            self.inner = Dense(self.of, 1 / 255)
            self.raw = np.empty((self.of.batch, 784), np.uint8)
            self.x, self.y = empty(*self.raw.shape), np.empty(self.of.batch, np.uint8)
        pixels, labels = work.pictures()
        order = np.random.permutation(len(labels))
        for i in range(0, len(order), self.of.batch):
            index = order[i : i + self.of.batch]
            raw, x, y = self.raw[: len(index)], self.x[: len(index)], self.y[: len(index)]
            labels.take(index, 0, y, "clip")
            pixels.take(index, 0, raw, "clip")
            np.copyto(x, raw)
            self.inner.train(x, y)


def deep_arrays() -> tuple[Any, ...]:
    """W7: parameters and gradients of ten layers of 2048, and the room for a batch of 2048."""
    rng = np.random.default_rng(0)
    weights = [rng.uniform(-0.02, 0.02, (2048, 2048)).astype(np.float32) for _ in range(10)]
    return weights, rng.random((2048, 2048), dtype=np.float32), rng.integers(0, 2048, 2048)


def deep(weights: list[Array], x: Array, y: Array) -> None:
    acts = [x]
    for i, w in enumerate(weights):
        out = acts[-1] @ w
        acts.append(maximum(out, 0, out=out) if i < 9 else out)
    z = acts.pop()
    z -= z.max(1, keepdims=True)
    exp(z, out=z)
    z /= z.sum(1, keepdims=True) * len(y)
    z[np.arange(len(y)), y] -= np.float32(1 / len(y))
    slopes = []
    for w in reversed(weights):
        h = acts.pop()
        slopes.append(h.T @ z)
        if acts:
            d = z @ w.T
            mul(d, h > 0, out=d)
            z = d
