# %% [markdown]
# # Data parallel training: several processes, one model
#
# What this teaches: the gradient of a mean over samples is a mean of gradients. So $N$ processes can each take a part of the
# batch, compute the gradient of that part, and add the parts up; then all make the same step, the one that a single process
# makes with the whole batch. Start this lesson on two processes (or on as many as there are cores):
#
#     mpiexec -n 2 python examples/data_parallel.py
#
# `pip install 'tinygrad_lite[mpi]'` brings mpiexec (as root, in a container: `mpiexec --allow-run-as-root`; for more processes
# than cores: `--oversubscribe`). Every process, a *rank*, runs the whole script; rank 0 prints and draws. Without mpiexec the
# world has one rank, and nothing is sent.

# %%
from collections.abc import Callable
from itertools import pairwise
from math import log2
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from tinygrad_lite import Tensor, capture, datasets, distributed, float64, manual_seed, nn, tensor, zeros
from tinygrad_lite.nn import lesson

F = nn.functional
options = lesson.Options("Fashion-MNIST on several processes: what is sent when, and how far that goes.")
options.add_argument("--epochs", type=lesson.count, default=3, help="passes over the training pictures (default: 3)")
options.add_argument("--seed", type=int, default=0, help="of the start and the order of the batches (default: 0)")
options.add_argument("--short", action="store_true", help="6,000 pictures; 1 epoch, unless --epochs is given")
args = options.parse(short={"epochs": 1})
distributed.init_process_group("mpi")
rank, N = distributed.get_rank(), distributed.get_world_size()


def say(text: str = "") -> None:
    if rank == 0:
        print(text)


# %% [markdown]
# ## The model is the one of lesson 10
# Nothing in it knows of ranks. The Trainer finds that it runs in a world of N: each rank gets its part of every batch, the
# gradients are averaged, and what is measured is the mean over all pictures.


# %%
class Classifier(nn.Module):
    def __init__(self, *sizes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(sizes[0], sizes[1]))
        for n, m in pairwise(sizes[1:]):
            self.layers.extend([nn.ReLU(), nn.Linear(n, m)])

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layers(x)
        return out

    def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
        x, y = batch
        return F.cross_entropy(self(x), y)

    def configure_optimizers(self) -> nn.optim.Optimizer:
        return nn.optim.AdamW(self.parameters(), lr=0.001)


if rank == 0:
    datasets.FashionMNIST(train=True)  # if it must be downloaded, by one rank
distributed.barrier()
manual_seed(args.seed)  # before anything is drawn, so that all ranks draw the same
pictures, test = datasets.FashionMNIST(train=True), datasets.FashionMNIST(train=False)
if args.short:
    pictures, *_ = datasets.random_split(pictures, [6000, 54000])
model = Classifier(784, 256, 128, 10)
rows = lesson.PrintEpochs("train_loss", "val_loss", "val_accuracy")
trainer = nn.Trainer(args.epochs, metrics={"accuracy": nn.accuracy}, callbacks=[rows], progress=False)
say(f"{N} rank{'s' * (N > 1)}, 256 pictures in each batch, {256 // N} of them for each rank")
begin = perf_counter()
trainer.fit(model, datasets.DataLoader(pictures, 256, shuffle=True), datasets.DataLoader(test, 1000))
say(f"{args.epochs} epoch{'s' * (args.epochs > 1)} in {perf_counter() - begin:.1f} seconds")

# %% [markdown]
# ## N ranks give the numbers of one
# In float64, 20 steps by hand: once all ranks together, each on its part, and once this rank alone, on everything.
# `DistributedDataParallel` averages the gradients of the ranks, so each weighs its loss by its share of the samples.


# %%
def steps(net: nn.Module, part: slice, weight: float, count: int = 20) -> list[Tensor]:
    optimizer = nn.optim.AdamW(net.parameters(), lr=0.001)
    for i in range(count):
        x, y = pictures.batch(slice(100 * i, 100 * i + 100))
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x[part].to(float64)), y[part], reduction="sum") * weight
        loss.backward()
        optimizer.step()
    return list(net.parameters())


