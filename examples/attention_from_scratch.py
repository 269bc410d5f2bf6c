# %% [markdown]
# # Attention from scratch: eight digits, sorted
#
# What this teaches: attention is a weighted mean whose weights are computed from the data. Each place in a sequence asks a
# question (its **query**), each place offers an answer to some question (its **key**), and the better a key fits a query, the
# more of that place's **value** is taken:
#
# $$O = W V, \qquad W = \operatorname{softmax}(Q K^\top / \sqrt d)$$
#
# with one row of $Q$, $K$, $V$ for each place. The gradients are three matrix products and that of softmax; they are written
# out below and compared with the engine's.
#
# The task is to sort eight digits. Where a digit belongs depends on all others, so that no place can find it alone. The last
# attention of the model can do nothing but point at digits, and what it points at is the answer: its weights can be read.

# %%
from math import sqrt
from time import perf_counter
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tinygrad_lite import Tensor, float64, manual_seed, nn, no_grad, randint, randn
from tinygrad_lite.nn import lesson

F = nn.functional
options = lesson.Options("Attention, written out, learns to sort eight digits.")
options.add_argument("--steps", type=lesson.count, default=2000, help="training steps of each model (default: 2000)")
options.add_argument("--seed", type=int, default=0, help="of the start and of the digits (default: 0)")
options.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="cuda is an NVIDIA GPU (default: cpu)")
options.add_argument("--short", action="store_true", help="200 steps, unless --steps is given")
args = options.parse(short={"steps": 200})
PLACES, DIGITS, WIDTH, BATCH = 8, 10, 32, 128

# %% [markdown]
# ## The formula, and its derivative by hand
# $W$ has a row for each query: numbers from 0 to 1 with the sum 1. The division by $\sqrt d$ keeps the scores near the size of
# one number whatever $d$ is, so that softmax starts out undecided.


