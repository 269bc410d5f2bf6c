# %% [markdown]
# # What a training step is, as NumPy calls
#
# What this teaches: forward, backward and the optimizer's step end up as a few dozen NumPy calls. Which ones, and into which
# memory, does not depend on the numbers: the next batch needs the same calls. So they can be written down,
# `step = capture(train_step)`, and then repeated without the Python that found them out: without layers, a tape, or a decision
# about shapes. This lesson prints the program of a network on Iris, checks that it computes the same numbers to the last bit,
# and measures what the Python in between costs, beside a step that is written by hand in NumPy.

# %%
from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from tinygrad_lite import Tensor, capture, datasets, manual_seed, nn, tensor
from tinygrad_lite.nn import lesson

options = lesson.Options("A training step, recorded as NumPy calls; what the Python between them costs.")
options.add_argument("--rounds", type=lesson.count, default=21, help="measurements of each time (default: 21)")
options.add_argument("--seed", type=int, default=0, help="of the first weights (default: 0)")
options.add_argument("--short", action="store_true", help="5 measurements, unless --rounds is given")
args = options.parse(short={"rounds": 5})
Array = np.ndarray[Any, Any]
LR = 0.1

# %% [markdown]
# ## A step, as always
# 16 irises, a network of two layers, cross-entropy, gradient descent. `capture` needs a function of the batch. Its result, the
# loss, is detached: the graph behind it has done its work.
#
# The two lines with `mark` are for us. To fill it is a NumPy call too, the only one with a 7, by which we find the end of the
# forward and of the backward pass in the program.

# %%
flowers = datasets.Iris(features=("petal length", "petal width"))
(scaled,) = datasets.standardize(flowers)
order = np.random.default_rng(0).permutation(len(scaled))
batches = [scaled.batch(part) for part in np.split(order[:144], 9)]
mark = tensor([0.0])


def network(width: int) -> nn.Module:
    manual_seed(args.seed)
    return nn.Sequential(nn.Linear(2, width), nn.ReLU(), nn.Linear(width, 3))


def train_step_of(net: nn.Module, marked: bool = False) -> Callable[[Tensor, Tensor], Tensor]:
    optimizer = nn.optim.SGD(net.parameters(), lr=LR)

    def train_step(x: Tensor, y: Tensor) -> Tensor:
        loss = nn.functional.cross_entropy(net(x), y)
        if marked:
            mark.fill_(7.0)
        optimizer.zero_grad()
        loss.backward()
        if marked:
            mark.fill_(7.0)
        optimizer.step()
        return loss.detach()

    return train_step


# %% [markdown]
# ## The program
# The first call computes and writes down. The source of the function that repeats it is `programs[0].text`. Before the calls it
# compares everything that it takes for granted (shapes, dtypes, the memory of the weights, the variables of the step); we leave
# these lines out. `x0` and `x1` are the batch, each `a...` is a piece of memory; the last argument of a call, or `out`, is
# where its result goes. Memory is used again as soon as nothing needs what was in it.

# %%
recorded = capture(train_step_of(network(5), marked=True))
for x, y in batches[:3]:
    recorded(x, y)
_, _, calls = recorded.programs[0].text.partition("    try:\n")
lines = [line.strip() for line in calls.partition("        pass\n")[0].splitlines()]
first, second = (i for i, line in enumerate(lines) if line.endswith(", 7.0)"))
parts = {"forward": lines[:first], "backward": lines[first + 1 : second], "optimizer": lines[second + 1 :]}
for name, part in parts.items():
    print(f"\n{name}, {len(part)} lines")
    for line in part:
        print(f"    {line}")

# %% [markdown]
# ## The same by hand
# What somebody writes who knows all shapes and wants no Python in between: the formulas of backpropagation, nearly all of them
# into memory that was made before.


# %%
def by_hand(width: int) -> Callable[[Array, Array], Array]:
    w1, b1, w2, b2 = (p.detach().numpy().copy() for p in network(width).parameters())
    n = len(batches[0][1])
    rows, ones = np.arange(n), np.ones(n, "f")
    h, z, g, on = np.empty((n, width), "f"), np.empty((n, 3), "f"), np.empty((n, width), "f"), np.empty((n, width), bool)
    dw1, db1, dw2, db2 = map(np.empty_like, (w1, b1, w2, b2))
    weights = ((w1, dw1), (b1, db1), (w2, dw2), (b2, db2))

    def step(x: Array, y: Array) -> Array:
        np.dot(x, w1.T, h)
        np.add(h, b1, h)
        np.maximum(h, 0, out=h)
        np.dot(h, w2.T, z)
        np.add(z, b2, z)
        np.subtract(z, z.max(1, keepdims=True), z)
        total = np.exp(z).sum(1, keepdims=True)
        np.subtract(z, np.log(total), z)  # log-probabilities
        loss = -z[rows, y].mean()
        np.exp(z, z)
        z[rows, y] -= 1
        np.divide(z, n, z)  # the gradient of the scores
        np.dot(z.T, h, dw2)
        np.dot(ones, z, db2)
        np.dot(z, w2, g)
        np.greater(h, 0, on)
        np.multiply(g, on, g)
        np.dot(g.T, x, dw1)
        np.dot(ones, g, db1)
        for p, dp in weights:
            np.multiply(dp, LR, dp)
            np.subtract(p, dp, p)
        return np.asarray(loss)

    return step