def fresh() -> Classifier:
    manual_seed(args.seed)
    return Classifier(784, 64, 10).to(float64)


together = steps(nn.parallel.DistributedDataParallel(fresh()), slice(rank, None, N), N / 100)
alone = steps(fresh(), slice(None), 1 / 100)
apart = max((p - q).abs().max().item() for p, q in zip(together, alone))
say(f"\n20 steps on {N} ranks and on one: the weights differ by {apart:.0e} at most")

# %% [markdown]
# ## What is sent when
# The gradient of the last layer is whole first. It could be sent while those of the layers before it are still being computed:
# that hides the time on the way, if something else than the cores carries the bytes and adds them up, as GPUs and some network
# cards do. Between the cores of one machine the cores do it themselves; there it is best to send at the end, all at once, which
# is what `DistributedDataParallel` does with MPI, unless it is told otherwise. The figure shows both.


# %%
def recorded_step(overlap: bool) -> list[tuple[str, float, float]]:
    """One training step of this rank: what it did when."""
    manual_seed(args.seed)
    net = nn.parallel.DistributedDataParallel(Classifier(784, 256, 128, 10), overlap=overlap, bucket_cap_mb=0.1)
    optimizer = nn.optim.AdamW(net.parameters(), lr=0.001)
    x, y = pictures.batch(slice(256 * rank // N, 256 * (rank + 1) // N))
    for _ in range(5):  # the last one counts
        distributed.barrier()
        with net.timeline() as events:
            times = [perf_counter()]
            loss = F.cross_entropy(net(x), y)
            times.append(perf_counter())
            optimizer.zero_grad()
            loss.backward()
            times.append(perf_counter())
            optimizer.step()
            times.append(perf_counter())
    parts = zip(("forward", "backward", "optimizer"), times, times[1:])
    sent = [(what.split()[0].replace("sum", "reduce").replace("send", "reduce"), b, e) for what, b, e in events]
    return [*parts, *sent]


KINDS = ("forward", "backward", "optimizer", "reduce", "wait")


def of_all_ranks(events: list[tuple[str, float, float]]) -> list[list[tuple[str, float, float]]]:
    events = sorted(events, key=lambda event: KINDS.index(event[0]))
    mine = tensor([[KINDS.index(what), begin, end] for what, begin, end in events], dtype=float64)
    every = [zeros(mine.shape, dtype=float64) for _ in range(N)]
    distributed.all_gather(every, mine)
    return [[(KINDS[int(what)], begin, end) for what, begin, end in part.tolist()] for part in every]


timelines = {text: of_all_ranks(recorded_step(way)) for text, way in (("at the end", False), ("while backward runs", True))}
for text, lines in timelines.items():
    whole = max(end for _, _, end in lines[0]) - min(begin for _, begin, _ in lines[0])
    sent = sum(end - begin for what, begin, end in lines[0] if what in ("reduce", "wait"))
    say(f"sent {text}: a step of rank 0 takes {1e3 * whole:.1f} ms, {100 * sent / whole:.0f} % of it to add up and to wait")

# %% [markdown]
# ## What a sum costs
# A message of $n$ bytes takes $\alpha + \beta n$: a fixed time, and a time for each byte. To add up $n$ bytes of $N$ ranks,
#
# - a **ring** passes $N$ parts around twice: $2(N-1)\,\alpha + 2\,\frac{N-1}{N}\,\beta n$. Each rank sends less than $2n$
#   bytes, however many ranks there are; but the fixed times add up.
# - a **tree** exchanges everything with one partner after the other: $\log_2 N\,(\alpha + \beta n)$.
#
# MPI chooses by the size. With two ranks, both say $\alpha + \beta n$ or nearly so; here is what was measured.


# %%
def ring(n: float, ranks: int, alpha: float, beta: float) -> float:
    return 2 * (ranks - 1) * alpha + 2 * (ranks - 1) / ranks * beta * n


def tree(n: float, ranks: int, alpha: float, beta: float) -> float:
    return log2(ranks) * (alpha + beta * n)


def all_reduce_time(n: float, ranks: int, alpha: float, beta: float) -> float:
    return min(ring(n, ranks, alpha, beta), tree(n, ranks, alpha, beta)) if ranks > 1 else 0.0


def seconds(call: Callable[[], Any], rounds: int) -> float:
    call()
    times = []
    for _ in range(rounds):
        distributed.barrier()
        begin = perf_counter()
        call()
        times.append(perf_counter() - begin)
    return median(times)


sizes = [1 << k for k in range(2, 23, 2)]  # numbers of float32
arrays = [zeros(n) for n in sizes]
measured = [seconds(lambda x=x: distributed.all_reduce(x), 9 if args.short else 31) for x in arrays]
if N > 1:  # least squares of the relative errors: a small sum counts as much as a large one
    terms = np.array([[2 * (N - 1), 2 * (N - 1) / N * 4 * n] for n in sizes]) / np.array(measured)[:, None]
    (alpha, beta), *_ = np.linalg.lstsq(terms, np.ones(len(sizes)), rcond=None)
    say(f"\nan all-reduce between these {N} ranks: alpha = {1e6 * alpha:.1f} µs, 1/beta = {1e-9 / beta:.1f} GB/s")
    for n, t in zip(sizes[::3], measured[::3]):
        say(f"{4 * n:>12,} bytes: {1e6 * t:8.0f} µs measured, {1e6 * ring(4 * n, N, alpha, beta):8.0f} by the formula")

# %% [markdown]
# ## How far it goes
# What a step computes is measured here, on one core, for batches of 256 and of 32: a fixed part (the optimizer, Python) and a
# part for each picture. What it sends is one number for each parameter. Networks: 10 Gbit/s Ethernet, $\alpha$ = 30 µs, and
# 100 Gbit/s with $\alpha$ = 3 µs; these numbers are assumed. (On a link of this machine that was shaped to 10 Gbit/s, the same
# fit gave 8 µs without the way of a cable, and 1.3 GB/s, which is the link's rate.) Nothing overlaps, which is the worst case.


# %%
def lenet() -> nn.Module:
    parts = [nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)]
    parts += [nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)]
    return nn.Sequential(*parts)


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "784-256-128-10": lambda: Classifier(784, 256, 128, 10),
    "784-2048-2048-10": lambda: Classifier(784, 2048, 2048, 10),
    "LeNet": lenet,
}
WIRES = {"10 Gbit/s": (30e-6, 8 / 10e9), "100 Gbit/s": (3e-6, 8 / 100e9)}  # alpha in s, beta in s/byte


