# %% [markdown]
# # Softmax: what it does, where it breaks, and its gradient
#
# What this teaches: softmax makes probabilities of scores (logits), $p_i = e^{z_i} / \sum_j e^{z_j}$. Adding a number to all
# scores changes nothing, multiplying them changes how sure it is. Written down as it stands it breaks at scores of 100 and of
# -200, and there are two remedies: take the largest score off first, and where a logarithm follows, never compute the
# probability at all. Last, the gradients: of softmax, of cross-entropy, and of the two together, which is the simplest of the
# three, and the only safe one.

# %%
from collections.abc import Callable

from matplotlib.figure import Figure

from tinygrad_lite import Tensor, autograd, exp, eye, float16, float32, float64, linspace, log, nn, stack, tensor, zeros_like
from tinygrad_lite.nn import lesson

options = lesson.Options("Softmax: what it does, where it breaks, and its gradient.")
options.add_argument("--short", action="store_true", help="fewer points on the curves")
args = options.parse()
points = 41 if args.short else 401


# %%
def naive_softmax(z: Tensor) -> Tensor:
    """The formula as it stands, along the last axis."""
    e = exp(z)
    probabilities: Tensor = e / e.sum(-1, keepdim=True)
    return probabilities


def shifted_softmax(z: Tensor) -> Tensor:
    """The same with the largest score taken off first: it becomes 0, so no exponential is above 1 and the sum is at least 1."""
    return naive_softmax(z - z.amax(-1, keepdim=True))


def row(values: Tensor) -> str:
    return "  ".join(f"{value + 0.0:10.4g}" for value in values.tolist())


# %% [markdown]
# ## An offset changes nothing, a scale changes how sure it is
# $e^{z_i + c} = e^c e^{z_i}$, and $e^c$ cancels. A factor does not cancel: 0 makes all classes equal, a large one leaves only
# the largest score. (The factor is 1 / temperature, if you have met that name.)

# %%
scores = tensor([1.0, 2.0, 4.0])
print("softmax of (1, 2, 4) + offset")
for offset in (-10.0, 0.0, 10.0):
    print(f"  {offset:+6.1f}  {row(naive_softmax(scores + offset))}")
print("softmax of (1, 2, 4) * scale")
for scale in (0.0, 0.1, 1.0, 10.0):
    print(f"  {scale:6.1f}  {row(naive_softmax(scores * scale))}")
spread = (naive_softmax(scores + 10.0) - naive_softmax(scores - 10.0)).abs().max().item()
assert spread < 1e-6

# %% [markdown]
# ## Overflow at 100, underflow at -200
# A float32 ends at 3.4e38, which is $e^{88.7}$: $e^{100}$ is inf, and inf / inf is nan. Its smallest number is 1.4e-45, which
# is $e^{-103.3}$: with scores around -200 all exponentials are 0, and 0 / 0 is nan. And one class far below the others gets
# the probability 0, whose logarithm is -inf. float64 only moves the two cliffs, to 709 and -745.
#
# Just before the underflow, the exponentials are 1, 2 or 3 times that smallest number: they have lost almost all of their
# digits, and the probabilities jump.

# %%
print("\nlargest score whose exponential is finite: ", end="")
for dtype in (float16, float32, float64):
    candidates = linspace(0.0, 800.0, 8001, dtype=float64)
    finite = exp(candidates.to(dtype)) < float("inf")
    print(f"{dtype} {candidates[finite].max().item():.1f}", end="   ")
print(f"\n\nsoftmax of (1, 2, 4) - 107, near the underflow: naively {row(naive_softmax(scores - 107.0))}")
print(f"{'with the largest taken off first':>55} {row(shifted_softmax(scores - 107.0))}", end="")
print(f"\n\n{'scores, float32':24} {'e^z':>34}  {'naive softmax':>34}  {'largest taken off first':>34}")
high, low, far = tensor([100.0, 99.0, 97.0]), tensor([-200.0, -201.0, -203.0]), tensor([0.0, -1.0, -200.0])
for z in (high, low, far):
    print(f"{z.tolist()!s:24} {row(exp(z))}  {row(naive_softmax(z))}  {row(shifted_softmax(z))}")
assert bool((naive_softmax(high)[0] != naive_softmax(high)[0]).item())  # nan is what does not equal itself
assert bool((naive_softmax(low) != naive_softmax(low)).all())
assert bool((shifted_softmax(high) - shifted_softmax(low)).abs().max() < 1e-6)

# %% [markdown]
# ## The remedy: log-sum-exp
# The third row is right as a probability (1e-87 is 0 for a float32), but the loss wants its logarithm, and that is only about
# -200. $\log p_i = z_i - \log \sum_j e^{z_j}$ needs no $p_i$; with the largest score m taken off, the logarithm is $m + \log
# \sum_j e^{z_j - m}$. This is what `log_softmax` and `cross_entropy` compute.

