# %% [markdown]
# # The chain rule, one step at a time
#
# What this teaches: how `backward()` finds the gradient of a loss. A small expression is taken apart into steps. For each step
# you see its value, the gradient that the engine finds, the same gradient by the chain rule written out by hand, and the same
# again by the definition of a derivative: move the step by a little and look how the loss moves.
#
# The expression is one neuron with a squared error and weight decay, $L = (\tanh(w x + b) - y)^2 + 0.1\,w^2$. Its weight $w$ is
# used twice, so two gradients arrive there, and they add.

# %%
from collections.abc import Mapping

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from tinygrad_lite import Tensor, autograd, explain, float64, nn, tanh, tensor
from tinygrad_lite.nn import lesson

args = lesson.Options("The chain rule, one step at a time.").parse()

# %% [markdown]
# ## Forward: the expression as steps
# Every step is one operation, whose derivative one knows by heart. `moved` adds a little to one of the steps; it is for the
# check by differences only.


# %%
def forward(x: Tensor, w: Tensor, b: Tensor, y: Tensor, moved: Mapping[str, float] | None = None) -> dict[str, Tensor]:
    little = dict.fromkeys("xwbyastder", 0.0) | dict(moved or {})
    x, w, b, y = x + little["x"], w + little["w"], b + little["b"], y + little["y"]
    a = w * x + little["a"]
    s = a + b + little["s"]
    t = tanh(s) + little["t"]
    d = t - y + little["d"]
    e = d**2 + little["e"]
    r = 0.1 * w**2 + little["r"]
    return {"x": x, "w": w, "b": b, "y": y, "a": a, "s": s, "t": t, "d": d, "e": e, "r": r, "L": e + r}


x = tensor(2.0, dtype=float64, requires_grad=True)
w = tensor(0.6, dtype=float64, requires_grad=True)
b = tensor(-0.5, dtype=float64, requires_grad=True)
y = tensor(0.2, dtype=float64, requires_grad=True)  # what the neuron should have said
steps = forward(x, w, b, y)
value = {name: step.item() for name, step in steps.items()}

# %% [markdown]
# ## Backward, by the engine
# `autograd.grad` gives the gradient of the loss with respect to any step; `backward()` puts those of the leaves into `.grad`.

# %%
found = autograd.grad(steps["L"], list(steps.values()), retain_graph=True)
engine = {name: gradient.item() for name, gradient in zip(steps, found)}
steps["L"].backward()
for name, leaf in {"x": x, "w": w, "b": b, "y": y}.items():
    assert leaf.grad is not None and leaf.grad.item() == engine[name]

# %% [markdown]
# ## The same as a page
# `explain` walks back through the steps as the engine does, and keeps every number. Its page steps forward and backward through
# them: at each step stand the gradient that arrives, the derivative, the line of code that computes it, and what is sent on. It
# is an HTML file that needs nothing else.


# %%
def loss() -> Tensor:
    a = w * x
    s = a + b
    t = tanh(s)
    d = t - y
    e = d**2
    r = 0.1 * w**2
    return e + r


explained = explain(loss, names={"x": x, "w": w, "b": b, "y": y})

# %% [markdown]
# ## Backward, by hand
# From the loss back: the gradient of a step is the gradient of what was made from it, times the derivative of that operation.

# %%
hand = {"L": 1.0}
hand["e"] = hand["L"]  # L = e + r
hand["r"] = hand["L"]
hand["d"] = hand["e"] * 2 * value["d"]  # e = d²
hand["t"] = hand["d"]  # d = t - y
hand["y"] = -hand["d"]
hand["s"] = hand["t"] * (1 - value["t"] ** 2)  # t = tanh s
hand["a"] = hand["s"]  # s = a + b
hand["b"] = hand["s"]
hand["x"] = hand["a"] * value["w"]  # a = w x
hand["w"] = hand["a"] * value["x"] + hand["r"] * 0.2 * value["w"]  # a = w x and r = 0.1 w²: two ways, added

# %% [markdown]
# ## Backward, by definition
# The derivative is how much the loss moves when one step is moved by ε and all before it stays: (L(+ε) - L(-ε)) / 2ε.

# %%
epsilon = 1e-6
differences = {"L": 1.0}
for name in "xwbyastder":
    up, down = (forward(x, w, b, y, {name: sign * epsilon})["L"].item() for sign in (1, -1))
    differences[name] = (up - down) / (2 * epsilon)

