# %% [markdown]
# # One layer, four gradients: by hand, by Jacobians, by the engine, by PyTorch
#
# What this teaches: backpropagation is no approximation. A single layer with softmax, $p = \mathrm{softmax}(W x + b)$, learns
# 100 points of 5 features in 3 classes by gradient descent, four times from the same start with the same batches:
#
# - **by hand**: somebody took the derivative on paper, $\partial L / \partial z = (p - y) / N$, and wrote two lines of NumPy;
# - **by einsum**: nobody simplified anything; the full Jacobian of every step is built, and einsum multiplies them, as the
#   chain rule says;
# - **by the engine**: `loss.backward()` of tinygrad_lite;
# - **by PyTorch**: `loss.backward()` of torch.
#
# All are computed in float64, which carries about 16 digits. After 16 epochs weights, biases and the predictions for 10,000 new
# points are compared with PyTorch's: whatever differs, differs in the last digits.
#
# Needs PyTorch and scikit-learn: `pip install torch scikit-learn`.

# %%
from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from tinygrad_lite import einsum, eye, float64, from_numpy, nn
from tinygrad_lite.nn import lesson

options = lesson.Options("One layer trained with four gradients; they agree to the last digits.")
options.add_argument("--epochs", type=lesson.count, default=16, help="passes over the training points (default: 16)")
options.add_argument("--lr", type=lesson.rate, default=0.1, help="learning rate (default: 0.1)")
options.add_argument("--seed", type=int, default=0, help="of the points and the start (default: 0)")
options.add_argument("--short", action="store_true", help="4 epochs, unless --epochs is given")
args = options.parse(short={"epochs": 4})
try:  # here, so that --help needs neither
    import torch
    from sklearn.datasets import make_classification
except ImportError as error:
    options.error(f"{error}: this lesson compares with PyTorch; pip install torch scikit-learn")
Array = np.ndarray[Any, Any]
Gradient = Callable[[Array, Array, Array, Array], tuple[Array, Array]]

# %% [markdown]
# ## The data
# 100 points are learnt from, in three batches of 34, 34 and 32; 10,000 others tell what was learnt.

# %%
points, labels = make_classification(
    n_samples=10_100, n_features=5, n_informative=3, n_redundant=0, n_classes=3, n_clusters_per_class=1, random_state=args.seed
)
x_train, y_train, x_valid, y_valid = points[:100], labels[:100], points[100:], labels[100:]
batches = [(x_train[i : i + 34], y_train[i : i + 34]) for i in range(0, 100, 34)]
rng = np.random.default_rng(args.seed)
start_w, start_b = rng.normal(0, 0.1, (3, 5)), rng.normal(0, 0.1, 3)

# %% [markdown]
# ## The derivative by hand
# On paper softmax and cross-entropy together have a gradient of one subtraction: $(p_{nc} - y_{nc}) / N$ for a score $z_{nc}$.
# The rest is the product with what each score was made of.


# %%
def softmax(z: Array) -> Array:
    e = np.exp(z - z.max(1, keepdims=True))
    return np.asarray(e / e.sum(1, keepdims=True))


def by_hand(x: Array, y: Array, w: Array, b: Array) -> tuple[Array, Array]:
    dz = (softmax(x @ w.T + b) - np.eye(3)[y]) / len(x)
    return dz.T @ x, dz.sum(0)


# %% [markdown]
# ## The chain rule as it stands: Jacobians and einsum
# Three steps lead from a weight to the loss. Each has a Jacobian, whose axes are those of what comes out and those of what goes
# in (points do not mix, so that they share the axis `n`):
#
# | step | Jacobian | entries |
# |---|---|---|
# | $L$ from $p_{nc}$ | `nc` | $-y_{nc} / (N p_{nc})$ |
# | $p_{nc}$ from $z_{nk}$ | `nck` | $p_{nc} (\delta_{ck} - p_{nk})$ |
# | $z_{nk}$ from $W_{jf}$ | `nkjf` | $\delta_{kj} x_{nf}$ |
#
# The chain rule multiplies them and sums over what lies between: `nc,nck,nkjf->jf`. The last one alone holds 3 · 3 · 5 numbers
# a point, mostly zeros. That is why no engine builds it.


# %%
def by_einsum(x: Array, y: Array, w: Array, b: Array) -> tuple[Array, Array]:
    identity, features = eye(3, dtype=float64), from_numpy(x)
    p = from_numpy(softmax(x @ w.T + b))
    loss_p = -from_numpy(np.eye(3)[y]) / p / len(x)
    p_z = einsum("nc,ck->nck", p, identity) - einsum("nc,nk->nck", p, p)
    z_w = einsum("kj,nf->nkjf", identity, features)
    z_b = identity
    return einsum("nc,nck,nkjf->jf", loss_p, p_z, z_w).numpy(), einsum("nc,nck,kj->j", loss_p, p_z, z_b).numpy()


# %% [markdown]
# ## The two libraries
# The same three lines, under the same names.


# %%
def by_the_engine(x: Array, y: Array, w: Array, b: Array) -> tuple[Array, Array]:
    weight, bias = from_numpy(w).requires_grad_(), from_numpy(b).requires_grad_()
    nn.functional.cross_entropy(from_numpy(x) @ weight.T + bias, from_numpy(y)).backward()
    assert weight.grad is not None and bias.grad is not None
    return weight.grad.numpy(), bias.grad.numpy()


def by_pytorch(x: Array, y: Array, w: Array, b: Array) -> tuple[Array, Array]:
    weight, bias = torch.from_numpy(w).requires_grad_(), torch.from_numpy(b).requires_grad_()
    torch.nn.functional.cross_entropy(torch.from_numpy(x) @ weight.T + bias, torch.from_numpy(y)).backward()
    assert weight.grad is not None and bias.grad is not None
    return weight.grad.numpy(), bias.grad.numpy()


