# %% [markdown]
# # Linear regression: a known line found again, and weight decay
#
# What this teaches: how to know that training works, and what weight decay is for. First, data are made from a known rule,
# $y = 2 x_1 - 3.4 x_2 + 4.2$ plus noise, so that one can look whether gradient descent finds 2, -3.4 and 4.2. It does, as
# closely as the noise allows, and so does the closed formula of least squares.
#
# Then the opposite case: 30 features and only 30 points. Now there is a rule that passes through every point, noise included,
# and it is nonsense elsewhere. Weight decay adds $\frac{\lambda}{2} \lVert w \rVert^2$ to the loss, which keeps the weights
# small: the error on the training points grows, and that on new points usually falls. How much decay is best is asked of 100
# validation points; how good it then is, of 1,000 test points, by which nothing was chosen.

# %%
import numpy as np
from matplotlib.figure import Figure

from tinygrad_lite import Tensor, datasets, manual_seed, nn, randn, tensor
from tinygrad_lite.nn import lesson

options = lesson.Options("Linear regression finds a known rule again; weight decay.")
options.add_argument("--epochs", type=lesson.count, default=10, help="passes over the points of the first part (default: 10)")
options.add_argument("--decay-epochs", type=lesson.count, default=1000, help="and of the second part (default: 1000)")
options.add_argument("--seed", type=int, default=0, help="of the data, the starts and the order of the batches (default: 0)")
options.add_argument("--short", action="store_true", help="100 epochs of the second part, unless --decay-epochs is given")
args = options.parse(short={"decay_epochs": 100})

# %% [markdown]
# ## The model
# One linear layer, the mean of squared errors, gradient descent. The optimizer decays the weights only: a bias moves the whole
# rule up and down, and does not make it any wilder.


# %%
class LinearRegression(nn.Module):
    def __init__(self, features: int, lr: float, weight_decay: float = 0.0) -> None:
        super().__init__()
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
manual_seed(args.seed)
true_w, true_b, noise = tensor([2.0, -3.4]), 4.2, 0.1
x = randn(1000, 2)
y = (x @ true_w + true_b).reshape(-1, 1) + noise * randn(1000, 1)
model = LinearRegression(2, lr=0.03)
trainer = nn.Trainer(args.epochs)
with lesson.until_interrupted(lambda: trainer.history):
    trainer.fit(model, datasets.DataLoader(datasets.TensorDataset(x, y), batch_size=32, shuffle=True))

names = ["w1", "w2", "b"]
truth = [*true_w.tolist(), true_b]
found = model.linear.weight.flatten().tolist() + model.linear.bias.tolist()
columns = np.column_stack([x.numpy(), np.ones(1000)]).astype(np.float64)
closed = np.linalg.lstsq(columns, y.numpy().ravel().astype(np.float64))[0].tolist()
print(f"{'':3} {'truth':>8} {'found':>8} {'error':>8} {'least squares':>14} {'error':>8}")
for name, t, f, c in zip(names, truth, found, closed):
    print(f"{name:3} {t:8.4f} {f:8.4f} {abs(f - t):8.4f} {c:14.4f} {abs(c - t):8.4f}")
last_error = trainer.history["train_loss"][-1]
print(f"mean squared error in the last epoch {last_error:.5f}, that of the noise alone {noise**2:.5f}\n")

# %% [markdown]
# ## As many features as points, and weight decay
# 30 training points of a rule with 30 small weights, with noise of deviation 1. No rule can be better on new points than the
# noise, whose mean square is 1.

# %%
features, noise_wide = 30, 1.0
wide_w = 0.3 * randn(features)
true_norm = float((wide_w**2).sum()) ** 0.5


def points(n: int) -> datasets.DataLoader:
    """All of n new points as one batch."""
    x = randn(n, features)
    y = (x @ wide_w + true_b).reshape(-1, 1) + noise_wide * randn(n, 1)
    return datasets.DataLoader(datasets.TensorDataset(x, y), batch_size=n)