# %%
rows = [
    ("x", "input", "dL/da · w"),
    ("w", "weight", "dL/da · x + dL/dr · 0.2 w"),
    ("b", "bias", "dL/ds · 1"),
    ("y", "target", "dL/dd · (-1)"),
    ("a", "w · x", "dL/ds · 1"),
    ("s", "a + b", "dL/dt · (1 - t²)"),
    ("t", "tanh s", "dL/dd · 1"),
    ("d", "t - y", "dL/de · 2 d"),
    ("e", "d²", "dL/dL · 1"),
    ("r", "0.1 w²", "dL/dL · 1"),
    ("L", "e + r", "1"),
]
print(f"{'step':4} {'is':8} {'value':>9}   {'engine':>9}  {'by hand':>9}  {'differences':>11}   the chain rule")
for name, formula, rule in rows:
    gradients = f"{engine[name]:9.6f}  {hand[name]:9.6f}  {differences[name]:11.6f}"
    print(f"{name:4} {formula:8} {value[name]:9.6f}   {gradients}   dL/d{name} = {rule}")

by_hand = max(abs(engine[name] - hand[name]) for name in engine)
by_differences = max(abs(engine[name] - differences[name]) for name in engine)
print(f"\nlargest disagreement with the rule by hand: {by_hand:.1e}, with differences: {by_differences:.1e}")
assert by_hand < 1e-14 and by_differences < 1e-8

# %% [markdown]
# ## The graph
# Values flow along the arrows to the right, gradients against them to the left. On each arrow stands the derivative of its
# step: a gradient is the one at the arrow's head, times that.

# %%
BLUE, ORANGE = nn.plots.COLORS[0], nn.plots.COLORS[5]
place = {"x": (0, 2), "w": (0, 1), "b": (1, 2.3), "a": (1, 1.5), "s": (2, 1.5), "t": (3, 1.5), "d": (4, 1.5), "e": (5, 1.5)}
place |= {"y": (3, 2.3), "r": (3, 0.5), "L": (6, 1)}
arrows = [
    ("x", "a", f"w = {value['w']:.1f}"),
    ("w", "a", f"x = {value['x']:.1f}"),
    ("a", "s", "1"),
    ("b", "s", "1"),
    ("s", "t", f"1 - t² = {1 - value['t'] ** 2:.3f}"),
    ("t", "d", "1"),
    ("y", "d", "-1"),
    ("d", "e", f"2d = {2 * value['d']:.3f}"),
    ("w", "r", f"0.2 w = {0.2 * value['w']:.2f}"),
    ("e", "L", "1"),
    ("r", "L", "1"),
]
figure = Figure(figsize=(14, 4.4), layout="constrained")
ax = figure.add_subplot()
for start, end, derivative in arrows:
    (x0, y0), (x1, y1) = place[start], place[end]
    ax.annotate("", (x1 - 0.24, y1), (x0 + 0.24, y0), arrowprops={"arrowstyle": "-|>", "color": "0.25"})
    above = 0.12 if y0 == y1 else 0.0
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
    ax.text((x0 + x1) / 2, (y0 + y1) / 2 + above, derivative, ha="center", va="center", fontsize=9, color="0.25", bbox=box)
for name, formula, _ in rows:
    across, up = place[name]
    title = name if formula in ("input", "weight", "bias", "target") else f"{name} = {formula}"
    ax.add_patch(Rectangle((across - 0.24, up - 0.28), 0.48, 0.56, facecolor="white", edgecolor="0.5"))
    ax.text(across, up + 0.16, title, ha="center", va="center", fontsize=10, weight="bold")
    ax.text(across, up, f"{value[name]:.4f}", ha="center", va="center", fontsize=10, color=BLUE)
    ax.text(across, up - 0.16, f"{engine[name]:+.4f}", ha="center", va="center", fontsize=10, color=ORANGE)
ax.set_title("L = (tanh(w x + b) - y)² + 0.1 w²: a gradient is the one at the arrow's head times the derivative on the arrow")
for n, (text, color) in enumerate([("value", BLUE), ("gradient of L", ORANGE), ("derivative of one step", "0.25")]):
    ax.text(6.24, 2.5 - 0.2 * n, text, color=color, ha="right", va="center", fontsize=11)
ax.text(0, 0.5, "w has two arrows:\ntheir gradients add", ha="center", va="center", fontsize=9, style="italic", color=ORANGE)
ax.set_xlim(-0.4, 6.4)
ax.set_ylim(0.1, 2.65)
ax.set_axis_off()

print("To be seen: each gradient is that of the next step times one local derivative; w has two next steps, and theirs add:")
through_a, through_r = engine["a"] * value["x"], engine["r"] * 0.2 * value["w"]
print(f"{engine['a']:.4f} · {value['x']:.1f} + {engine['r']:.4f} · {0.2 * value['w']:.2f} = {through_a + through_r:.4f}.")
lesson.finish(figure, args.out, explained)
