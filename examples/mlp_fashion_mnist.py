# %% [markdown]
# # A deeper network on Fashion-MNIST, and what to look at while it learns
#
# What this teaches: how a training is run that one can trust. A network of three layers, $784 \to 256 \to 128 \to 10$ with
# ReLUs between, learns to tell ten kinds of clothes apart, by AdamW on the cross-entropy of batches of 128 pictures.
#
# - 5,000 of the 60,000 training pictures are set aside for **validation**: after each epoch they tell how well pictures are
#   understood that were not learnt from.
# - **Early stopping** ends the training when the validation loss has not fallen for three epochs, and the **weights of the best
#   epoch** are put back.
# - The 10,000 **test** pictures are looked at once, at the end: when to stop and which weights to keep is not decided by them.
# - The **norm of the gradient** of each layer tells whether all of them learn, and the **confusion matrix** which kinds are
#   taken for which.

# %%
import argparse
import sys
from pathlib import Path
from time import perf_counter

import numpy as np
from matplotlib.figure import Figure

from tinygrad_lite import Tensor, cat, datasets, manual_seed, nn, no_grad

parser = argparse.ArgumentParser(description="A network of three layers learns Fashion-MNIST.")
parser.add_argument("--epochs", type=int, default=10, help="passes over the training pictures at most (default: 10)")
parser.add_argument("--seed", type=int, default=0, help="of the split, the start and the order of the batches (default: 0)")
parser.add_argument("--device", default="cpu", help="cpu, or cuda for an NVIDIA GPU (default: cpu)")
parser.add_argument("--short", action="store_true", help="2 epochs of 5,000 pictures")
parser.add_argument("--out", type=Path, default=Path("figures/mlp_fashion_mnist.png"), help="where the figure goes")
args = parser.parse_args([] if "ipykernel" in sys.modules else None)  # a notebook has no command line
if args.epochs < 1:
    parser.error(f"--epochs must be at least 1, got {args.epochs}")
manual_seed(args.seed)

# %% [markdown]
# ## The data
# If the files are nowhere on this machine they are downloaded (30 MB).

# %%
pictures, test = datasets.FashionMNIST(train=True), datasets.FashionMNIST(train=False)
lengths = [5000, 1000, 54000] if args.short else [55000, 5000]
train, valid, *_ = datasets.random_split(pictures, lengths)
train_loader = datasets.DataLoader(train, batch_size=128, shuffle=True)
valid_loader, test_loader = datasets.DataLoader(valid, batch_size=1000), datasets.DataLoader(test, batch_size=1000)

# %% [markdown]
# ## The model
# The learning rate falls from 0.002 along a cosine, so that the last steps are small ones.


# %%
class MLP(nn.Module):
    def __init__(self, epochs: int) -> None:
        self.first, self.second, self.last = nn.Linear(784, 256), nn.Linear(256, 128), nn.Linear(128, 10)
        self.epochs = epochs

    def forward(self, x: Tensor) -> Tensor:
        h = nn.functional.relu(self.first(x.flatten(1)))
        h = nn.functional.relu(self.second(h))
        return self.last(h)

    def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
        x, y = batch
        return nn.functional.cross_entropy(self(x), y)

    def validation_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
        return self.training_step(batch, batch_idx)

    def configure_optimizers(self) -> tuple[list[nn.optim.Optimizer], list[nn.optim.lr_scheduler.LRScheduler]]:
        optimizer = nn.optim.AdamW(self.parameters(), lr=0.002)
        return [optimizer], [nn.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=self.epochs)]


# %% [markdown]
# ## Training

# %%
epochs = 2 if args.short else args.epochs
model = MLP(epochs).to(args.device)
stopping = nn.EarlyStopping(monitor="val_loss", patience=3)
best, norms = nn.BestWeights(monitor="val_loss"), nn.GradientNorms()
trainer = nn.Trainer(epochs, metrics={"accuracy": nn.accuracy}, callbacks=[stopping, best, norms])
begin = perf_counter()
history = trainer.fit(model, train_loader, valid_loader)
seconds = perf_counter() - begin

