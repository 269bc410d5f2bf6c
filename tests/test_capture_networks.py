"""Whole training steps, captured and eager: after each step the same losses, parameters, gradients, buffers and states.

The networks are those of the benchmarks, LeNet, the GPT of test_gpt.py, recurrent ones, and two that play against each other;
the optimizers are all that there are, as PyTorch's database calls them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch.testing._internal.common_optimizers import optim_db

import tinygrad_lite as tl
from tinygrad_lite import nn, optim
from tinygrad_lite.nn import functional as F

from .test_gpt import gpt

Run = tuple[Any, ...]


def bits(x: Any) -> Any:
    """What x holds, down to the last bit, and how."""
    if isinstance(x, tl.Tensor):
        return x.dtype, x.shape, x.requires_grad, x.detach().numpy().tobytes()
    if isinstance(x, dict):
        return {key: bits(part) for key, part in x.items()}
    return [bits(part) for part in x] if isinstance(x, (list, tuple)) else (type(x), repr(x))


def left_behind(net: Any, *stateful: Any) -> Any:
    """Everything that a step changes."""
    gradients = [p.grad for p in net.parameters()]
    return bits([dict(net.state_dict()), gradients, [one.state_dict() for one in stateful], tl.get_rng_state()])


def same(make: Callable[[], Run], data: Callable[[int], Run], steps: int, between: Callable[..., None] | None = None) -> Any:
    """Run what make() gives, (step, net, optimizers and schedulers), eagerly and captured, and compare after each step.

    between(i, ...) may change something before step i. No warning may tell of a step that could not be replayed.
    """
    runs = []
    for captured in (False, True):
        tl.manual_seed(0)
        step, *made = make()
        step = tl.capture(step) if captured else step
        runs.append((step, made, tl.get_rng_state()))
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "capture", RuntimeWarning)
        for i in range(steps):
            seen = []
            tl.manual_seed(1000 + i)
            batch = data(i)
            for at, (step, made, stream) in enumerate(runs):
                tl.set_rng_state(stream)
                if between is not None:
                    between(i, *made)
                found = bits(step(*batch))
                seen.append((found, left_behind(*made)))
                runs[at] = step, made, tl.get_rng_state()
            assert seen[0] == seen[1], f"step {i}"
    return runs[1][0]


def trained(net: Any, optimizer: Any, loss: Any = F.cross_entropy, before_step: Any = None, after_step: Any = None) -> Any:
    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        cost = loss(net(x), y)
        cost.backward()
        clipped = before_step() if before_step else None
        optimizer.step()
        if after_step:
            after_step()
        return cost, clipped

    return step


def labelled(n: int, *shape: int, classes: int = 3, last: int = 5) -> Callable[[int], Run]:
    """Batches of n; one in `last` is shorter."""

    def data(i: int) -> Run:
        size = n if i % last != last - 1 else n // 2 + 1
        return tl.randn(size, *shape), tl.randint(0, classes, (size,))

    return data


def mlp(*sizes: int) -> Any:
    layers: list[Any] = []
    for a, b in pairwise(sizes):
        layers += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


# The networks of the benchmarks

ADAM, SGD = (lambda p: optim.AdamW(p, lr=1e-2)), (lambda p: optim.SGD(p, lr=0.1))
BENCHMARKS: dict[str, tuple[Any, ...]] = {
    "Iris linear": ((4, 3), 16, SGD, 200),
    "Iris MLP": ((2, 5, 3), 16, ADAM, 200),
    "Fashion softmax": ((784, 10), 256, SGD, 40),
    "Fashion MLP": ((784, 256, 128, 10), 256, ADAM, 12),
    "wide": ((784, 512, 512, 10), 128, ADAM, 6),
}


@pytest.mark.parametrize("inside", [True, False], ids=["schedulers inside", "outside"])
@pytest.mark.parametrize("name", BENCHMARKS)
def test_the_benchmarks(name: str, inside: bool) -> None:
    sizes, n, optimizer_of, steps = BENCHMARKS[name]

    def make() -> Run:
        net = mlp(*sizes)
        optimizer = optimizer_of(net.parameters())
        scheduler = optim.lr_scheduler.OneCycleLR(optimizer, 0.05, total_steps=steps + 1)
        clip = (lambda: nn.utils.clip_grad_norm_(net.parameters(), 0.5)) if inside else None
        return (
            trained(net, optimizer, before_step=clip, after_step=scheduler.step if inside else None),
            net,
            optimizer,
            scheduler,
        )

    def between(i: int, net: Any, optimizer: Any, scheduler: Any) -> None:
        if i and not inside:
            scheduler.step()

    step = same(make, labelled(n, sizes[0], classes=sizes[-1]), steps, between)
    assert step.recordings == 2  # one for the short batch


def test_lenet_with_batch_norm_and_dropout() -> None:
    def make() -> Run:
        net = nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5), nn.BatchNorm2d(16, momentum=None), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(),
            nn.Linear(400, 60), nn.Dropout(0.3), nn.ReLU(), nn.Linear(60, 10),
        )  # fmt: skip
        optimizer = optim.SGD(net.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-4)
        scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
        clip = lambda: nn.utils.clip_grad_value_(net.parameters(), 0.01)  # noqa: E731
        return trained(net, optimizer, before_step=clip, after_step=scheduler.step), net, optimizer, scheduler

    def between(i: int, net: Any, *others: Any) -> None:
        net.train(i not in (8, 9))

    step = same(make, labelled(6, 1, 28, 28, classes=10), 20, between)
    assert step.recordings < 6 and step.programs


@pytest.mark.parametrize("changes", [{}, {"dropout": 0.1, "tied": False}, {"dropout": 0.1, "fused": False}], ids=str)
def test_the_gpt(changes: dict[str, Any]) -> None:
    def make() -> Run:
        model = gpt(tl, layers=2, width=32, **changes)
        decayed = [p for p in model.parameters() if p.dim() >= 2]
        others = [p for p in model.parameters() if p.dim() < 2]
        optimizer = optim.AdamW([{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}], lr=1e-3)

        def step(x: Any, y: Any) -> Any:
            logits, loss = model(x, targets=y)
            loss.backward()
            norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            return {"loss": loss, "norm": norm, "logits": logits.detach()}

        return step, model, optimizer

    def data(i: int) -> Run:
        n = 4 if i % 5 != 4 else 2
        return tl.randint(0, 40, (n, 16)), tl.randint(0, 40, (n, 16))

    def between(i: int, model: Any, optimizer: Any) -> None:
        for group in optimizer.param_groups:
            group["lr"] = 1e-3 * (i + 1)

    assert same(make, data, 12, between).recordings == 2


# Every optimizer


def options_of(name: str) -> list[dict[str, Any]]:
    """The options that PyTorch tests an optimizer with, as ours."""
    info = next(info for info in optim_db if info.optim_cls.__name__ == name)
    chosen = []
    for given in info.optim_inputs_func("cpu"):
        options = {
            key: value for key, value in given.kwargs.items() if key not in ("foreach", "fused", "capturable", "differentiable")
        }
        chosen.append({key: tl.tensor(x.numpy()) if isinstance(x, torch.Tensor) else x for key, x in options.items()})
    return chosen


def change_rates(i: int, net: Any, optimizer: Any) -> None:
    for group in optimizer.param_groups:
        if isinstance(group["lr"], tl.Tensor):
            group["lr"].mul_(0.9)
        else:
            group["lr"] *= 0.9


def load_state(i: int, net: Any, optimizer: Any) -> None:
    if i == 3:
        optimizer.load_state_dict(optimizer.state_dict())


def unfreeze(i: int, net: Any, optimizer: Any) -> None:
    net[0].weight.requires_grad_(i > 3)


def more_parameters(i: int, net: Any, optimizer: Any) -> None:
    if i == 3:
        net.append(nn.Linear(3, 3, bias=False))
        net[-1].weight.data = tl.eye(3)
        optimizer.add_param_group({"params": net[-1].parameters(), "weight_decay": 0.1})


def zero(i: int, net: Any, optimizer: Any) -> None:
    optimizer.zero_grad(set_to_none=i % 2 == 0)


BETWEEN = [change_rates, load_state, unfreeze, more_parameters, zero]
OPTIMIZERS = [info.optim_cls.__name__ for info in optim_db if info.optim_cls.__name__ not in ("LBFGS", "SparseAdam")]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer(name: str) -> None:
    bias = name != "Muon"  # which takes matrices only
    for at, options in enumerate(options_of(name)):

        def make(options: Any = options) -> Run:
            net = nn.Sequential(nn.Linear(6, 5, bias=bias), nn.ReLU(), nn.Linear(5, 3, bias=bias))
            given = {key: x.clone() if isinstance(x, tl.Tensor) else x for key, x in options.items()}
            halves = [{"params": net[0].parameters()}, {"params": net[2].parameters(), "weight_decay": 0.02}]
            optimizer = getattr(optim, name)(halves, **given)
            return trained(net, optimizer), net, optimizer

        between = BETWEEN[at % len(BETWEEN)]
        step = same(make, labelled(4, 6), 9, between)
        assert step.programs and step.recordings < 9, (options, between)


# Other ways to train


def test_recurrent_with_packed_sequences() -> None:
    class Net(nn.Module):
        def __init__(self, kind: str) -> None:
            super().__init__()
            self.words = nn.Embedding(9, 6, padding_idx=0)
            self.cells = getattr(nn, kind)(6, 5, num_layers=2, bidirectional=True, dropout=0.2, batch_first=True)
            self.out = nn.Linear(10, 3)

        def forward(self, x: Any) -> Any:
            words, lengths = x
            packed = nn.utils.rnn.pack_padded_sequence(self.words(words), lengths, batch_first=True, enforce_sorted=False)
            found, _ = self.cells(packed)
            padded, _ = nn.utils.rnn.pad_packed_sequence(found, batch_first=True)
            return self.out(padded.mean(1))

    for kind in ("RNN", "LSTM", "GRU"):

        def make(kind: str = kind) -> Run:
            net = Net(kind)
            optimizer = optim.Adam(net.parameters(), lr=0.01, amsgrad=True)
            return trained(net, optimizer), net, optimizer

        def data(i: int) -> Run:
            lengths = tl.tensor([4, 2, 3] if i % 3 else [1, 4, 4])
            return (tl.randint(0, 9, (3, 4)), lengths), tl.randint(0, 3, (3,))

        step = same(make, data, 7)
        assert step.programs and step.recordings <= 4, kind  # for each set of lengths, with and without padding


def test_a_transformer_with_masks() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words = nn.Embedding(9, 8, padding_idx=0, max_norm=None)
            self.layers = nn.Transformer(8, 2, 1, 1, 16, dropout=0.1, batch_first=True)
            self.out = nn.Linear(8, 9)

        def forward(self, x: Any) -> Any:
            mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1])
            h = self.words(x)
            return self.out(self.layers(h, h, tgt_mask=mask, src_key_padding_mask=x == 0, tgt_is_causal=True)).flatten(0, 1)

    def make() -> Run:
        net = Net()
        optimizer = optim.AdamW(net.parameters(), lr=0.01)
        return (
            trained(net, optimizer, lambda out, y: F.cross_entropy(out, y, ignore_index=0, label_smoothing=0.1)),
            net,
            optimizer,
        )

    def data(i: int) -> Run:
        x = tl.randint(0, 9, (3, 5))
        x[:, 0] = 1  # never a sequence of padding only
        return x, tl.randint(0, 9, (15,))

    assert same(make, data, 8).recordings <= 2  # with padding, and without


def test_two_networks_against_each_other() -> None:
    def make() -> Run:
        both = nn.ModuleDict({"maker": mlp(3, 6, 2), "judge": mlp(2, 6, 1)})
        first, second = (optim.Adam(both[name].parameters(), lr=0.02, betas=(0.5, 0.9)) for name in ("maker", "judge"))

        def step(real: Any, y: Any) -> Any:
            noise = tl.randn(len(real), 3)
            second.zero_grad()
            made = both["maker"](noise)
            judge, right = both["judge"], F.binary_cross_entropy_with_logits
            loss = right(judge(real), tl.ones(len(real), 1)) + right(judge(made.detach()), tl.zeros(len(real), 1))
            loss.backward()
            second.step()
            first.zero_grad()
            other = right(judge(made), tl.ones(len(real), 1))
            other.backward()
            first.step()
            return loss, other

        return step, both, first, second

    assert same(make, labelled(6, 2), 10).recordings <= 3


def test_accumulated_gradients_and_averages_of_weights() -> None:
    def make() -> Run:
        net = mlp(4, 5, 3)
        optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
        averaged = optim.swa_utils.AveragedModel(net, multi_avg_fn=optim.swa_utils.get_ema_multi_avg_fn(0.9))

        def step(x: Any, y: Any) -> Any:
            optimizer.zero_grad()
            total = 0.0
            for part, labels in zip(x.chunk(2), y.chunk(2)):
                loss = F.cross_entropy(net(part), labels) / 2
                loss.backward()
                total = total + loss.detach()
            optimizer.step()
            averaged.update_parameters(net)
            return total

        return step, net, optimizer, averaged

    step = same(make, labelled(6, 4), 10)
    assert step.programs and step.recordings < 5


@pytest.mark.parametrize("kind", ["weight_norm", "spectral_norm", "orthogonal", "hooks", "shared", "frozen"])
def test_changed_networks(kind: str) -> None:
    def make() -> Run:
        net = mlp(4, 4, 4, 3)
        if kind in ("weight_norm", "spectral_norm", "orthogonal"):
            getattr(nn.utils.parametrizations, kind)(net[2])
        if kind == "hooks":
            net[0].weight.register_hook(lambda g: g * 2 + 1)
            net[2].register_forward_hook(lambda module, inputs, out: out * 0.5)
            net[2].register_forward_pre_hook(lambda module, inputs: (inputs[0] + 1,))
            net[4].register_full_backward_hook(lambda module, inputs, outs: (inputs[0].clamp(-0.1, 0.1),))
            net[4].bias.register_post_accumulate_grad_hook(lambda p: p.grad.mul_(0.5))
        if kind == "shared":
            net[2].weight = net[0].weight
        if kind == "frozen":
            net[0].requires_grad_(False)
        optimizer = optim.Adam([p for p in net.parameters() if p.requires_grad], lr=0.02)
        return trained(net, optimizer), net, optimizer

    assert same(make, labelled(5, 4), 10).recordings == 2
