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
from time import perf_counter

import numpy as np
from matplotlib.figure import Figure

from tinygrad_lite import Tensor, cat, datasets, manual_seed, nn, no_grad
from tinygrad_lite.nn import lesson

options = lesson.Options("A network of three layers learns Fashion-MNIST.")
options.add_argument("--epochs", type=lesson.count, default=30, help="passes over the training pictures at most (default: 30)")
options.add_argument("--seed", type=int, default=0, help="of the split, the start and the order of the batches (default: 0)")
options.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="cuda is an NVIDIA GPU (default: cpu)")
options.add_argument("--short", action="store_true", help="5,000 pictures; 2 epochs, unless --epochs is given")
args = options.parse(short={"epochs": 2})

# %% [markdown]
# ## The data
# If the files are nowhere on this machine they are downloaded (30 MB).

# %%
manual_seed(args.seed)
pictures, test = datasets.FashionMNIST(train=True), datasets.FashionMNIST(train=False)
lengths = [5000, 1000, 54000] if args.short else [55000, 5000]
train, valid, *_ = datasets.random_split(pictures, lengths)
train_loader = datasets.DataLoader(train, batch_size=128, shuffle=True)
valid_loader, test_loader = datasets.DataLoader(valid, batch_size=1000), datasets.DataLoader(test, batch_size=1000)

# %% [markdown]
# ## The model


# %%
class MLP(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.last = nn.Linear(784, 256), nn.Linear(256, 128), nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Tensor:
        h = nn.functional.relu(self.first(x.flatten(1)))
        h = nn.functional.relu(self.second(h))
        return self.last(h)

    def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
        x, y = batch
        return nn.functional.cross_entropy(self(x), y)

    def validation_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
        return self.training_step(batch, batch_idx)

    def configure_optimizers(self) -> nn.optim.Optimizer:
        return nn.optim.AdamW(self.parameters(), lr=0.002)


# %% [markdown]
# ## Training

# %%
model = MLP().to(args.device)
stopping = nn.EarlyStopping(monitor="val_loss", patience=3)
best, norms = nn.BestWeights(monitor="val_loss"), nn.GradientNorms()
rows = lesson.PrintEpochs("train_loss", "val_loss", "val_accuracy")
trainer = nn.Trainer(args.epochs, metrics={"accuracy": nn.accuracy}, callbacks=[stopping, best, norms, rows])
begin = perf_counter()
with lesson.until_interrupted(lambda: trainer.history):
    trainer.fit(model, train_loader, valid_loader)
history = trainer.history
ending = "stopped early after" if stopping.stopped_epoch else "ended after"
print(f"{ending} {len(history['epoch'])} epochs in {perf_counter() - begin:.1f} seconds; ", end="")
print(f"the weights are those of epoch {best.best_epoch}, which has the lowest validation loss")
for layer, values in norms.norms.items():
    print(f"  norm of the gradient of {layer:6}: {values[0]:.3f} in the first epoch, {values[-1]:.3f} in the last")

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
loss_ax.set_prop_cycle(marker=["o", "s"])
history.plot(loss_ax, columns=["train_loss", "val_loss"])
for line, label in zip(loss_ax.lines, ("training, mean over the epoch", "validation, at the end of the epoch")):
    line.set_label(label)
loss_ax.set_title("Loss")
loss_ax.set_ylabel("cross-entropy")
accuracy_ax.set_prop_cycle(marker=["s"])
history.plot(accuracy_ax, columns=["val_accuracy"])
accuracy_ax.lines[0].set(color=nn.plots.COLORS[1], label="validation, at the end of the epoch")
accuracy_ax.axhline(accuracy, color=nn.plots.COLORS[5], ls="--", label=f"test accuracy of the weights kept, {accuracy:.3f}")
accuracy_ax.set_title("Accuracy")
accuracy_ax.set_ylabel("share of pictures named rightly")
for ax in (loss_ax, accuracy_ax):
    ax.axvline(best.best_epoch, color="0.5", lw=1, ls=":", label=f"lowest validation loss: epoch {best.best_epoch}")
    ax.legend()
norm_ax.set_prop_cycle(marker=["o"])
norms.plot(norm_ax)
norm_ax.set_ylabel("norm of the gradient, mean over the epoch")
norm_ax.set_title("Does every layer learn?")
nn.plots.plot_confusion_matrix(labels, predicted, test.classes, confusion_ax)
confusion_ax.set_title(f"Test pictures of each kind, by what they were taken for ({accuracy:.1%} right)")
nn.plots.show_wrong_predictions(test.images, labels, predicted, test.classes, wrong_ax, count=20, columns=5)
wrong_ax.set_title("The first wrong predictions: what it is, and what it was taken for")
weight = model.first.weight.detach().cpu()
strongest = weight.abs().max(1).values.numpy().argsort()[::-1][:25]
nn.plots.show_weights(weight[strongest.tolist()], (28, 28), weight_ax, count=25, columns=5)
weight_ax.set_title("What raises (red) and lowers (blue) 25 units of the first layer")
bar = weight_ax.inset_axes((0.02, -0.04, 0.96, 0.025))
figure.colorbar(weight_ax.images[0], cax=bar, orientation="horizontal", label="weight of the pixel")

kept, end = best.best_epoch - 1, len(history["epoch"]) - 1
print(f"To be seen: the validation loss is lowest after epoch {best.best_epoch}, {history['val_loss'][kept]:.3f}", end="")
if end > kept:
    print(f"; by epoch {end + 1} it is {history['val_loss'][end]:.3f},", end="")
    print(f"\nwhile the training loss went from {history['train_loss'][kept]:.3f} to {history['train_loss'][end]:.3f}", end="")
last_norms = {layer: values[-1] for layer, values in norms.norms.items()}
print(f".\nThe smallest gradient of a layer has the norm {min(last_norms.values()):.3f} in the last epoch. ", end="")
hardest, easiest = (test.classes[int(n)] for n in (counts.diagonal().argmin(), counts.diagonal().argmax()))
print(
    f"The hardest kind is {hardest}, {counts.diagonal().min()} of 1000 right, the easiest {easiest}, {counts.diagonal().max()}."
)
lesson.finish(figure, args.out)