# %%
largest = far.amax()
log_sum_exp = largest + log(exp(far - largest).sum())
print("\nlogarithm of softmax of", far.tolist())
print(f"  log(naive softmax)    {row(log(naive_softmax(far)))}")
print(f"  log(shifted softmax)  {row(log(shifted_softmax(far)))}")
print(f"  z - log-sum-exp       {row(far - log_sum_exp)}")
print(f"  log_softmax           {row(nn.functional.log_softmax(far, dim=0))}")
assert bool(((far - log_sum_exp) - nn.functional.log_softmax(far, dim=0)).abs().max() < 1e-4)

# %% [markdown]
# ## Gradients
# Three, in float64, for the scores (1, 2, 4) and the true class 0:
#
# - softmax: every probability depends on every score, $\partial p_i / \partial z_j = p_i (\delta_{ij} - p_j)$, a full matrix;
# - cross-entropy $L = -\log p_0$ by the probabilities: $-1/p_0$ at the true class and 0 elsewhere. It has no bound;
# - the two together: $p - y$, where y is 1 at the true class and 0 elsewhere. It never leaves [-1, 1].


# %%
def gradient(function: Callable[[Tensor], Tensor], at: Tensor) -> Tensor:
    x = at.clone().requires_grad_()
    found: Tensor = autograd.grad(function(x), x)[0]
    return found


def jacobian(function: Callable[[Tensor], Tensor], at: Tensor) -> Tensor:
    """Row i is the gradient of the ith result."""
    rows: list[Tensor] = []
    for i in range(len(at)):
        x = at.clone().requires_grad_()
        rows += autograd.grad(function(x)[i], x)
    matrix: Tensor = stack(rows)
    return matrix


z = scores.double()
y = tensor([1.0, 0.0, 0.0], dtype=float64)
p = shifted_softmax(z)
engine = {
    "softmax": jacobian(shifted_softmax, z),
    "cross-entropy": gradient(lambda p: -log(p[0]), p),
    "together": gradient(lambda z: -log(shifted_softmax(z)[0]), z),
}
hand = {"softmax": p * eye(3, dtype=float64) - p.reshape(3, 1) * p, "cross-entropy": -y / p, "together": p - y}
print(f"\nprobabilities p         {row(p)}")
for name in engine:
    rows, by_hand = engine[name].reshape(-1, 3), hand[name].reshape(-1, 3)
    for i in range(len(rows)):
        print(f"{'gradient, ' + name if i == 0 else '':24}{row(rows[i])}   by hand {row(by_hand[i])}")
    assert bool((rows - by_hand).abs().max() < 1e-13)
chained = engine["cross-entropy"] @ engine["softmax"]
print(f"{'first times second':24}{row(chained)}   which is the third: the chain rule")
assert bool((chained - engine["together"]).abs().max() < 1e-13)

# %% [markdown]
# ## The gradient of the loss, naive against stable
# Two classes, the true one far below the other. Naively, the loss is inf as soon as its p is 0. The gradient breaks even
# earlier, at -88.7, where $-1/p$ overflows, and the step back through softmax takes inf from inf. Stably, the loss grows as
# the distance does, and the gradient goes to -1: learn, as fast as you can.


# %%
def naive_loss(z: Tensor) -> Tensor:
    return -log(naive_softmax(z)[..., 0])


def stable_loss(z: Tensor) -> Tensor:
    loss: Tensor = -nn.functional.log_softmax(z, dim=-1)[..., 0]
    return loss


below = linspace(-150.0, 10.0, points)  # z_true, while the other score is 0
pair = stack([below, zeros_like(below)], 1)
losses = {"naive": naive_loss(pair), "stable": stable_loss(pair)}
gradients = {
    "naive": gradient(lambda z: naive_loss(z).sum(), pair)[:, 0],
    "stable": gradient(lambda z: stable_loss(z).sum(), pair)[:, 0],
}
print(f"\n{'true score':>10} {'naive loss':>12} {'stable loss':>12} {'naive gradient':>15} {'stable gradient':>16}")
for t in (0.0, -10.0, -80.0, -100.0, -200.0):
    here = tensor([[t, 0.0]])
    loss, mended = naive_loss(here).item(), stable_loss(here).item()
    slope, mended_slope = (gradient(f, here)[0, 0].item() for f in (naive_loss, stable_loss))
    print(f"{t:10.0f} {loss:12.4f} {mended:12.4f} {slope:15.4f} {mended_slope:16.4f}")
assert (loss, slope != slope, mended, mended_slope) == (float("inf"), True, 200.0, -1.0)

# %% [markdown]
# ## The picture

# %%
COLORS = nn.plots.COLORS
BLUE, ORANGE, GREEN, VERMILION = COLORS[0], COLORS[1], COLORS[2], COLORS[5]
figure = Figure(figsize=(15, 8.6), layout="constrained")
(scale_ax, offset_ax, bars_ax), (jacobian_ax, loss_ax, slope_ax) = figure.subplots(2, 3)