train, valid, test = points(30), points(100), points(1000)
trainer = nn.Trainer(args.decay_epochs, progress=False)
decays: list[float] = []  # those that are done
histories: list[nn.History] = []
test_errors: list[float] = []
norms: list[float] = []
print(f"The norm of the true weights is {true_norm:.2f}")
print(f"{'weight decay':>12} {'train error':>12} {'valid. error':>13} {'test error':>11} {'norm of w':>10}")
for decay in lesson.unless_interrupted([0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0]):
    manual_seed(args.seed)  # the same start for each
    wide = LinearRegression(features, lr=0.05, weight_decay=decay)
    with lesson.until_interrupted(lambda: decays or trainer.history):
        trainer.fit(wide, train, valid)
    history = trainer.history
    if decays and len(history.get("epoch", [])) < args.decay_epochs:
        break  # interrupted: too few epochs to be compared with the others
    decays.append(decay)
    histories.append(history)
    test_errors.append(trainer.validate(wide, test)["val_loss"])
    norms.append(float((wide.linear.weight.array**2).sum()) ** 0.5)
    train_error, valid_error = history["train_loss"][-1], history["val_loss"][-1]
    print(f"{decay:12g} {train_error:12.4f} {valid_error:13.4f} {test_errors[-1]:11.4f} {norms[-1]:10.2f}")
valid_errors = [history["val_loss"][-1] for history in histories]
best = valid_errors.index(min(valid_errors))

# %% [markdown]
# ## The picture

# %%
figure = Figure(figsize=(12, 8.6), layout="constrained")
(path_ax, curve_ax), (decay_ax, norm_ax) = figure.subplots(2, 2)
for values, t, name, color in zip(zip(*model.path), truth, names, nn.plots.COLORS):
    path_ax.axhline(t, color=color, ls="--", lw=1)
    path_ax.plot(values, color=color, label=f"{name} (true value {t:g})")
path_ax.set_title("A known rule is found again")
path_ax.set_xlabel("step of gradient descent")
path_ax.set_ylabel("value while learning; dashed: true value")
path_ax.legend(loc="center right")

blue, orange = nn.plots.COLORS[0], nn.plots.COLORS[5]
for place, color in {0: orange, best: blue}.items():
    for column, style, what in (("val_loss", "-", "100 validation points"), ("train_loss", "--", "30 training points")):
        label = f"weight decay {decays[place]:g}, {what}"
        curve_ax.plot(histories[place]["epoch"], histories[place][column], color=color, ls=style, label=label)
curve_ax.set_xscale("log")
curve_ax.set_title("30 features, 30 points: learning by heart")
curve_ax.set_xlabel("epoch")

places = range(len(decays))
decay_ax.plot(places, test_errors, "o-", color="black", label="1,000 test points")
decay_ax.plot(places, valid_errors, "^:", color="black", label="100 validation points")
decay_ax.plot(places, [history["train_loss"][-1] for history in histories], "s--", color="black", label="30 training points")
decay_ax.set_title(f"The errors after {len(histories[0]['epoch'])} epochs")
for ax in (curve_ax, decay_ax):
    ax.axhline(noise_wide**2, color="0.5", lw=1, ls=":", label="the noise: no rule does better on new points")
    ax.set_yscale("log")
    ax.set_ylim(bottom=histories[0]["train_loss"][-1] / 20)  # room for the legend
    ax.set_ylabel("mean squared error")
norm_ax.plot(places, norms, "D-", color=nn.plots.COLORS[2], label="learnt")
norm_ax.axhline(true_norm, color=nn.plots.COLORS[2], lw=1, ls="--", label="of the true weights")
norm_ax.set_ylim(bottom=0)
norm_ax.set_title("The norm of the weights")
norm_ax.set_ylabel("norm")
for ax in (decay_ax, norm_ax):
    ax.axvline(best, color=blue, lw=6, alpha=0.2, label="best on the validation points")
    ax.set_xticks(places, [f"{decay:g}" for decay in decays])
    ax.set_xlabel("weight decay")
for ax in (curve_ax, decay_ax, norm_ax):
    ax.legend(fontsize=8, loc="lower left")

# %%
by_descent = max(abs(f - t) for f, t in zip(found, truth))
by_formula = max(abs(c - t) for c, t in zip(closed, truth))
print(f"To be seen: gradient descent finds the rule that made the data to {by_descent:.4f}, the formula to {by_formula:.4f}.")
print(f"With 30 features for 30 points and weight decay {decays[best]:g}, which the validation points choose, ", end="")
print(f"the error on the test points is\n{test_errors[best]:.2f}, and {test_errors[0]:.2f} without decay. ", end="")
print(
    f"On the training points it is {histories[best]['train_loss'][-1]:.2f}, and {histories[0]['train_loss'][-1]:.2f} without."
)
lesson.finish(figure, args.out)