# %% [markdown]
# ## The same numbers
# 200 steps, as always and replayed, give the same losses and weights, bit for bit. By hand, sums are formed in another order,
# so the last digits differ.


# %%
def losses(step: Callable[[Any, Any], Any], data: list[Any]) -> list[float]:
    return [step(*data[i % len(data)]).item() for i in range(200)]


arrays = [(x.numpy(), y.numpy()) for x, y in batches]
usual, replayed = network(5), network(5)
step = capture(train_step_of(replayed))
expected, found = losses(train_step_of(usual), batches), losses(step, batches)
same = expected == found and all(
    np.array_equal(p.detach().numpy(), q.detach().numpy()) for p, q in zip(usual.parameters(), replayed.parameters())
)
apart = max(abs(a - b) for a, b in zip(expected, losses(by_hand(5), arrays)))
print(f"\n200 steps, recorded once and replayed: {'the same bits' if same else 'DIFFERENT'} as without.")
print(f"By hand, the losses differ by {apart:.0e} at most.")

# %% [markdown]
# ## What the Python in between costs
# It costs the same for any size, so it counts most where the arrays are small.

# %%
widths = [5, 20, 80, 320, 1280]
KINDS = ("as always", "replayed", "by hand")
times: dict[str, list[float]] = {kind: [] for kind in KINDS}


def microseconds(steps: dict[str, tuple[Callable[[Any, Any], Any], list[Any]]]) -> Iterator[tuple[str, float]]:
    """The median time of a step of each kind, measured in turns."""
    seen: dict[str, list[float]] = {kind: [] for kind in steps}
    for _ in range(args.rounds):
        for kind, (step, data) in steps.items():
            begin = perf_counter()
            for _ in range(5):
                for x, y in data:
                    step(x, y)
            seen[kind].append((perf_counter() - begin) / 5 / len(data))
    for kind, values in seen.items():
        yield kind, 1e6 * median(values)


print(f"\n{'width':>6}{'as always':>12}{'replayed':>12}{'by hand':>12}   (microseconds a step)")
with lesson.until_interrupted(lambda: times["by hand"]):
    for width in widths:
        steps: dict[str, tuple[Callable[[Any, Any], Any], list[Any]]] = {
            "as always": (train_step_of(network(width)), batches),
            "replayed": (capture(train_step_of(network(width))), batches),
            "by hand": (by_hand(width), arrays),
        }
        for step, data in steps.values():
            step(*data[0])
            step(*data[1])
        for kind, value in microseconds(steps):
            times[kind].append(value)
        print(f"{width:6d}" + "".join(f"{times[kind][-1]:12.1f}" for kind in KINDS))

# %% [markdown]
# ## The picture

# %%
figure = Figure(figsize=(12, 5), layout="constrained")
time_ax, part_ax = figure.subplots(1, 2)
for kind, color, marker in zip(KINDS, (nn.plots.COLORS[5], nn.plots.COLORS[0], nn.plots.COLORS[2]), "osd"):
    time_ax.plot(widths[: len(times[kind])], times[kind], marker=marker, color=color, label=kind)
time_ax.set(xscale="log", xlabel="width of the hidden layer", ylabel="time of a step (µs)")
time_ax.set_xticks(widths, [str(width) for width in widths])
time_ax.set_xticks([], minor=True)
time_ax.set_ylim(bottom=0)
time_ax.set_title("Forward, backward and descent on 16 irises")
time_ax.legend()
colors = (nn.plots.COLORS[4], nn.plots.COLORS[1], nn.plots.COLORS[3])
part_ax.set(ylabel="calls", title=f"One step of the network 2-5-3: {sum(map(len, parts.values()))} calls")
bars = part_ax.bar(list(parts), [len(part) for part in parts.values()], color=colors)
labels = part_ax.bar_label(bars)

# %%
saved = times["as always"][0] / times["replayed"][0]
counts = " + ".join(str(len(part)) for part in parts.values())
print(f"\nTo be seen: a step is {counts} calls, in forward, backward and optimizer.")
print(f"Replayed, a network of width {widths[0]} learns {saved:.1f} times as fast; ", end="")
print(f"by hand, {times['as always'][0] / times['by hand'][0]:.1f} times.")
lesson.finish(figure, args.out)
