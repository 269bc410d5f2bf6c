# %% [markdown]
# # Backpropagation by hand: a two-layer network, node by node
#
# What this teaches: what `loss.backward()` does is a dozen lines of NumPy. A network of two layers, $2 \to 4 \to 3$ with a ReLU
# between and cross-entropy at the end, sees six irises. Forward, every intermediate matrix is kept. Backward, each line is one
# step of the chain rule: the gradient of a matrix is the gradient of what was made from it, through the derivative of that one
# operation. Next to each stands what the engine finds for the same node. In the end the hand-written lines train the network
# as the engine does.
#
# Three rules do all of the work, and their shapes leave no choice: the gradient of a matrix has the matrix's shape.
#
# | forward | backward |
# |---|---|
# | $C = A B$ | $\bar A = \bar C B^\top$, $\bar B = A^\top \bar C$ |
# | $C = A + b$, one $b$ for all rows | $\bar A = \bar C$, $\bar b = \sum_{rows} \bar C$ |
# | $C = f(A)$, number by number | $\bar A = \bar C \cdot f'(A)$ |

# %%
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from tinygrad_lite import Tensor, autograd, datasets, explain, float64, from_numpy, nn, relu, watch
from tinygrad_lite.nn import lesson

options = lesson.Options("The backward pass of a two-layer network, written out next to the engine's.")
options.add_argument("--steps", type=lesson.count, default=300, help="training steps at the end (default: 300)")
options.add_argument("--seed", type=int, default=3, help="of the first weights (default: 3)")
options.add_argument("--short", action="store_true", help="20 training steps, unless --steps is given")
args = options.parse(short={"steps": 20})
Matrices = dict[str, np.ndarray[Any, Any]]

# %% [markdown]
# ## Six flowers
# Two of each species, with the length and the width of a petal, standardized.

# %%
flowers = datasets.Iris(features=("petal length", "petal width"))
(scaled,) = datasets.standardize(flowers)
chosen = [0, 24, 50, 77, 106, 149]  # among them two that are hard to tell apart
x, y = scaled.data.numpy()[chosen].astype(np.float64), scaled.targets.numpy()[chosen]
n = len(x)
rng = np.random.default_rng(args.seed)
start = {"W1": rng.normal(0, 1, (2, 4)), "b1": np.full(4, 0.1), "W2": rng.normal(0, 1, (4, 3)), "b2": np.zeros(3)}

# %% [markdown]
# ## Forward, by hand
# What the backward pass will ask for is what is given a name.


# %%
def forward(w: Matrices) -> Matrices:
    a1 = x @ w["W1"]
    z1 = a1 + w["b1"]
    h = np.maximum(z1, 0)
    a2 = h @ w["W2"]
    z2 = a2 + w["b2"]
    e = np.exp(z2 - z2.max(1, keepdims=True))  # the largest score is taken off, so that nothing overflows
    p = e / e.sum(1, keepdims=True)
    loss = -np.log(p[np.arange(n), y]).mean()
    return w | {"X": x, "A1": a1, "Z1": z1, "H": h, "A2": a2, "Z2": z2, "P": p, "L": loss}


# %% [markdown]
# ## Backward, by hand
# From the loss to the weights, one line a node. Read it from the top: each line uses a gradient that is already there.


# %%
def backward(v: Matrices) -> Matrices:
    g = {"L": np.array(1.0)}
    one_hot = np.eye(3)[y]
    g["P"] = g["L"] * -one_hot / v["P"] / n  # L = -mean of log p at the true class
    g["Z2"] = v["P"] * (g["P"] - (g["P"] * v["P"]).sum(1, keepdims=True))  # P = softmax(Z2): its Jacobian times the gradient
    g["A2"] = g["Z2"]  # Z2 = A2 + b2
    g["b2"] = g["Z2"].sum(0)
    g["H"] = g["A2"] @ v["W2"].T  # A2 = H W2
    g["W2"] = v["H"].T @ g["A2"]
    g["Z1"] = g["H"] * (v["Z1"] > 0)  # H = relu(Z1)
    g["A1"] = g["Z1"]  # Z1 = A1 + b1
    g["b1"] = g["Z1"].sum(0)
    g["X"] = g["A1"] @ v["W1"].T  # A1 = X W1
    g["W1"] = v["X"].T @ g["A1"]
    return g


