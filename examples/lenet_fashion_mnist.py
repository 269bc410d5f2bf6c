# %% [markdown]
# # A convolutional network on Fashion-MNIST: what its layers see
#
# What this teaches: a convolution looks for the same small pattern everywhere in a picture. LeNet (LeCun et al. 1998; here with
# ReLU and max-pooling) finds six patterns of $5 \times 5$ pixels, halves the picture, finds sixteen patterns among those,
# halves again, and decides by three linear layers. It has a quarter of the parameters of the network of lesson 10, and its
# learning rate falls along a cosine, from epoch to epoch. Then three questions are put to it:
#
# - What does each **filter** of the first layer look for?
# - What remains of a picture in the **feature maps**, layer by layer?
# - On which pixels does the decision hang? The gradient of a score with respect to the *picture*, the **saliency**, says it,
#   and a test shows whether it speaks the truth: covering the pixels that it names does more harm than covering others.

# %%
from time import perf_counter
from typing import Any

from matplotlib.figure import Figure

from tinygrad_lite import Tensor, cat, datasets, manual_seed, nn, no_grad, rand, rand_like
from tinygrad_lite.nn import lesson

F = nn.functional
options = lesson.Options("LeNet learns Fashion-MNIST, and shows what its layers see.")
options.add_argument("--epochs", type=lesson.count, default=10, help="passes over the training pictures (default: 10)")
options.add_argument("--seed", type=int, default=0, help="of the split, the start and the order of the batches (default: 0)")
options.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="cuda is an NVIDIA GPU (default: cpu)")
options.add_argument("--short", action="store_true", help="6,000 pictures; 2 epochs, unless --epochs is given")
args = options.parse(short={"epochs": 2})

# %% [markdown]
# ## One convolution by hand
# The number at each place is a weighted sum of the pixels around it, with the same weights at every place: here the sum of the
# pixels on the right minus that on the left, which finds upright edges.

# %%
picture = datasets.FashionMNIST(train=True)[0][0]
edge = Tensor([[-1.0, 0.0, 1.0]] * 3)
found = F.conv2d(picture.reshape(1, 1, 28, 28), edge.reshape(1, 1, 3, 3))[0, 0]
by_hand = sum(edge[i, j] * picture[0, i : i + 26, j : j + 26] for i in range(3) for j in range(3))
print(f"a convolution by hand and by conv2d differ by at most {(found - by_hand).abs().max().item():.0e}")

# %% [markdown]
# ## The data
# If the files are nowhere on this machine they are downloaded (30 MB). 5,000 of the training pictures are for validation.

# %%
manual_seed(args.seed)
pictures, test = datasets.FashionMNIST(train=True), datasets.FashionMNIST(train=False)
lengths = [6000, 1000, 53000] if args.short else [55000, 5000]
train, valid, *_ = datasets.random_split(pictures, lengths)
train_loader = datasets.DataLoader(train, batch_size=64, shuffle=True)
valid_loader, test_loader = datasets.DataLoader(valid, batch_size=1000), datasets.DataLoader(test, batch_size=1000)

# %% [markdown]
# ## The network


# %%
class LeNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.pool = nn.MaxPool2d(2)
        self.decide = nn.Sequential(nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))

    def maps(self, x: Tensor) -> list[Tensor]:
        """The feature maps: (N, 6, 28, 28), (N, 6, 14, 14), (N, 16, 10, 10) and (N, 16, 5, 5)."""
        first = F.relu(self.conv1(x))
        halved = self.pool(first)
        second = F.relu(self.conv2(halved))
        return [first, halved, second, self.pool(second)]

    def forward(self, x: Tensor) -> Tensor:
        return self.decide(self.maps(x)[-1].flatten(1))

    def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
        x, y = batch
        return F.cross_entropy(self(x), y)

    def validation_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
        return self.training_step(batch, batch_idx)

    def configure_optimizers(self) -> tuple[list[nn.optim.Optimizer], list[Any]]:
        optimizer = nn.optim.AdamW(self.parameters(), lr=0.003)
        return [optimizer], [nn.optim.lr_scheduler.CosineAnnealingLR(optimizer, args.epochs)]


# %% [markdown]
# ## Training

# %%
model = LeNet().to(args.device)
for name, child in (("conv1", model.conv1), ("conv2", model.conv2), ("decide", model.decide)):
    print(f"{name:6} {sum(p.numel() for p in child.parameters()):6,} parameters")
best, rows = nn.BestWeights(monitor="val_loss"), lesson.PrintEpochs("train_loss", "val_loss", "val_accuracy")
trainer = nn.Trainer(args.epochs, metrics={"accuracy": nn.accuracy}, callbacks=[best, rows])
begin = perf_counter()
with lesson.until_interrupted(lambda: trainer.history):
    trainer.fit(model, train_loader, valid_loader)
history = trainer.history
print(
    f"{len(history['epoch'])} epochs in {perf_counter() - begin:.1f} seconds; the weights are those of epoch {best.best_epoch}"
)

# %% [markdown]
# ## The test


# %%
def scores(images: Tensor) -> Tensor:
    """The model's scores, a thousand pictures at a time."""
    with no_grad():
        return cat([model(images[i : i + 1000].to(args.device)).cpu() for i in range(0, len(images), 1000)])


x, labels = cat([x for x, _ in test_loader]), test.labels.long()
accuracy = nn.accuracy(scores(x), labels)
print(f"test accuracy {accuracy:.4f}: {int((scores(x).argmax(1) != labels).sum())} of {len(labels)} pictures are mistaken")

