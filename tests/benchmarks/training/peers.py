"""The peers: each trains a Work, as one writes it with that library, from the same weights on the same batches.

A trainer has step(i) -> loss and, for W3 and W4, epoch(); `value` makes the loss a float, which waits for the result.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import limit
import numpy as np
import work
from work import BETA1, BETA2, DECAY, EPS, Work


class Eager:
    """A network as PyTorch's users write it, for PyTorch and for tinygrad_lite: only the imports differ."""

    captured = fused = compiled = False

    def __init__(self, name: str) -> None:
        if name.startswith("torch"):
            import os

            import torch
            from torch.utils.data import DataLoader, TensorDataset

            torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
            self.fused, self.compiled = name == "torch fused", name == "torch compile"
        else:
            import tinygrad_lite as torch
            from tinygrad_lite.datasets import DataLoader, TensorDataset

            self.captured = name == "captured"
        self.torch, self.loader, self.dataset = torch, DataLoader, TensorDataset

    def train(self, of: Work) -> None:
        torch, nn = self.torch, self.torch.nn
        layers: list[Any] = []
        if of.sizes:
            for i, o in zip(of.sizes, of.sizes[1:]):
                layers += [nn.Linear(i, o), nn.ReLU()]
            layers.pop()
        else:
            layers = [
                nn.Conv2d(1, 6, 5, padding=2),
                nn.ReLU(),
                nn.MaxPool2d(2),
                nn.Conv2d(6, 16, 5),
                nn.ReLU(),
                nn.MaxPool2d(2),
            ]
            layers += [nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)]
        model, loss_of = nn.Sequential(*layers), nn.CrossEntropyLoss()
        with torch.no_grad():
            for p, value in zip(model.parameters(), work.weights(of)):
                p.copy_(torch.from_numpy(value))
        options = {"fused": True} if self.fused or self.compiled else {}
        kind = torch.optim.AdamW if of.optimizer == "adamw" else torch.optim.SGD
        optimizer = kind(model.parameters(), lr=of.lr, **options)

        loss = torch.compile(lambda x, y: loss_of(model(x), y)) if self.compiled else lambda x, y: loss_of(model(x), y)

        def step(x: Any, y: Any) -> Any:
            optimizer.zero_grad()
            found = loss(x, y)
            found.backward()
            optimizer.step()
            return found

        self.one = torch.capture(step) if self.captured else step
        self.batches = [
            (torch.tensor(x if of.sizes else x.reshape(-1, 1, 28, 28)), torch.tensor(y)) for x, y in work.batches(of)
        ]
        self.of = of

    def step(self, i: int) -> Any:
        return self.one(*self.batches[i % len(self.batches)])

    def value(self, loss: Any) -> float:
        return float(loss.item())

    def check(self) -> None:
        """RuntimeError if what is called captured is not."""
        if self.captured and not (self.one.programs and self.one.recordings <= 2):
            raise RuntimeError(f"{self.one.recordings} recordings, {len(self.one.programs)} programs")

    def epoch(self) -> None:
        if not hasattr(self, "loaded"):
            x, y = map(self.torch.from_numpy, work.data(self.of.data))
            self.loaded = self.loader(self.dataset(x, y), batch_size=self.of.batch, shuffle=True)
        for x, y in self.loaded:
            self.one(x, y)

    def chain(self, n: int) -> Any:
        torch, (x, a, b) = self.torch, map(self.torch.tensor, work.chain())

        def run() -> Any:
            leaf = h = x.clone().requires_grad_()
            for _ in range(n // 4):
                h = torch.tanh(torch.exp(h * a + b))
            h.sum().backward()
            return leaf.grad

        return torch.capture(run) if self.captured else run

    def deep(self) -> Any:
        """W7: forward and backward of ten layers of 2048, batch 2048."""
        torch, nn = self.torch, self.torch.nn
        layers: list[Any] = []
        for _ in range(10):
            layers += [nn.Linear(2048, 2048), nn.ReLU()]
        model = nn.Sequential(*layers[:-1])
        x, y = torch.rand(2048, 2048), torch.randint(0, 2048, (2048,))
        return lambda: nn.functional.cross_entropy(model(x), y).backward()


class Jax:
    """One jitted step with donated state."""

    def __init__(self, name: str) -> None:
        import jax
        import jax.numpy as jnp

        self.jax, self.jnp = jax, jnp

    def loss(self, params: Any, x: Any, y: Any) -> Any:
        jax, jnp = self.jax, self.jnp
        if params[0].ndim == 4:
            for i, pad in ((0, 2), (2, 0)):
                x = jax.lax.conv_general_dilated(x, params[i], (1, 1), [(pad, pad)] * 2) + params[i + 1][:, None, None]
                x = jax.lax.reduce_window(jax.nn.relu(x), -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
            x, params = x.reshape(len(x), -1), params[4:]
        for i in range(0, len(params), 2):
            x = x @ params[i].T + params[i + 1]
            x = jax.nn.relu(x) if i + 2 < len(params) else x
        return -jnp.take_along_axis(jax.nn.log_softmax(x), y[:, None], axis=1).mean()

    def update(self, of: Work, params: Any, state: Any, grads: Any) -> Any:
        jax, jnp = self.jax, self.jnp
        if of.optimizer == "sgd":
            return jax.tree.map(lambda p, g: p - of.lr * g, params, grads), state
        t, m, v = state
        t = t + 1
        m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, m, grads)
        v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, v, grads)
        c1, c2 = (-jnp.expm1(t * math.log(beta)) for beta in (BETA1, BETA2))
        new = jax.tree.map(lambda p, m, v: p * (1 - of.lr * DECAY) - of.lr * (m / c1) / (jnp.sqrt(v / c2) + EPS), params, m, v)
        return new, (t, m, v)

    def train(self, of: Work) -> None:
        jax, jnp = self.jax, self.jnp
        self.params = [jnp.asarray(w) for w in work.weights(of)]
        zeros = [jnp.zeros_like(p) for p in self.params]
        self.state = (jnp.float32(0), zeros, [jnp.zeros_like(p) for p in self.params])

        def step(params: Any, state: Any, x: Any, y: Any) -> Any:
            loss, grads = jax.value_and_grad(self.loss)(params, x, y)
            return *self.update(of, params, state, grads), loss

        self.compiled = jax.jit(step, donate_argnums=(0, 1))
        self.batches = [(jnp.asarray(x if of.sizes else x.reshape(-1, 1, 28, 28)), jnp.asarray(y)) for x, y in work.batches(of)]
        self.of = of

    def step(self, i: int) -> Any:
        return self._step(*self.batches[i % len(self.batches)])

    def check(self) -> None:
        pass

    def _step(self, x: Any, y: Any) -> Any:
        self.params, self.state, loss = self.compiled(self.params, self.state, x, y)
        return loss

    def value(self, loss: Any) -> float:
        self.jax.block_until_ready(self.params)
        return float(loss)

    def epoch(self) -> None:
        """Its usual loader: NumPy gathers shuffled batches."""
        x, y = work.data(self.of.data)
        order = np.random.permutation(len(y))
        for i in range(0, len(y), self.of.batch):
            index = order[i : i + self.of.batch]
            loss = self._step(x[index], y[index])
        self.value(loss)


class Limit:
    """Hand-written NumPy; see limit.py."""

    def __init__(self, name: str) -> None:
        pass

    def train(self, of: Work) -> None:
        self.trainer = limit.Tiny(of) if of.data == "iris" else limit.Dense(of)

    def step(self, i: int) -> Any:
        return self.trainer.step(i)

    def value(self, loss: Any) -> float:
        return float(loss)

    def check(self) -> None:
        pass

    def epoch(self) -> None:
        self.trainer.epoch()

    def deep(self) -> Any:
        return partial(limit.deep, *limit.deep_arrays())


PEERS = {
    "eager": Eager,
    "captured": Eager,
    "torch": Eager,
    "torch fused": Eager,
    "torch compile": Eager,
    "jax": Jax,
    "limit": Limit,
}
