# %% [markdown]
# # Softmax regression: four experiments
#
# What this teaches: how to ask a model questions and to read the answers. How large may a step be? How many pictures should a
# step see? What does it cost to write cross-entropy as the textbook defines it? And: a classifier that knows how sure it is
# may decline to answer. How much better are the answers that remain?
#
# Learning rate and batch size are judged by 10,000 pictures set aside from the training ones, the validation pictures. The
# test pictures are looked at once, at the end: who chooses by the test pictures has learnt from them.

# %%
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

from matplotlib.figure import Figure

from tinygrad_lite import Generator, Tensor, arange, autograd, datasets, log, manual_seed, nn, no_grad, randint, randn
from tinygrad_lite.nn import lesson

options = lesson.Options("Softmax regression: four experiments.")
options.add_argument("--epochs", type=lesson.count, default=10, help="for each learning rate (default: 10)")
options.add_argument("--batch-epochs", type=lesson.count, default=2, help="for each batch size (default: 2)")
options.add_argument("--seed", type=int, default=0, help="of the split, the first weights and the orders (default: 0)")
text = "fewer pictures, learning rates and classes; 2 epochs, and 1 for each batch size, unless these are given"
options.add_argument("--short", action="store_true", help=text)
args = options.parse(short={"epochs": 2, "batch_epochs": 1})
rates = [0.001, 0.1, 1.0] if args.short else [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0]
sizes = [2**k for k in range(12)]
class_counts = [10, 1000] if args.short else [10, 30, 100, 300, 1000, 3000, 10000]

# %% [markdown]
# ## The data and the model

# %%
pictures, test = datasets.FashionMNIST(train=True), datasets.FashionMNIST(train=False)
parts = [6_000, 2_000, 52_000] if args.short else [50_000, 10_000]
train, validation, *_ = datasets.random_split(pictures, parts, generator=Generator().manual_seed(args.seed))


class SoftmaxRegression(nn.Module):
    def __init__(self, lr: float) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
        nn.init.normal_(self.net[1].weight, std=0.01)
        nn.init.zeros_(self.net[1].bias)
        self.lr = lr

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)

    def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
        x, y = batch
        return nn.functional.cross_entropy(self(x), y)

    def configure_optimizers(self) -> nn.optim.Optimizer:
        return nn.optim.SGD(self.parameters(), lr=self.lr)


def trained(lr: float, batch_size: int, epochs: int, validate: bool = False) -> tuple[SoftmaxRegression, nn.History]:
    """A model from the same start each time, and its history."""
    manual_seed(args.seed)
    model = SoftmaxRegression(lr)
    batches = datasets.DataLoader(train, batch_size, shuffle=True)
    return model, nn.Trainer(epochs).fit(model, batches, datasets.DataLoader(validation, 1000) if validate else None)


def mean_loss(model: SoftmaxRegression, data: Any) -> float:
    measured: dict[str, float] = nn.Trainer(1).validate(model, datasets.DataLoader(data, 1000))
    return measured["val_loss"]


# %% [markdown]
# ## 1. The learning rate
# From 0.001 to 1, at batches of 256. Too small, and the training is not done when it ends; too large, and each step leaps
# over the valley.

# %%
models: dict[float, SoftmaxRegression] = {}
first: list[float] = []  # validation loss after one epoch
last: list[float] = []  # and at the end
print(f"{'learning rate':>13} {'after 1 epoch':>14} {f'after {args.epochs} epochs':>16}   validation loss")
with lesson.until_interrupted(lambda: models):
    for rate in rates:
        models[rate], history = trained(rate, 256, args.epochs, validate=True)
        first.append(history["val_loss"][0])
        last.append(history["val_loss"][-1])
        print(f"{rate:13g} {first[-1]:14.4f} {last[-1]:16.4f}")
best = list(models)[last.index(min(last))]
print(f"the best of them: {best:g}")

# %% [markdown]
# ## 2. The batch size
# From 1 to 2048, at the learning rate 0.1 and the same number of epochs. A small batch makes many steps, each in a direction
# that is mostly chance; a large one makes few good steps. The losses are those of the weights at the end, on all training and
# all validation pictures.