# %% [markdown]
# ## Saliency: the gradient with respect to the picture
# backward() does not stop at the weights if the picture requires a gradient. The derivative of the score of the right class by
# each pixel says how much the score would change if the pixel changed a little.


# %%
def saliency(images: Tensor, classes: Tensor) -> Tensor:
    """|∂ score of the class / ∂ pixel| for each picture."""
    images = images.clone().to(args.device).requires_grad_()
    model(images).gather(1, classes.to(args.device).unsqueeze(1)).sum().backward()
    assert images.grad is not None
    return images.grad.abs().cpu()


# %% [markdown]
# Is it true? In each of 2,000 test pictures a tenth of the pixels, 78, get random values: those with the largest gradient, or
# the same number of others, drawn at random.

# %%
manual_seed(args.seed)
few, few_labels, covered = x[:2000], labels[:2000], 78
importance = cat([saliency(few[i : i + 500], few_labels[i : i + 500]) for i in range(0, 2000, 500)])
named = {"nothing": None, "random pixels": rand_like(importance), "pixels named by the gradient": importance}
noise = rand(*few.shape)
after = {}
for what, order in named.items():
    shown = few
    if order is not None:
        places = order.flatten(1).topk(covered, 1).indices
        shown = few.flatten(1).scatter(1, places, noise.flatten(1).gather(1, places)).reshape(few.shape)
    after[what] = nn.accuracy(scores(shown), few_labels)
    print(f"covered: {what:29} accuracy {after[what]:.4f}")

# %% [markdown]
# ## The picture

# %%
chosen = [int((labels == kind).nonzero()[0, 0]) for kind in (9, 7, 5, 0, 1)]  # boots, sneakers, sandals, shirts, trousers
figure = Figure(figsize=(18, 10.5), layout="constrained")
panels = figure.subplot_mosaic(
    [["loss", "accuracy", "cover"], ["filters", "first", "second"], ["saliency"] * 3],
    height_ratios=[1, 0.75, 0.55],
    width_ratios=[1, 1.1, 1.1],
)
panels["loss"].set_prop_cycle(marker=["o", "s"])
history.plot(panels["loss"], columns=["train_loss", "val_loss"])
panels["loss"].set_ylabel("cross-entropy")
panels["loss"].set_title("Loss")
panels["loss"].legend(["training, mean over the epoch", "validation, at its end"])
panels["accuracy"].set_prop_cycle(marker=["s"])
history.plot(panels["accuracy"], columns=["val_accuracy"])
panels["accuracy"].lines[0].set_color(nn.plots.COLORS[1])
panels["accuracy"].axhline(accuracy, color=nn.plots.COLORS[5], ls="--")
panels["accuracy"].legend(["validation", f"test, with the weights kept: {accuracy:.3f}"], loc="lower right")
panels["accuracy"].set_ylabel("share of pictures named rightly")
panels["accuracy"].set_title("Accuracy")

filters = model.conv1.weight.detach().cpu()[:, 0]
largest = filters.abs().amax((1, 2), keepdim=True)
nn.plots.show_images(filters / largest, None, panels["filters"], columns=3, cmap="RdBu_r", limits=(-1, 1))
title = "The six filters of the first layer, each on its own scale:\npixels that count for it (red) and against it (blue)"
panels["filters"].set_title(title)
with no_grad():
    maps = [m[0].cpu() for m in model.maps(x[chosen[0] : chosen[0] + 1].to(args.device))]
for name, layer, what in (("first", 0, "six feature maps, 28 x 28"), ("second", 2, "sixteen feature maps, 10 x 10")):
    shown = cat([x[chosen[0]], maps[0]]) if layer == 0 else maps[2]
    scale = shown.flatten(1).max(1).values.clamp(min=1e-6).reshape(-1, 1, 1)
    nn.plots.show_images(shown / scale, None, panels[name], columns=4 if layer == 0 else 6)
    panels[name].set_title(f"{'A boot, and its' if layer == 0 else 'In the second layer:'} {what}")
cover_ax = panels["cover"]
cover_ax.barh(list(after), list(after.values()), color=nn.plots.COLORS[: len(after)])
cover_ax.bar_label(cover_ax.containers[0], fmt="%.3f", label_type="center", color="white")
cover_ax.invert_yaxis()
cover_ax.set_xlabel("share of 2,000 test pictures named rightly")
cover_ax.set_title(f"Random values in {covered} of 784 pixels")
maps_of = [importance[n, 0] / importance[n].max() for n in chosen]
shown = cat([part.unsqueeze(0) for n, part in zip(chosen, maps_of) for part in (x[n, 0], part)])
titles = [text for n in chosen for text in (test.classes[int(labels[n])], "saliency")]
nn.plots.show_images(shown, titles, panels["saliency"], columns=10)
panels["saliency"].set_title("Pictures, and on which pixels the score of their class hangs")

harm = {what: after["nothing"] - after[what] for what in after}
print(
    f"To be seen: LeNet names {accuracy:.1%} of the test pictures rightly. Random values in a tenth of the pixels cost", end=""
)
print(f"\n{harm['random pixels']:.1%} of the pictures if the pixels are drawn at random, ", end="")
print(f"and {harm['pixels named by the gradient']:.1%} if the gradient names them.")
lesson.finish(figure, args.out)