factors = 10.0 ** linspace(-2.0, 1.0, points)
curves = shifted_softmax(factors.reshape(-1, 1) * scores)
for i, (score, color, style) in enumerate(zip(scores.tolist(), (BLUE, ORANGE, GREEN), ("-.", "--", "-"))):
    scale_ax.plot(factors, curves[:, i], color=color, ls=style, label=f"z = {score:.0f}")
scale_ax.set(
    xscale="log", xlabel="scale: softmax of scale · (1, 2, 4)", ylabel="probability", title="A scale changes how sure it is"
)
scale_ax.legend(title="class with score")

offsets = linspace(-250.0, 190.0, points)
moved = offsets.reshape(-1, 1) + scores
# at the left edge the last exponential, e^(offset + 4), becomes 0: below half the smallest number, from -103.97 on
offset_ax.axvspan(88.7 - 4, 190, color="0.88", lw=0)
offset_ax.axvspan(-250, -103.97 - 4, color="0.88", lw=0)
offset_ax.plot(offsets, shifted_softmax(moved)[:, 2], color=BLUE, lw=7, alpha=0.35, label="largest taken off first")
offset_ax.plot(offsets, naive_softmax(moved)[:, 2], color=VERMILION, lw=1.8, label="naive, float32")
naive = naive_softmax(moved)[:, 2]
jumps = (naive - shifted_softmax(moved)[:, 2]).abs() > 0.05  # nan is not: it is in the grey
if bool(jumps.any()):
    note = "few digits are left: each\n$e^z$ is 0, 1, 2 ... times\nthe smallest number"
    spike = (offsets[jumps][0].item(), naive[jumps][0].item())
    offset_ax.annotate(note, spike, (-80, 0.6), fontsize=9, va="center", arrowprops={"arrowstyle": "->", "color": "0.3"})
offset_ax.text(137, 0.35, "overflow:\ninf / inf\n= nan", ha="center", va="center")
offset_ax.text(-179, 0.35, "underflow:\n0 / 0 = nan", ha="center", va="center")
offset_ax.set(xlim=(-250, 190), ylim=(0, 1.05), title="An offset changes nothing, but naively it breaks")
offset_ax.set(xlabel="offset: softmax of offset + (1, 2, 4)", ylabel="probability of the third class")
offset_ax.legend(loc="lower center")

for i, (name, values, color) in enumerate((("p", p, BLUE), ("y", y, "0.6"), ("p - y", engine["together"], VERMILION))):
    bars = bars_ax.bar([n + 0.27 * (i - 1) for n in range(3)], values, 0.25, color=color, label=name)
    bars_ax.bar_label(bars, fmt="%.2f", fontsize=8, padding=2)
bars_ax.axhline(0, color="black", lw=0.8)
bars_ax.set_xticks(range(3), ["z = 1 (true class)", "z = 2", "z = 4"])
bars_ax.set(ylim=(-1.15, 1.15), ylabel="probability, or gradient by z", title="Softmax, then the loss: the gradient is p - y")
bars_ax.legend(loc="lower right", title="softmax p, target y")

numbers = engine["softmax"].numpy()
shown = jacobian_ax.imshow(numbers, cmap="RdBu_r", vmin=-0.25, vmax=0.25)
for i in range(3):
    for j in range(3):
        jacobian_ax.text(j, i, f"{numbers[i, j]:+.3f}", ha="center", va="center")
jacobian_ax.set_xticks(range(3), ["z = 1", "z = 2", "z = 4"])
jacobian_ax.set_yticks(range(3), [f"p = {value:.3f}" for value in p.tolist()])
jacobian_ax.set(
    xlabel="by this score", ylabel="derivative of this probability", title="The gradient of softmax: rows and columns add to 0"
)
figure.colorbar(shown, ax=jacobian_ax, label="∂p / ∂z", shrink=0.85)

# p is 0 from -103.97 on, which is nearer to 0 than to the smallest float32; 1/p is inf from -88.7 on
for ax, lines, name, edge in ((loss_ax, losses, "loss", -103.97), (slope_ax, gradients, "gradient by that score", -88.7)):
    ax.axvspan(-150, edge, color="0.88", lw=0)
    ax.plot(below, lines["stable"], color=BLUE, lw=7, alpha=0.35, label="stable: log-sum-exp")
    ax.plot(below, lines["naive"], color=VERMILION, lw=1.8, label="naive: -log(softmax), float32")
    ax.set(xlim=(-150, 10), xlabel="score of the true class (the other class has 0)", ylabel=name)
    ax.legend(loc="upper right" if name == "loss" else "upper left")
loss_ax.text(-127, 30, "naive:\ninf", ha="center", va="center", color=VERMILION)
slope_ax.text(-120, -0.5, "naive:\nnan", ha="center", va="center", color=VERMILION)
loss_ax.set_title("Cross-entropy of an unlikely class")
slope_ax.set_title("Its gradient")

print(
    "\nTo be seen: naive softmax is nan at scores of 100 and of -200, and with the largest score taken off it is not. The loss"
)
print("and its gradient need softmax and logarithm in one step (log_softmax, cross_entropy), and then the gradient is p - y.")
lesson.finish(figure, args.out)