def computing(net: nn.Module) -> tuple[float, float]:
    """(a, b): a captured step on m pictures takes a + b·m seconds on one core."""
    optimizer = nn.optim.AdamW(net.parameters(), lr=0.001)

    @capture
    def step(x: Tensor, y: Tensor) -> Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        return loss.detach()

    times = []
    for m in (32, 256):
        x, y = pictures.batch(slice(0, m))
        x = x.reshape(m, 1, 28, 28)
        step(x, y)
        times.append(seconds(lambda x=x, y=y: step(x, y), 3 if args.short else 9))
    slope = (times[1] - times[0]) / 224
    return max(times[0] - 32 * slope, 0.0), slope


RANKS = [2**k for k in range(11)]
cost: dict[str, tuple[float, float, int]] = {}
for name, make in NETWORKS.items():
    manual_seed(args.seed)
    net = make()
    cost[name] = (*computing(net), 4 * sum(p.numel() for p in net.parameters()))
header = "".join(f"{ranks:>9} ranks" for ranks in (8, 64, 1024))
say(f"\npredicted: time lost to sending, with 256 pictures for each rank\n{'':28}{header}")
lost: dict[tuple[str, str], list[float]] = {}
gain: dict[tuple[str, str], list[float]] = {}
for wire, (a, b) in WIRES.items():
    for name, (fixed, each, n) in cost.items():
        t = fixed + 256 * each
        sums = [all_reduce_time(n, ranks, a, b) for ranks in RANKS]
        lost[wire, name] = [s / (t + s) for s in sums]
        gain[wire, name] = [t / (fixed + 256 / ranks * each + s) for ranks, s in zip(RANKS, sums) if ranks <= 256]
        shown = "".join(f"{100 * lost[wire, name][RANKS.index(ranks)]:>13.0f} %" for ranks in (8, 64, 1024))
        say(f"{wire:11}{name:17}{shown}")