# %% [markdown]
# ## Training
# The gradient is all that differs: start, batches and the step, $w - \eta\, \partial L / \partial w$, are the same. The weights
# after every epoch are kept, the start being the first.


# %%
def epoch(gradient: Gradient, w: Array, b: Array) -> tuple[Array, Array]:
    """Weights and biases after one more pass over the batches."""
    for x, y in batches:
        dw, db = gradient(x, y, w, b)
        w, b = w - args.lr * dw, b - args.lr * db
    return w, b


def percentage_error(found: Array, expected: Array) -> float:
    """Mean of |found - expected| / |expected|, as a fraction: 0.01 is one per cent."""
    return float(np.mean(np.abs(found - expected) / np.abs(expected)))


ways = {"by hand": by_hand, "by einsum": by_einsum, "by the engine": by_the_engine, "by PyTorch": by_pytorch}
states = {way: [(start_w, start_b)] for way in ways}
with lesson.until_interrupted(lambda: len(states["by PyTorch"]) > 1):
    for _ in range(args.epochs):
        after_one_more = {way: epoch(gradient, *states[way][-1]) for way, gradient in ways.items()}
        for way, state in after_one_more.items():
            states[way].append(state)
epochs = len(states["by PyTorch"]) - 1

# %%
predictions = {way: softmax(x_valid @ after[-1][0].T + after[-1][1]) for way, after in states.items()}
torch_w, torch_b = states["by PyTorch"][-1]
errors = {
    way: (
        percentage_error(predictions[way], predictions["by PyTorch"]),
        percentage_error(after[-1][0], torch_w),
        percentage_error(after[-1][1], torch_b),
    )
    for way, after in states.items()
}
print(f"Mean absolute percentage error against PyTorch after {epochs} epochs of {len(batches)} batches (as a fraction)")
print(f"{'gradient':14} {'predictions':>12} {'weights':>10} {'bias':>10} {'valid. accuracy':>16}")
for way, (of_predictions, of_weights, of_bias) in errors.items():
    accuracy = float(np.mean(predictions[way].argmax(1) == y_valid))
    print(f"{way:14} {of_predictions:12.1e} {of_weights:10.1e} {of_bias:10.1e} {accuracy:16.4f}")
worst = max(max(row) for row in errors.values())
print(f"largest: {worst:.1e}; one step of float64 at 1.0 is {np.finfo(float).eps:.1e}")

# %% [markdown]
# ## The picture

# %%
figure = Figure(figsize=(15, 4.4), layout="constrained")
loss_ax, error_ax, table_ax = figure.subplots(1, 3)
axis = range(epochs + 1)
styles = dict(zip(ways, [(nn.plots.COLORS[n], marker) for n, marker in ((5, "o"), (0, "s"), (2, "^"), (7, ""))]))


def validation_loss(w: Array, b: Array) -> float:
    return float(-np.log(softmax(x_valid @ w.T + b)[np.arange(len(y_valid)), y_valid]).mean())


for n, (way, (color, marker)) in enumerate(reversed(styles.items())):  # PyTorch's curve lies under the others
    curve = [validation_loss(w, b) for w, b in states[way]]
    if way == "by PyTorch":
        loss_ax.plot(axis, curve, color=color, lw=5, alpha=0.3, label=way)
    else:
        loss_ax.plot(axis[n - 1 :: 3], curve[n - 1 :: 3], color=color, marker=marker, ls="none", ms=7, label=way)
loss_ax.set_title("All four learn the same")
loss_ax.set_xlabel("epoch")
loss_ax.set_ylabel("cross-entropy of the 10,000 validation points")
loss_ax.legend(title="gradient\n(every third epoch marked)")

smallest = 1e-18  # where an error of exactly 0 is drawn on a logarithmic scale
for way, (color, marker) in list(styles.items())[:3]:
    curve = [percentage_error(w, torch_states[0]) for (w, _), torch_states in zip(states[way], states["by PyTorch"])]
    error_ax.plot(axis[1:], np.maximum(curve[1:], smallest), color=color, marker=marker, ms=5, lw=1.2, label=way)
error_ax.set_title("The weights differ from PyTorch's in the last digits")
error_ax.set_xlabel("epoch")
error_ax.set_ylabel("mean of |difference| / |PyTorch's|")

for n, (way, (color, marker)) in enumerate(list(styles.items())[:3]):
    across = np.arange(3) + 0.28 * (n - 1)
    table_ax.plot(across, np.maximum(errors[way], smallest), marker, color=color, ms=8, label=way)
    for x, error in zip(across, errors[way]):
        table_ax.annotate(
            f"{error:.0e}", (x, max(error, smallest)), (0, 7), textcoords="offset points", ha="center", fontsize=7
        )
table_ax.set_xticks(range(3), ["predictions", "weights", "bias"])
table_ax.set_xlim(-0.5, 2.5)
table_ax.set_title(f"After {epochs} epochs: predictions, weights, bias")
table_ax.set_ylabel("mean of |difference| / |PyTorch's|")
for ax in (error_ax, table_ax):
    ax.set_yscale("log")
    ax.set_ylim(smallest / 2, 1e-13)
    ax.axhline(1e-14, color="0.4", ls="--", lw=1, label="$10^{-14}$")
    ax.axhline(np.finfo(float).eps, color="0.4", ls=":", lw=1, label="one step of float64 at 1")
    ax.legend(loc="lower right", ncols=2, fontsize=8)

# %%
print(f"To be seen: four ways to one gradient. After {epochs} epochs their weights and predictions differ by {worst:.1e}")
print("at most, because numbers are rounded in another order. No way is an approximation of another.")
lesson.finish(figure, args.out)
