# %% [markdown]
# # Linear regression: a known line found again, and weight decay
#
# What this teaches: how to know that training works, and what weight decay is for. First, data are made from a known rule,
# $y = 2 x_1 - 3.4 x_2 + 4.2$ plus noise, so that one can look whether gradient descent finds 2, -3.4 and 4.2. It does, as
# closely as the noise allows, and so does the closed formula of least squares.
#
# Then the opposite case: 30 features and only 30 points. Now there is a rule that passes through every point, noise included,
# and it is nonsense elsewhere. Weight decay adds $\frac{\lambda}{2} \lVert w \rVert^2$ to the loss, which keeps the weights
# small: the error on the training points grows, that on new points falls.

# %%
import argparse
import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from tinygrad_lite import Tensor, datasets, manual_seed, nn, randn, tensor

parser = argparse.ArgumentParser(description="Linear regression finds a known rule again; weight decay.")
parser.add_argument("--epochs", type=int, default=10, help="passes over the 1,000 points of the first part (default: 10)")
parser.add_argument("--seed", type=int, default=0, help="of the data, the starts and the order of the batches (default: 0)")
parser.add_argument("--short", action="store_true", help="100 instead of 1,000 epochs of the second part")
parser.add_argument("--out", type=Path, default=Path("figures/linear_regression.png"), help="where the figure goes")
args = parser.parse_args([] if "ipykernel" in sys.modules else None)  # a notebook has no command line
if args.epochs < 1:
    parser.error(f"--epochs must be at least 1, got {args.epochs}")
manual_seed(args.seed)

# %% [markdown]
# ## The model
# One linear layer, the mean of squared errors, gradient descent. Weight decay is told to the optimizer, for the weights only: a
# bias moves the whole rule up and down and does not make it any wilder.


# %%
class LinearRegression(nn.Module):
    def __init__(self, features: int, lr: float, weight_decay: float = 0.0) -> None:
        self.linear = nn.Linear(features, 1)
        nn.init.normal_(self.linear.weight, std=0.01)
        nn.init.zeros_(self.linear.bias)
        self.lr, self.weight_decay = lr, weight_decay
        self.path: list[list[float]] = []  # weights and bias before each step

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x)

    def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
        x, y = batch
        self.path.append(self.linear.weight.flatten().tolist() + self.linear.bias.tolist())
        return nn.functional.mse_loss(self(x), y)

    def validation_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
        x, y = batch
        return nn.functional.mse_loss(self(x), y)

    def configure_optimizers(self) -> nn.optim.Optimizer:
        decayed = {"params": [self.linear.weight], "weight_decay": self.weight_decay}
        return nn.optim.SGD([decayed, {"params": [self.linear.bias]}], lr=self.lr)


# %% [markdown]
# ## A known rule, found again
# 1,000 points with noise of deviation 0.1, in batches of 32. The noise hides the rule to about $0.1 / \sqrt{1000} = 0.003$: no
# method can be expected to come closer.

# %%
true_w, true_b, noise = tensor([2.0, -3.4]), 4.2, 0.1
x = randn(1000, 2)
y = (x @ true_w + true_b).reshape(-1, 1) + noise * randn(1000, 1)
model = LinearRegression(2, lr=0.03)
history = nn.Trainer(args.epochs).fit(model, datasets.DataLoader(datasets.TensorDataset(x, y), batch_size=32, shuffle=True))

names = ["w1", "w2", "b"]
truth = [*true_w.tolist(), true_b]
found = model.linear.weight.flatten().tolist() + model.linear.bias.tolist()
columns = np.column_stack([x.numpy(), np.ones(1000)]).astype(np.float64)
closed = np.linalg.lstsq(columns, y.numpy().ravel().astype(np.float64))[0].tolist()
print(f"{'':3} {'truth':>8} {'found':>8} {'error':>8} {'least squares':>14} {'error':>8}")
for name, t, f, c in zip(names, truth, found, closed):
    print(f"{name:3} {t:8.4f} {f:8.4f} {abs(f - t):8.4f} {c:14.4f} {abs(c - t):8.4f}")
print(f"mean squared error in the last epoch {history['train_loss'][-1]:.5f}, that of the noise alone {noise**2:.5f}\n")
assert args.epochs < 10 or max(abs(f - t) for f, t in zip(found, truth)) < 0.03

