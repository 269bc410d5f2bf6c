# %% [markdown]
# # Softmax regression on Fashion-MNIST, with nn
#
# What this teaches: what a library takes off one's hands. The model, the loss, the optimizer and the loop of
# `softmax_regression_scratch.py`, each now one line of nn. The first weights and the order of the pictures are the same, and
# so the printed numbers are the same too. What nn adds is that softmax and the logarithm of the loss are one step, which
# cannot overflow.

# %%
from time import perf_counter

from matplotlib.figure import Figure

from tinygrad_lite import Tensor, datasets, manual_seed, nn
from tinygrad_lite.nn import lesson

options = lesson.Options("Softmax regression on Fashion-MNIST, with nn.")
options.add_argument("--epochs", type=lesson.count, default=10, help="passes over the training pictures (default: 10)")
options.add_argument("--batch-size", type=lesson.count, default=256, help="pictures a step (default: 256)")
options.add_argument("--lr", type=lesson.rate, default=0.1, help="the learning rate (default: 0.1)")
options.add_argument("--seed", type=int, default=0, help="of the first weights and the order of the pictures (default: 0)")
options.add_argument("--short", action="store_true", help="2 epochs, unless --epochs is given")
args = options.parse(short={"epochs": 2})

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
        super().__init__()
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
rows = lesson.PrintEpochs("train_loss", "test_loss", "test_accuracy")
trainer = nn.Trainer(max_epochs=args.epochs, callbacks=[rows])
begin = perf_counter()
with lesson.until_interrupted(lambda: trainer.history):
    trainer.fit(model, train_batches, test_batches)
history = trainer.history
print(f"{perf_counter() - begin:.2f} seconds for {len(history['epoch'])} epochs")

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
accuracy_ax.axhline(0.1, color="0.5", lw=1, ls=":")
accuracy_ax.legend(["test, at the end of the epoch", "guessing"], loc="lower right", bbox_to_anchor=(1, 0.12))
accuracy_ax.set_ylim(0, 1)
accuracy_ax.set_ylabel("share of the 10,000 test pictures")
accuracy_ax.set_title(f"Test accuracy: {history['test_accuracy'][-1]:.3f} at the end")
weights = layer.weight.detach().reshape(10, 28, 28)
largest = weights.abs().max().item()
nn.plots.show_images(weights, test.classes, weights_ax, columns=4, cmap="RdBu_r", limits=(-largest, largest))
bar = weights_ax.inset_axes((0.52, 0.14, 0.44, 0.035))  # the free place in the last row
label = "weight: cloth on this pixel speaks\nfor the class (+, red) or against it (-, blue)"
figure.colorbar(weights_ax.images[0], cax=bar, orientation="horizontal", label=label)
weights_ax.set_title("The weights of each class")

first, last = (f"loss {history['test_loss'][n]:.4f}, accuracy {history['test_accuracy'][n]:.4f}" for n in (0, -1))
print(f"To be seen: on the test pictures {first} after the first epoch, and {last} after the last.")
print(
    "With the same options softmax_regression_scratch.py finds the same numbers, up to rounding. Each row of weights is usually"
)
print("a blurred picture of what sets its class apart: trousers have a gap between the legs, dresses no sleeves.")
lesson.finish(figure, args.out)