print(f"{'epoch':>5} {'train loss':>11} {'valid. loss':>12} {'valid. accuracy':>16}   gradient norms")
for n, epoch in enumerate(history["epoch"]):
    losses = f"{history['train_loss'][n]:11.4f} {history['val_loss'][n]:12.4f} {history['val_accuracy'][n]:16.4f}"
    layers = ", ".join(f"{layer} {values[n]:.3f}" for layer, values in norms.norms.items())
    print(f"{epoch:5} {losses}   {layers}{'   best' if epoch == best.best_epoch else ''}")
ending = f"stopped early after {stopping.stopped_epoch}" if stopping.stopped_epoch else f"{len(history['epoch'])}"
print(f"{ending} epochs in {seconds:.1f} seconds, the weights are those of epoch {best.best_epoch}")

# %% [markdown]
# ## The test

# %%
with no_grad():
    scores = cat([model(x.to(args.device)).cpu() for x, _ in test_loader])
labels = test.labels.long()
predicted = scores.argmax(1)
accuracy = nn.accuracy(scores, labels)
y, guess = labels.numpy(), predicted.numpy()
counts = np.zeros((10, 10), int)
np.add.at(counts, (y, guess), 1)
print(f"test accuracy {accuracy:.4f}: {int((y != guess).sum())} of {len(y)} pictures are taken for something else")
mistakes = counts * (1 - np.eye(10, dtype=int))
for place in np.argsort(mistakes, axis=None)[::-1][:3]:
    true, taken = np.unravel_index(place, mistakes.shape)
    print(f"  {test.classes[true]} taken for {test.classes[taken]}: {mistakes[true, taken]} of {counts[true].sum()}")

# %% [markdown]
# ## The picture

# %%
figure = Figure(figsize=(18, 11.5), layout="constrained")
(loss_ax, accuracy_ax, norm_ax), (confusion_ax, wrong_ax, weight_ax) = figure.subplots(2, 3, height_ratios=[0.65, 1])
history.plot(loss_ax)
loss_ax.set_title("Loss")
loss_ax.set_ylabel("mean cross-entropy")
history.plot(accuracy_ax, columns=["val_accuracy"])
accuracy_ax.axhline(accuracy, color=nn.plots.COLORS[5], ls="--", label=f"test accuracy of the weights kept, {accuracy:.3f}")
accuracy_ax.set_title("Accuracy")
accuracy_ax.set_ylabel("share of pictures told right")
for ax in (loss_ax, accuracy_ax):
    ax.axvline(best.best_epoch, color="0.5", lw=1, ls=":", label=f"best validation loss: epoch {best.best_epoch}")
    ax.legend()
norms.plot(norm_ax)
norm_ax.set_title("Does every layer learn?")
nn.plots.plot_confusion_matrix(labels, predicted, test.classes, confusion_ax)
confusion_ax.set_title(f"Test pictures of each kind, by what they were taken for ({accuracy:.1%} right)")
nn.plots.show_wrong_predictions(test.images, labels, predicted, test.classes, wrong_ax, count=20, columns=5)
wrong_ax.set_title("The first wrong predictions: what it is, and what it was taken for")
weight = model.first.weight.detach().cpu()
strongest = weight.abs().max(1).values.numpy().argsort()[::-1][:25]
nn.plots.show_weights(weight[strongest.tolist()], (28, 28), weight_ax, count=25, columns=5)
weight_ax.set_title("What raises (red) and lowers (blue) 25 units of the first layer")
nn.plots.save_figure(figure, args.out)

# %%
print(
    "To be seen: the training loss goes on falling while the validation loss levels off; no layer's gradient vanishes; shirts,"
)
print("T-shirts, pullovers and coats are taken for each other, trousers and bags for nothing else.")
print(f"Figure: {args.out}")