# %% [markdown]
# ## As many features as points, and weight decay
# 30 training points and 1,000 others of a rule with 30 small weights, with noise of deviation 1. No rule can be better on new
# points than the noise, whose mean square is 1.

# %%
features, epochs, noise_wide = 30, 100 if args.short else 1000, 1.0
wide_w = 0.3 * randn(features)


def points(n: int) -> datasets.TensorDataset:
    x = randn(n, features)
    return datasets.TensorDataset(x, (x @ wide_w + true_b).reshape(-1, 1) + noise_wide * randn(n, 1))


train, valid = datasets.DataLoader(points(30), batch_size=30), datasets.DataLoader(points(1000), batch_size=1000)
decays = [0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0]
histories, norms = {}, {}
print(f"The norm of the true weights is {float((wide_w**2).sum()) ** 0.5:.2f}")
print(f"{'weight decay':>12} {'train error':>12} {'valid. error':>13} {'norm of w':>10}")
for decay in decays:
    manual_seed(args.seed)  # the same start for each
    wide = LinearRegression(features, lr=0.05, weight_decay=decay)
    histories[decay] = nn.Trainer(epochs, progress=False).fit(wide, train, valid)
    norms[decay] = float((wide.linear.weight.array**2).sum()) ** 0.5
    last = {name: column[-1] for name, column in histories[decay].items()}
    print(f"{decay:12g} {last['train_loss']:12.4f} {last['val_loss']:13.4f} {norms[decay]:10.2f}")
best = min(decays, key=lambda decay: histories[decay]["val_loss"][-1])
assert best > 0

# %% [markdown]
# ## The picture

# %%
figure = Figure(figsize=(15, 4.4), layout="constrained")
path_ax, curve_ax, decay_ax = figure.subplots(1, 3)
for values, t, name, color in zip(zip(*model.path), truth, names, nn.plots.COLORS):
    path_ax.axhline(t, color=color, ls="--", lw=1)
    path_ax.plot(values, color=color, label=f"{name} (true value {t:g})")
path_ax.set_title("A known rule is found again")
path_ax.set_xlabel("step of gradient descent")
path_ax.set_ylabel("value while learning; dashed: true value")
path_ax.legend(loc="center right")

blue, orange = nn.plots.COLORS[0], nn.plots.COLORS[5]
for decay, color in ((0.0, orange), (best, blue)):
    for column, style, what in (("val_loss", "-", "1,000 new points"), ("train_loss", "--", "30 training points")):
        label = f"weight decay {decay:g}, {what}"
        curve_ax.plot(histories[decay]["epoch"], histories[decay][column], color=color, ls=style, label=label)
curve_ax.axhline(noise_wide**2, color="0.5", lw=1, ls=":", label="the noise: no rule does better on new points")
curve_ax.set_xscale("log")
curve_ax.set_yscale("log")
curve_ax.set_ylim(bottom=3e-3)
curve_ax.set_title("30 features, 30 points: learning by heart")
curve_ax.set_xlabel("epoch")
curve_ax.set_ylabel("mean squared error")
curve_ax.legend(fontsize=8, loc="lower left")

places = range(len(decays))
for column, style, what in (("val_loss", "o-", "1,000 new points"), ("train_loss", "s--", "30 training points")):
    decay_ax.plot(places, [histories[decay][column][-1] for decay in decays], style, color="black", label=what)
decay_ax.plot(places, [norms[decay] for decay in decays], "^:", color=nn.plots.COLORS[2], label="norm of the weights")
decay_ax.axvline(decays.index(best), color=blue, lw=6, alpha=0.2, label="best on new points")
decay_ax.set_xticks(places, [f"{decay:g}" for decay in decays])
decay_ax.set_yscale("log")
decay_ax.set_title(f"After {epochs} epochs, against weight decay")
decay_ax.set_xlabel("weight decay")
decay_ax.set_ylabel("mean squared error; norm")
decay_ax.legend(fontsize=8, loc="lower right")
nn.plots.save_figure(figure, args.out)

# %%
print(
    "To be seen: gradient descent finds the rule that made the data, as closely as the formula. With as many features as points"
)
print("it learns the noise by heart, and is wrong on new points; weight decay mends much of that, and pays on the old points.")
print(f"Figure: {args.out}")
