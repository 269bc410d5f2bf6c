# %% [markdown]
# # Softmax regression on Fashion-MNIST, from scratch
#
# What this teaches: all of a classifier, written by hand on tensors. A weight and a bias, softmax, cross-entropy, a step down
# the gradient, and the loop around them; only the derivatives are the engine's. 60,000 small pictures of clothes are told
# apart into ten classes, by one weighted sum of the 784 pixels for each class. `softmax_regression.py` is the same with nn,
# and prints the same numbers.

# %%
from collections.abc import Iterable
from time import perf_counter

from matplotlib.figure import Figure

from tinygrad_lite import Tensor, datasets, exp, log, manual_seed, nn, no_grad, normal, tensor, zeros
from tinygrad_lite.nn import lesson

options = lesson.Options("Softmax regression on Fashion-MNIST, from scratch.")
options.add_argument("--epochs", type=lesson.count, default=10, help="passes over the training pictures (default: 10)")
options.add_argument("--batch-size", type=lesson.count, default=256, help="pictures a step (default: 256)")
options.add_argument("--lr", type=lesson.rate, default=0.1, help="the learning rate (default: 0.1)")
options.add_argument("--seed", type=int, default=0, help="of the first weights and the order of the pictures (default: 0)")
options.add_argument("--short", action="store_true", help="2 epochs, unless --epochs is given")
args = options.parse(short={"epochs": 2})

# %% [markdown]
# ## The data
# Batches are pictures (256, 1, 28, 28) with pixels from 0 to 1, and labels (256) from 0 to 9. The 10,000 test pictures are
# looked at after each epoch, but nothing is chosen by them.

# %%
train, test = datasets.FashionMNIST(train=True), datasets.FashionMNIST(train=False)
train_batches = datasets.DataLoader(train, batch_size=args.batch_size, shuffle=True)
test_batches = datasets.DataLoader(test, batch_size=1000)

# %% [markdown]
# ## The parameters
# One row of 784 weights and one bias for each class. Small random weights and no bias: at first every class is about as
# likely.

# %%
manual_seed(args.seed)
W = normal(0.0, 0.01, (10, 784)).requires_grad_()
b = zeros(10, requires_grad=True)

# %% [markdown]
# ## The model
# Softmax makes probabilities of scores. The largest score of each row is taken off first, which changes nothing but keeps the
# exponentials finite (`softmax_properties.py` shows what happens otherwise); as it changes nothing, no gradient goes through
# it.


# %%
def softmax(z: Tensor) -> Tensor:
    e = exp(z - z.detach().amax(1, keepdim=True))
    y_hat: Tensor = e / e.sum(1, keepdim=True)
    return y_hat


def model(x: Tensor) -> Tensor:
    return softmax(x.reshape(-1, 784) @ W.T + b)


# %% [markdown]
# ## The loss
# What a picture costs is the negative logarithm of the probability that its true class got. Two lists of indices pick these
# probabilities: of row 0 the entry y[0], of row 1 the entry y[1], and so on.

# %%
y = tensor([0, 2])
y_hat = tensor([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]])
print("y_hat[[0, 1], y] =", y_hat[[0, 1], y])


def cross_entropy(y_hat: Tensor, y: Tensor) -> Tensor:
    loss: Tensor = -log(y_hat[list(range(len(y))), y]).mean()
    return loss


print("cross-entropy    =", cross_entropy(y_hat, y))


# %% [markdown]
# ## The optimizer
# A step against the gradient. It is not part of what is differentiated, hence `no_grad`; and a gradient that has been used is
# forgotten, because the next would be added to it.


# %%
class SGD:
    def __init__(self, parameters: Iterable[Tensor], lr: float) -> None:
        self.parameters, self.lr = list(parameters), lr

    def step(self) -> None:
        with no_grad():
            for p in self.parameters:
                assert p.grad is not None
                p -= self.lr * p.grad
                p.grad = None


# %% [markdown]
# ## Training
# The training loss is the mean over the epoch, while the weights change; the test loss is that of the weights at its end.


