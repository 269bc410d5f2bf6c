# %% [markdown]
# # Iris: a straight border against a bent one
#
# What this teaches: a whole training run. 150 irises of three species are told apart by the length and the width of a petal,
# once by a linear classifier (2 -> 3), whose borders are straight lines, and once by a small network (2 -> 5, ReLU, -> 3),
# whose borders may bend. Both learn by AdamW on the cross-entropy of batches of 16 flowers. 30 flowers are never learnt from:
# they tell how well the rest was understood, rather than remembered.
#
# Where a training ends depends on where it starts, so each model starts several times, and the start with the lowest *training*
# loss is kept. (To choose by the test flowers would be to learn from them.)

# %%
import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from matplotlib.figure import Figure

from tinygrad_lite import Tensor, datasets, manual_seed, nn, no_grad

parser = argparse.ArgumentParser(description="Two classifiers learn Iris; a picture shows what.")
parser.add_argument("--epochs", type=int, default=100, help="passes over the training flowers (default: 100)")
parser.add_argument("--starts", type=int, default=5, help="random starts of each model (default: 5)")
parser.add_argument("--seed", type=int, default=0, help="of the split, the starts and the order of the batches (default: 0)")
parser.add_argument("--device", default="cpu", help="cpu, or cuda for an NVIDIA GPU (default: cpu)")
parser.add_argument("--out", type=Path, default=Path("figures/train_iris.png"), help="where the figure goes")
args = parser.parse_args([] if "ipykernel" in sys.modules else None)  # a notebook has no command line
if args.starts < 1:
    parser.error(f"--starts must be at least 1, got {args.starts}")

# %% [markdown]
# ## The data
# The split is stratified: ten flowers of each species are set aside. What the models see is standardized, by the mean and the
# deviation of the training flowers, so that both features are numbers around 0.

# %%
flowers = datasets.Iris(features=("petal length", "petal width"))
train, test = flowers.split(test_size=30, seed=args.seed)
scaled, scaled_test, scaled_all = datasets.standardize(train, test, flowers)

# %% [markdown]
# ## The models
# A model says what one step is; `nn.Trainer` does the rest.


# %%
class Classifier(nn.Module):
    def __init__(self, *layers: nn.Module) -> None:
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)

    def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
        x, y = batch
        return nn.functional.cross_entropy(self(x), y)

    def configure_optimizers(self) -> nn.optim.Optimizer:
        return nn.optim.AdamW(self.parameters(), lr=0.01)


architectures: dict[str, Callable[[], Classifier]] = {
    "linear": lambda: Classifier(nn.Linear(2, 3)),
    "MLP": lambda: Classifier(nn.Linear(2, 5), nn.ReLU(), nn.Linear(5, 3)),
}

# %% [markdown]
# ## Training

# %%
trainer = nn.Trainer(max_epochs=args.epochs)
best: dict[str, Classifier] = {}
curves: dict[str, list[list[float]]] = {}  # of each start
kept: dict[str, int] = {}  # which start that was
print(f"{'model':8} {'parameters':>10} {'train loss':>11} {'train acc.':>11} {'test acc.':>10} {'seconds':>8}")
for name, architecture in architectures.items():
    begin = perf_counter()
    lowest, curves[name] = float("inf"), []
    for start in range(args.starts):
        manual_seed(1000 * args.seed + start)
        model = architecture().to(args.device)
        history = trainer.fit(model, datasets.DataLoader(scaled, batch_size=16, shuffle=True))
        curves[name].append(history["train_loss"])
        with no_grad():
            loss = nn.functional.cross_entropy(model.cpu()(scaled.data), scaled.targets).item()
        if loss < lowest:
            lowest, best[name], kept[name] = loss, model, start
    seconds = perf_counter() - begin
    with no_grad():
        train_accuracy = nn.accuracy(best[name](scaled.data), scaled.targets)
        test_accuracy = nn.accuracy(best[name](scaled_test.data), scaled_test.targets)
    size = sum(p.numel() for p in best[name].parameters())
    print(f"{name:8} {size:10d} {lowest:11.4f} {train_accuracy:11.3f} {test_accuracy:10.3f} {seconds:8.2f}")
print(f"The best of {args.starts} starts by training loss, {args.epochs} epochs each; the seconds are for all starts.")

# %% [markdown]
# ## The picture

# %%
figure = Figure(figsize=(15, 4.6), layout="constrained")
curves_ax, *region_axes = figure.subplots(1, 3)
epochs = range(1, args.epochs + 1)
for (name, losses), color in zip(curves.items(), (nn.plots.COLORS[5], nn.plots.COLORS[7])):
    for start, curve in enumerate(losses):
        chosen = start == kept[name]
        label = f"{name}, best start" if chosen else f"{name}, other starts" if start == (kept[name] == 0) else None
        curves_ax.plot(epochs, curve, color=color, lw=2.2 if chosen else 0.8, alpha=1 if chosen else 0.45, label=label)
curves_ax.set_yscale("log")
curves_ax.set_xlabel("epoch")
curves_ax.set_ylabel("mean cross-entropy of the training batches")
curves_ax.set_title("Training loss from every start")
curves_ax.legend()

mean, deviation = train.data.mean(0), Tensor(train.data.numpy().std(0))
for ax, (name, model) in zip(region_axes, best.items()):
    nn.plots.plot_decision_regions(
        lambda x, model=model: model((x - mean) / deviation), flowers.data, flowers.targets, flowers.classes, ax
    )
    wrong, wrong_test = (
        round((1 - nn.accuracy(model(table.data), table.targets)) * len(table)) for table in (scaled_all, scaled_test)
    )
    ax.set_title(f"{name}: {wrong} of 150 misclassified, {wrong_test} of the 30 test flowers")
    ax.set_xlabel("petal length (cm)")
    ax.set_ylabel("petal width (cm)")
    ax.legend(loc="upper left", title="markers: true species\nbackground: predicted", fontsize=8, title_fontsize=8)
nn.plots.save_figure(figure, args.out)

# %%
print("To be seen: setosa stands apart; versicolor and virginica overlap, so any border has a few flowers on its wrong side,")
print("and a lower training loss does not mean fewer mistakes. (Measured to 0.1 cm, some flowers lie on top of each other.)")
print(f"Figure: {args.out}")