# %%
train_losses: list[float] = []
validation_losses: list[float] = []
print(f"\n{'batch size':>10} {'steps':>8} {'train loss':>11} {'validation loss':>16} {'seconds':>8}")
with lesson.until_interrupted(lambda: models):
    for size in lesson.unless_interrupted(sizes):
        begin = perf_counter()
        model, _ = trained(0.1, size, args.batch_epochs)
        seconds = perf_counter() - begin
        train_loss, validation_loss = mean_loss(model, train), mean_loss(model, validation)
        train_losses.append(train_loss)
        validation_losses.append(validation_loss)
        steps = args.batch_epochs * -(-len(train) // size)
        print(f"{size:10d} {steps:8d} {train_loss:11.4f} {validation_loss:16.4f} {seconds:8.2f}")

# %% [markdown]
# ## 3. Cross-entropy, as defined and as computed
# The definition is a sum over all classes, $L = -\sum_j y_j \log p_j$, with the target y a row of zeros and a 1 (one-hot).
# All terms but one are 0 and are computed in vain; an index goes to the one that counts, $-\log p_t$. The times are those of
# loss and gradient for 256 rows of probabilities.


# %%
def by_one_hot(p: Tensor, t: Tensor) -> Tensor:
    y = nn.functional.one_hot(t, p.shape[1])
    loss: Tensor = -(y * log(p)).sum(1).mean()
    return loss


def by_index(p: Tensor, t: Tensor) -> Tensor:
    loss: Tensor = -log(p[arange(len(t)), t]).mean()
    return loss


times: dict[Callable[[Tensor, Tensor], Tensor], list[float]] = {by_one_hot: [], by_index: []}
print(
    f"\n{'classes':>7} {'one-hot loss':>13} {'indexed loss':>13} {'one-hot, ms':>12} {'indexed, ms':>12} {'times as fast':>14}"
)
with lesson.until_interrupted(lambda: models):
    for classes in lesson.unless_interrupted(class_counts):
        probabilities, target = nn.functional.softmax(randn(256, classes), dim=1), randint(classes, (256,))
        losses, gradients, milliseconds = [], [], []
        for form in times:
            samples = []
            for _ in range(5 if args.short else 25):
                p = probabilities.clone().requires_grad_()
                begin = perf_counter()
                loss = form(p, target)
                (gradient,) = autograd.grad(loss, p)
                samples.append(1000 * (perf_counter() - begin))
            losses.append(loss.item())
            gradients.append(gradient)
            milliseconds.append(median(samples))
        assert abs(losses[0] - losses[1]) < 1e-5 * losses[0]
        assert bool((gradients[0] - gradients[1]).abs().max() <= 1e-6 * gradients[0].abs().max())
        for form, time in zip(times, milliseconds):
            times[form].append(time)
        one_hot, indexed = milliseconds
        print(f"{classes:7d} {losses[0]:13.5f} {losses[1]:13.5f} {one_hot:12.3f} {indexed:12.3f} {one_hot / indexed:14.1f}")

# %% [markdown]
# ## 4. When to abstain
# The largest probability says how sure the model is. Answer only where it is at least a threshold: the higher that is, the
# fewer pictures get an answer (the coverage), and the more of the answers are right. The model is the best of the first
# experiment, and this is the first time that it sees the test pictures.

# %%
with no_grad():
    x, y = test.batch(slice(None))
    confidence, predicted = nn.functional.softmax(models[best](x), dim=1).max(1)
right = predicted == y


def answered(threshold: float) -> tuple[float, float]:
    """(coverage, accuracy) of the answers that are at least so sure."""
    chosen = confidence >= threshold
    return float(chosen.float().mean()), float(right[chosen].float().mean())


everything = answered(0.0)
curve = [point for point in (answered(k / 200) for k in range(200)) if point[0] > 0]
half = max(point for point in curve if point[0] <= 0.5)
shown = {t: answered(t) for t in (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99) if (confidence >= t).any()}
print(f"\n{'threshold':>9} {'coverage':>9} {'accuracy':>9}   of {len(test):,} test pictures")
for threshold, (coverage, accuracy) in shown.items():
    print(f"{threshold:9.2f} {coverage:9.3f} {accuracy:9.3f}")

# %% [markdown]
# ## The picture

# %%
BLUE, ORANGE = nn.plots.COLORS[:2]
figure = Figure(figsize=(13, 9), layout="constrained")
(rate_ax, size_ax), (time_ax, coverage_ax) = figure.subplots(2, 2)

rate_ax.plot(list(models), first, "o--", color=ORANGE, label="after 1 epoch")
rate_ax.plot(list(models), last, "s-", color=BLUE, label=f"after {args.epochs} epochs")
rate_ax.plot([best], [min(last)], "o", ms=16, mfc="none", mec="black", label=f"best: {best:g}")
rate_ax.set(xscale="log", xlabel="learning rate (batches of 256)", ylabel="validation loss (nats)")
rate_ax.set_title("1. Learning rate: too small is not done, too large leaps over")
rate_ax.legend()

done = sizes[: len(train_losses)]
size_ax.plot(done, train_losses, "o-", color=BLUE, label="training pictures")
size_ax.plot(done, validation_losses, "s--", color=ORANGE, label="validation pictures")
size_ax.set_xscale("log", base=2)
size_ax.set_yscale("log", base=2)
size_ax.set_xticks(sizes, [str(size) for size in sizes])
size_ax.set_yticks([0.5, 1, 2, 4], ["0.5", "1", "2", "4"])
size_ax.set(xlabel=f"batch size (learning rate 0.1, epochs: {args.batch_epochs})", ylabel="loss at the end (nats)")
size_ax.set_title("2. Small batches: noisy steps. Large batches: too few steps")
size_ax.legend()

done = class_counts[: len(times[by_index])]
time_ax.plot(done, times[by_one_hot], "s--", color=ORANGE, label="one-hot: all logarithms, times 0 or 1, summed")
time_ax.plot(done, times[by_index], "o-", color=BLUE, label="indexed: the one that counts")
time_ax.set(xscale="log", yscale="log", xlabel="number of classes", ylabel="loss and gradient of 256 rows (ms)")
time_ax.set_title("3. Cross-entropy: the same number, as defined and by index")
time_ax.legend()

coverage_ax.plot(*zip(*curve), color=BLUE)
for threshold, point in shown.items():
    coverage_ax.plot(*point, "o", color=BLUE)
    note = f"if sure to {threshold:.2f}" if threshold else "always"
    coverage_ax.annotate(note, point, (7, 3), textcoords="offset points", fontsize=9)
coverage_ax.set(xlabel="coverage: share of the test pictures that get an answer", ylabel="accuracy of these answers")
coverage_ax.set_xlim(-0.03, 1.17)
coverage_ax.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1])
coverage_ax.set_title("4. Answering only when sure: fewer answers, more of them right")
for ax, values in ((size_ax, train_losses), (time_ax, times[by_index])):
    ax.set_visible(bool(values))  # after Ctrl-C, what was not measured is not shown

# %%
print(f"\nTo be seen: the learning rate {best:g} leaves the lowest validation loss, {min(last):.3f}; ", end="")
print(f"{rates[0]:g} leaves {last[0]:.3f}, {list(models)[-1]:g} leaves {last[-1]:.3f}.")
if train_losses:
    lowest = validation_losses.index(min(validation_losses))
    print(f"At the same learning rate the best batch size is {sizes[lowest]}, with {validation_losses[lowest]:.3f}; ", end="")
    print(f"{sizes[0]} leaves {validation_losses[0]:.3f}, {sizes[len(train_losses) - 1]} leaves {validation_losses[-1]:.3f}.")
if times[by_index]:
    most, ratio = class_counts[len(times[by_index]) - 1], times[by_one_hot][-1] / times[by_index][-1]
    print(f"One-hot and index give the same loss; with {most} classes the index is {ratio:.0f} times as fast.")
print(f"Answering only the surer half of the pictures changes the accuracy from {everything[1]:.3f} to {half[1]:.3f}.")
lesson.finish(figure, args.out)