# %%
def accuracy(y_hat: Tensor, y: Tensor) -> float:
    return float((y_hat.argmax(1) == y).float().mean())


def test_loss_and_accuracy() -> tuple[float, float]:
    loss = right = 0.0
    with no_grad():
        for x, y in test_batches:
            y_hat = model(x)
            loss += cross_entropy(y_hat, y).item() * len(y)
            right += accuracy(y_hat, y) * len(y)
    return loss / len(test), right / len(test)


optimizer = SGD([W, b], args.lr)
train_losses, test_losses, accuracies, seconds = [], [], [], 0.0
print(f"\n{'epoch':>5} {'train loss':>11} {'test loss':>10} {'test accuracy':>14}")
with lesson.until_interrupted(lambda: accuracies):
    for epoch in range(1, args.epochs + 1):
        begin, total = perf_counter(), 0.0
        for x, y in train_batches:
            loss = cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
        test_loss, test_accuracy = test_loss_and_accuracy()
        seconds += perf_counter() - begin
        train_losses.append(total / len(train))
        test_losses.append(test_loss)
        accuracies.append(test_accuracy)
        print(f"{epoch:5d} {train_losses[-1]:11.4f} {test_loss:10.4f} {test_accuracy:14.4f}")
print(f"{seconds:.2f} seconds for {len(accuracies)} epochs")

# %% [markdown]
# ## The picture
# The curves, and the first test pictures that the model gets wrong.

# %%
figure = Figure(figsize=(14, 7), layout="constrained")
panels = figure.subplot_mosaic([["loss", "wrong"], ["accuracy", "wrong"]], width_ratios=[1, 2])
loss_ax, accuracy_ax, wrong_ax = panels["loss"], panels["accuracy"], panels["wrong"]
BLUE, ORANGE = nn.plots.COLORS[0], nn.plots.COLORS[1]
for ax in (loss_ax, accuracy_ax):
    nn.plots.epochs_axes(ax)
epochs = range(1, len(accuracies) + 1)
loss_ax.plot(epochs, train_losses[: len(epochs)], "o-", color=BLUE, label="training, mean over the epoch")
loss_ax.plot(epochs, test_losses[: len(epochs)], "s--", color=ORANGE, label="test, at its end")
loss_ax.set_ylabel("cross-entropy (nats)")
loss_ax.set_title("Loss")
loss_ax.legend()
accuracy_ax.plot(epochs, accuracies, "s--", color=ORANGE, label="test, at the end of the epoch")
accuracy_ax.axhline(0.1, color="0.5", lw=1, ls=":", label="guessing")
accuracy_ax.set_ylim(0, 1)
accuracy_ax.set_ylabel("share of the 10,000 test pictures")
accuracy_ax.set_title(f"Test accuracy: {accuracies[-1]:.3f} at the end")
accuracy_ax.legend(loc="lower right", bbox_to_anchor=(1, 0.12))
with no_grad():
    x, y = test.batch(slice(None))
    predicted = model(x).argmax(1)
wrong = predicted != y
nn.plots.show_wrong_predictions(x, y, predicted, test.classes, wrong_ax, count=32)
wrong_ax.set_title(f"The first of {int(wrong.sum())} wrong predictions: what it is, and what it was taken for")

upper = [test.classes.index(name) for name in ("T-shirt/top", "Pullover", "Coat", "Shirt")]
alike = sum(int((wrong & (y == a) & (predicted == b)).sum()) for a in upper for b in upper) / int(wrong.sum())
first_losses = ", ".join(f"{loss:.3f}" for loss in train_losses[:3])
print(f"To be seen: the training loss is {first_losses} after the first epochs, {train_losses[-1]:.3f} after the last.")
share = float(wrong.float().mean())
print(f"{share:.1%} of the test pictures stay wrong; {alike:.0%} of these are T-shirts, pullovers, coats and shirts taken for")
print("each other: a weighted sum of pixels knows what is bright, but not which shape it is.")
lesson.finish(figure, args.out)