say("\npredicted: most that is gained if a batch of 256 pictures is divided")
for (wire, name), values in gain.items():
    best = max(range(len(values)), key=values.__getitem__)
    then = "" if best == len(values) - 1 else "; beyond that, sending costs more"
    most = (
        f"{values[best]:5.1f} times as fast, on {RANKS[best]} ranks{then}"
        if best
        else "      nothing: to add up takes too long"
    )
    say(f"{wire:11}{name:17} {most}")

# %% [markdown]
# Data parallel stops paying where half of the time goes into sending. If each rank keeps its 256 pictures, the bytes that it
# sends stay below $2n$, however many ranks there are, and only the fixed times grow: what pays on 8 ranks mostly pays on 1,024.
# But the batch grows with the ranks, and one of a quarter of a million pictures needs other learning rates, and more epochs. If
# the batch stays and is divided, what is left to compute shrinks to the part that does not depend on the batch, and a few ranks
# are enough. A dense layer sends one number for each product that it computes for a picture; a convolution uses each of its
# numbers at hundreds of places. So LeNet computes long, sends little, and goes furthest.

# %%
if rank == 0:
    figure = Figure(figsize=(12, 8), layout="constrained")
    (end_ax, during_ax), (sum_ax, gain_ax) = figure.subplots(2, 2)
    for ax, (text, lines) in zip((end_ax, during_ax), timelines.items()):
        nn.plots.plot_timeline(lines, ax)
        ax.set_title(f"One step; gradients are sent {text}", y=1.25)
    during_ax.get_legend().remove()
    sum_ax.plot([4 * n for n in sizes], [1e6 * t for t in measured], "o", color=nn.plots.COLORS[0], label="measured")
    if N > 1:
        formula = [1e6 * ring(4 * n, N, alpha, beta) for n in sizes]
        sum_ax.plot([4 * n for n in sizes], formula, color=nn.plots.COLORS[1], label="$\\alpha$ + $\\beta n$, fitted")
    sum_ax.set(xscale="log", yscale="log", xlabel="bytes", ylabel="time (µs)", title=f"An all-reduce of {N} ranks here")
    sum_ax.legend()
    for i, ((wire, name), values) in enumerate(gain.items()):
        style = "-" if wire.startswith("100") else "--"
        gain_ax.plot(RANKS[: len(values)], values, style, color=nn.plots.COLORS[i % 3], label=f"{name}, {wire}")
    gain_ax.set(xscale="log", yscale="log", xlabel="ranks", ylabel="times as fast", title="A batch of 256 pictures, divided")
    gain_ax.set_xticks(RANKS[:9], [str(ranks) for ranks in RANKS[:9]])
    gain_ax.set_xticks([], minor=True)
    gain_ax.set_ylim(top=300)
    gain_ax.legend(fontsize=8, loc="upper left", ncols=2)
    print("\nTo be seen: all ranks do the same at the same time, and wait for the slowest of them. ", end="")
    print("What a rank computes shrinks with N, what it sends does not.")
    lesson.finish(figure, args.out)