values = forward(start)
hand = backward(values)
assert np.allclose(hand["Z2"], (values["P"] - np.eye(3)[y]) / n, atol=1e-15), "P and L in one: softmax less one-hot"

# %% [markdown]
# ## The same by the engine
# The same steps on Tensors. `autograd.grad` gives the gradient of the loss for any node, not only for the leaves. What is
# computed within `watch()` can be explained number by number: `explain` makes a page of it, on which one can ask of any number
# of any gradient where it comes from.

# %%
nodes = {name: from_numpy(w.copy()).requires_grad_() for name, w in {"X": x, **start}.items()}
with watch():
    nodes["A1"] = nodes["X"] @ nodes["W1"]
    nodes["Z1"] = nodes["A1"] + nodes["b1"]
    nodes["H"] = relu(nodes["Z1"])
    nodes["A2"] = nodes["H"] @ nodes["W2"]
    nodes["Z2"] = nodes["A2"] + nodes["b2"]
    nodes["P"] = nodes["Z2"].softmax(1)
    nodes["L"] = -nodes["P"][list(range(n)), y.tolist()].log().mean()
explained = explain(nodes["L"], names=nodes)
found = autograd.grad(nodes["L"], list(nodes.values()))
engine = {name: gradient.numpy() for name, gradient in zip(nodes, found)}

# %%
rows = [
    ("L", "-mean log P[true]", "1"),
    ("P", "softmax Z2", "-(one-hot / P) / n"),
    ("Z2", "A2 + b2", "P * (gP - sum(gP * P))  =  (P - one-hot) / n"),
    ("b2", "bias", "sum of gZ2 over the flowers"),
    ("A2", "H @ W2", "gZ2"),
    ("W2", "weight", "H.T @ gA2"),
    ("H", "relu Z1", "gA2 @ W2.T"),
    ("Z1", "A1 + b1", "gH where Z1 > 0, else 0"),
    ("b1", "bias", "sum of gZ1 over the flowers"),
    ("A1", "X @ W1", "gZ1"),
    ("W1", "weight", "X.T @ gA1"),
    ("X", "input", "gA1 @ W1.T"),
]
print(f"{'node':4} {'is':18} {'shape':7} {'|gradient|':>11} {'differs by':>11}   gradient by hand (gZ2 is that of Z2)")
differences = {}
for name, formula, rule in rows:
    assert hand[name].shape == engine[name].shape == values[name].shape
    differences[name] = float(np.abs(hand[name] - engine[name]).max())
    shape = " x ".join(map(str, values[name].shape)) or "1"
    print(f"{name:4} {formula:18} {shape:7} {np.linalg.norm(hand[name]):11.6f} {differences[name]:11.1e}   {rule}")
assert max(differences.values()) < 1e-14
assert np.all(hand["Z1"][values["Z1"] <= 0] == 0)

# %% [markdown]
# ## Training with it
# The hand-written gradients, and the engine with `nn`: the same start, the same steps of gradient descent at a rate of 0.1.

# %%
rate = 0.1
first, last = nn.Linear(2, 4, dtype=float64), nn.Linear(4, 3, dtype=float64)
first.load_state_dict({"weight": from_numpy(start["W1"].T.copy()), "bias": from_numpy(start["b1"])})
last.load_state_dict({"weight": from_numpy(start["W2"].T.copy()), "bias": from_numpy(start["b2"])})
model = nn.Sequential(first, nn.ReLU(), last)
optimizer = nn.optim.SGD(model.parameters(), lr=rate)