# %%
def attention(q: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """softmax(Q Kᵀ / √d) V and the weights: (..., n, d) each."""
    weights = F.softmax(q @ k.mT / sqrt(q.shape[-1]), dim=-1)
    return weights @ v, weights


manual_seed(args.seed)
q, k, v = (randn(5, 4, dtype=float64, requires_grad=True) for _ in range(3))
out, w = attention(q, k, v)
g = randn(5, 4, dtype=float64)
out.backward(g)

by_hand = {}
with no_grad():
    by_hand["V"] = w.mT @ g  # each value was taken with these weights
    g_w = g @ v.mT  # a weight multiplies a value
    g_s = w * (g_w - (g_w * w).sum(-1, keepdim=True)) / 2  # softmax, and the division by √4
    by_hand["Q"] = g_s @ k  # a score is a product of a query
    by_hand["K"] = g_s.mT @ q  # and a key
apart = {name: (by_hand[name] - x.grad).abs().max().item() for name, x in (("Q", q), ("K", k), ("V", v)) if x.grad is not None}
print("gradients by hand and by the engine differ by at most " + ", ".join([f"{e:.0e} ({x})" for x, e in apart.items()]))
same = (F.scaled_dot_product_attention(q, k, v) - out).abs().max().item()
print(f"F.scaled_dot_product_attention, which is this formula in one step: {same:.0e}")

# %% [markdown]
# ## The model
# A digit and its place are each a row of numbers that is learned; their sum goes in. In the first layer each place looks at all
# digits, and a small network makes of its own digit and of what it saw a new row. With queries and keys from these rows,
# the last attention points: the probability of a digit at a place is the weight of the places where this digit stands.
#
# Two models lack a part, to see what it is for. One cannot look: its first layer has no attention. One has no places.


# %%
class Sorter(nn.Module):
    def __init__(self, looks: bool = True, has_places: bool = True) -> None:
        super().__init__()
        self.looks, self.has_places = looks, has_places
        self.digits = nn.Parameter(randn(DIGITS, WIDTH))
        self.places = nn.Parameter(randn(PLACES, WIDTH))
        self.query, self.key, self.value, self.mix = (nn.Linear(WIDTH, WIDTH, bias=False) for _ in range(4))
        self.think = nn.Sequential(nn.Linear(WIDTH, 2 * WIDTH), nn.ReLU(), nn.Linear(2 * WIDTH, WIDTH))
        self.ask, self.offer = nn.Linear(WIDTH, WIDTH, bias=False), nn.Linear(WIDTH, WIDTH, bias=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(N, places) digits: the probability of each digit at each place, and the weights of both attentions."""
        h = self.digits[x]
        if self.has_places:
            h = h + self.places
        seen, looked = attention(self.query(h), self.key(h), self.value(h))
        if self.looks:
            h = h + self.mix(seen)
        h = h + self.think(h)
        answer, pointed = attention(self.ask(h), self.offer(h), F.one_hot(x, DIGITS).to(h.dtype))
        return answer, looked, pointed


# %% [markdown]
# ## Training
# New digits in each step, so nothing can be learned by heart. Of the 100 million sequences, 10,000 are set aside; if one of
# them turns up in a batch, it is replaced.


# %%
def right(model: Sorter, x: Tensor) -> Tensor:
    """Whether each sequence is sorted without a mistake."""
    with no_grad():
        return (model(x)[0].argmax(-1) == x.sort(1).values).all(1)


held_out = randint(0, DIGITS, (10_000, PLACES))
powers = DIGITS ** np.arange(PLACES)
held_numbers = held_out.numpy() @ powers
held_out = held_out.to(args.device)


def batch() -> Tensor:
    x = randint(0, DIGITS, (BATCH, PLACES))
    while (known := np.isin(x.numpy() @ powers, held_numbers)).any():
        x[known.nonzero()[0].tolist()] = randint(0, DIGITS, (int(known.sum()), PLACES))
    return x.to(args.device)


def train(model: Sorter, curve: list[tuple[int, float]]) -> None:
    """Train a model, and note from time to time the step, and the share of 1,000 held-out sequences that are sorted then."""
    optimizer = nn.optim.AdamW(model.parameters(), lr=0.005)
    schedule = nn.optim.lr_scheduler.CosineAnnealingLR(optimizer, args.steps)
    for step in range(1, args.steps + 1):
        x = batch()
        p = model(x)[0].gather(2, x.sort(1).values.unsqueeze(2))
        loss = -(p + 1e-9).log().mean()  # the weight on the right digit; 1e-9, because it may underflow
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % max(1, args.steps // 40) == 0 or step in (1, args.steps):
            curve.append((step, right(model, held_out[:1000]).float().mean().item()))


VARIANTS: dict[str, dict[str, bool]] = {"whole": {}, "cannot look": {"looks": False}, "no places": {"has_places": False}}
models: dict[str, Sorter] = {}
curves: dict[str, list[tuple[int, float]]] = {}
shares: dict[str, float] = {}
print("model         steps  seconds  held-out sequences without a mistake")
for name, parts in lesson.unless_interrupted(VARIANTS.items()):
    manual_seed(args.seed)
    models[name], curves[name] = Sorter(**parts).to(args.device), []
    begin = perf_counter()
    with lesson.until_interrupted(lambda: curves["whole"]):
        train(models[name], curves[name])
    shares[name] = right(models[name], held_out).float().mean().item()
    print(f"{name:12} {curves[name][-1][0]:6} {perf_counter() - begin:8.1f}  {shares[name]:.4f}")

# %% [markdown]
# ## What the attention does
# The weights on a digit that is the right answer, summed; and how much of them goes where, on average.

# %%
model = models["whole"]
with no_grad():
    answer, looked, pointed = (t.cpu().numpy() for t in model(held_out))
x = held_out.cpu().numpy()
y = np.sort(x, 1)
sorted_now = right(model, held_out).cpu().numpy()
on_answer = (pointed * (x[:, None, :] == y[:, :, None])).sum(2)
order = np.argsort(x, 1, kind="stable")
to_rank = np.take_along_axis(pointed, order[:, None, :], 2).mean(0)
to_digit = np.zeros((DIGITS, DIGITS))
pairs = np.zeros((DIGITS, DIGITS))
np.add.at(to_digit, (x[:, :, None], x[:, None, :]), looked)
np.add.at(pairs, (x[:, :, None], x[:, None, :]), 1)
repeated = (np.diff(y, axis=1) == 0).sum(1)
chosen = [int(np.flatnonzero(sorted_now & (repeated == n))[0]) if (sorted_now & (repeated == n)).any() else n for n in (0, 2)]

# %% [markdown]
# ## The picture


# %%
def draw(ax: Axes, weights: Any, rows: Any, columns: Any, title: str, *labels: str, top: float = 1.0) -> None:
    """Weights as a picture: a row for each place that asks, a column for each that is looked at."""
    image = ax.imshow(weights, cmap="Blues", vmin=0, vmax=top)
    ax.set_xticks(range(len(columns)), [str(c) for c in columns])
    ax.set_yticks(range(len(rows)), [str(r) for r in rows])
    ax.set_xlabel(labels[0])
    ax.set_ylabel(labels[1])
    ax.set_title(title)
    ax.figure.colorbar(image, ax=ax, label="weight", shrink=0.8)


figure = Figure(figsize=(17, 10.5), layout="constrained")
axes = figure.subplots(2, 3)
curve_ax, *map_axes = axes.flat
for (name, curve), marker in zip(curves.items(), "os^"):
    curve_ax.plot(*zip(*curve), marker=marker, markevery=4, label=name)
curve_ax.set_title("Who learns to sort eight digits")
curve_ax.set_xlabel("training step")
curve_ax.set_ylabel("share of held-out sequences without a mistake")
curve_ax.legend()
for ax, n in zip(map_axes, chosen):
    verdict = "sorted" if sorted_now[n] else "with a mistake"
    title = f"{' '.join(map(str, x[n]))}, {verdict}:\nwhat each place of the answer points at"
    draw(ax, pointed[n], answer[n].argmax(1), x[n], title, "digits as given", "answer, from the first place to the last")
ranks = range(1, PLACES + 1)
everywhere = "mean over all held-out sequences"
draw(map_axes[2], to_rank, ranks, ranks, f"What each place of the answer points at,\n{everywhere}",
     "rank of the digit pointed at (equal ones from left to right)", "place of the answer")  # fmt: skip
labels = "digit looked at", "digit that looks"
example, mean = looked[chosen[0]], to_digit / pairs
given = x[chosen[0]]
draw(map_axes[3], example, given, given, "First layer, the first of these sequences", *labels, top=float(example.max()))
draw(map_axes[4], mean, range(DIGITS), range(DIGITS), f"First layer, {everywhere}", *labels, top=float(mean.max()))

print(f"To be seen: the model sorts {shares['whole']:.2%} of the sequences that it has never seen without a mistake; of its")
order_seen = ": its map is the order of the digits" if on_answer.mean() > 0.98 else ""
print(f"last attention {on_answer.mean():.1%} lies on digits that are the right answer{order_seen}.")
for name, what in (("cannot look", "cannot look at the other digits"), ("no places", "has no places")):
    if name in shares:
        print(f"The model that {what} sorts {shares[name]:.2%}.")
lesson.finish(figure, args.out)
