# %% [markdown]
# # Softmax regression on Fashion-MNIST, with nn
#
# What this teaches: what a library takes off one's hands. The model, the loss, the optimizer and the loop of
# `softmax_regression_scratch.py`, each now one line of nn. The first weights and the order of the pictures are the same, and
# so the printed numbers are the same too. What nn adds is that softmax and the logarithm of the loss are one step, which
# cannot overflow.

# %%
import argparse
import sys
from pathlib import Path
from time import perf_counter

from matplotlib.figure import Figure

from tinygrad_lite import Tensor, datasets, manual_seed, nn

parser = argparse.ArgumentParser(description="Softmax regression on Fashion-MNIST, with nn.")
parser.add_argument("--epochs", type=int, default=10, help="passes over the training pictures (default: 10)")
parser.add_argument("--batch-size", type=int, default=256, help="pictures a step (default: 256)")
parser.add_argument("--lr", type=float, default=0.1, help="the learning rate (default: 0.1)")
parser.add_argument("--seed", type=int, default=0, help="of the first weights and the order of the pictures (default: 0)")
parser.add_argument("--short", action="store_true", help="two epochs")
parser.add_argument("--out", type=Path, default=Path("figures/softmax_regression.png"), help="where the figure goes")
args = parser.parse_args([] if "ipykernel" in sys.modules else None)  # a notebook has no command line
epochs = 2 if args.short else args.epochs

# %% [markdown]
# ## The data

# %%
train, test = datasets.FashionMNIST(train=True), datasets.FashionMNIST(train=False)
train_batches = datasets.DataLoader(train, batch_size=args.batch_size, shuffle=True)
test_batches = datasets.DataLoader(test, batch_size=1000)

# %% [markdown]
# ## The model
# It says what it computes, what one step of training is, and how it is optimized. It gives scores, not probabilities:
# `CrossEntropyLoss` takes scores, and the class with the highest score is the one with the highest probability.


# %%
class SoftmaxRegression(nn.Module):
    def __init__(self, lr: float) -> None:
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
        self.loss = nn.CrossEntropyLoss()
        self.lr = lr

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)

    def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
        x, y = batch
        return self.loss(self(x), y)

    def validation_step(self, batch: list[Tensor], batch_idx: int) -> None:
        x, y = batch
        scores = self(x)
        self.log("test_loss", self.loss(scores, y))
        self.log("test_accuracy", nn.accuracy(scores, y))

    def configure_optimizers(self) -> nn.optim.Optimizer:
        return nn.optim.SGD(self.parameters(), lr=self.lr)


model = SoftmaxRegression(args.lr)
layer = model.net[1]
manual_seed(args.seed)  # after Linear has drawn weights of its own
nn.init.normal_(layer.weight, std=0.01)
nn.init.zeros_(layer.bias)

# %% [markdown]
# ## Training

# %%
begin = perf_counter()
history = nn.Trainer(max_epochs=epochs).fit(model, train_batches, test_batches)
seconds = perf_counter() - begin
print(f"{'epoch':>5} {'train loss':>11} {'test loss':>10} {'test accuracy':>14}")
for epoch, *row in zip(*(history[name] for name in ("epoch", "train_loss", "test_loss", "test_accuracy"))):
    print(f"{epoch:5d} {row[0]:11.4f} {row[1]:10.4f} {row[2]:14.4f}")
print(f"{seconds:.2f} seconds for {epochs} epochs")

# %% [markdown]
# ## The picture
# The curves, and what the model has learnt: the ten rows of its weight as pictures.

# %%
figure = Figure(figsize=(14, 7), layout="constrained")
panels = figure.subplot_mosaic([["loss", "weights"], ["accuracy", "weights"]], width_ratios=[1, 2])
loss_ax, accuracy_ax, weights_ax = panels["loss"], panels["accuracy"], panels["weights"]
loss_ax.set_prop_cycle(marker=["o", "s"], ls=["-", "--"])
history.plot(loss_ax, ["train_loss", "test_loss"])
loss_ax.legend(["training, mean over the epoch", "test, at its end"])
loss_ax.set_ylabel("cross-entropy (nats)")
loss_ax.set_title("Loss")
accuracy_ax.set_prop_cycle(marker=["s"], ls=["--"])
history.plot(accuracy_ax, ["test_accuracy"])
accuracy_ax.lines[0].set_color(nn.plots.COLORS[1])  # as the test loss above
accuracy_ax.legend().remove()
accuracy_ax.set_ylabel("share of the 10,000 test pictures")
accuracy_ax.set_title(f"Test accuracy: {history['test_accuracy'][-1]:.3f} at the end")
rows = layer.weight.detach().reshape(10, 28, 28)
largest = rows.abs().max().item()
nn.plots.show_images(rows, test.classes, weights_ax, columns=4, cmap="RdBu_r", limits=(-largest, largest))
label = "weight: cloth on this pixel speaks for the class (+, red) or against it (-, blue)"
figure.colorbar(weights_ax.images[0], ax=weights_ax, label=label, shrink=0.8)
weights_ax.set_title("The weights of each class")
nn.plots.save_figure(figure, args.out)

# %%
print("To be seen: the curves are those of softmax_regression_scratch.py, up to rounding. Each row of weights is a blurred")
print("picture of what sets its class apart from the others: trousers have a gap between the legs, dresses no sleeves.")
print(f"Figure: {args.out}")