weights, hand_losses, engine_losses = dict(start), [], []
with lesson.until_interrupted(lambda: engine_losses):
    for _ in range(args.steps):
        here = forward(weights)
        slope = backward(here)
        weights = {name: w - rate * slope[name] for name, w in weights.items()}

        loss: Tensor = nn.functional.cross_entropy(model(from_numpy(x)), from_numpy(y))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        hand_losses.append(float(here["L"]))
        engine_losses.append(loss.item())
apart = max(abs(a - b) for a, b in zip(hand_losses, engine_losses))
print(f"\n{len(engine_losses)} steps of training: loss {hand_losses[0]:.4f} -> {hand_losses[-1]:.4f} ", end="")
print(f"by hand and by the engine; they differ by {apart:.1e} at most")

# %% [markdown]
# ## The picture
# Above the values, from left to right as they are computed; below the gradients, which are computed from right to left. A
# matrix and its gradient have the same shape. A bias stands below the weight that it goes with.


# %%
def draw(ax: Axes, name: str, matrix: np.ndarray[Any, Any], title: str) -> None:
    """The numbers of a matrix (a bias is one row), each on a colour of the matrix's own scale."""
    rows = np.atleast_2d(matrix)
    largest = float(np.abs(rows).max()) or 1.0
    ax.imshow(rows, cmap="RdBu_r", vmin=-2 * largest, vmax=2 * largest)
    for (i, j), value in np.ndenumerate(rows):
        text = "0" if value == 0 else f"{value:.2f}".replace("-0.00", "0.00")
        ax.text(j, i, text, ha="center", va="center", fontsize=8)
        if name in ("Z1", "H") and values["H"][i, j] == 0:
            ax.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, fill=False, hatch="///", edgecolor="0.7", lw=0))
    ax.set_title(title, fontsize=10)
    ax.set_xticks([])
    ax.set_yticks(range(n) if name == "X" else [], species if name == "X" else [])


figure = Figure(figsize=(16, 6.4), layout="constrained")
columns = [["X"], ["W1", "b1"], ["Z1"], ["H"], ["W2", "b2"], ["Z2"], ["P"]]
titles = {"Z1": "Z1 = X W1 + b1", "H": "H = relu Z1", "Z2": "Z2 = H W2 + b2", "P": "P = softmax Z2"}
grid = figure.add_gridspec(4, 8, width_ratios=[2, 4, 4, 4, 3, 3, 3, 6], height_ratios=[4, 2, 4, 2])
species = [flowers.classes[label] for label in y]
for column, names in enumerate(columns):
    for row, matrices in ((0, values), (2, engine)):
        cells = [grid[row, column], grid[row + 1, column]] if len(names) == 2 else [grid[row : row + 2, column]]
        for cell, name in zip(cells, names):
            title = f"gradient of {name}" if row else titles.get(name, name)
            draw(figure.add_subplot(cell), name, matrices[name], title)
loss_ax = figure.add_subplot(grid[:, 7])
marker = "o" if len(hand_losses) < 10 else ""
loss_ax.plot(engine_losses, color=nn.plots.COLORS[0], lw=5, alpha=0.4, marker=marker, ms=9, label="by the engine")
loss_ax.plot(hand_losses, color=nn.plots.COLORS[5], lw=1.2, marker=marker, ms=4, label="by hand")
loss_ax.set_title("Training with either gradient", fontsize=10)
loss_ax.set_xlabel("step")
loss_ax.set_ylabel("cross-entropy of the six flowers")
loss_ax.set_ylim(bottom=0)
loss_ax.legend(title="gradient")
figure.suptitle(
    "Values (above) and the gradients of the loss (below): blue below 0, red above, each matrix on a scale of its own; "
    "hatched where the ReLU is off"
)

off, passed = values["H"] == 0, hand["Z1"] != 0
print("To be seen: a gradient has the shape of what it belongs to. ", end="")
print(f"The ReLU gave 0 at {off.sum()} of {off.size} places, and {(passed & off).sum()} of these pass a gradient on.")
print(f"The gradient of the scores is (P - one-hot) / {n}. ", end="")
print(f"Twelve lines of NumPy and the engine differ by {max(differences.values()):.0e} at most.")
lesson.finish(figure, args.out, explained)
